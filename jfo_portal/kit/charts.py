"""Charts as SVG drawn on the server: plain figures in, accessible marks out.

Lengths along the x axis are shares of the drawing's width and everything else is in pixels, so a
chart fills its place while its words keep their size, at 320 pixels as at 1,280.
"""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from math import ceil, floor, log10
from pathlib import Path
from typing import ClassVar

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe

from . import formats
from .tables import Cell

Number = int | float | Decimal

# The content type of a chart in a file of its own.
SVG = "image/svg+xml"

# In characters: what a line of a chart holds on a screen 320 pixels wide.
_LINE = 36
# In pixels.
_LINE_HEIGHT = 20
_BAR, _PART = 16, 10
_WORDS_GAP, _ROW_GAP = 3, 12
# Of a dot: as high as a link must be to be hit (WCAG 2.2, 2.5.8).
_LANE = 24
# From a whisker to the end of the line across its end.
_CAP = 5
# Of a chart that stands in a file of its own.
_FILE_WIDTH, _FILE_MARGIN, _FILE_LINE = 720, 16, 90

# A shape for each series of a dot plot, as a path around its place: circle, diamond, square, triangle.
_MARKERS = (
    "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z",
    "M0-8L8 0L0 8L-8 0z",
    "M-6-6H6V6H-6z",
    "M0-7L7 6H-7z",
)


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What every chart says in words beside its marks.

    `id` is the chart's own on its page. `title` is the finding, `description` what is measured, in
    which unit, over how many. `headers` and `rows` are the data table; a row is texts, or Cells
    where one has a link. Texts come formatted in the active language.
    """

    id: str
    title: str | Promise
    description: str | Promise
    headers: Sequence[str | Promise]
    rows: Sequence[Sequence[str | Cell]]
    csv_href: str | None = None
    svg_href: str | None = None

    template: ClassVar[str]

    @property
    def height(self) -> int:
        """The drawing's height in pixels."""
        raise NotImplementedError

    @property
    def hrefs(self) -> Iterable[str | None]:
        """The links of the marks."""
        raise NotImplementedError

    @property
    def role(self) -> str:
        """A picture of which assistive technology reads the words alone, unless it holds links to reach."""
        return "group" if any(self.hrefs) else "img"

    def table_rows(self) -> list[list[Cell]]:
        """Return the data table's cells: the first of a row heads it, the others are figures unless a Cell says not."""
        return [
            [
                cell
                if isinstance(cell, Cell)
                else Cell(str(cell), str(header), is_header=position == 0, is_numeric=position > 0)
                for position, (cell, header) in enumerate(zip(row, self.headers, strict=True))
            ]
            for row in self.rows
        ]

    def svg(self) -> SafeString:
        """Return the chart as an element of a page, which loads css/charts.css."""
        return render_to_string(self.template, {"chart": self, "file": None})

    def svg_file(self) -> str:
        """Return the chart as a file of its own, its words above it and its style inside."""
        return render_to_string(self.template, {"chart": self, "file": FileFrame(self)})


@dataclass(frozen=True)
class FileFrame:
    """What surrounds a chart that stands in a file of its own, where no link would lead anywhere."""

    chart: Chart

    x: ClassVar[int] = _FILE_MARGIN
    chart_width: ClassVar[int] = _FILE_WIDTH
    width: ClassVar[int] = _FILE_WIDTH + 2 * _FILE_MARGIN

    @property
    def style(self) -> SafeString:
        css = Path(str(finders.find("css/charts.css"))).read_text(encoding="utf-8")
        return mark_safe(css)  # noqa: S308  (our own style sheet, as it stands on the disk)

    @cached_property
    def lines(self) -> list["Line"]:
        """The title and the description."""
        pairs = [(text, "") for text in textwrap.wrap(str(self.chart.description), _FILE_LINE)]
        pairs = [("", text) for text in textwrap.wrap(str(self.chart.title), _FILE_LINE)] + pairs
        return [Line(_FILE_MARGIN + (number + 1) * _LINE_HEIGHT - 5, *pair) for number, pair in enumerate(pairs)]

    @property
    def y(self) -> int:
        """Where the chart begins."""
        return _FILE_MARGIN + len(self.lines) * _LINE_HEIGHT + _ROW_GAP

    @property
    def height(self) -> int:
        return self.y + self.chart.height + _FILE_MARGIN


# What the templates print


@dataclass(frozen=True)
class Line:
    """One line of a mark's words: its label, its value, or both."""

    y: int
    label: str = ""
    value: str = ""


def _lines(label: str | Promise, value: str | Promise, top: int, taken: int = 0) -> list[Line]:
    """Return label and value on one line if a narrow screen holds them, else below each other.

    `taken` characters at the right end of a line are left free.
    """
    label, value = str(label), str(value)
    baseline = top + _LINE_HEIGHT - 5
    room = _LINE - taken
    if len(label) + len(value) < room:
        return [Line(baseline, label, value)]
    texts = [(text, "") for text in textwrap.wrap(label, room)] + [("", text) for text in textwrap.wrap(value, room)]
    return [Line(baseline + number * _LINE_HEIGHT, *pair) for number, pair in enumerate(texts)]


def _share(value: Number, greatest: Number) -> float:
    return float(value) / float(greatest) if greatest else 0.0


def _percent(share: float) -> str:
    # Written here: a template would put French commas into the numbers.
    return f"{share * 100:.2f}%"


def _scale(max_value: Number | None, known: Sequence[Number]) -> Number:
    """Return what the full length stands for: what the caller asks for, or more where a value would not fit."""
    return max([max_value or 0, *known])


def _checked(values: Iterable[Number | None]) -> list[Number]:
    """Return the values that are known; ValueError for one below zero, where every length begins."""
    known = [value for value in values if value is not None]
    if any(value < 0 for value in known):
        raise ValueError("A chart's lengths begin at zero; it cannot show a negative value.")
    return known


# Bars


@dataclass(frozen=True)
class Bar:
    """One bar: what it is, how long, and its value in words.

    A value of None draws no bar, and the text says why. A part of the bar above it is set thinner.
    `aside` is a second figure in words, in a column of its own at the right end. `reference` is a value
    to see the bar against, drawn as a line across it; the text or the chart's description gives it.
    """

    label: str | Promise
    value: Number | None
    text: str
    href: str | None = None
    css: str = "series-1"
    is_part: bool = False
    aside: str = ""
    reference: Number | None = None


@dataclass(frozen=True)
class DrawnBar:
    """A bar with its place."""

    lines: list[Line]
    top: int
    bottom: int
    bar_top: int
    bar_height: int
    width: str | None
    href: str | None
    css: str
    is_part: bool
    aside: str
    reference_x: str | None

    @property
    def height(self) -> int:
        return self.bottom - self.top


def _draw_bars(bars: Sequence[Bar], top: int, greatest: Number) -> list[DrawnBar]:
    drawn = []
    for bar in bars:
        lines = _lines(bar.label, bar.text, top, len(bar.aside))
        bar_top = top + len(lines) * _LINE_HEIGHT + _WORDS_GAP
        height = _PART if bar.is_part else _BAR
        bottom = bar_top + (0 if bar.value is None else height)
        width = None if bar.value is None else _percent(_share(bar.value, greatest))
        has_reference = bar.value is not None and bar.reference is not None
        reference_x = _percent(_share(bar.reference or 0, greatest)) if has_reference else None
        drawn.append(
            DrawnBar(lines, top, bottom, bar_top, height, width, bar.href, bar.css, bar.is_part, bar.aside, reference_x)
        )
        top = bottom + _ROW_GAP
    return drawn


@dataclass(frozen=True, kw_only=True)
class Bars(Chart):
    """Horizontal bars from a zero baseline, in the order given, each with its label and value.

    `max_value` is what the full width stands for: the same in charts that share a scale.
    """

    bars: Sequence[Bar]
    max_value: Number | None = None

    template: ClassVar[str] = "components/charts/bars.svg"

    @cached_property
    def drawn(self) -> list[DrawnBar]:
        known = _checked(length for bar in self.bars for length in (bar.value, bar.reference))
        return _draw_bars(self.bars, 0, _scale(self.max_value, known))

    @property
    def height(self) -> int:
        return self.drawn[-1].bottom + 4 if self.drawn else 0

    @property
    def hrefs(self) -> Iterable[str | None]:
        return [bar.href for bar in self.bars]


@dataclass(frozen=True)
class Panel:
    """One of the small multiples: its heading and its bars."""

    title: str | Promise
    bars: Sequence[Bar]


@dataclass(frozen=True)
class DrawnPanel:
    """A panel with its place."""

    title: str
    y: int
    bars: list[DrawnBar]

    @property
    def bottom(self) -> int:
        return self.bars[-1].bottom if self.bars else self.y


@dataclass(frozen=True, kw_only=True)
class GroupedBars(Chart):
    """Small multiples of bars, one above the other, on one scale and one zero baseline."""

    panels: Sequence[Panel]
    max_value: Number | None = None

    template: ClassVar[str] = "components/charts/grouped_bars.svg"

    @cached_property
    def drawn(self) -> list[DrawnPanel]:
        known = _checked(length for panel in self.panels for bar in panel.bars for length in (bar.value, bar.reference))
        greatest = _scale(self.max_value, known)
        drawn: list[DrawnPanel] = []
        top = 0
        for panel in self.panels:
            start = top + _LINE_HEIGHT + 6
            bars = _draw_bars(panel.bars, start, greatest)
            drawn.append(DrawnPanel(str(panel.title), top + _LINE_HEIGHT - 4, bars))
            top = drawn[-1].bottom + 2 * _ROW_GAP
        return drawn

    @property
    def height(self) -> int:
        return self.drawn[-1].bottom + 4 if self.drawn else 0

    @property
    def hrefs(self) -> Iterable[str | None]:
        return [bar.href for panel in self.panels for bar in panel.bars]


# Columns


# In pixels: how high the full scale stands.
_COLUMNS_HEIGHT = 72
# Where the columns begin, as a share of the width: left of it stand the ends of the scale.
_COLUMNS_START = 0.13
# The share of its place that a column fills.
_COLUMN_SHARE = 0.7
# How many labels of columns a screen 320 pixels wide has room for.
_MOST_LABELS = 6


@dataclass(frozen=True)
class DrawnColumn:
    """A column with its place: `x` and `width` are those of the whole place, which a link fills."""

    label: str
    text: str
    href: str | None
    css: str
    x: str
    width: str
    middle: str
    bar_x: str
    bar_width: str
    bar_y: int
    bar_height: int
    is_known: bool
    is_between: bool  # its label makes room on a narrow screen

    @property
    def text_y(self) -> int:
        return self.bar_y - 4


@dataclass(frozen=True)
class DrawnColumnPanel:
    """A panel of columns with its place."""

    title: str
    title_y: int
    top: int
    columns: list[DrawnColumn]

    height: ClassVar[int] = 2 * _LINE_HEIGHT + _COLUMNS_HEIGHT

    @property
    def baseline(self) -> int:
        return self.top + _LINE_HEIGHT + _COLUMNS_HEIGHT

    @property
    def scale_top(self) -> int:
        return self.top + _LINE_HEIGHT

    @property
    def scale_text_y(self) -> int:
        return self.scale_top + 5

    @property
    def label_y(self) -> int:
        return self.baseline + _LINE_HEIGHT - 4


@dataclass(frozen=True, kw_only=True)
class Columns(Chart):
    """Small multiples of upright bars, such as the months of a year, on one scale and each on a zero baseline.

    A bar's label stands below it and its text above; a narrow screen leaves the texts, and every second label, to the
    data table.
    `max_value` is what the full height stands for, and `max_text` says it.
    """

    panels: Sequence[Panel]
    max_value: Number
    max_text: str
    zero_text: str

    template: ClassVar[str] = "components/charts/columns.svg"
    start_x: ClassVar[str] = _percent(_COLUMNS_START)
    label_x: ClassVar[str] = _percent(_COLUMNS_START - 0.015)

    @cached_property
    def drawn(self) -> list[DrawnColumnPanel]:
        _checked(bar.value for panel in self.panels for bar in panel.bars)
        drawn = []
        top = 0
        for panel in self.panels:
            title_y, top = top + _LINE_HEIGHT - 4, top + _LINE_HEIGHT
            columns = [self._column(bar, number, len(panel.bars), top) for number, bar in enumerate(panel.bars)]
            drawn.append(DrawnColumnPanel(str(panel.title), title_y, top, columns))
            top += DrawnColumnPanel.height + _ROW_GAP
        return drawn

    def _column(self, bar: Bar, number: int, count: int, top: int) -> DrawnColumn:
        width = (1 - _COLUMNS_START) / count
        x = _COLUMNS_START + number * width
        height = round(min(1.0, _share(bar.value or 0, self.max_value)) * _COLUMNS_HEIGHT)
        return DrawnColumn(
            label=str(bar.label),
            text=bar.text,
            href=bar.href,
            css=bar.css,
            x=_percent(x),
            width=_percent(width),
            middle=_percent(x + width / 2),
            bar_x=_percent(x + width * (1 - _COLUMN_SHARE) / 2),
            bar_width=_percent(width * _COLUMN_SHARE),
            bar_y=top + _LINE_HEIGHT + _COLUMNS_HEIGHT - height,
            bar_height=height,
            is_known=bar.value is not None,
            is_between=count > _MOST_LABELS and number % 2 == 1,
        )

    @property
    def height(self) -> int:
        return self.drawn[-1].top + DrawnColumnPanel.height if self.drawn else 0

    @property
    def hrefs(self) -> Iterable[str | None]:
        return [bar.href for panel in self.panels for bar in panel.bars]


# A series of a stacked bar or a dot plot


@dataclass(frozen=True)
class Series:
    """One kind of mark throughout a chart: its word in the legend and its colour class.

    What tells it from the others without colour is its hatching or its symbol, one character, in a
    stacked bar; in a dot plot its shape.
    """

    label: str | Promise
    css: str = "series-1"
    is_hatched: bool = False
    symbol: str = ""


@dataclass(frozen=True)
class LegendItem:
    """A series with its place in the legend, its shape, and the id of its hatching ("" for solid)."""

    series: Series
    marker: str
    hatching: str
    y: int


def _legend(chart_id: str, series: Sequence[Series]) -> list[LegendItem]:
    return [
        LegendItem(
            one,
            _MARKERS[number % len(_MARKERS)],
            f"{chart_id}-hatching-{number + 1}" if one.is_hatched else "",
            number * _LINE_HEIGHT + _LINE_HEIGHT // 2,
        )
        for number, one in enumerate(series)
    ]


# Stacked bars


# The share of the width that a symbol needs around it, at 320 pixels.
_SYMBOL_SHARE = 0.07


@dataclass(frozen=True)
class StackedBar:
    """One bar of several parts: a value for each series, and all of them in words ("7 with, 4 without")."""

    label: str | Promise
    values: Sequence[Number]
    text: str
    href: str | None = None


@dataclass(frozen=True)
class Segment:
    """One part of a stacked bar, with its place."""

    item: LegendItem
    x: str
    width: str
    middle: str
    has_room: bool


@dataclass(frozen=True)
class DrawnStack:
    """A stacked bar with its place."""

    lines: list[Line]
    top: int
    bottom: int
    bar_top: int
    segments: list[Segment]
    href: str | None

    bar_height: ClassVar[int] = _BAR

    @property
    def height(self) -> int:
        return self.bottom - self.top


@dataclass(frozen=True, kw_only=True)
class StackedBars(Chart):
    """Bars of several parts, solid and hatched, with a legend in words and the numbers of each bar.

    `max_value` is what the full width stands for. `is_share` makes every bar full width instead.
    """

    series: Sequence[Series]
    bars: Sequence[StackedBar]
    max_value: Number | None = None
    is_share: bool = False

    template: ClassVar[str] = "components/charts/stacked_bars.svg"

    @cached_property
    def legend(self) -> list[LegendItem]:
        return _legend(self.id, self.series)

    @cached_property
    def drawn(self) -> list[DrawnStack]:
        totals = [sum(map(float, _checked(bar.values))) for bar in self.bars]
        greatest = _scale(self.max_value, totals)
        drawn = []
        top = len(self.series) * _LINE_HEIGHT + _ROW_GAP
        for bar, total in zip(self.bars, totals, strict=True):
            lines = _lines(bar.label, bar.text, top)
            bar_top = top + len(lines) * _LINE_HEIGHT + _WORDS_GAP
            segments = self._segments(bar, total if self.is_share else greatest)
            drawn.append(DrawnStack(lines, top, bar_top + _BAR, bar_top, segments, bar.href))
            top = drawn[-1].bottom + _ROW_GAP
        return drawn

    def _segments(self, bar: StackedBar, greatest: Number) -> list[Segment]:
        segments = []
        before = 0.0
        for item, value in zip(self.legend, bar.values, strict=True):
            share = _share(value, greatest)
            if share:
                middle = _percent(before + share / 2)
                segments.append(Segment(item, _percent(before), _percent(share), middle, share >= _SYMBOL_SHARE))
            before += share
        return segments

    @property
    def height(self) -> int:
        return self.drawn[-1].bottom + 4 if self.drawn else len(self.series) * _LINE_HEIGHT

    @property
    def hrefs(self) -> Iterable[str | None]:
        return [bar.href for bar in self.bars]


# Dot plots


@dataclass(frozen=True)
class Dot:
    """One mark of a dot plot: where it stands, and its value in words. None draws no mark, and the text says why.

    `low` and `high`, where both are given, are the ends of a whisker; the chart's description says what it measures.
    """

    value: Number | None
    text: str
    href: str | None = None
    low: Number | None = None
    high: Number | None = None

    @property
    def whisker(self) -> tuple[Number, Number] | None:
        """The whisker's ends; None for a mark without one, or that is not drawn."""
        if self.value is None or self.low is None or self.high is None:
            return None
        return self.low, self.high


@dataclass(frozen=True)
class DotRow:
    """One category: a dot for each series."""

    label: str | Promise
    dots: Sequence[Dot]


@dataclass(frozen=True)
class DrawnDot:
    """A dot with its place."""

    item: LegendItem
    x: str
    y: int
    text: str
    is_known: bool
    href: str | None
    low_x: str | None
    high_x: str | None

    height: ClassVar[int] = _LANE

    @property
    def top(self) -> int:
        return self.y - _LANE // 2

    @property
    def text_x(self) -> str:
        """Where the mark ends, and its words begin."""
        return self.high_x or self.x

    @property
    def cap_top(self) -> int:
        return self.y - _CAP

    @property
    def cap_bottom(self) -> int:
        return self.y + _CAP


@dataclass(frozen=True)
class DrawnDotRow:
    """A category with its place."""

    lines: list[Line]
    lanes_top: int
    bottom: int
    dots: list[DrawnDot]


@dataclass(frozen=True)
class Tick:
    """A mark of the axis."""

    x: str
    text: str


# Shares of the width, so that at 320 pixels no mark is cut off, nor a value of some seven characters beside it;
# where no value stands beside a mark, the axis may be longer.
_AXIS_START, _AXIS_LENGTH, _LONG_AXIS = 0.03, 0.76, 0.94


def _axis_x(share: float, length: float = _AXIS_LENGTH) -> str:
    return _percent(_AXIS_START + share * length)


def tick_step(greatest: Number, most: int = 5) -> float:
    """Return the step 1, 2 or 5 times a power of ten that divides 0 to the greatest value in at most so many."""
    least = float(greatest) / most
    power = 10.0 ** floor(log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def _axis_end(greatest: Number) -> float:
    """Return the first full step from the greatest value on."""
    step = tick_step(greatest)
    return ceil(float(greatest) / step - 1e-9) * step


def _ticks(greatest: Number, length: float = _AXIS_LENGTH) -> list[Tick]:
    """Return the marks of an axis from zero to `_axis_end`."""
    step = tick_step(greatest)
    count = round(_axis_end(greatest) / step)
    places = max(0, -floor(log10(step)))
    return [Tick(_axis_x(number / count, length), formats.number(number * step, places)) for number in range(count + 1)]


@dataclass(frozen=True, kw_only=True)
class DotPlot(Chart):
    """A row for each category, and in it a line for each series: a shape of its own and its value.

    The axis begins at zero. `max_value` is where it ends, rounded up to a full step: the same in
    charts that share a scale.
    """

    series: Sequence[Series]
    categories: Sequence[DotRow]
    max_value: Number | None = None

    template: ClassVar[str] = "components/charts/dot_plot.svg"
    zero_x: ClassVar[str] = _axis_x(0)

    @cached_property
    def legend(self) -> list[LegendItem]:
        return _legend(self.id, self.series)

    @cached_property
    def ticks(self) -> list[Tick]:
        return _ticks(self._greatest)

    @cached_property
    def _greatest(self) -> Number:
        dots = [dot for category in self.categories for dot in category.dots]
        ends = (end for dot in dots for end in dot.whisker or ())
        return _scale(self.max_value, _checked([*(dot.value for dot in dots), *ends])) or 1

    @cached_property
    def drawn(self) -> list[DrawnDotRow]:
        drawn = []
        top = self.plot_top
        for category in self.categories:
            lines = _lines(category.label, "", top)
            lane = top + len(lines) * _LINE_HEIGHT
            dots = [
                self._dot(dot, number, lane + number * _LANE + _LANE // 2) for number, dot in enumerate(category.dots)
            ]
            drawn.append(DrawnDotRow(lines, lane, lane + len(dots) * _LANE, dots))
            top = drawn[-1].bottom + _ROW_GAP
        return drawn

    def _dot(self, dot: Dot, number: int, y: int) -> DrawnDot:
        low, high = dot.whisker or (None, None)
        return DrawnDot(
            item=self.legend[number],
            x=self._x(dot.value or 0),
            y=y,
            text=dot.text,
            is_known=dot.value is not None,
            href=dot.href,
            low_x=None if low is None else self._x(low),
            high_x=None if high is None else self._x(high),
        )

    def _x(self, value: Number) -> str:
        return _axis_x(_share(value, _axis_end(self._greatest)))

    @property
    def plot_top(self) -> int:
        return len(self.series) * _LINE_HEIGHT + _ROW_GAP

    @property
    def plot_bottom(self) -> int:
        return self.drawn[-1].bottom + 6 if self.drawn else self.plot_top

    @property
    def tick_y(self) -> int:
        return self.plot_bottom + _LINE_HEIGHT - 4

    @property
    def height(self) -> int:
        return self.plot_bottom + _LINE_HEIGHT + 2

    @property
    def hrefs(self) -> Iterable[str | None]:
        return [dot.href for category in self.categories for dot in category.dots]


# Strips


# In pixels: the radius of a dot, and how far apart those stand that would cover one another.
_DOT, _DOT_LANE = 5, 12
# The share of the axis that a dot takes on a screen 320 pixels wide.
_DOT_SHARE = 0.038
# How many dots a page can carry, and an eye can tell apart.
_MOST_DOTS = 300


@dataclass(frozen=True)
class Mark:
    """A line across a strip at a value of its axis, with its words; one that is a limit is dashed."""

    value: Number
    label: str | Promise
    text: str
    is_limit: bool = False


@dataclass(frozen=True)
class DrawnMark:
    """A line across a strip, with its place and its words above."""

    x: str
    css: str
    sample_y: int
    lines: list[Line]


@dataclass(frozen=True)
class StripDot:
    """A dot of a strip, with its place."""

    x: str
    y: int

    radius: ClassVar[int] = _DOT


@dataclass(frozen=True, kw_only=True)
class Strip(Chart):
    """A dot for each of many on one axis from zero, those too near one another piled up; none has a name or a link.

    `marks` are lines to see the dots against, each with its words above the strip. Of more than some
    hundred dots one stands for several, `per_dot`: the chart's description gives the number. `axis`
    says below the axis what it measures. `max_value` is where the axis ends, rounded up to a full step.
    """

    dots: Sequence[Number]
    axis: str | Promise
    marks: Sequence[Mark] = ()
    max_value: Number | None = None

    template: ClassVar[str] = "components/charts/strip.svg"

    @staticmethod
    def per_dot(number: int) -> int:
        """Return how many of so many one dot stands for."""
        return max(1, ceil(number / _MOST_DOTS))

    @cached_property
    def _greatest(self) -> Number:
        return _scale(self.max_value, _checked([*self.dots, *(mark.value for mark in self.marks)])) or 1

    def _x(self, value: Number) -> str:
        return _axis_x(_share(value, _axis_end(self._greatest)), _LONG_AXIS)

    @cached_property
    def ticks(self) -> list[Tick]:
        return _ticks(self._greatest, _LONG_AXIS)

    @cached_property
    def drawn_marks(self) -> list[DrawnMark]:
        drawn, top = [], 0
        for mark in self.marks:
            lines = _lines(mark.label, mark.text, top)
            css = "limit" if mark.is_limit else "level"
            drawn.append(DrawnMark(self._x(mark.value), css, top + _LINE_HEIGHT // 2, lines))
            top += len(lines) * _LINE_HEIGHT
        return drawn

    @cached_property
    def _lanes(self) -> list[tuple[Number, int]]:
        """Each dot's value and its lane, the lowest on which it covers no other."""
        step = self.per_dot(len(self.dots))
        ends: list[float] = []  # where each lane is free again
        placed = []
        for value in sorted(self.dots)[step // 2 :: step]:
            share = _share(value, _axis_end(self._greatest))
            lane = next((number for number, end in enumerate(ends) if share >= end), len(ends))
            ends[lane : lane + 1] = [share + _DOT_SHARE]
            placed.append((value, lane))
        return placed

    @cached_property
    def drawn(self) -> list[StripDot]:
        bottom = self.plot_bottom - _DOT - 3
        return [StripDot(self._x(value), bottom - lane * _DOT_LANE) for value, lane in self._lanes]

    @property
    def plot_top(self) -> int:
        return sum(len(mark.lines) for mark in self.drawn_marks) * _LINE_HEIGHT + _WORDS_GAP

    @property
    def plot_bottom(self) -> int:
        lanes = max((lane for _value, lane in self._lanes), default=0) + 1
        return self.plot_top + lanes * _DOT_LANE + _ROW_GAP

    @property
    def tick_y(self) -> int:
        return self.plot_bottom + _LINE_HEIGHT - 4

    @property
    def axis_y(self) -> int:
        return self.tick_y + _LINE_HEIGHT

    @property
    def height(self) -> int:
        return self.axis_y + _WORDS_GAP + 2

    @property
    def hrefs(self) -> Iterable[str | None]:
        return ()


# Steps over time


# In pixels: how high the greatest sum stands.
_STEPS_HEIGHT = 120
# Where the days begin, as a share of the width: left of it stand the values of the lines.
_STEPS_START = 0.13


@dataclass(frozen=True)
class Step:
    """What stays so from the first day to the last, both counted: a value for each series, one on the other."""

    first: date
    last: date
    values: Sequence[Number]


@dataclass(frozen=True)
class Band:
    """A part of the time axis with its name, such as a fiscal year."""

    first: date
    last: date
    label: str


@dataclass(frozen=True)
class Block:
    """One part of a step, with its place."""

    item: LegendItem
    x: str
    y: int
    width: str
    height: int


@dataclass(frozen=True)
class DrawnBand:
    """A band of the time axis, with its place."""

    x: str
    middle: str
    label: str


@dataclass(frozen=True)
class Level:
    """A line across the steps at a value, with its place."""

    y: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Steps(Chart):
    """What stays the same for a while and then changes, over time: series stacked, the length of each step its days.

    `bands` divide the days and name them; `levels` are the values, in words, at which a line lies across.
    `marked` is a day to find, drawn as a line, and `marked_text` says which.
    """

    series: Sequence[Series]
    steps: Sequence[Step]
    bands: Sequence[Band]
    max_value: Number
    levels: Sequence[tuple[Number, str]]
    marked: date | None = None
    marked_text: str = ""

    template: ClassVar[str] = "components/charts/steps.svg"
    start_x: ClassVar[str] = _percent(_STEPS_START)
    label_x: ClassVar[str] = _percent(_STEPS_START - 0.01)

    @cached_property
    def legend(self) -> list[LegendItem]:
        return _legend(self.id, self.series)

    def _x(self, day: date) -> float:
        """Return where the day begins."""
        first, last = self.bands[0].first, self.bands[-1].last
        days = (last - first).days + 1
        return _STEPS_START + (1 - _STEPS_START) * _share((day - first).days, days)

    def _width(self, first: date, last: date) -> float:
        return self._x(last) - self._x(first) + self._x(self.bands[0].first + timedelta(days=1)) - _STEPS_START

    def _height(self, value: Number) -> int:
        return round(_share(value, self.max_value) * _STEPS_HEIGHT)

    @cached_property
    def drawn(self) -> list[Block]:
        blocks = []
        for step in self.steps:
            _checked(step.values)
            below = 0
            for item, value in zip(self.legend, step.values, strict=True):
                height = self._height(value)
                if height:
                    x, width = _percent(self._x(step.first)), _percent(self._width(step.first, step.last))
                    blocks.append(Block(item, x, self.plot_bottom - below - height, width, height))
                below += height
        return blocks

    @cached_property
    def drawn_bands(self) -> list[DrawnBand]:
        return [
            DrawnBand(
                _percent(self._x(band.first)),
                _percent(self._x(band.first) + self._width(band.first, band.last) / 2),
                band.label,
            )
            for band in self.bands
        ]

    @cached_property
    def drawn_levels(self) -> list[Level]:
        return [Level(self.plot_bottom - self._height(value), text) for value, text in self.levels]

    @property
    def marked_x(self) -> str | None:
        return None if self.marked is None else _percent(self._x(self.marked))

    @property
    def marked_y(self) -> int:
        """Where the words of the marked day stand, below those of the series."""
        return len(self.series) * _LINE_HEIGHT + _LINE_HEIGHT // 2

    @property
    def plot_top(self) -> int:
        return (len(self.series) + (self.marked is not None)) * _LINE_HEIGHT + _ROW_GAP

    @property
    def plot_bottom(self) -> int:
        return self.plot_top + _STEPS_HEIGHT

    @property
    def tick_y(self) -> int:
        return self.plot_bottom + _LINE_HEIGHT - 4

    @property
    def height(self) -> int:
        return self.plot_bottom + _LINE_HEIGHT + 2

    @property
    def hrefs(self) -> Iterable[str | None]:
        return ()


# Lines over time that go in steps


@dataclass(frozen=True)
class Reach:
    """What each series reaches from the first day to the last, both counted; None where that is not known."""

    first: date
    last: date
    values: Sequence[Number | None]


@dataclass(frozen=True)
class Stroke:
    """A straight piece of a line, level or upright, with its place."""

    css: str
    is_dashed: bool
    x1: str
    x2: str
    y1: int
    y2: int


@dataclass(frozen=True, kw_only=True)
class StepLines(Chart):
    """Series beside one another over time, each a line that stays level and then jumps; the hatched ones are dashed.

    `bands`, `levels` and `marked` are as those of Steps.
    """

    series: Sequence[Series]
    reaches: Sequence[Reach]
    bands: Sequence[Band]
    max_value: Number
    levels: Sequence[tuple[Number, str]]
    marked: date | None = None
    marked_text: str = ""

    template: ClassVar[str] = "components/charts/step_lines.svg"

    @cached_property
    def frame(self) -> Steps:
        """What it shares with stacked steps: the axis, the legend, the marked day."""
        return Steps(
            id=self.id,
            title=self.title,
            description=self.description,
            headers=self.headers,
            rows=self.rows,
            series=self.series,
            steps=(),
            bands=self.bands,
            max_value=self.max_value,
            levels=self.levels,
            marked=self.marked,
            marked_text=self.marked_text,
        )

    @cached_property
    def drawn(self) -> list[Stroke]:
        return [stroke for number, one in enumerate(self.series) for stroke in self._strokes(number, one)]

    def _strokes(self, number: int, series: Series) -> Iterable[Stroke]:
        _checked(reach.values[number] for reach in self.reaches)
        before: int | None = None
        for reach in self.reaches:
            value = reach.values[number]
            if value is None:
                return
            x1 = _percent(self.frame._x(reach.first))
            x2 = _percent(self.frame._x(reach.last + timedelta(days=1)))
            y = self.frame.plot_bottom - self.frame._height(value)
            if before is not None and before != y:
                yield Stroke(series.css, series.is_hatched, x1, x1, before, y)
            yield Stroke(series.css, series.is_hatched, x1, x2, y, y)
            before = y

    @property
    def height(self) -> int:
        return self.frame.height

    @property
    def hrefs(self) -> Iterable[str | None]:
        return ()
