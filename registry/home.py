"""What the registry puts on the home page: the reader's JFOs and officers, and assignments that need a decision."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.imports.resources import may_import
from jfo_portal.kit.models import Import, ImportState

from .measures.strength import posts_on, strength
from .models import JFO, Assignment, Role
from .needs import SHOWN, Figure, Need, NeedGroup, in_own_region
from .tables import assignment_actions


def figures(reader: Reader, day: date) -> Sequence[Figure]:
    """Return the JFOs, the officers and the FTE of the reader's regions on the day; two queries."""
    jfos = JFO.objects.visible_to(reader).of_own_regions(reader).as_of(day)
    regions = list(jfos.values_list("region__code", flat=True))
    serving = strength(posts_on(Assignment.objects.visible_to(reader), day))
    return [
        Figure(formats.number(len(regions)), _("active JFOs"), in_own_region(reverse("jfos"), reader, regions)),
        Figure(formats.number(serving.officers), _("officers on a JFO"), f"{reverse('officers')}?on_jfo=yes"),
        Figure(formats.text(serving.fte, "fte"), _("FTE on JFOs"), reverse("assignments")),
    ]


def needs(reader: Reader, day: date) -> Sequence[NeedGroup]:
    """Return the assignments that end soon and those past the policy period without a review date."""
    rows = Assignment.objects.visible_to(reader).with_names()
    may_act = reader.role == Role.REGIONAL_MANAGER
    ending = rows.ending_soon(day).order_by("end", "officer__number")
    unreviewed = rows.past_policy_unreviewed(day).order_by("start", "officer__number")
    return [
        _group(_("Assignments ending within 90 days"), ending, "ending", may_act, lambda row: _in_days(row.end, day)),
        _group(
            _("Past the policy period without a review date"),
            unreviewed,
            "unreviewed",
            may_act,
            lambda row: _("since %(day)s") % {"day": row.start},
        ),
    ]


def waiting_imports(reader: Reader, _day: date) -> Sequence[NeedGroup]:
    """Return the reader's imports that wait for confirmation."""
    if not may_import(reader):
        return []
    waiting = list(Import.objects.visible_to(reader).filter(state=ImportState.DRAFT).defer("sheet_data"))
    return [
        NeedGroup(
            title=_("Imports waiting for your confirmation"),
            count=len(waiting),
            href=reverse("imports"),
            needs=[
                Need(
                    when=formats.moment(row.created_at),
                    what=row.file_name,
                    href=reverse("import-review", args=[row.pk]),
                )
                for row in waiting[:SHOWN]
            ],
        )
    ]


def _in_days(end: date, day: date) -> str:
    return _("in %(days)s d, %(day)s") % {"days": (end - day).days, "day": end}


def _group(title: str, rows: Any, state: str, may_act: bool, when: Any) -> NeedGroup:
    lines = list(rows)
    return NeedGroup(
        title=title,
        count=len(lines),
        href=f"{reverse('assignments')}?state={state}",
        needs=[
            Need(
                when=when(row),
                what=_("%(officer)s: %(assignment)s") % {"officer": row.officer.name, "assignment": row.in_words},
                href=row.get_absolute_url(),
                acts=assignment_actions(row) if may_act else (),
            )
            for row in lines[:SHOWN]
        ],
    )
