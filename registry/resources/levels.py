"""The import of officers' levels, each from a day to a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.imports.fields import ChoiceField, DateField, ForeignKeyField
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, chunks, register
from jfo_portal.kit.periods import ONE_DAY

from ..models import Officer, OfficerLevel, Role
from .rows import is_sure, is_written, lines_of, require_region, touches
from .service import hold_officers


@dataclass(frozen=True, eq=False)
class LevelSpell:
    """A level as it would be, and its row of the file; None where the file does not speak of it."""

    level: OfficerLevel
    row: PreviewRow | None = None

    @property
    def start(self) -> date:
        return self.level.start

    @property
    def end(self) -> date | None:
        """Its last day; where a wrong cell leaves that unknown, the first, on which it surely holds."""
        return self.level.end if is_sure(self.row, "end") else self.start


@register
class LevelResource(Resource):
    """Levels of officers over time: officer and first day tell which one a row means."""

    class Meta:
        model = OfficerLevel
        slug = "levels"
        title = gettext_lazy("Levels of officers")
        key = ("officer", "start")
        roles = frozenset({Role.ADMINISTRATOR})

    officer = ForeignKeyField(
        label_en="Officer number",
        label_fr="Numéro de l’agent",
        names="officer",
        lookup="number",
        queryset=lambda user: Officer.objects.visible_to(user).select_related("region"),
        example="O-0042",
    )
    level = ChoiceField(
        label_en="Level",
        label_fr="Niveau",
        required=True,
        example="FB-04",
        help_text=gettext_lazy("The level that the officer is paid at: cost is worked out from it."),
    )
    start = DateField(
        label_en="First day at this level",
        label_fr="Premier jour à ce niveau",
        example="2003-04-01",
        help_text=gettext_lazy("A row with another first day is another level."),
    )
    end = DateField(
        label_en="Last day at this level",
        label_fr="Dernier jour à ce niveau",
        help_text=gettext_lazy("The day before the next level begins; empty while it goes on."),
    )

    def importable(self) -> models.QuerySet:
        return super().importable().order_by("officer__number", "start")

    def lock(self) -> None:
        hold_officers()
        super().lock()

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        written = {row["officer"].pk for row in rows if is_written(row)}
        for spells in self._after(rows, written).values():
            ordered = sorted(spells, key=lambda spell: spell.start)
            for place, spell in enumerate(ordered):
                row = spell.row
                if row is None or not is_written(row):
                    continue
                require_region(row, row["officer"].region, self.user, name="officer")
                _check_service(row)
                if touches(row, "end"):
                    _check_overlaps(row, spell, ordered[:place], ordered[place + 1 :])
                    _check_gap(row, ordered[place + 1 :])

    def _after(self, rows: Sequence[PreviewRow], officer_ids: set[int]) -> dict[int, list[LevelSpell]]:
        """Return all levels of the officers as they would be, by officer: those of the file and the others."""
        spells = [LevelSpell(row.instance, row) for row in rows if row["officer"].pk in officer_ids]
        named = {spell.level.pk for spell in spells}
        for ids in chunks(officer_ids):
            stored = OfficerLevel.objects.filter(officer__in=ids)
            spells += [LevelSpell(level) for level in stored if level.pk not in named]
        return grouped(spells, lambda spell: spell.level.officer_id)

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        """Save what ends before what goes on: an officer has one level without a last day."""
        super().write([], [row for row in changed if row.instance.end is not None], reason=reason)
        super().write([], [row for row in changed if row.instance.end is None], reason=reason)
        super().write(new, [], reason=reason)


def _check_service(row: PreviewRow) -> None:
    """Refuse a level that begins after the officer left, as the import of officers does."""
    officer = row["officer"]
    if row.is_new and officer.end is not None and row["start"] > officer.end:
        row.refuse(
            _("The officer's last day is %(day)s: give that day or an earlier one.") % {"day": officer.end}, "start"
        )


def _check_overlaps(
    row: PreviewRow, spell: LevelSpell, earlier: Sequence[LevelSpell], later: Sequence[LevelSpell]
) -> None:
    """Refuse a second level on any day (domain rule 5)."""
    own = spell
    others = [one for one in earlier if is_sure(one.row, "level") and (one.end is None or one.end >= own.start)]
    if others:
        before = others[-1]
        sentence = _(
            "The officer is %(level)s from %(start)s on. End that level the day before: "
            "give its row %(day)s as the last day."
        ) % {"level": before.level.level, "start": before.start, "day": own.start - ONE_DAY}
        row.refuse(_with_lines(sentence, [before]), "start")
    after = later[0] if later and is_sure(later[0].row, "level") else None
    if after is not None and (own.end is None or own.end >= after.start):
        sentence = _(
            "The officer is %(level)s from %(start)s on. Give %(day)s, the day before, as the last day here."
        ) % {"level": after.level.level, "start": after.start, "day": after.start - ONE_DAY}
        row.refuse(_with_lines(sentence, [after]), "end")


def _with_lines(sentence: str, others: Sequence[LevelSpell]) -> str:
    lines = lines_of([other.row for other in others])
    if not lines:
        return sentence
    there = ngettext("See row %(lines)s of the file.", "See rows %(lines)s of the file.", lines.count(",") + 1)
    return f"{sentence} {there % {'lines': lines}}"


def _check_gap(row: PreviewRow, later: Sequence[LevelSpell]) -> None:
    """Warn of days of service without a level: their cost cannot be worked out."""
    level, officer = row.instance, row["officer"]
    if not row.knows("end") or level.end is None or (officer.end is not None and officer.end <= level.end):
        return
    after = later[0].start if later else None
    if after is None:
        row.warn(
            _("From %(day)s on the officer would have no level, and cost cannot be worked out for these days.")
            % {"day": level.end + ONE_DAY},
            "end",
        )
    elif after > level.end + ONE_DAY:
        row.warn(
            _("From %(first)s to %(last)s the officer would have no level, and cost cannot be worked out then.")
            % {"first": level.end + ONE_DAY, "last": after - ONE_DAY},
            "end",
        )
