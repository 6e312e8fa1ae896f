"""The columns of the registry's lists."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Cell, Column, Link, cells
from jfo_portal.kit.timelines import Scale, Span
from registry import agency_panels, panels
from registry.measures import timeline
from registry.measures.tenure import DAYS_IN_A_YEAR
from registry.measures.training import lacking
from registry.measures.vacancies import Vacancy, stretches
from registry.models import (
    JFO,
    Assignment,
    Course,
    EndReason,
    Officer,
    OfficerFunction,
    ParticipationReview,
    Region,
    Training,
)

# How many of the vacancies to come are said in words; the bar shows them all.
_VACANCIES_SAID = 3

# In place of what a manager may not see of another region.
RESTRICTED = gettext_lazy("restricted")


def restricted_mark(words: str | Promise = RESTRICTED) -> str:
    """Return what a narrow cell shows in place of what is not told: a mark that the page explains once, and the words
    for those who hear it."""
    return format_html(
        '<span class="restricted-mark" aria-hidden="true">*</span><span class="visually-hidden">{}</span>', words
    )


def keeping_day(address: str, day: date) -> str:
    """Return the address of a page as of the day; as it is for today."""
    return address if day == today() else f"{address}?as_of={day}"


def jfo_column(day: date, *, is_header: bool = False, sort: str | None = None) -> Column:
    """Return the column of a row's JFO, which leads to its page as of the day."""
    return Column(
        "jfo",
        gettext_lazy("JFO"),
        value=lambda row: row.jfo.code,
        sort=sort,
        href=lambda row: keeping_day(row.jfo.get_absolute_url(), day),
        is_header=is_header,
    )


# Assignments


def years_until(start: date, day: date) -> Decimal | None:
    """Return the years from the first day through `day`, both counted; None before the first day."""
    days = (day - start).days + 1
    return Decimal(days) / DAYS_IN_A_YEAR if days > 0 else None


def _to_one_place(years: Decimal | None) -> Decimal | None:
    """Return the years as page and file print them alike."""
    return None if years is None else formats.rounded(years, 1)


def _attention(row: Assignment, day: date) -> str:
    if row.ends_soon(day):
        return _("Ends within 90 days")
    if row.is_past_policy_unreviewed(day):
        return _("Past %(years)s years without a review date") % {"years": settings.TENURE_POLICY_YEARS}
    return ""


def assignment_actions(row: Assignment, *, every: bool = False) -> list[Link]:
    """Return the links to what a manager can do to the assignment: what is done most, or everything.

    Nothing is done to one that ended in an earlier fiscal year.
    """
    if row.is_closed(today()):
        return []
    links = [(_("Extend"), "assignment-extend"), (_("End"), "assignment-end"), (_("Transfer"), "assignment-transfer")]
    if every:
        links += [(_("Change the FTE"), "assignment-fte"), (_("Split"), "assignment-split")]
    return [Link(label, reverse(name, args=[row.pk]), str(row)) for label, name in links]


def tenure_years(row: Assignment, day: date) -> Decimal | None:
    """Return the years of the row's spell on the JFO by the day, or by its own last day; None before its first."""
    last = timeline.counted_to(row, day)
    return None if last is None else years_until(row.since, last)


def _tenure(row: Assignment, day: date) -> str:
    years = formats.text(_to_one_place(tenure_years(row, day)), "decimal")
    if not timeline.is_past_policy(row, day):
        return years
    policy = settings.TENURE_POLICY_YEARS
    return ngettext("%(years)s (past %(policy)s year)", "%(years)s (past %(policy)s years)", policy) % {
        "years": years,
        "policy": policy,
    }


def _bar(row: Assignment, scale: Scale) -> SafeString:
    spans = timeline.spans_of(row)
    words = row.dates
    if spans[-1].look == "long":
        words = _("%(dates)s; past the policy period from %(day)s on") % {
            "dates": words,
            "day": timeline.past_policy_from(row.since),
        }
    return scale.bar(spans, words)


# What an assignment's tenure and what needs attention rest on.
_DATED = ("start", "end", "end_reason", "review_on", "since")


def _assignment(dated: Sequence[Any]) -> Assignment:
    """Return an assignment of nobody with the values of _DATED."""
    *own, since = dated
    row = Assignment(**dict(zip(_DATED[:-1], own, strict=True)))
    row.since = since
    return row


def timeline_column(scale: Scale) -> Column:
    """Return the column that shows the days of an assignment as a bar over the fiscal years; for the page alone."""
    return Column(
        "timeline",
        gettext_lazy("Timeline"),
        drawing=lambda row: _bar(row, scale),
        scale=format_html(
            '<span class="visually-hidden">{}</span>{}',
            _("fiscal years %(first)s to %(last)s") % {"first": scale.first, "last": scale.last},
            scale.heading(),
        ),
    )


def assignment_columns(day: date, *, may_act: bool, scale: Scale | None = None) -> list[Column]:
    """Return the columns of the assignments as of the day, with bars on the scale if there is one, and links to the
    actions for those who may. They read `since` of a row (AssignmentQuerySet.with_since)."""
    columns = [
        Column(
            "officer",
            gettext_lazy("Officer"),
            value=lambda row: row.officer.name,
            sort="officer__folded",
            href=lambda row: keeping_day(row.get_absolute_url(), day),
            is_header=True,
            names="officer",
            fields=("officer__family_name", "officer__given_name"),
            of=lambda *names: ", ".join(names),
        ),
        Column(
            "number",
            gettext_lazy("Number"),
            value=lambda row: row.officer.number,
            sort="officer__number",
            names="officer",
            fields=("officer__number",),
        ),
        Column(
            "function",
            gettext_lazy("Function"),
            value=lambda row: row.officer.function_short,
            sort="officer__function",
            extra=True,
            fields=("officer__function",),
            of=lambda function: OfficerFunction(function).short,
        ),
        Column(
            "region",
            gettext_lazy("Region"),
            value=lambda row: row.officer.region.short,
            sort="officer__region__code",
            extra=True,
            fields=("officer__region__code", "officer__region__code_fr"),
            of=lambda code, code_fr: Region(code=code, code_fr=code_fr).short,
        ),
        replace(jfo_column(day, sort="jfo__code"), fields=("jfo__code",)),
        Column(
            "program",
            gettext_lazy("Program"),
            value=lambda row: row.jfo.program.code,
            extra=True,
            fields=("jfo__program__code",),
        ),
        Column("fte", gettext_lazy("FTE"), "fte", sort="fte", fields=("fte",)),
        Column("start", gettext_lazy("First day"), "date", sort="start", fields=("start",)),
        Column("end", gettext_lazy("Last day"), "date", sort="end", fields=("end",)),
        Column(
            "end_reason",
            gettext_lazy("Reason for the end"),
            value=lambda row: row.get_end_reason_display(),
            extra=True,
            fields=("end_reason",),
            of=lambda reason: EndReason(reason).label if reason else "",
        ),
        Column("review_on", gettext_lazy("Review date"), "date", sort="review_on", fields=("review_on",)),
        *([timeline_column(scale)] if scale else []),
        # Sorts by nothing, or it would rank people by tenure. The first day above may sort: it is that of the row, of
        # which a change of FTE begins another, and shows what began when.
        Column(
            "tenure",
            gettext_lazy("Tenure in years"),
            "decimal",
            value=lambda row: _to_one_place(tenure_years(row, day)),
            text=lambda row: _tenure(row, day),
            fields=_DATED,
            of=lambda *dated: _to_one_place(tenure_years(_assignment(dated), day)),
        ),
        Column(
            "attention",
            gettext_lazy("To look at"),
            value=lambda row: _attention(row, day),
            fields=_DATED,
            of=lambda *dated: _attention(_assignment(dated), day),
        ),
    ]
    if may_act:
        columns.append(Column("actions", gettext_lazy("Actions"), links=assignment_actions))
    return columns


def _vacant(one: Vacancy) -> str:
    said = {"fte": formats.text(one.fte, "fte"), "start": one.start, "end": one.end}
    if one.end is None:
        return _("%(fte)s FTE vacant from %(start)s on") % said
    return _("%(fte)s FTE vacant from %(start)s to %(end)s") % said


def _then(one: Vacancy, then: Vacancy) -> str:
    return _("%(fte)s; %(then)s from %(day)s on") % {
        "fte": formats.text(one.fte, "fte"),
        "then": formats.text(then.fte, "fte"),
        "day": then.start,
    }


def vacancy_cells(
    columns: Sequence[Column], jfo: JFO, found: Sequence[Vacancy], day: date, *, scale: Scale, may_act: bool
) -> list[Cell]:
    """Return the cells of the row that says what is vacant on the JFO: the vacancy of the day, or the next one.

    Its bar shows all that are on the scale. With a link to fill it for those who may.
    """
    to_come = [one for one in found if one.end is None or one.end >= day]
    shown = to_come[0]
    # The last day on which anything of it is vacant, though more or less than now.
    whole = next(one for one in stretches(found) if one.holds_on(shown.start))
    then = to_come[1] if whole.end != shown.end else None
    words = "; ".join(_vacant(one) for one in to_come[:_VACANCIES_SAID])
    address = f"{reverse('assignment-new')}?{urlencode({'jfo': jfo.code})}"
    known = {
        "officer": Column("officer", "", value=lambda _one: _("(vacant)"), is_header=True),
        "jfo": Column("jfo", "", value=lambda _one: jfo.code),
        "program": Column("program", "", value=lambda _one: jfo.program.code),
        "fte": Column("fte", "", "fte", text=(lambda one: _then(one, then)) if then else None),
        "start": Column("start", "", "date"),
        "end": Column("end", "", "date", value=lambda _one: whole.end),
        "timeline": Column(
            "timeline",
            "",
            drawing=lambda _one: scale.bar([Span(one.start, one.end, "lacking") for one in stretches(found)], words),
        ),
        "actions": Column("actions", "", links=lambda _one: [Link(_("Fill"), address, jfo.code)] if may_act else ()),
    }
    blank = Column("", "", text=lambda _one: "", value=lambda _one: None)
    return cells([replace(known.get(column.name, blank), label=column.label) for column in columns], shown)


# JFOs


def _fte(row: Any) -> Decimal | None:
    """Return the sum of FTE that the list set on its row, with its two places: SQLite drops those of a sum."""
    return None if row.fte is None else formats.rounded(row.fte, 2)


def sees_officers_of(jfo: JFO, reader: Reader) -> bool:
    """Say whether the reader is told how many officers are on the JFO: a manager, in own regions alone.

    See registry.measures.strength.with_strength.
    """
    return reader.sees_everything or jfo.region_id in reader.scope_ids


def jfo_columns(reader: Reader, day: date) -> list[Column]:
    """Return the columns of the JFOs as of the day, those of other apps among them.

    They read `officers`, `fte`, `leads` and `partners` of a row, which the list sets.
    """

    def known(name: str, label: Any, kind: str, value: Callable[[Any], Any]) -> Column:
        """Return a column of what is told of own regions alone: a mark on the page, a word in files."""
        return Column(
            name,
            label,
            kind,
            value=lambda row: value(row) if sees_officers_of(row, reader) else RESTRICTED,
            text=lambda row: formats.text(value(row), kind) if sees_officers_of(row, reader) else restricted_mark(),
            sort=name,
        )

    return [
        Column(
            "code",
            gettext_lazy("Code"),
            sort="code",
            href=lambda row: keeping_day(row.get_absolute_url(), day),
            is_header=True,
        ),
        Column("name", gettext_lazy("Name")),
        Column("program", gettext_lazy("Program"), value=lambda row: row.program.code, sort="program__code"),
        Column("kind", gettext_lazy("Kind"), value=lambda row: row.program.get_kind_display(), sort="program__kind"),
        Column("region", gettext_lazy("Region"), value=lambda row: row.region.short, sort="region__code"),
        Column("leads", gettext_lazy("Lead"), value=lambda row: ", ".join(row.leads)),
        Column("partners", gettext_lazy("Partners"), value=lambda row: ", ".join(row.partners)),
        known("officers", gettext_lazy("Officers"), "integer", lambda row: row.officers),
        known("fte", gettext_lazy("FTE"), "fte", _fte),
        *(column for added in panels.columns() for column in added.columns(day)),
        Column("start", gettext_lazy("First day"), "date", sort="start", extra=True),
        Column("end", gettext_lazy("Last day"), "date", sort="end", extra=True),
    ]


def jfo_officer_columns(day: date) -> list[Column]:
    """Return the columns of the assignments to one JFO; a row has the `level` of the day and `since`, the first
    day of the officer's tenure."""
    return [
        Column(
            "officer",
            gettext_lazy("Officer"),
            value=lambda row: row.officer.name,
            href=lambda row: keeping_day(row.officer.get_absolute_url(), day),
            is_header=True,
        ),
        Column("number", gettext_lazy("Number"), value=lambda row: row.officer.number),
        Column("function", gettext_lazy("Function"), value=lambda row: row.officer.function_short),
        Column("level", gettext_lazy("Level")),
        Column("region", gettext_lazy("Region"), value=lambda row: row.officer.region.short),
        Column("fte", gettext_lazy("FTE"), "fte", href=lambda row: keeping_day(row.get_absolute_url(), day)),
        Column("start", gettext_lazy("First day"), "date"),
        Column("end", gettext_lazy("Last day"), "date"),
        Column(
            "years",
            gettext_lazy("Years on the JFO"),
            "decimal",
            value=lambda row: _to_one_place(years_until(row.since, day)),
        ),
    ]


# Officers


def posts_in_words(posts: Iterable[Assignment]) -> str:
    """Return the assignments as “IBET-QUE-1 (0.60), FAE (0.40)”."""
    return ", ".join(
        _("%(jfo)s (%(fte)s)") % {"jfo": post.jfo.code, "fte": formats.text(post.fte, "fte")} for post in posts
    )


def _posts(row: Any) -> str:
    return posts_in_words(row.posts)


def home_of(row: Any) -> str:
    """Return the short form of the region that employed the officer then: that of the row's `posting`, if it has one
    (registry.models.people.posting_on)."""
    return str((row.posting or row).region.short)


def officer_columns(day: date) -> list[Column]:
    """Return the columns of the officers as of the day.

    They read `posting`, `level`, `fte`, `posts` (the assignments of the day) and `tenure` of a row, which the list
    sets.
    """

    def to_jfo(row: Any) -> str | None:
        return keeping_day(row.posts[0].jfo.get_absolute_url(), day) if len(row.posts) == 1 else None

    return [
        Column(
            "number",
            gettext_lazy("Number"),
            sort="number",
            href=lambda row: keeping_day(row.get_absolute_url(), day),
            is_header=True,
            names="pk",
        ),
        Column("name", gettext_lazy("Name"), sort="family_name", names="pk"),
        Column("function", gettext_lazy("Function"), value=lambda row: row.function_short, sort="function"),
        Column("level", gettext_lazy("Level"), sort="level"),
        Column("region", gettext_lazy("Region"), value=home_of, sort="posting__region__code"),
        Column("jfos", gettext_lazy("JFO (FTE)"), value=_posts, href=to_jfo),
        Column("fte", gettext_lazy("Total FTE"), "fte", value=_fte, sort="fte"),
        Column(
            "years",
            gettext_lazy("Years on the JFO"),
            "decimal",
            value=lambda row: _to_one_place(row.tenure and row.tenure.years),
        ),
        Column("start", gettext_lazy("In service since"), "date", sort="start", extra=True),
        Column("end", gettext_lazy("In service until"), "date", sort="end", extra=True),
    ]


def officer_assignment_columns(day: date, *, may_act: bool) -> list[Column]:
    """Return the columns of one officer's assignments; for those who may act, with links on those not ended."""

    def actions(row: Assignment) -> Sequence[Link]:
        return assignment_actions(row) if row.end is None or row.end >= day else ()

    columns = [
        jfo_column(day, is_header=True),
        Column("region", gettext_lazy("Region of the JFO"), value=lambda row: row.jfo.region.short),
        Column("fte", gettext_lazy("FTE"), "fte", href=lambda row: keeping_day(row.get_absolute_url(), day)),
        Column("start", gettext_lazy("First day"), "date"),
        Column("end", gettext_lazy("Last day"), "date"),
        Column("end_reason", gettext_lazy("Reason for the end"), value=lambda row: row.get_end_reason_display()),
        Column("review_on", gettext_lazy("Review date"), "date"),
    ]
    if may_act:
        columns.append(Column("actions", gettext_lazy("Actions"), links=actions))
    return columns


POSTING_COLUMNS = [
    Column("region", gettext_lazy("Region"), value=lambda row: row.region.short, is_header=True),
    Column("start", gettext_lazy("First day"), "date"),
    Column("end", gettext_lazy("Last day"), "date"),
]
LEVEL_COLUMNS = [
    Column("level", gettext_lazy("Level"), is_header=True),
    Column("start", gettext_lazy("First day"), "date"),
    Column("end", gettext_lazy("Last day"), "date"),
]


# History, in files

HISTORY_COLUMNS = [
    Column("when", gettext_lazy("When"), "datetime", is_header=True),
    Column("who", gettext_lazy("Who")),
    Column("event", gettext_lazy("What happened")),
    Column("kind", gettext_lazy("Kind of row")),
    # The page counts the officers that versions tell of.
    Column("row", pgettext_lazy("history", "Row"), names="officer"),
    Column("what", gettext_lazy("Change")),
    Column("why", gettext_lazy("Why")),
    Column("door", gettext_lazy("Door")),
]


# Agencies


def agency_columns(day: date, language: str) -> list[Column]:
    """Return the columns of the agencies as of the day, those of other apps among them, sorted in the language.

    They read `leads`, `partners` and `spellings` of a row, which the list sets.
    """
    columns = [
        Column(
            "short",
            gettext_lazy("Short form"),
            sort=f"short_{language}",
            href=lambda row: keeping_day(row.get_absolute_url(), day),
            is_header=True,
        ),
        Column("name", gettext_lazy("Name"), sort=f"name_{language}"),
        Column("key", gettext_lazy("Key"), sort="key", extra=True),
        Column("level", gettext_lazy("Government"), value=lambda row: row.get_level_display(), sort="level"),
        Column("is_group", gettext_lazy("Group"), "yes_no", sort="is_group", extra=True),
        Column("aliases", gettext_lazy("Also known as"), value=lambda row: "; ".join(row.spellings)),
        Column("leads", gettext_lazy("JFOs led"), "integer", sort="leads"),
        Column("partners", gettext_lazy("JFOs joined"), "integer", sort="partners"),
    ]
    return [*columns, *(column for added in agency_panels.columns() for column in added.columns(day))]


def agency_participation_columns(day: date) -> list[Column]:
    """Return the columns of an agency's parts in JFOs over time."""
    return [
        jfo_column(day, is_header=True),
        Column("region", gettext_lazy("Region"), value=lambda row: row.jfo.region.short),
        Column("role", gettext_lazy("Part"), value=lambda row: row.get_role_display()),
        Column("start", gettext_lazy("First day"), "date"),
        Column("end", gettext_lazy("Last day"), "date"),
    ]


def co_location_columns(day: date) -> list[Column]:
    """Return the columns of the places where an agency has the officers of JFOs in its premises."""
    return [
        jfo_column(day, is_header=True),
        Column("place", gettext_lazy("Place")),
        Column("start", gettext_lazy("First day"), "date"),
        Column("end", gettext_lazy("Last day"), "date"),
    ]


def system_access_columns(day: date) -> list[Column]:
    """Return the columns of who reaches whose system in an agency's JFOs."""
    return [
        jfo_column(day, is_header=True),
        Column("system", gettext_lazy("System")),
        Column("direction", gettext_lazy("Who reaches it"), value=lambda row: row.get_direction_display()),
        Column("start", gettext_lazy("First day"), "date"),
        Column("end", gettext_lazy("Last day"), "date"),
    ]


FATE_COLUMNS = [
    Column("row", pgettext_lazy("history", "Row"), is_header=True),
    Column("of", gettext_lazy("Of")),
    Column("what", gettext_lazy("What happens")),
]


# Training


def _completions(row: Any) -> str:
    return "; ".join(
        _("%(course)s (%(day)s)") % {"course": one.course.name, "day": one.completed_on}
        for one in row.requirements
        if one.completed_on is not None
    )


def training_columns(day: date, *, may_act: bool) -> list[Column]:
    """Return the columns of the officers whose programs require a course; with a link to record one for those who may.

    They read `posts` (the assignments of the day) and `requirements` of a row, which the list sets.
    """
    columns = [
        Column(
            "name",
            gettext_lazy("Officer"),
            sort="family_name",
            href=lambda row: keeping_day(row.get_absolute_url(), day),
            is_header=True,
            names="pk",
        ),
        Column("number", gettext_lazy("Number"), sort="number", names="pk"),
        Column("region", gettext_lazy("Region"), value=lambda row: row.region.short, sort="region__code"),
        Column("jfos", gettext_lazy("JFO (FTE)"), value=_posts),
        Column(
            "required",
            gettext_lazy("Required"),
            value=lambda row: "; ".join(one.course.name for one in row.requirements),
            extra=True,
        ),
        Column(
            "lacking",
            gettext_lazy("Lacking"),
            value=lambda row: "; ".join(course.name for course in lacking(row.requirements)),
            sort="lacks_course",
        ),
        Column("completed", gettext_lazy("Completed"), value=_completions),
    ]
    if may_act:
        columns.append(
            Column(
                "actions",
                gettext_lazy("Actions"),
                links=lambda row: [record_link(row, course) for course in lacking(row.requirements)],
            )
        )
    return columns


def record_link(officer: Officer, course: Course) -> Link:
    """Return the link to the form that records the course, filled in."""
    address = f"{reverse('training-new', args=[officer.number])}?{urlencode({'course': course.code})}"
    return Link(_("Record"), address, _("%(course)s of %(officer)s") % {"course": course.name, "officer": officer.name})


def officer_training_columns(*, may_act: bool) -> list[Column]:
    """Return the columns of the courses that an officer completed; with links to correct them for those who may."""

    def actions(row: Training) -> Sequence[Link]:
        return [
            Link(_("Correct"), reverse("training-edit", args=[row.pk]), row.course.name),
            Link(_("Remove"), reverse("training-remove", args=[row.pk]), row.course.name),
        ]

    columns = [
        Column("course", gettext_lazy("Course"), value=lambda row: row.course.name, is_header=True),
        Column(
            "program",
            gettext_lazy("Required by"),
            value=lambda row: row.course.program.code if row.course.program else "",
        ),
        Column("completed_on", gettext_lazy("Completed on"), "date"),
    ]
    if may_act:
        columns.append(Column("actions", gettext_lazy("Actions"), links=actions))
    return columns


# One officer's time on JFOs


SERVICE_COLUMNS = [
    Column("jfo", gettext_lazy("JFO"), value=lambda row: row.jfo.code, is_header=True),
    Column("since", gettext_lazy("Current tenure since"), "date"),
    Column(
        "current",
        gettext_lazy("Years of current tenure"),
        "decimal",
        value=lambda row: _to_one_place(row.current_years),
    ),
    Column("years", gettext_lazy("Years in all"), "decimal", value=lambda row: _to_one_place(row.years)),
    Column("days", gettext_lazy("Days in all"), "integer"),
]


# Participation reviews


def review_columns(reader: Reader, day: date, *, may_act: bool) -> list[Column]:
    """Return the columns of the participation reviews as of the day; with links on those the reader may change."""

    def actions(row: ParticipationReview) -> Sequence[Link]:
        if row.jfo.region_id not in reader.scope_ids:
            return ()
        return [
            Link(_("Correct"), reverse("review-edit", args=[row.pk]), str(row)),
            Link(_("Remove"), reverse("review-remove", args=[row.pk]), str(row)),
        ]

    columns = [
        jfo_column(day, is_header=True, sort="jfo__code"),
        Column("region", gettext_lazy("Region"), value=lambda row: row.jfo.region.short, sort="jfo__region__code"),
        Column("reviewed_on", gettext_lazy("Reviewed on"), "date", sort="reviewed_on"),
        Column("fiscal_year", gettext_lazy("Fiscal year"), value=lambda row: str(row.fiscal_year), sort="reviewed_on"),
        Column("decision", gettext_lazy("Decision"), value=lambda row: row.get_decision_display(), sort="decision"),
        Column("fte", gettext_lazy("Agreed FTE"), "fte"),
        Column("effective_on", gettext_lazy("Effective on"), "date", sort="effective_on"),
        Column("reasons", gettext_lazy("Reasons")),
    ]
    if may_act:
        columns.append(Column("actions", gettext_lazy("Actions"), links=actions))
    return columns


def withdrawn_columns(last_day: date) -> list[Column]:
    """Return the columns of the assignments that a withdrawal after the last day ends or removes."""
    return [
        Column("officer", gettext_lazy("Officer"), value=lambda row: row.officer.name, is_header=True),
        Column("number", gettext_lazy("Number"), value=lambda row: row.officer.number),
        Column("region", gettext_lazy("Region"), value=lambda row: row.officer.region.short),
        Column("fte", gettext_lazy("FTE"), "fte"),
        Column("start", gettext_lazy("First day"), "date"),
        Column("end", gettext_lazy("Last day until now"), "date"),
        Column(
            "becomes",
            gettext_lazy("What becomes of it"),
            value=lambda row: (
                _("removed: not begun by then") if row.start > last_day else _("ends on %(day)s") % {"day": last_day}
            ),
        ),
    ]
