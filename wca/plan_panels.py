"""What the plan of remedies adds to the pages of arrangements and JFOs: the actions that are not verified."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from registry import panels
from registry.models import JFO

from . import sections
from .models import Arrangement, Coverage, RemediationAction
from .models.remediation import RemediationQuerySet
from .plan_tables import action_columns
from .tables import Table


def _unverified(reader: Reader, day: date) -> RemediationQuerySet:
    return RemediationAction.objects.visible_to(reader).unverified_on(day).with_names()


def _table(rows: Sequence[RemediationAction], reader: Reader, day: date) -> Table:
    shown = {"gap", "what", "owner", "due_on", "state"}
    return Table([one for one in action_columns(reader, day, may_act=False) if one.name in shown], rows)


def of_arrangement(arrangement: Arrangement, reader: Reader, day: date, is_read_only: bool) -> Mapping[str, Any]:
    """Return the actions about the arrangement that were not verified by the day; one query."""
    return {"actions": _table(list(_unverified(reader, day).filter(arrangement=arrangement)), reader, day)}


def of_jfo(jfo: JFO, reader: Reader, day: date) -> Table:
    """Return the actions about the JFO, and about the arrangements that name it, not verified by the day; one query."""
    naming = Coverage.objects.visible_to(reader).as_of(day).filter(jfo=jfo, arrangement=OuterRef("arrangement"))
    return _table(list(_unverified(reader, day).filter(Q(jfo=jfo) | Exists(naming))), reader, day)


sections.register(
    sections.Section(
        "remediation",
        _("What is done about its gaps"),
        "wca/actions_section.html",
        of_arrangement,
        40,
        part="assessments",
    )
)
panels.register(15, panel=panels.Panel(_("Gaps and remedies"), "wca/actions_panel.html", of_jfo, part="gaps"))
