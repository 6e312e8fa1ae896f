"""Slopes, small multiples of lines and tiles say in words and marks what their figures say, and hold no style."""

import re
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from django.contrib.staticfiles import finders
from django.utils.translation import override

from jfo_portal.kit.change_charts import LinePanel, LinePanels, Slope, SlopeLine, Tile, TileGrid, shade_of
from jfo_portal.kit.charts import Chart

SVG = "{http://www.w3.org/2000/svg}"
WORDS: dict[str, Any] = {"title": "One is twice two", "description": "Things, 2010-2011.", "headers": ["A"], "rows": []}


def slope(**options: Any) -> Slope:
    lines = [
        SlopeLine("GTA", 10, 30, "10.0", "30.0"),
        SlopeLine("QUE", 20, 15, "20.0", "15.0", "series-3"),
        SlopeLine("ATL", None, 15, "–", "15.0", "series-3"),
    ]
    return Slope(**{"id": "slope", "left": "2009-2010", "right": "2010-2011", "lines": lines, **WORDS, **options})


def lines(**options: Any) -> LinePanels:
    panels = [
        LinePanel("GTA", [1, 2, None, 4], "4.0"),
        LinePanel("QUE", [2, 2, 2, 2], "2.0"),
        LinePanel("NOR", [], "–"),
    ]
    return LinePanels(
        **{"id": "years", "first": "2007-2008", "last": "2010-2011", "panels": panels, **WORDS, **options}
    )


def tiles(**options: Any) -> TileGrid:
    given = [Tile("PAC", "9.8", 0, 0, 4), Tile("GTA", "1.0", 2, 1, 1), Tile("ATL", "< 5", 4, 0)]
    return TileGrid(**{"id": "where", "tiles": given, **WORDS, **options})


ONE_OF_EACH = pytest.mark.parametrize("chart", [slope(), lines(), tiles()], ids=lambda chart: type(chart).__name__)


def drawing(chart: Chart) -> Element:
    return fromstring(chart.svg())


def share(length: str | None) -> float:
    return float(str(length).removesuffix("%"))


def words(svg: Element) -> str:
    return " ".join(" ".join("".join(text.itertext()) for text in svg.iter(f"{SVG}text")).split())


@ONE_OF_EACH
def test_every_chart_is_named_by_its_finding_and_is_an_image(chart: Chart) -> None:
    svg = drawing(chart)

    assert svg.get("role") == "img"
    assert svg.findtext(f"{SVG}title") == "One is twice two"
    assert int(str(svg.get("height"))) > 100


@ONE_OF_EACH
def test_no_chart_has_inline_style_and_every_class_has_a_rule(chart: Chart) -> None:
    with open(str(finders.find("css/charts.css")), encoding="utf-8") as file:  # noqa: PTH123
        rules = set(re.findall(r"\.([a-z][\w-]*)", file.read()))
    classes = {name for element in drawing(chart).iter() for name in (element.get("class") or "").split()}

    assert not re.search(r"<style|<script|\sstyle=|\son\w+=", chart.svg())
    assert classes <= rules


@ONE_OF_EACH
def test_no_number_of_a_drawing_has_a_french_comma(chart: Chart) -> None:
    names = ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "width", "height")
    with override("fr"):
        svg = drawing(chart)
    lengths = [str(element.get(name)) for element in svg.iter() for name in names if element.get(name)]

    assert [length for length in lengths if not re.fullmatch(r"-?\d+(\.\d+)?%?", length)] == []


@ONE_OF_EACH
def test_a_chart_in_a_file_of_its_own_has_its_words_and_its_style(chart: Chart) -> None:
    svg = fromstring(chart.svg_file())

    assert svg.get("viewBox") == f"0 0 {svg.get('width')} {svg.get('height')}"
    assert ".shade-1" in str(svg.findtext(f"{SVG}style"))


@pytest.mark.parametrize(
    "chart",
    [
        slope(lines=[SlopeLine("GTA", 1, 1, "1", "1", href="/gta/?a=1&b=2")]),
        lines(panels=[LinePanel("GTA", [1], "1", "/gta/?a=1&b=2")]),
        tiles(tiles=[Tile("GTA", "1", 0, 0, 1, "/gta/?a=1&b=2")]),
    ],
    ids=lambda chart: type(chart).__name__,
)
def test_marks_that_drill_are_links_on_a_page_and_none_in_a_file(chart: Chart) -> None:
    svg = drawing(chart)
    (link,) = svg.iter(f"{SVG}a")

    assert link.get("href") == "/gta/?a=1&b=2"
    assert "GTA" in "".join(link.itertext())
    assert svg.get("role") == "group"
    assert f"{SVG}a" not in {element.tag for element in fromstring(chart.svg_file()).iter()}


def test_a_slope_rises_with_what_grew_and_falls_with_what_shrank() -> None:
    gta, que, atl = slope().drawn

    assert gta.left_y is not None
    assert gta.right_y is not None
    assert gta.left_y > gta.right_y
    assert que.left_y is not None
    assert que.right_y is not None
    assert que.left_y < que.right_y
    assert atl.left_y is None
    assert not atl.is_whole


def test_the_labels_of_a_slope_never_cover_one_another() -> None:
    many = [SlopeLine(str(number), 5, 5, "5", "5") for number in range(12)]
    chart = slope(lines=many)
    places = sorted(one.right_label_y for one in chart.drawn)

    assert all(after - before >= 24 for before, after in pairwise(places))
    assert places[0] >= 0
    assert places[-1] <= chart.height


def test_a_slope_of_more_than_twelve_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="twelve"):
        _ = slope(lines=[SlopeLine(str(number), 1, 2, "1", "2") for number in range(13)]).drawn


def test_a_slope_says_both_years_and_every_value() -> None:
    assert words(drawing(slope())) == "2009-2010 2010-2011 10.0 30.0 GTA 20.0 15.0 QUE – 15.0 ATL"


def test_panels_of_lines_have_one_scale_from_zero_and_a_gap_where_nothing_is_known() -> None:
    gta, que, nor = lines().drawn

    assert len(gta.pieces) == 1
    assert [point.y for point in gta.points] == [94, 78, 46]
    assert {point.y for point in que.points} == {78}
    assert (nor.pieces, nor.points) == ([], [])
    assert share(que.x) > share(gta.x)
    assert nor.y > gta.y


def test_a_negative_value_of_a_line_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        _ = lines(panels=[LinePanel("GTA", [-1], "−1")]).drawn


def test_tiles_print_their_values_and_stand_in_their_columns() -> None:
    chart = tiles()

    assert words(drawing(chart)) == "PAC 9.8 GTA 1.0 ATL < 5"
    assert [one.x for one in chart.drawn] == ["0.00%", "40.00%", "80.00%"]
    assert [one.tile.shade for one in chart.drawn] == [4, 1, 0]


@pytest.mark.parametrize(("value", "shade"), [(None, 0), (0, 1), (24, 1), (26, 2), (60, 3), (100, 4)])
def test_the_shade_of_a_tile_is_its_quarter_of_the_scale(value: int | None, shade: int) -> None:
    assert shade_of(value, 100) == shade


def test_charts_of_nothing_can_be_drawn() -> None:
    for chart in (slope(lines=[]), lines(panels=[]), tiles(tiles=[])):
        assert drawing(chart).tag == f"{SVG}svg"
