"""The imports of officers and of assignments: their columns, and the rules that rows keep with one another."""

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.imports.fields import ChoiceField, CodeField, DateField, DecimalField, ForeignKeyField, TextField
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, chunks, register
from jfo_portal.kit.periods import ONE_DAY

from . import guards
from .models import Assignment, EndReason, Level, Officer, OfficerLevel, Role
from .models.assignments import FULL_TIME, fullest_day, rule_problems


def touches(row: PreviewRow, *names: str) -> bool:
    """Say whether the row is new, or changes one of the columns."""
    return row.before is None or any(change.name in names for change in row.changes)


# What lies inside an officer's service


@dataclass(frozen=True)
class Held:
    """What an officer holds from a day to a day (None while it goes on), in words; service has to span it."""

    start: date
    end: date | None
    words: str


HeldBy = Callable[[Collection[int]], Mapping[int, Sequence[Held]]]
_held_by: list[HeldBy] = []


def within_service(held_by: HeldBy) -> HeldBy:
    """Register what else lies inside an officer's service: a function from officers' ids to what each holds.

    The registry knows nothing of activity, yet may not move an officer's dates past it. It asks a
    constant number of queries.
    """
    _held_by.append(held_by)
    return held_by


@within_service
def _assignments_held(officer_ids: Collection[int]) -> Mapping[int, Sequence[Held]]:
    held: dict[int, list[Held]] = {}
    for ids in chunks(officer_ids):
        for row in Assignment.objects.filter(officer__in=ids).select_related("jfo"):
            held.setdefault(row.officer_id, []).append(Held(row.start, row.end, row.in_words))
    return held


def hold_officers() -> None:
    """Lock every officer's row, in one order, until the transaction ends.

    Whoever changes assignments locks their officer first (registry.actions), so these wait, and what
    is under way is finished. It comes before a table's lock: the other way round, an action that has
    its officer and an import that has the table would wait for each other.
    """
    list(Officer.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


# Officers


@register
class OfficerResource(Resource):
    """Officers, each with the last level on record; a later first day adds a level and ends the one before."""

    class Meta:
        model = Officer
        slug = "officers"
        title = gettext_lazy("Officers")
        key = ("number",)
        roles = frozenset({Role.ADMINISTRATOR})

    number = CodeField(
        label_en="Officer number",
        label_fr="Numéro de l’agent",
        example="O-0042",
        help_text=gettext_lazy("It tells which officer the row is about, and never changes."),
    )
    family_name = TextField(label_en="Family name", label_fr="Nom de famille", required=True, example="Roy")
    given_name = TextField(label_en="Given name", label_fr="Prénom", required=True, example="Ana")
    function = ChoiceField(label_en="Function", label_fr="Fonction", required=True, example="IO")
    region = ForeignKeyField(
        label_en="Region",
        label_fr="Région",
        lookup="code",
        also=("code_fr", "name_en", "name_fr"),
        required=True,
        example="QUE",
        help_text=gettext_lazy("The region that employs the officer, by its code or name."),
    )
    start = DateField(
        label_en="First day",
        label_fr="Premier jour",
        required=True,
        example="2005-04-01",
        help_text=gettext_lazy("The first day of service in intelligence or enforcement."),
    )
    end = DateField(
        label_en="Last day",
        label_fr="Dernier jour",
        help_text=gettext_lazy("The last day of that service; empty while it goes on."),
    )
    level = ChoiceField(
        label_en="Level",
        label_fr="Niveau",
        choices=Level.choices,
        example="FB-04",
        help_text=gettext_lazy("The officer's last level. A new officer needs one: cost is worked out from it."),
    )
    level_start = DateField(
        label_en="First day at this level",
        label_fr="Premier jour à ce niveau",
        example="2009-04-01",
        help_text=gettext_lazy("With a later day another level is added, and the one before ends the day before."),
    )

    def importable(self) -> models.QuerySet:
        last = OfficerLevel.objects.filter(officer=OuterRef("pk")).order_by("-start")
        return (
            super()
            .importable()
            .annotate(level=Subquery(last.values("level")[:1]), level_start=Subquery(last.values("start")[:1]))
        )

    def lock(self) -> None:
        super().lock()
        hold_officers()

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        self._check_service([row for row in rows if row.before is not None and touches(row, "start", "end")])
        leveled = [row for row in rows if touches(row, "level", "level_start")]
        past = _levels(leveled)
        for row in leveled:
            try:
                levels_after(row.instance, past.get(row.instance.pk, []))
            except ValidationError as error:
                for name, sentences in error.message_dict.items():
                    row.refuse(" ".join(sentences), name)

    def _check_service(self, rows: Sequence[PreviewRow]) -> None:
        """Refuse dates that leave out what the officer holds."""
        ids = [row.instance.pk for row in rows]
        by_kind = [held_by(ids) for held_by in _held_by] if ids else []
        for row in rows:
            held = [one for of_kind in by_kind for one in of_kind.get(row.instance.pk, ())]
            if not held:
                continue
            first = min(held, key=lambda one: one.start)
            if first.start < row.instance.start:
                row.refuse(
                    _(
                        "The officer would start only after this: %(what)s. "
                        "Give an earlier first day, or correct that first."
                    )
                    % {"what": first.words},
                    "start",
                )
            last = max(held, key=lambda one: one.end or date.max)
            if row.instance.end is not None and (last.end is None or last.end > row.instance.end):
                row.refuse(
                    _("The officer would leave before this ends: %(what)s. Give a later last day, or end that first.")
                    % {"what": last.words},
                    "end",
                )

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        super().write(new, changed, reason=reason)
        leveled = [*new, *(row for row in changed if touches(row, "level", "level_start"))]
        past = _levels(leveled)
        after = [level for row in leveled for level in levels_after(row.instance, past.get(row.instance.pk, []))]
        attribution = self.attribution(reason)
        # What ends makes room first: an officer has one level without a last day.
        stored = [level for level in after if level.pk is not None]
        OfficerLevel.objects.bulk_update(stored, ["level", "start", "end"], **attribution)
        OfficerLevel.objects.bulk_create([level for level in after if level.pk is None], **attribution)


def _levels(rows: Sequence[PreviewRow]) -> dict[int, list[OfficerLevel]]:
    """Return the levels of the rows' officers, by officer, the earliest first."""
    ids = [row.before.pk for row in rows if row.before is not None]
    levels = [
        level for chunk in chunks(ids) for level in OfficerLevel.objects.filter(officer__in=chunk).order_by("start")
    ]
    return grouped(levels, lambda level: level.officer_id)


def levels_after(officer: Officer, past: Sequence[OfficerLevel]) -> list[OfficerLevel]:
    """Return the level rows to save so that the officer's last level is `level`, from `level_start` on.

    The same day with another level, or the same level with another day, corrects the last row; a
    later day with another level ends it and adds one. ValidationError, by column, for what cannot be.
    """
    level, start = getattr(officer, "level", None), getattr(officer, "level_start", None)
    if level is None:
        raise ValidationError({"level": _("A level is needed: cost is worked out from it. For example: FB-04.")})
    if start is None:
        raise ValidationError(
            {"level_start": _("Say from which day on the officer has this level. For example: 2009-04-01.")}
        )
    if officer.end is not None and start > officer.end:
        raise ValidationError(
            {
                "level_start": _("The officer's last day is %(day)s: give that day or an earlier one.")
                % {"day": officer.end}
            }
        )
    if not past:
        return [OfficerLevel(officer=officer, level=level, start=start)]
    last = past[-1]
    if start == last.start:
        last.level = level
        return [last]
    if level == last.level:
        return _moved(last, past[-2] if len(past) > 1 else None, start)
    if start < last.start:
        raise ValidationError(
            {
                "level_start": _(
                    "The officer is %(level)s since %(day)s, and this is earlier. "
                    "Give that day to correct the level, or a later one to add a level."
                )
                % {"level": last.level, "day": last.start}
            }
        )
    if last.end is None or last.end >= start:
        last.end = start - ONE_DAY
    return [last, OfficerLevel(officer=officer, level=level, start=start)]


def _moved(last: OfficerLevel, before: OfficerLevel | None, start: date) -> list[OfficerLevel]:
    """Return the last level with another first day, and the one before it where that has to end on another day."""
    if last.end is not None and start > last.end:
        raise ValidationError(
            {"level_start": _("The officer's last level ended on %(day)s: give an earlier day.") % {"day": last.end}}
        )
    old, last.start = last.start, start
    if before is None:
        return [last]
    if start <= before.start:
        raise ValidationError(
            {
                "level_start": _("The officer was %(level)s from %(day)s on before that: give a later day.")
                % {"level": before.level, "day": before.start}
            }
        )
    if before.end is not None and start > before.end and before.end != old - ONE_DAY:
        return [last]
    before.end = start - ONE_DAY
    return [before, last]


# Assignments


@dataclass(frozen=True, eq=False)
class Spell:
    """An assignment as it would be, and its row of the file; None where the file does not speak of it."""

    assignment: Assignment
    row: PreviewRow | None = None


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
        label_en="Officer number", label_fr="Numéro de l’agent", lookup="number", example="O-0042"
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
        super().lock()

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        written = {row.instance.officer_id for row in rows if row.before is None or row.changes}
        for spells in self._after(rows, written).values():
            clashing = clashes(spells)
            starts = {spell.assignment.start for spell in spells}
            for spell in spells:
                if spell.row is not None and (spell.row.before is None or spell.row.changes):
                    _check_dates(spell.row, starts)
                    if touches(spell.row, "fte", "end"):
                        _check_rules(spell.row, clashing.get(spell, []))

    def _after(self, rows: Sequence[PreviewRow], officer_ids: Collection[int]) -> dict[int, list[Spell]]:
        """Return all assignments of the officers as they would be, by officer: those of the file and the others."""
        spells = [Spell(row.instance, row) for row in rows if row.instance.officer_id in officer_ids]
        named = {spell.assignment.pk for spell in spells}
        for ids in chunks(officer_ids):
            stored = Assignment.objects.filter(officer__in=ids).select_related("jfo")
            spells += [Spell(assignment) for assignment in stored if assignment.pk not in named]
        return grouped(spells, lambda spell: spell.assignment.officer_id)

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


def _check_dates(row: PreviewRow, starts: Collection[date]) -> None:
    """Refuse an end or review that does not fit; `starts` are the first days of all the officer's assignments."""
    assignment = row.instance
    if assignment.end is None and assignment.end_reason and touches(row, "end", "end_reason"):
        row.refuse(_("There is no last day, and so no reason for it. Give the last day, or empty this."), "end_reason")
    if assignment.review_on is not None and assignment.review_on < assignment.start and touches(row, "review_on"):
        row.refuse(
            _("The assignment starts on %(day)s: give that day or a later one.") % {"day": assignment.start},
            "review_on",
        )
    # A transfer is one act (domain rule 3): a file that holds its one half holds the other.
    is_transfer = assignment.end_reason == EndReason.TRANSFER and assignment.end is not None
    if is_transfer and touches(row, "end", "end_reason") and assignment.end + ONE_DAY not in starts:
        row.refuse(
            _(
                "After a transfer the next assignment starts the day after, and officer %(number)s has none "
                "that starts on %(day)s. Add its row, or give another reason."
            )
            % {"number": assignment.officer.number, "day": assignment.end + ONE_DAY},
            "end_reason",
        )


def _check_rules(row: PreviewRow, others: Sequence[Spell]) -> None:
    """Refuse what breaks domain rules 1 and 2, in the sentences of the screen and with the other rows of the file."""
    assignment = row.instance
    problems = rule_problems(assignment, [other.assignment for other in others])
    fullest = fullest_day(assignment, [other.assignment for other in others])
    on_fullest = fullest[2] if fullest is not None else []
    together = {
        "start": [other for other in others if other.assignment.jfo_id == assignment.jfo_id],
        "fte": [other for other in others if other.assignment in on_fullest],
    }
    for name, sentences in problems.items():
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
