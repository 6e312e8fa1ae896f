"""What the registry puts on the home page: the reader's JFOs and officers, and what of them needs a decision."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.conf import settings
from django.db.models import Count, QuerySet, Sum, Window
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.imports.resources import may_import
from jfo_portal.kit.models import Import, ImportState
from jfo_portal.kit.savedviews import bare
from jfo_portal.kit.tables import Link

from .measures.steering import review_due, with_vacancies, without_meeting
from .models import JFO, MANAGERS, STEERING, Assignment, Snooze
from .models.assignments import SOON
from .models.jfos import JFOQuerySet
from .needs import SHOWN, Coming, Figure, Found, Line, Need, NeedGroup, Rows, in_own_region
from .tables import assignment_actions

# How near a review date asks for the review.
REVIEW_SOON = timedelta(days=30)

ASSIGNMENTS = Rows("assignments", lambda reader: Assignment.objects.visible_to(reader).with_names().with_since())
JFOS = Rows("jfos", lambda reader: JFO.objects.visible_to(reader).with_names())


def own_jfos(reader: Reader, day: date) -> JFOQuerySet:
    """Return the JFOs of the day that the reader answers for."""
    return JFO.objects.visible_to(reader).of_own_regions(reader).as_of(day)


def figures(reader: Reader, day: date) -> Sequence[Figure]:
    """Return the JFOs, the officers and the FTE of the reader's regions on the day; two queries."""
    regions = list(own_jfos(reader, day).values_list("region__code", flat=True))
    serving = Assignment.objects.visible_to(reader).as_of(day)
    sums = serving.order_by().aggregate(officers=Count("officer", distinct=True), fte=Sum("fte"))
    return [
        Figure(formats.number(len(regions)), _("active JFOs"), bare(in_own_region(reverse("jfos"), reader, regions))),
        Figure(formats.number(sums["officers"]), _("officers on a JFO"), f"{reverse('officers')}?on_jfo=yes"),
        Figure(formats.text(sums["fte"] or 0, "fte"), _("FTE on JFOs"), bare(reverse("assignments"))),
    ]


# Assignments


def _about_assignment(found: Found, reader: Reader, when: str) -> Line:
    row = found.row
    return Line(
        when=when,
        what=_("%(officer)s: %(assignment)s") % {"officer": row.officer.name, "assignment": row.in_words},
        href=row.get_absolute_url(),
        acts=assignment_actions(row) if reader.role in MANAGERS else (),
    )


def _ends(found: Found, reader: Reader, day: date) -> Line:
    end = found.row.end
    return _about_assignment(found, reader, _("in %(days)s d, %(day)s") % {"days": (end - day).days, "day": end})


def _since(found: Found, reader: Reader, _day: date) -> Line:
    return _about_assignment(found, reader, _("since %(day)s") % {"day": found.row.since})


def _review(found: Found, reader: Reader, day: date) -> Line:
    review_on = found.row.review_on
    words = _("overdue, %(day)s") if review_on < day else _("on %(day)s")
    return _about_assignment(found, reader, words % {"day": review_on})


def ending(reader: Reader, day: date) -> QuerySet:
    return Assignment.objects.visible_to(reader).ending_soon(day)


def unreviewed(reader: Reader, day: date) -> QuerySet:
    return Assignment.objects.visible_to(reader).past_policy_unreviewed(day)


def review_date_come(reader: Reader, day: date) -> QuerySet:
    """Return the assignments of the day whose review date is over or comes within 30 days."""
    return Assignment.objects.visible_to(reader).as_of(day).filter(review_on__lte=day + REVIEW_SOON)


# JFOs


def about_jfo(found: Found, when: str, act: Link | None = None) -> Line:
    """Return the line of a JFO, with what can be done at once."""
    jfo = found.row
    return Line(
        when=when,
        what=_("%(code)s: %(name)s") % {"code": jfo.code, "name": jfo.name},
        href=jfo.get_absolute_url(),
        acts=[act] if act else (),
    )


def _act(reader: Reader, label: str, address: str, jfo: JFO) -> Link | None:
    return Link(label, address, jfo.code) if reader.role in MANAGERS else None


def _reviewed(found: Found, reader: Reader, _day: date) -> Line:
    last = found.pressing
    when = _("never reviewed") if last is None else _("last on %(day)s") % {"day": last}
    address = reverse("review-new", args=[found.row.code])
    return about_jfo(found, when, _act(reader, _("Record a review"), address, found.row))


def _met(found: Found, reader: Reader, _day: date) -> Line:
    last = found.pressing
    when = _("never met") if last is None else _("last on %(day)s") % {"day": last}
    address = reverse("jfo-part-new", args=[found.row.code, "meetings"])
    return about_jfo(found, when, _act(reader, _("Record a meeting"), address, found.row))


def _vacant(found: Found, reader: Reader, _day: date) -> Line:
    when = _("%(fte)s FTE unfilled") % {"fte": formats.text(found.amount, "fte")}
    address = f"{reverse('assignment-new')}?jfo={found.row.code}"
    return about_jfo(found, when, _act(reader, _("Assign an officer"), address, found.row))


NEEDS = [
    Need(
        "ending",
        gettext_lazy("Assignments ending within 90 days"),
        ASSIGNMENTS,
        ending,
        _ends,
        order=("end", "officer__number", "pk"),
    ),
    # By number: those longest on a JFO are not to head a list.
    Need(
        "unreviewed",
        gettext_lazy("Past the policy period without a review date"),
        ASSIGNMENTS,
        unreviewed,
        _since,
        order=("officer__number", "pk"),
    ),
    Need(
        "review-date",
        gettext_lazy("Assignments to review by now or within 30 days"),
        ASSIGNMENTS,
        review_date_come,
        _review,
        order=("review_on", "officer__number", "pk"),
        readers=MANAGERS,
    ),
]
STEERING_NEEDS = [
    Need(
        "vacancies",
        gettext_lazy("JFOs with less than the agreed FTE"),
        JFOS,
        lambda reader, day: with_vacancies(own_jfos(reader, day), day),
        _vacant,
        order=("-unfilled", "code"),
        amount="unfilled",
        readers=MANAGERS,
    ),
    Need(
        "review-due",
        gettext_lazy("Participation reviews due"),
        JFOS,
        lambda reader, day: review_due(own_jfos(reader, day), day),
        _reviewed,
        order=("last_review", "code"),
        pressing="last_review",
        readers=STEERING,
    ),
    Need(
        "jmt",
        gettext_lazy("Joint management teams that have not met"),
        JFOS,
        lambda reader, day: without_meeting(own_jfos(reader, day), day),
        _met,
        order=("last_meeting", "code"),
        pressing="last_meeting",
        readers=STEERING,
        note=lambda _day: _quiet_note(),
    ),
]


def _quiet_note() -> str:
    return _("Not for more than %(days)s days, or never.") % {"days": formats.number(settings.JMT_QUIET_DAYS)}


# What is not a need of a list


def waiting_imports(reader: Reader, _day: date) -> Sequence[NeedGroup]:
    """Return the reader's imports that wait for confirmation; one query for those who may import, none for others."""
    if not may_import(reader):
        return []
    waiting = Import.objects.visible_to(reader).filter(state=ImportState.DRAFT)
    rows = list(waiting.annotate(total=Window(Count("pk")))[:SHOWN])
    lines = [
        Line(
            when=formats.moment(row.created_at),
            what=row.file_name,
            href=reverse("import-review", args=[row.pk]),
        )
        for row in rows
    ]
    count = rows[0].total if rows else 0
    return [
        NeedGroup(title=_("Imports waiting for your confirmation"), lines=lines, count=count, href=reverse("imports"))
    ]


def coming(reader: Reader, day: date) -> Sequence[Coming]:
    """Return the next end and the next review of an assignment, and the next line that comes back; three queries."""
    serving = Assignment.objects.visible_to(reader).as_of(day).with_names()
    found = []
    ending = serving.filter(end__gt=day + SOON).order_by("end", "officer__number").first()
    if ending is not None and ending.end is not None:
        found.append(Coming(ending.end, _("%(what)s ends") % {"what": ending}, ending.get_absolute_url()))
    reviewed = serving.filter(review_on__gt=day).order_by("review_on", "officer__number").first()
    if reviewed is not None and reviewed.review_on is not None:
        found.append(
            Coming(
                reviewed.review_on, _("%(what)s is to be reviewed") % {"what": reviewed}, reviewed.get_absolute_url()
            )
        )
    until = Snooze.objects.visible_to(reader).on(day).order_by("until").values_list("until", flat=True).first()
    if until is not None:
        found.append(Coming(until, _("a line that you put off comes back"), f"{reverse('home')}?snoozed=yes"))
    return found
