"""Timelines: days as places on a scale of fiscal years, and bars on it, as small drawings for the cells of a table.

Lengths along the scale are shares of the cell's width, so a bar fills its cell at any width. The scale's own
drawing stands in the column's heading, and each bar repeats its lines by reference, as it does the patterns
of the legend, which the page shows beside the table: a row costs a few bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from .fiscal import FiscalYear

# Of how many years a scale has room for the names.
_NAMED = 6
# Up to so many years they are named in full.
_IN_FULL = 3
# In percent of the scale: what a name needs, and what a day on a scale of many years is drawn as, to be seen at all.
_ROOM, _LEAST = 12, 0.4

# How a span is drawn: as something that is so, as one that lasts too long, as one that lacks.
Look = Literal["held", "long", "lacking"]
_SHAPES: dict[Look, str] = {
    "held": 'class="held" y="5" height="8"',
    "long": 'class="long" y="3" height="12" fill="url(#long)"',
    "lacking": 'class="lacking" y="3" height="12" fill="url(#lacking)"',
}


@dataclass(frozen=True)
class Span:
    """What a bar shows from a day to a day, both counted; `end` is None while it goes on."""

    start: date
    end: date | None
    look: Look = "held"


@dataclass(frozen=True)
class Scale:
    """The fiscal years from one to another, with the day that the page shows."""

    first: FiscalYear
    last: FiscalYear
    day: date

    @property
    def first_day(self) -> date:
        return self.first.first_day

    @property
    def last_day(self) -> date:
        return self.last.last_day

    @cached_property
    def years(self) -> list[FiscalYear]:
        return [FiscalYear(year) for year in range(self.first.start_year, self.last.start_year + 1)]

    @cached_property
    def _days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    def share(self, day: date) -> float:
        """Return where the day begins, in percent of the scale; below 0 or above 100 outside it."""
        return (day - self.first_day).days * 100 / self._days

    def heading(self) -> SafeString:
        """Return the drawing of the scale: its years with their names, and the line of the day."""
        ticks = [(self.share(day), "year-line") for day in self._marked()[1:]]
        lines = format_html_join(
            "", '<line class="{}" x1="{}%" x2="{}%" y2="18"/>', [(look, _percent(x), _percent(x)) for x, look in ticks]
        )
        # In the middle of the day; a scale that does not hold it shows none.
        x = _percent(self.share(self.day) + 50 / self._days)
        names = format_html_join(
            "", '<text x="{}%" dx="2" y="13">{}</text>', [(_percent(x), name) for x, name in self._names()]
        )
        return format_html(
            '<svg class="bar scale" aria-hidden="true"><g id="years">{}</g>{}'
            '<line id="day" class="day-line" x1="{}%" x2="{}%" y2="18"/></svg>',
            lines,
            names,
            x,
            x,
        )

    def _marked(self) -> list[date]:
        """Return the first day of each year; of a single year, of each quarter."""
        if len(self.years) > 1:
            return [year.first_day for year in self.years]
        year = self.first.start_year
        return [date(year, 4, 1), date(year, 7, 1), date(year, 10, 1), date(year + 1, 1, 1)]

    def _names(self) -> list[tuple[float, str]]:
        step = -(-len(self.years) // _NAMED)
        named = [(self.share(day), self._name(day)) for day in self._marked()[::step]]
        return [(share, name) for share, name in named if share <= 100 - _ROOM]

    def _name(self, day: date) -> str:
        if len(self.years) == 1:
            return f"{day:%Y-%m}"
        year = FiscalYear.of(day)
        is_short = len(self.years) > _IN_FULL
        return f"{year.start_year % 100:02}-{(year.start_year + 1) % 100:02}" if is_short else str(year)

    def bar(self, spans: Sequence[Span], words: str) -> SafeString:
        """Return a drawing of the spans, which come in order, as far as they are on the scale, with words beside it."""
        shown = [(span, shape) for span in spans if (shape := self._shape(span))]
        shapes = "".join(shape for _span, shape in shown)
        if shown and spans[-1].end is None:
            shapes += f'<use href="#goes-on" class="{shown[-1][0].look}" x="100%"/>'
        drawing = mark_safe(  # noqa: S308  (numbers and names of ours alone)
            f'<svg class="bar" aria-hidden="true"><use href="#years"/>{shapes}<use href="#day"/></svg>'
        )
        return format_html('{}<span class="visually-hidden">{}</span>', drawing, words)

    def _shape(self, span: Span) -> str:
        """Return what the scale shows of the span; nothing of one outside it."""
        left = max(0.0, self.share(span.start))
        right = 100.0 if span.end is None else min(100.0, self.share(span.end) + 100 / self._days)
        if left >= 100 or right <= 0:
            return ""
        return f'<rect x="{_percent(left)}%" width="{_percent(max(_LEAST, right - left))}%" {_SHAPES[span.look]}/>'


def _percent(share: float) -> str:
    return f"{share:.1f}".removesuffix(".0")
