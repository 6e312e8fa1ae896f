"""The columns of the plan of remedies and of the management action plan, and the words in their cells."""

from collections.abc import Sequence
from datetime import date

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column, Link
from registry.models import Role
from registry.tables import keeping_day

from .measures.coverage import UncoveredJFO
from .measures.planning import Month
from .models import ActionState, Milestone, RemediationAction
from .remediation import TO_DO, person
from .tables import Table, clause_href

# Who opens, changes and closes actions.
WRITERS = frozenset({Role.NHQ_REVIEWER})
# Beside its word, so that a state is told at a glance and never by colour alone.
SYMBOLS = {
    ActionState.OPEN: "○",
    ActionState.OVERDUE: "!",
    ActionState.DONE: "◐",
    ActionState.VERIFIED: "✓",
    ActionState.ACCEPTED: "△",
}


def marked(word: str, symbol: str, css: str) -> SafeString:
    """Return a word with its symbol, as the page prints a state."""
    return format_html('<span class="verdict state-{}"><span aria-hidden="true">{}</span> {}</span>', css, symbol, word)


def state_mark(row: RemediationAction, day: date) -> SafeString:
    """Return how the action stands on the day, as the page prints it."""
    state = row.state_on(day)
    return marked(str(state.label), SYMBOLS[state], state.value)


def by_day(value: date | None, day: date) -> date | None:
    """Return the date if it had come by the day; what came later was not known then."""
    return value if value is not None and value <= day else None


def gap_href(row: RemediationAction, day: date) -> str:
    """Return the address of the clause's evidence, or of the JFO without an arrangement."""
    if row.arrangement is not None and row.clause is not None:
        return clause_href(row.arrangement, row.clause.letter, day, row.clause.clause_set.code)
    return keeping_day(reverse("jfo", args=[row.jfo]), day)


def days_late(row: RemediationAction, day: date) -> int | None:
    """Return for how many days an overdue action has been that; None for the others."""
    return (day - row.due_on).days if row.state_on(day) == ActionState.OVERDUE else None


def acts_of(row: RemediationAction, reader: Reader, day: date) -> list[Link]:
    """Return the links to what the reader can do to the action today."""
    if reader.role not in WRITERS:
        return []
    is_owner = row.owner_id == getattr(reader, "pk", None)
    state, about = row.state_on(day), row.gap

    def link(name: str, label: str) -> Link:
        return Link(label, reverse(f"plan-action-{name}", args=[row.pk]), about)

    found = []
    if state in TO_DO and is_owner:
        found.append(link("done", _("Mark as done")))
    if state == ActionState.DONE and not is_owner:
        found += [link("verify", _("Verify")), link("return", _("Return"))]
    if state in TO_DO and not is_owner:
        found.append(link("accept", _("Accept the risk")))
    if state == ActionState.ACCEPTED:
        found.append(link("reopen", _("End the acceptance")))
        if not is_owner:
            found.append(link("accept", _("Accept for longer")))
    if state in {*TO_DO, ActionState.ACCEPTED}:
        found.append(link("edit", pgettext("act", "Change")))
    return found


def action_columns(reader: Reader, day: date, *, may_act: bool) -> list[Column]:
    """Return the columns of the actions as of the day; with links for those who may act on them."""
    columns = [
        Column(
            "gap",
            gettext_lazy("Gap"),
            href=lambda row: keeping_day(row.get_absolute_url(), day),
            is_header=True,
        ),
        Column("what", gettext_lazy("What is to be done")),
        Column("owner", gettext_lazy("Owner"), value=lambda row: person(row.owner), sort="owner__last_name"),
        Column("due_on", gettext_lazy("Due on"), "date", sort="due_on"),
        Column(
            "state",
            gettext_lazy("State"),
            value=lambda row: str(row.state_on(day).label),
            text=lambda row: state_mark(row, day),
            sort="urgency",
        ),
        Column("late", gettext_lazy("Days overdue"), "integer", value=lambda row: days_late(row, day)),
        Column("behind", gettext_lazy("Behind it"), value=_behind, href=lambda row: gap_href(row, day)),
        Column("opened_on", gettext_lazy("Opened on"), "date", sort="opened_on", extra=True),
        Column(
            "done_on",
            gettext_lazy("Done on"),
            "date",
            value=lambda row: row.done_on if row.is_done_on(day) else None,
            extra=True,
        ),
        Column(
            "evidence",
            gettext_lazy("Evidence"),
            value=lambda row: row.evidence if row.is_done_on(day) else "",
            extra=True,
        ),
        Column(
            "verified_on",
            gettext_lazy("Verified on"),
            "date",
            value=lambda row: by_day(row.verified_on, day),
            extra=True,
        ),
        Column(
            "verified_by",
            gettext_lazy("Verified by"),
            value=lambda row: person(row.verified_by) if by_day(row.verified_on, day) else "",
            extra=True,
        ),
        Column(
            "accepted_until",
            gettext_lazy("Risk accepted until"),
            "date",
            value=lambda row: row.accepted_until if by_day(row.accepted_on, day) else None,
            sort="accepted_until",
            extra=True,
        ),
    ]
    if may_act:
        columns.append(Column("acts", gettext_lazy("Actions"), links=lambda row: acts_of(row, reader, day)))
    return columns


def _behind(row: RemediationAction) -> str:
    """Return what an action is about in words: the clause by its title, or the JFO by its name."""
    if row.clause is not None:
        return _("%(letter)s) %(title)s") % {"letter": row.clause.letter, "title": row.clause.title}
    return row.jfo.name if row.jfo else ""


def rest_of(month: Month) -> int | None:
    """Return how many more were due than verified by the end of the month; None for a month to come."""
    return None if month.closed is None else max(0, month.planned - month.closed)


MONTH_COLUMNS: Sequence[Column] = [
    Column("month", gettext_lazy("By the end of"), value=lambda row: f"{row.last:%Y-%m}", is_header=True),
    Column("planned", gettext_lazy("Due by then"), "integer"),
    Column("closed", gettext_lazy("Verified by then"), "integer"),
    Column("rest", gettext_lazy("Due and not verified"), "integer", value=rest_of),
]


# The management action plan

MILESTONE_STATES = {
    "done": ("✓", pgettext_lazy("milestone", "Done")),
    "overdue": ("!", gettext_lazy("Overdue")),
    "open": ("○", gettext_lazy("To be done")),
}


def milestone_state(row: Milestone, day: date) -> str:
    """Return the key of how the milestone stands on the day."""
    if row.is_done_on(day):
        return "done"
    return "overdue" if row.is_overdue_on(day) else "open"


def milestone_columns(day: date, *, may_act: bool) -> list[Column]:
    """Return the columns of the milestones as of the day."""

    def word(row: Milestone) -> str:
        return str(MILESTONE_STATES[milestone_state(row, day)][1])

    def mark(row: Milestone) -> SafeString:
        state = milestone_state(row, day)
        css = {"done": "verified"}.get(state, state)
        return marked(word(row), MILESTONE_STATES[state][0], css)

    columns = [
        Column(
            "recommendation", gettext_lazy("Recommendation"), "integer", value=lambda row: row.recommendation.number
        ),
        Column("what", gettext_lazy("Milestone"), is_header=True, text=_anchored),
        Column("lead", gettext_lazy("Lead")),
        Column("due_on", gettext_lazy("Due on"), "date", sort="due_on"),
        Column("state", gettext_lazy("State"), value=word, text=mark),
        Column("done_on", gettext_lazy("Done on"), "date", value=lambda row: by_day(row.done_on, day)),
        Column("evidence", gettext_lazy("Evidence"), value=lambda row: row.evidence if row.is_done_on(day) else ""),
    ]
    if may_act:
        columns.append(Column("acts", gettext_lazy("Actions"), links=_milestone_acts))
    return columns


def _anchored(row: Milestone) -> SafeString:
    return format_html('<span id="milestone-{}">{}</span>', row.pk, row.what)


def _milestone_acts(row: Milestone) -> list[Link]:
    label = _("Mark as done") if row.done_on is None else _("Correct")
    return [Link(label, reverse("milestone-done", args=[row.pk]), row.what)]


def months_of(rows: Sequence[Month]) -> list[list[str]]:
    """Return the months as texts, for the table beside the chart."""
    return [[formats.text(column.raw(row), column.kind) for column in MONTH_COLUMNS] for row in rows]


def is_of_today(day: date, reader: Reader) -> bool:
    """Say whether the page offers acts: to those who write, and today."""
    return day == today() and reader.role in WRITERS


def with_ticks(table: Table) -> Table:
    """Return the table of JFOs without an arrangement with a box for each, to be assigned."""

    def box(row: UncoveredJFO) -> SafeString:
        return format_html(
            '<input class="tick-gap" type="checkbox" form="assign-gaps" name="gap" value="jfo:{}" aria-label="{}">',
            row.jfo.code,
            _("Assign %(gap)s") % {"gap": row.jfo.code},
        )

    return Table([*table.columns, Column("assign", pgettext_lazy("gap", "Assign"), drawing=box)], table.rows)
