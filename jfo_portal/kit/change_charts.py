"""Charts of change and of place: two years as a slope, many years as small multiples of lines, regions as tiles.

As in kit.charts, lengths along x are shares of the drawing's width and everything else is in pixels.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import ClassVar

from django.utils.functional import Promise

from .charts import Chart, Number

# More lines than this nobody tells apart.
MOST_LINES = 12

# In pixels.
_LINE_HEIGHT = 20
# As high as a link must be to be hit (WCAG 2.2, 2.5.8), and as far apart as two labels stand.
_LABEL_GAP = 24
_LEAST_SLOPE = 200
_PANEL_PLOT, _PANEL_GAP = 64, 20
_TILE, _TILE_GAP = 58, 4
# Shares of the width: where the two years of a slope stand, between its values and its labels.
_LEFT, _RIGHT = 0.22, 0.5
# What a panel takes of the width where two stand side by side.
_PANEL_WIDTH, _PANEL_STEP = 0.46, 0.54


def _percent(share: float) -> str:
    return f"{share * 100:.2f}%"


def _apart(places: Sequence[float], least: float, top: float, bottom: float) -> list[int]:
    """Return the places, none nearer than `least` to another and each as near to its own as that leaves it.

    They lie between top and bottom, where so many fit.
    """
    order = sorted(range(len(places)), key=lambda number: (places[number], number))
    # Runs of places that stand `least` apart around their middle: a run that meets the one before becomes one with it.
    runs: list[list[int]] = []
    for number in order:
        runs.append([number])
        while len(runs) > 1 and _start(runs[-1], places, least, top, bottom) < (
            _start(runs[-2], places, least, top, bottom) + least * len(runs[-2])
        ):
            runs[-2:] = [runs[-2] + runs[-1]]
    spread = [0] * len(places)
    for run in runs:
        first = _start(run, places, least, top, bottom)
        for step, number in enumerate(run):
            spread[number] = round(first + step * least)
    return spread


def _start(run: Sequence[int], places: Sequence[float], least: float, top: float, bottom: float) -> float:
    """Return where a run of places begins that stands around its middle, and between top and bottom."""
    length = least * (len(run) - 1)
    middle = sum(places[number] for number in run) / len(run)
    return max(top, min(middle - length / 2, bottom - length))


# Two years


@dataclass(frozen=True)
class SlopeLine:
    """One thing in two years: its value in each, and both in words. None draws no mark, and the text says why."""

    label: str | Promise
    left: Number | None
    right: Number | None
    left_text: str
    right_text: str
    css: str = "series-1"
    href: str | None = None


@dataclass(frozen=True)
class DrawnSlope:
    """A line of a slope, with its place; an end that is not known has none."""

    line: SlopeLine
    left_y: int | None
    right_y: int | None
    left_label_y: int
    right_label_y: int

    height: ClassVar[int] = _LABEL_GAP

    @property
    def is_whole(self) -> bool:
        return self.left_y is not None and self.right_y is not None

    @property
    def target_top(self) -> int:
        return self.right_label_y - _LABEL_GAP // 2

    @property
    def left_text_y(self) -> int:
        return self.left_label_y + 5

    @property
    def right_text_y(self) -> int:
        return self.right_label_y + 5


@dataclass(frozen=True, kw_only=True)
class Slope(Chart):
    """Two years beside one another, a line for each thing; its steepness is the change. At most twelve lines.

    The scale reaches from the least to the greatest value, not from zero: what is read is the change. `left` and
    `right` are the years in words.
    """

    left: str
    right: str
    lines: Sequence[SlopeLine]

    template: ClassVar[str] = "components/charts/slope.svg"
    left_x: ClassVar[str] = _percent(_LEFT)
    right_x: ClassVar[str] = _percent(_RIGHT)
    left_text_x: ClassVar[str] = _percent(_LEFT - 0.06)
    right_text_x: ClassVar[str] = _percent(_RIGHT + 0.06)
    left_lead_x: ClassVar[str] = _percent(_LEFT - 0.05)
    right_lead_x: ClassVar[str] = _percent(_RIGHT + 0.05)
    head_y: ClassVar[int] = _LINE_HEIGHT - 5

    @property
    def plot_top(self) -> int:
        return _LINE_HEIGHT + _LABEL_GAP // 2

    @property
    def plot_bottom(self) -> int:
        return self.plot_top + max(_LEAST_SLOPE, _LABEL_GAP * (len(self.lines) - 1))

    @property
    def height(self) -> int:
        return self.plot_bottom + _LABEL_GAP // 2

    @cached_property
    def drawn(self) -> list[DrawnSlope]:
        if len(self.lines) > MOST_LINES:
            raise ValueError("A slope shows at most twelve lines.")
        lefts, rights = self._side([line.left for line in self.lines]), self._side([line.right for line in self.lines])
        return [
            DrawnSlope(line, left[0], right[0], left[1], right[1])
            for line, left, right in zip(self.lines, lefts, rights, strict=True)
        ]

    def _side(self, values: Sequence[Number | None]) -> list[tuple[int | None, int]]:
        """Return where each value stands, and its words; those without a value stand below the others."""
        places = [self.plot_bottom if value is None else self._y(value) for value in values]
        labels = _apart(places, _LABEL_GAP, self.plot_top, self.plot_bottom)
        return [
            (None if value is None else round(place), label)
            for value, place, label in zip(values, places, labels, strict=True)
        ]

    def _y(self, value: Number) -> float:
        known = [float(end) for line in self.lines for end in (line.left, line.right) if end is not None]
        least, greatest = min(known), max(known)
        share = (float(value) - least) / (greatest - least) if greatest > least else 0.5
        return self.plot_bottom - share * (self.plot_bottom - self.plot_top)

    @property
    def hrefs(self) -> Iterable[str | None]:
        return [line.href for line in self.lines]


# Many years


@dataclass(frozen=True)
class LinePanel:
    """One of the small multiples: its heading, a value for each year (None where not known), and the last in words."""

    title: str | Promise
    values: Sequence[Number | None]
    text: str
    href: str | None = None
    css: str = "series-1"


@dataclass(frozen=True)
class Piece:
    """A straight piece of a line, with its place."""

    x1: str
    x2: str
    y1: int
    y2: int


@dataclass(frozen=True)
class Point:
    """A value of a line, with its place."""

    x: str
    y: int


@dataclass(frozen=True)
class DrawnLines:
    """A panel with its place: the two in a row share their width."""

    panel: LinePanel
    x: str
    y: int
    pieces: list[Piece]
    points: list[Point]

    width: ClassVar[str] = _percent(_PANEL_WIDTH)
    title_y: ClassVar[int] = _LINE_HEIGHT - 5
    text_y: ClassVar[int] = 2 * _LINE_HEIGHT - 5
    plot_top: ClassVar[int] = 2 * _LINE_HEIGHT + 6
    plot_bottom: ClassVar[int] = 2 * _LINE_HEIGHT + 6 + _PANEL_PLOT
    tick_y: ClassVar[int] = 3 * _LINE_HEIGHT + 2 + _PANEL_PLOT
    height: ClassVar[int] = 3 * _LINE_HEIGHT + 6 + _PANEL_PLOT


@dataclass(frozen=True, kw_only=True)
class LinePanels(Chart):
    """Small multiples of lines over the same years, on one scale from zero, two beside one another."""

    first: str
    last: str
    panels: Sequence[LinePanel]

    template: ClassVar[str] = "components/charts/line_panels.svg"

    @cached_property
    def _greatest(self) -> float:
        known = [float(value) for panel in self.panels for value in panel.values if value is not None]
        if any(value < 0 for value in known):
            raise ValueError("A chart's lengths begin at zero; it cannot show a negative value.")
        return max([0.0, *known]) or 1.0

    @cached_property
    def drawn(self) -> list[DrawnLines]:
        drawn = []
        for number, panel in enumerate(self.panels):
            points = self._points(panel)
            pieces = [
                Piece(one.x, other.x, one.y, other.y)
                for one, other in pairwise(points)
                if one is not None and other is not None
            ]
            y = number // 2 * (DrawnLines.height + _PANEL_GAP)
            known = [point for point in points if point is not None]
            drawn.append(DrawnLines(panel, _percent(number % 2 * _PANEL_STEP), y, pieces, known))
        return drawn

    def _points(self, panel: LinePanel) -> list[Point | None]:
        steps = max(len(panel.values) - 1, 1)
        return [
            None
            if value is None
            else Point(
                _percent(0.03 + 0.94 * place / steps),
                round(DrawnLines.plot_bottom - float(value) / self._greatest * _PANEL_PLOT),
            )
            for place, value in enumerate(panel.values)
        ]

    @property
    def height(self) -> int:
        rows = (len(self.panels) + 1) // 2
        return rows * (DrawnLines.height + _PANEL_GAP) - _PANEL_GAP if rows else 0

    @property
    def hrefs(self) -> Iterable[str | None]:
        return [panel.href for panel in self.panels]


# Where


@dataclass(frozen=True)
class Tile:
    """A place of a tile grid: its column and row from 0, its value in words, and how dark it is, 0 (none) to 4."""

    label: str | Promise
    text: str
    column: int
    row: int
    shade: int = 0
    href: str | None = None


@dataclass(frozen=True)
class DrawnTile:
    """A tile with its place."""

    tile: Tile
    x: str
    middle: str
    width: str
    y: int

    height: ClassVar[int] = _TILE

    @property
    def label_y(self) -> int:
        return self.y + 24

    @property
    def text_y(self) -> int:
        return self.y + 44


def shade_of(value: Number | None, greatest: Number) -> int:
    """Return how dark a tile is: 1 for the lowest quarter of the scale from zero, 4 for the highest; 0 for no value."""
    if value is None or not greatest:
        return 0
    return min(4, int(float(value) / float(greatest) * 4) + 1)


@dataclass(frozen=True, kw_only=True)
class TileGrid(Chart):
    """Places as tiles, about where they lie, each with its value printed: to find one's way, never instead of bars."""

    tiles: Sequence[Tile]

    template: ClassVar[str] = "components/charts/tile_grid.svg"

    @cached_property
    def drawn(self) -> list[DrawnTile]:
        columns = max((tile.column for tile in self.tiles), default=0) + 1
        step = 1 / columns
        return [
            DrawnTile(
                tile,
                _percent(tile.column * step),
                _percent((tile.column + 0.485) * step),
                _percent(0.97 * step),
                tile.row * (_TILE + _TILE_GAP) + 2,
            )
            for tile in self.tiles
        ]

    @property
    def height(self) -> int:
        return (max((tile.row for tile in self.tiles), default=-1) + 1) * (_TILE + _TILE_GAP) + 4

    @property
    def hrefs(self) -> Iterable[str | None]:
        return [tile.href for tile in self.tiles]
