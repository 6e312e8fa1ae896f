"""The import of assignments, and the rules that rows keep with one another."""

import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.imports.fields import ChoiceField, DateField, DecimalField, ForeignKeyField
from jfo_portal.kit.imports.preview import Outcome, Preview, PreviewRow
from jfo_portal.kit.imports.resources import Resource, chunks, lock_table, register
from jfo_portal.kit.periods import ONE_DAY, today

from .. import guards
from ..models import JFO, Assignment, EndReason, Role
from ..models.assignments import FULL_TIME, JOINED_GAP_DAYS, fullest_day, past_policy_since, rule_problems
from .rows import is_sure, is_written, touches
from .service import hold_officers


@dataclass(frozen=True, eq=False)
class Spell:
    """An assignment as it would be, and its row of the file; None where the file does not speak of it.

    Of a row with a wrong cell it is the least that is sure: no FTE, the first day alone.
    """

    assignment: Assignment
    row: PreviewRow | None = None

    @classmethod
    def of(cls, row: PreviewRow) -> Self:
        """Return the spell of a row of the file."""
        assignment: Assignment = row.instance
        if not row.knows("fte", "end"):
            assignment = copy.copy(assignment)
            assignment.fte = assignment.fte if row.knows("fte") else Decimal(0)
            assignment.end = assignment.end if row.knows("end") else assignment.start
        return cls(assignment, row)


@register
class AssignmentResource(Resource):
    """Assignments: officer, JFO and first day tell which one a row means."""

    class Meta:
        model = Assignment
        slug = "assignments"
        title = gettext_lazy("Assignments")
        key = ("officer", "jfo", "start")
        roles = frozenset({Role.ADMINISTRATOR})

    officer = ForeignKeyField(
        label_en="Officer number", label_fr="Numéro de l’agent", names="officer", lookup="number", example="O-0042"
    )
    jfo = ForeignKeyField(
        label_en="JFO",
        label_fr="OPC",
        lookup="code",
        also=("name_en", "name_fr"),
        example="IBET-QUE-1",
        help_text=gettext_lazy("The JFO's code or name."),
    )
    fte = DecimalField(
        label_en="FTE",
        label_fr="ETP",
        min=Decimal("0.01"),
        max=FULL_TIME,
        kind="fte",
        required=True,
        example="0.50",
        help_text=gettext_lazy("Part of full time. On no day may an officer's assignments add to more than 1.00."),
    )
    start = DateField(
        label_en="First day",
        label_fr="Premier jour",
        example="2010-04-01",
        help_text=gettext_lazy("The first day on the JFO. A row with another first day is another assignment."),
    )
    end = DateField(
        label_en="Last day",
        label_fr="Dernier jour",
        help_text=gettext_lazy("The last day on the JFO; empty if it is not known yet."),
    )
    end_reason = ChoiceField(label_en="Reason for the end", label_fr="Motif de la fin")
    review_on = DateField(
        label_en="Review date",
        label_fr="Date de réexamen",
        help_text=gettext_lazy("When an assignment without a last day will be reviewed."),
    )

    def lock(self) -> None:
        hold_officers()
        # No JFO ends meanwhile: an assignment lies inside its dates.
        lock_table(JFO, "SHARE")
        super().lock()

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        written = {row["officer"].pk for row in rows if is_written(row)}
        day = today()
        for spells in self._after(rows, written).values():
            clashing = clashes(spells)
            for spell in spells:
                row = spell.row
                if row is not None and is_written(row):
                    _check_closed(row, day)
                    _check_dates(row, day)
                    _check_reason(row, spells)
                    if touches(row, "fte", "end"):
                        _check_rules(row, spell.assignment, clashing.get(spell, []))
                    if touches(row, "end", "review_on"):
                        _check_tenure(row, spells, day)

    def _after(self, rows: Sequence[PreviewRow], officer_ids: Collection[int]) -> dict[int, list[Spell]]:
        """Return all assignments of the officers as they would be, by officer: those of the file and the others."""
        spells = [Spell.of(row) for row in rows if row["officer"].pk in officer_ids]
        named = {spell.assignment.pk for spell in spells}
        for ids in chunks(officer_ids):
            stored = Assignment.objects.filter(officer__in=ids).select_related("jfo")
            spells += [Spell(assignment) for assignment in stored if assignment.pk not in named]
        return grouped(spells, lambda spell: spell.assignment.officer_id)

    def effects(self, preview: Preview) -> list[str]:
        """Return how many assignments last longer or shorter, and what FTE the file's assignments come to."""
        new, changed = preview.of(Outcome.NEW), preview.of(Outcome.CHANGED)
        ends = [(row.before.end or date.max, row.instance.end or date.max) for row in changed]
        longer, shorter = sum(after > before for before, after in ends), sum(after < before for before, after in ends)
        said = []
        if longer:
            said.append(
                ngettext("%(count)s assignment lasts longer.", "%(count)s assignments last longer.", longer)
                % {"count": formats.number(longer)}
            )
        if shorter:
            said.append(
                ngettext("%(count)s assignment ends earlier.", "%(count)s assignments end earlier.", shorter)
                % {"count": formats.number(shorter)}
            )
        rows = [*new, *changed, *preview.of(Outcome.UNCHANGED)]
        day = max([today(), *(row.instance.start for row in new)])
        before, after = (
            sum((one.fte for one in assignments if one.holds_on(day)), Decimal(0))
            for assignments in ([row.before for row in rows if not row.is_new], [row.instance for row in rows])
        )
        return [
            *said,
            _("On %(day)s the assignments of the file come to %(after)s FTE, and to %(before)s without it.")
            % {"day": day, "after": formats.number(after, 2), "before": formats.number(before, 2)},
        ]

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        """Save what shrinks before what grows or is new.

        The database looks at the rules after each statement or row (registry.guards). First every
        changed assignment is made no larger than it was and than it will be, so that an officer's
        days are never fuller than before; then, never fuller than at the end.
        """
        smaller = [least for row in changed if (least := _smaller(row)) is not None]
        # On the way only: the history of each is written with what it comes to.
        Assignment._base_manager.bulk_update(smaller, ["fte", "end"], batch_size=1000)
        super().write(new, changed, reason=reason)

    def refusal(self, error: IntegrityError) -> str:
        if guards.ONE_FTE in str(error):
            return _("On some day an officer would reach more than 1.00 FTE. Look at the preview again.")
        if guards.OVERLAP in str(error):
            return _("An officer would have two assignments to one JFO on the same day. Look at the preview again.")
        return super().refusal(error)


def _smaller(row: PreviewRow) -> Assignment | None:
    """Return the assignment with the lesser FTE and the earlier end of before and after; None where nothing shrinks."""
    before, after = row.before, row.instance
    least: Assignment = copy.copy(before)
    least.fte = min(before.fte, after.fte)
    least.end = min((before.end, after.end), key=lambda end: end or date.max)
    return least if (least.fte, least.end) != (before.fte, before.end) else None


def _check_closed(row: PreviewRow, day: date) -> None:
    """Refuse a change of an assignment that ended in an earlier fiscal year, as the screens do."""
    if not row.is_new and row.before.is_closed(day):
        row.refuse(
            _(
                "This assignment ended on %(day)s, in an earlier fiscal year, whose figures stay as they are. "
                "Take the row out, or add one with another first day."
            )
            % {"day": row.before.end},
            row.changed_names[0],
        )


def _check_dates(row: PreviewRow, day: date) -> None:
    """Refuse a reason without an end, and a review outside the assignment or over already."""
    assignment, review_on = row.instance, row.instance.review_on
    is_ended_in_part = assignment.end is None and assignment.end_reason and touches(row, "end", "end_reason")
    if is_ended_in_part and row.knows("end", "end_reason"):
        row.refuse(_("There is no last day, and so no reason for it. Give the last day, or empty this."), "end_reason")
    if review_on is None or not touches(row, "end", "review_on") or not row.knows("review_on"):
        return
    if review_on < assignment.start:
        row.refuse(
            _("The assignment starts on %(day)s: give that day or a later one.") % {"day": assignment.start},
            "review_on",
        )
    elif not row.knows("end"):
        return
    elif assignment.end is not None and review_on > assignment.end:
        row.refuse(
            _("The assignment would end on %(day)s: review it on that day or earlier, or not at all.")
            % {"day": assignment.end},
            "review_on",
        )
    elif assignment.end is None and review_on < day and touches(row, "review_on"):
        row.refuse(_("%(day)s is over. Give a later date for the review.") % {"day": review_on}, "review_on")


def _check_reason(row: PreviewRow, spells: Sequence[Spell]) -> None:
    """Refuse the one half of an act without the other: a transfer (domain rule 3) or a change of FTE.

    `spells` are all the officer's assignments as they would be.
    """
    assignment = row.instance
    if assignment.end is None or not touches(row, "end", "end_reason") or not row.knows("end", "end_reason"):
        return
    after = assignment.end + ONE_DAY
    followed_by = {spell.assignment.jfo_id for spell in spells if spell.assignment.start == after}
    said = {"number": row["officer"].number, "jfo": row["jfo"].code, "day": after}
    if assignment.end_reason == EndReason.TRANSFER and not followed_by - {assignment.jfo_id}:
        row.refuse(
            _(
                "After a transfer an assignment to another JFO starts the day after, and officer %(number)s has none "
                "that starts on %(day)s. Add its row, or give another reason."
            )
            % said,
            "end_reason",
        )
    if assignment.end_reason == EndReason.CHANGE and assignment.jfo_id not in followed_by:
        row.refuse(
            _(
                "After a change of FTE an assignment to %(jfo)s starts the day after, and officer %(number)s has none "
                "that starts on %(day)s. Add its row, or give another reason."
            )
            % said,
            "end_reason",
        )


def _check_tenure(row: PreviewRow, spells: Sequence[Spell], day: date) -> None:
    """Warn of an assignment left open past the policy period without a review to come (domain rule 4)."""
    assignment = row.instance
    if assignment.end is not None or assignment.review_on is not None or not row.knows("end", "review_on"):
        return
    on_jfo = [spell.assignment for spell in spells if spell.assignment.jfo_id == assignment.jfo_id]
    since = assignment.start
    for earlier in sorted(on_jfo, key=lambda one: one.start, reverse=True):
        if earlier.start < since and (earlier.end is None or (since - earlier.end).days <= JOINED_GAP_DAYS + 1):
            since = earlier.start
    # One that begins later must keep the rule on its first day: it may continue an earlier spell.
    if since <= past_policy_since(max(day, assignment.start)):
        row.warn(
            _(
                "The officer has been on this JFO since %(day)s, for more than %(years)s years, and the assignment has "
                "neither a last day nor a date on which it will be reviewed. Give one of them, or agree to this."
            )
            % {"day": since, "years": settings.TENURE_POLICY_YEARS},
            "review_on",
        )


def _check_rules(row: PreviewRow, assignment: Assignment, clashing: Sequence[Spell]) -> None:
    """Refuse what breaks domain rules 1 and 2, in the sentences of the screen and with the other rows of the file."""
    # Others of which a cell is wrong are told of this row, and this one not of what nobody knows.
    others = [other for other in clashing if is_sure(other.row, "fte", "end")]
    problems = rule_problems(assignment, [other.assignment for other in others])
    if not problems:
        return
    fullest = fullest_day(assignment, [other.assignment for other in others])
    on_fullest = fullest[2] if fullest is not None else []
    together = {
        "start": [other for other in others if other.assignment.jfo_id == assignment.jfo_id],
        "fte": [other for other in others if other.assignment in on_fullest],
    }
    for name, sentences in problems.items():
        if not row.knows(name):
            continue
        more = [_("Give a smaller FTE, or end one of them first.")] if name == "fte" else []
        lines = sorted(other.row.line for other in together.get(name, []) if other.row is not None)
        if lines:
            there = ngettext("See row %(lines)s of the file.", "See rows %(lines)s of the file.", len(lines))
            more.append(there % {"lines": ", ".join(map(str, lines))})
        row.refuse(" ".join([*sentences, *more]), name)


# An officer with more assignments than this on one day is a slip of a file; not every one is named then.
_CROWD = 10


def clashes(spells: Sequence[Spell]) -> dict[Spell, list[Spell]]:
    """Return those of one officer's assignments that break domain rule 1, each with those it breaks it with.

    Takes time in proportion to the rows, so that a file full of clashes costs no more than another.
    """
    found: dict[Spell, dict[Spell, None]] = {}
    going_on: list[Spell] = []
    for spell in sorted(spells, key=lambda spell: spell.assignment.start):
        day = spell.assignment.start
        going_on = [other for other in going_on if other.assignment.holds_on(day)]
        clashing = _clashing(spell, going_on)
        if len(clashing) >= _CROWD:
            found[spell] = dict.fromkeys(_enough(spell, clashing))
            continue
        going_on.append(spell)
        crowd = [*clashing, spell] if clashing else []
        for one in crowd:
            others = found.setdefault(one, {})
            if len(others) < _CROWD:
                others |= dict.fromkeys(other for other in crowd if other is not one)
    return {spell: list(others) for spell, others in found.items()}


def _clashing(spell: Spell, going_on: Sequence[Spell]) -> list[Spell]:
    """Return those going on with which the assignment breaks the rule on its first day: all, or those on its JFO."""
    own = spell.assignment
    if own.fte + sum((other.assignment.fte for other in going_on), Decimal(0)) > FULL_TIME:
        return list(going_on)
    return [other for other in going_on if other.assignment.jfo_id == own.jfo_id]


def _enough(spell: Spell, clashing: Sequence[Spell]) -> list[Spell]:
    """Return as few of those clashing as break the rule together with the assignment."""
    own = spell.assignment
    enough: list[Spell] = []
    for other in sorted(clashing, key=lambda other: (other.assignment.jfo_id != own.jfo_id, -other.assignment.fte)):
        enough.append(other)
        if _clashing(spell, enough):
            break
    return enough
