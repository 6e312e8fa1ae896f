"""The import of coverage: which JFO an arrangement covers, from when to when, a row for each spell."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.imports.fields import DateField, ForeignKeyField
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, chunks, register
from registry.models import Role
from wca.models import Arrangement, Coverage

from .fields import jfos


def _arrangements(user: Any) -> models.QuerySet:
    return Arrangement.objects.visible_to(user)


class _Spell(NamedTuple):
    """Days on which an arrangement covers a JFO; `row` is the file's, None for one that the file leaves alone."""

    start: date
    end: date | None
    row: PreviewRow | None


@register
class CoverageResource(Resource):
    """Coverage of JFOs. A row adds a spell, or gives the one of that first day another last day.

    The JFO column of the arrangements says the same a whole arrangement at a time, and can correct a first day.
    """

    class Meta:
        model = Coverage
        slug = "coverage"
        title = gettext_lazy("JFOs covered by arrangements")
        key = ("arrangement", "jfo", "start")
        roles = frozenset({Role.ADMINISTRATOR})

    arrangement = ForeignKeyField(
        label_en="Arrangement",
        label_fr="Entente",
        lookup="reference",
        queryset=_arrangements,
        example="WCA-2007-0002",
        help_text=gettext_lazy("The number of an arrangement that is in the register already."),
    )
    jfo = ForeignKeyField(
        label_en="JFO",
        label_fr="OPC",
        lookup="code",
        also=("name_en", "name_fr"),
        queryset=jfos,
        example="SPVM-JFO",
        help_text=gettext_lazy("The JFO that it names."),
    )
    start = DateField(
        label_en="First day",
        label_fr="Premier jour",
        example="2011-04-01",
        help_text=gettext_lazy("The first day on which it covers the JFO; another first day is another spell."),
    )
    end = DateField(
        label_en="Last day",
        label_fr="Dernier jour",
        example="2014-03-31",
        help_text=gettext_lazy("The last day on which it does; empty while it goes on."),
    )

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        """Refuse a spell that shares a day with another of the same arrangement and JFO, of the file or not."""
        told = {(row["arrangement"].pk, row["jfo"].pk, row["start"]): row for row in rows}
        spells = [
            ((arrangement, jfo), _Spell(start, end, None))
            for (arrangement, jfo), start, end in self._stored(rows)
            if (arrangement, jfo, start) not in told
        ]
        spells += [(key[:2], _Spell(row["start"], _end(row), row)) for key, row in told.items()]
        for _pair, of_pair in grouped(spells, lambda spell: spell[0]).items():
            _refuse_shared_days([spell for _key, spell in of_pair])

    def _stored(self, rows: Sequence[PreviewRow]) -> list[tuple[tuple[int, int], date, date | None]]:
        """Return what the database holds of the rows' arrangements; a query for each ten thousand of them."""
        return [
            ((arrangement, jfo), start, end)
            for chunk in chunks({row["arrangement"].pk for row in rows})
            for arrangement, jfo, start, end in Coverage.objects.filter(arrangement__in=chunk)
            .order_by()
            .values_list("arrangement", "jfo", "start", "end")
        ]


def _end(row: PreviewRow) -> date | None:
    """Return the last day of the row's spell; where a wrong cell leaves that unknown, the first."""
    end: date | None = row.instance.end if row.knows("end") else row["start"]
    return end


def _refuse_shared_days(spells: Sequence[_Spell]) -> None:
    """Refuse, of the spells of one pair, those of the file that share a day with another."""
    longest: _Spell | None = None
    for spell in sorted(spells, key=lambda one: one.start):
        if longest is not None and (longest.end is None or spell.start <= longest.end):
            _refuse(spell, longest)
            _refuse(longest, spell)
        if longest is None or (longest.end is not None and (spell.end is None or spell.end > longest.end)):
            longest = spell


def _refuse(spell: _Spell, other: _Spell) -> None:
    row, name = spell.row, "end" if other.start > spell.start else "start"
    if row is None or not (row.is_new or row.changed_names) or any(error.name == name for error in row.errors):
        return
    if other.row is not None and not other.row.knows("end"):
        # That row is told of this one.
        return
    words: Mapping[str, Any] = {
        "arrangement": row["arrangement"].reference,
        "jfo": row["jfo"].code,
        "start": other.start,
        "end": other.end,
        "line": other.row.line if other.row is not None else None,
    }
    row.refuse(_sentence(other) % words, name)


def _sentence(other: _Spell) -> str:
    """Return what is said of a spell that shares a day with the other one."""
    if other.row is not None and other.end is None:
        return _(
            "%(arrangement)s covers %(jfo)s from %(start)s on in row %(line)s, too. "
            "Correct the days of one of the two rows."
        )
    if other.row is not None:
        return _(
            "%(arrangement)s covers %(jfo)s from %(start)s to %(end)s in row %(line)s, too. "
            "Correct the days of one of the two rows."
        )
    if other.end is None:
        return _(
            "%(arrangement)s covers %(jfo)s from %(start)s on already. "
            "Give that spell a last day in a row of its own, or correct the days of this row."
        )
    return _("%(arrangement)s covers %(jfo)s from %(start)s to %(end)s already. Correct the days of this row.")
