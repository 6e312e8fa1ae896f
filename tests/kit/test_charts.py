"""Charts say in words and marks what their figures say, to everybody, and hold no style or script."""

import re
from datetime import date
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.translation import override

from jfo_portal.kit.charts import (
    Band,
    Bar,
    Bars,
    Chart,
    Columns,
    Dot,
    DotPlot,
    DotRow,
    GroupedBars,
    Mark,
    Panel,
    Reach,
    Series,
    StackedBar,
    StackedBars,
    Step,
    StepLines,
    Steps,
    Strip,
    tick_step,
)
from jfo_portal.kit.tables import Cell

SVG = "{http://www.w3.org/2000/svg}"
WORDS: dict[str, Any] = {"title": "One is twice two", "description": "Things, 2010-2011.", "headers": ["A"], "rows": []}


def bars(**options: Any) -> Bars:
    given = [Bar("GTA", Decimal("50.0"), "50"), Bar("QUE", 25, "25", css="series-2")]
    return Bars(**{"id": "cost", "bars": given, **WORDS, **options})


def grouped() -> GroupedBars:
    panels = [
        Panel("Active", [Bar("JFO", 40, "40.0"), Bar("Others", 30, "30.0")]),
        Panel("Closed", [Bar("JFO", 10, "10.0")]),
    ]
    return GroupedBars(id="status", panels=panels, **WORDS)


def stacked(**options: Any) -> StackedBars:
    series = [Series("With"), Series("Without", "series-2", is_hatched=True)]
    given = [StackedBar("GTA", [7, 4], "7 with, 4 without"), StackedBar("PRA", [3, 0], "3 with, 0 without")]
    return StackedBars(**{"id": "cover", "series": series, "bars": given, **WORDS, **options})


def dots(**options: Any) -> DotPlot:
    series = [Series("JFO"), Series("Others", "series-2"), Series("All", "series-3")]
    rows = [
        DotRow("Cases", [Dot(31.2, "31.2"), Dot(19.9, "19.9"), Dot(21.1, "21.1")]),
        DotRow("Projects", [Dot(0.7, "0.7"), Dot(0.6, "0.6"), Dot(None, "Too few")]),
    ]
    return DotPlot(**{"id": "act", "series": series, "categories": rows, **WORDS, **options})


def strip(**options: Any) -> Strip:
    lines = [Mark(Decimal("4.2"), "Mean", "4.2 years"), Mark(5, "Policy period", "5 years", is_limit=True)]
    given = [Decimal("0.5"), Decimal("0.5"), Decimal("0.5"), 4, Decimal("9.98")]
    return Strip(**{"id": "years", "dots": given, "marks": lines, "axis": "Years", **WORDS, **options})


def columns(**options: Any) -> Columns:
    months = [Bar(f"M{number}", Decimal("0.05") * number, f"{5 * number}%") for number in range(8)]
    panels = [Panel("GTA", months), Panel("QUE", [Bar("M0", None, "–"), *months[1:]])]
    ends: dict[str, Any] = {"max_value": Decimal("0.5"), "max_text": "50%", "zero_text": "0%"}
    return Columns(**{"id": "months", "panels": panels, **ends, **WORDS, **options})


ALL = [bars(), grouped(), stacked(), dots(), strip(), columns()]
ONE_OF_EACH = pytest.mark.parametrize("chart", ALL, ids=lambda chart: type(chart).__name__)


def drawing(chart: Chart) -> Element:
    return fromstring(chart.svg())


def marks(chart: Chart) -> list[Element]:
    """The chart's bars, without its legend."""
    return [rect for rect in drawing(chart).iter(f"{SVG}rect") if str(rect.get("width")).endswith("%")]


def share(length: str | None) -> float:
    return float(str(length).removesuffix("%"))


@ONE_OF_EACH
def test_every_chart_is_named_by_its_finding_and_description(chart: Chart) -> None:
    svg = drawing(chart)

    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == f"{chart.id}-title {chart.id}-desc"
    assert svg.findtext(f"{SVG}title") == "One is twice two"
    assert svg.findtext(f"{SVG}desc") == "Things, 2010-2011."


@ONE_OF_EACH
def test_no_chart_has_inline_style_or_script(chart: Chart) -> None:
    assert not re.search(r"<style|<script|\sstyle=|\son\w+=", chart.svg())


@ONE_OF_EACH
def test_every_class_of_a_chart_has_a_rule(chart: Chart) -> None:
    with open(str(finders.find("css/charts.css")), encoding="utf-8") as file:  # noqa: PTH123
        rules = set(re.findall(r"\.([a-z][\w-]*)", file.read()))
    classes = {name for element in drawing(chart).iter() for name in (element.get("class") or "").split()}

    assert classes <= rules


@ONE_OF_EACH
def test_no_number_of_a_drawing_has_a_french_comma(chart: Chart) -> None:
    with override("fr"):
        svg = drawing(chart)
    lengths = [
        element.get(name)
        for element in svg.iter()
        for name in ("x", "y", "x1", "x2", "width", "height")
        if element.get(name)
    ]

    assert [length for length in lengths if not re.fullmatch(r"-?\d+(\.\d+)?%?", str(length))] == []


@ONE_OF_EACH
def test_ids_are_the_charts_own(chart: Chart) -> None:
    ids = [element.get("id") for element in drawing(chart).iter() if element.get("id")]

    assert len(ids) == len(set(ids))
    assert all(str(one).startswith(f"{chart.id}-") for one in ids)


def test_bars_begin_at_zero_and_are_as_long_as_their_values() -> None:
    first, second = marks(bars())

    assert (first.get("x"), first.get("width"), first.get("class")) == ("0", "100.00%", "mark series-1")
    assert (second.get("x"), second.get("width"), second.get("class")) == ("0", "50.00%", "mark series-2")


def test_charts_share_a_scale_by_their_greatest_value() -> None:
    assert [bar.get("width") for bar in marks(bars(max_value=100))] == ["50.00%", "25.00%"]
    assert [bar.get("width") for bar in marks(bars(max_value=10))] == ["100.00%", "50.00%"]


def test_small_multiples_have_one_scale() -> None:
    assert [bar.get("width") for bar in marks(grouped())] == ["100.00%", "75.00%", "25.00%"]


def test_a_value_that_is_not_known_has_words_and_no_bar() -> None:
    chart = bars(bars=[Bar("GTA", None, "Too few to show"), Bar("QUE", 0, "0")])

    assert "Too few to show" in chart.svg()
    assert [bar.get("width") for bar in marks(chart)] == ["0.00%"]


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot show a negative value"):
        bars(bars=[Bar("GTA", -1, "-1")]).svg()


def test_a_chart_of_nothing_can_be_drawn() -> None:
    for empty in (bars(bars=[]), stacked(bars=[]), dots(categories=[])):
        assert drawing(empty) is not None


def test_words_never_outgrow_a_narrow_screen() -> None:
    chart = bars(
        bars=[Bar("Southern Ontario, Windsor and St. Clair region", 1, "$1,177,110 for 17.5 FTE"), Bar("B", 1, "1")]
    )
    lines = ["".join(text.itertext()).strip() for text in drawing(chart).iter(f"{SVG}text")]

    assert lines[:3] == ["Southern Ontario, Windsor and St.", "Clair region", "$1,177,110 for 17.5 FTE"]
    assert max(map(len, lines)) <= 38


def test_stacked_parts_follow_each_other_solid_and_hatched() -> None:
    solid, hatched, alone = marks(stacked())

    assert share(solid.get("width")) == pytest.approx(7 / 11 * 100, abs=0.01)
    assert hatched.get("x") == solid.get("width")
    assert hatched.get("fill") == "url(#cover-hatching-2)"
    assert 'id="cover-hatching-2"' in stacked().svg()
    assert share(alone.get("width")) == pytest.approx(3 / 11 * 100, abs=0.01)


def test_stacked_shares_are_all_full_width() -> None:
    widths = [share(part.get("width")) for part in marks(stacked(is_share=True))]

    assert widths == pytest.approx([63.64, 36.36, 100.0], abs=0.01)


def test_a_symbol_stands_in_the_legend_and_in_every_part_that_has_room() -> None:
    series = [Series("Met", "verdict-met", symbol="✓"), Series("Not met", "verdict-not_met", symbol="✗")]
    chart = stacked(series=series, bars=[StackedBar("a", [19, 1], "19 met, 1 not met")])

    assert chart.svg().count(">✓<") == 2
    assert chart.svg().count(">✗<") == 1


def test_each_series_of_a_dot_plot_has_its_own_shape() -> None:
    shapes = [path.get("d") for path in drawing(dots()).iter(f"{SVG}path")]

    assert len(set(shapes[:3])) == 3
    assert shapes[3:] == [*shapes[:3], *shapes[:2]]
    assert "Too few" in dots().svg()


def test_the_axis_of_a_dot_plot_begins_at_zero_and_ends_on_a_full_step() -> None:
    assert [tick.text for tick in dots().ticks] == ["0", "10", "20", "30", "40"]
    assert [tick.text for tick in dots(max_value=0.3).ticks] == [tick.text for tick in dots().ticks]
    small = dots(categories=[DotRow("A", [Dot(0.25, "0.25")])])
    with override("fr"):
        assert [tick.text for tick in small.ticks] == ["0,00", "0,05", "0,10", "0,15", "0,20", "0,25"]


@pytest.mark.parametrize(("greatest", "step"), [(1, 0.2), (5, 1), (31.2, 10), (58.4, 20), (1_177_110, 500_000)])
def test_steps_of_an_axis_are_round(greatest: float, step: float) -> None:
    assert tick_step(greatest) == pytest.approx(step)


@pytest.mark.parametrize(
    "chart",
    [
        bars(bars=[Bar("GTA", 1, "1", href="/gta/?a=1&b=2")]),
        GroupedBars(id="g", panels=[Panel("P", [Bar("GTA", 1, "1", href="/gta/?a=1&b=2")])], **WORDS),
        stacked(bars=[StackedBar("GTA", [1, 0], "1", href="/gta/?a=1&b=2")]),
        dots(categories=[DotRow("GTA", [Dot(1, "1", href="/gta/?a=1&b=2")])]),
    ],
    ids=lambda chart: type(chart).__name__,
)
def test_marks_that_drill_are_links_that_assistive_technology_reaches(chart: Chart) -> None:
    svg = drawing(chart)
    (link,) = svg.iter(f"{SVG}a")

    assert link.get("href") == "/gta/?a=1&b=2"
    assert "1" in "".join(link.itertext())
    # The children of an image are hidden from assistive technology, and a link must not be.
    assert svg.get("role") == "group"
    assert f"{SVG}a" not in {element.tag for element in fromstring(chart.svg_file()).iter()}


def test_words_are_escaped() -> None:
    chart = bars(title="<b>&", bars=[Bar("<script>", 1, "</svg>")])

    assert drawing(chart).findtext(f"{SVG}title") == "<b>&"
    assert "<script>" not in chart.svg()


@ONE_OF_EACH
def test_a_chart_in_a_file_of_its_own_has_its_words_and_its_style(chart: Chart) -> None:
    svg = fromstring(chart.svg_file())

    assert svg.get("viewBox") == f"0 0 {svg.get('width')} {svg.get('height')}"
    assert ".series-1" in str(svg.findtext(f"{SVG}style"))
    texts = ["".join(text.itertext()) for text in svg.iter(f"{SVG}text")]
    assert texts[:2] == ["One is twice two", "Things, 2010-2011."]


def test_figure_has_the_finding_the_drawing_the_data_and_the_files() -> None:
    rows = [["GTA", "50"], [Cell("QUE", "Region", href="/que/", is_header=True), "25"]]
    chart = bars(headers=["Region", "Cost"], rows=rows, csv_href="?format=csv", svg_href="?format=svg")
    html = render_to_string("components/figure.html", {"chart": chart})
    with override("en"):
        figure = fromstring(render_to_string("components/figure.html", {"chart": chart}).replace(" open>", ' open="">'))

    assert figure.get("aria-labelledby") == "cost-finding"
    assert [th.text for th in figure.iter("th") if th.get("scope") == "col"] == ["Region", "Cost"]
    assert ['<th scope="row">GTA</th>' in html, '<td class="numeric">25</td>' in html] == [True, True]
    assert [(a.get("href"), "".join(a.itertext())) for a in figure.iter("a")] == [
        ("/que/", "QUE"),
        ("?format=csv", "CSV of “One is twice two”"),
        ("?format=svg", "SVG of “One is twice two”"),
    ]
    assert figure.find(f".//{SVG}svg") is not None


def test_a_second_figure_stands_at_the_right_end_and_the_label_leaves_it_room() -> None:
    chart = bars(bars=[Bar("Greater Toronto Area", 50, "$50", aside="17.50 FTE"), Bar("QUE", 25, "$25", aside="8 FTE")])
    asides = [text for text in drawing(chart).iter(f"{SVG}text") if text.get("class") == "aside"]

    assert [(text.text, text.get("x")) for text in asides] == [("17.50 FTE", "100%"), ("8 FTE", "100%")]
    assert [text.get("y") for text in asides] == [str(bar.lines[0].y) for bar in chart.drawn]
    assert [len(bar.lines) for bar in chart.drawn] == [1, 1]
    assert len(bars(bars=[Bar("Greater Toronto Area", 50, "$50,000", aside="17.50 FTE")]).drawn[0].lines) == 2


def test_a_reference_is_a_line_across_the_bar_on_the_same_scale() -> None:
    panels = [Panel("Active", [Bar("QUE", 20, "20", reference=40), Bar("GTA", None, "Too few", reference=40)])]
    chart = GroupedBars(id="status", panels=panels, **WORDS)
    references = [rect for rect in drawing(chart).iter(f"{SVG}rect") if rect.get("class") == "reference"]

    assert [share(rect.get("x")) for rect in references] == [100.0]
    assert [share(rect.get("width")) for rect in marks(chart)] == [50.0]


def test_figure_whose_rows_stand_elsewhere_has_no_table() -> None:
    assert "<table" not in render_to_string("components/figure.html", {"chart": bars()})


def test_figure_without_files_offers_none() -> None:
    assert "<a " not in render_to_string("components/figure.html", {"chart": bars()})


# Strips


def circles(chart: Chart) -> list[tuple[float, int]]:
    return [(share(dot.get("cx")), int(str(dot.get("cy")))) for dot in drawing(chart).iter(f"{SVG}circle")]


def test_a_strip_has_a_dot_for_each_on_one_axis_and_those_alike_are_piled_up() -> None:
    drawn = circles(strip())

    assert len(drawn) == 5
    # From 3% to 97% of the width stand for 0 to 10 years.
    assert [x for x, _y in drawn] == [7.7, 7.7, 7.7, 40.6, 96.81]
    bottom = max(y for _x, y in drawn)
    assert [bottom - y for _x, y in drawn] == [0, 12, 24, 0, 0]


def test_no_two_dots_of_a_strip_cover_one_another_on_a_phone() -> None:
    drawn = circles(strip(dots=[number / 7 for number in range(70)]))
    pixels = [(x * 3.2 * 0.9, y) for x, y in drawn]

    assert all(
        abs(one[0] - other[0]) >= 9.5 or abs(one[1] - other[1]) >= 10
        for number, one in enumerate(pixels)
        for other in pixels[:number]
    )


def test_a_strip_says_its_marks_and_draws_them_across() -> None:
    svg = drawing(strip())
    texts = ["".join(text.itertext()).strip() for text in svg.iter(f"{SVG}text")]
    across = [line for line in svg.iter(f"{SVG}line") if line.get("class") in {"level", "limit"}]

    assert texts[:2] == ["Mean 4.2 years", "Policy period 5 years"]
    assert texts[-1] == "Years"
    assert [(line.get("class"), share(line.get("x1"))) for line in across if line.get("x1") != "0"] == [
        ("level", 42.48),
        ("limit", 50.0),
    ]


def test_one_dot_of_a_strip_stands_for_several_where_there_are_very_many() -> None:
    assert [Strip.per_dot(number) for number in (0, 300, 301, 20_000)] == [1, 1, 2, 67]
    assert len(circles(strip(dots=[number / 2000 for number in range(20_000)]))) <= 300
    assert "<a " not in strip().svg()


def test_a_strip_of_nobody_has_its_axis_alone() -> None:
    assert circles(strip(dots=[])) == []


# Steps


def steps() -> Steps:
    return Steps(
        id="steps",
        title="FTE by day",
        description="FTE of one officer",
        headers=["Days"],
        rows=[["all"]],
        series=[Series("On JFOs"), Series("Free", "series-3", is_hatched=True)],
        steps=[
            Step(date(2010, 4, 1), date(2011, 3, 31), [Decimal("0.25"), Decimal("0.75")]),
            Step(date(2011, 4, 1), date(2012, 3, 30), [Decimal("1.00"), 0]),
        ],
        bands=[
            Band(date(2010, 4, 1), date(2011, 3, 31), "2010-2011"),
            Band(date(2011, 4, 1), date(2012, 3, 30), "2011-2012"),
        ],
        max_value=1,
        levels=[(0, "0.00"), (1, "1.00")],
        marked=date(2011, 4, 1),
        marked_text="2011-04-01",
    )


def test_steps_are_as_long_as_their_days_and_stand_on_one_another() -> None:
    svg = drawing(steps())
    blocks = [rect for rect in svg.iter(f"{SVG}rect") if "%" in (rect.get("width") or "")]
    # The days are the 87% of the width right of the values; both years have 365 here.
    assert [(share(one.get("x")), share(one.get("width"))) for one in blocks] == [
        (13.0, 43.5),
        (13.0, 43.5),
        (56.5, 43.5),
    ]
    on_jfos, free, full = blocks
    assert [int(one.get("height") or 0) for one in blocks] == [30, 90, 120]
    assert int(free.get("y") or 0) + 90 == int(on_jfos.get("y") or 0)
    assert full.get("y") == free.get("y")


def test_steps_name_their_years_and_the_marked_day() -> None:
    svg = drawing(steps())
    texts = ["".join(text.itertext()).strip() for text in svg.iter(f"{SVG}text")]
    assert texts[:3] == ["On JFOs", "Free", "2011-04-01"]
    assert texts[-2:] == ["2010-2011", "2011-2012"]


# Lines in steps


def step_lines() -> StepLines:
    return StepLines(
        id="lines",
        title="Planned against closed",
        description="Actions",
        headers=["Month"],
        rows=[["2011-03"]],
        series=[Series("Planned", is_hatched=True), Series("Closed", "series-2")],
        reaches=[
            Reach(date(2011, 1, 1), date(2011, 1, 31), [1, 0]),
            Reach(date(2011, 2, 1), date(2011, 2, 28), [3, 0]),
            Reach(date(2011, 3, 1), date(2011, 3, 31), [4, None]),
        ],
        bands=[Band(date(2011, 1, 1), date(2011, 3, 31), "2011")],
        max_value=4,
        levels=[(0, "0"), (4, "4")],
        marked=date(2011, 2, 28),
        marked_text="2011-02-28",
    )


def test_lines_go_in_steps_and_stop_where_nothing_is_known() -> None:
    lines = [line for line in drawing(step_lines()).iter(f"{SVG}line") if "step-line" in (line.get("class") or "")]
    planned, closed = [
        [one for one in lines[2:] if css in (one.get("class") or "")] for css in ("series-1", "series-2")
    ]
    # Three levels with an upright between each two; the closed stay level for two months.
    assert len(planned) == 5
    assert [one.get("y1") == one.get("y2") for one in planned] == [True, False, True, False, True]
    assert all("step-dashed" in (one.get("class") or "") for one in planned)
    assert len(closed) == 2
    assert share(closed[-1].get("x2")) == share(planned[-1].get("x1"))
    # The 120 pixels are 4 actions.
    assert int(planned[0].get("y1") or 0) - int(planned[-1].get("y1") or 0) == 90


def test_lines_in_steps_name_their_series_and_the_marked_day() -> None:
    texts = ["".join(text.itertext()).strip() for text in drawing(step_lines()).iter(f"{SVG}text")]
    assert texts[:3] == ["Planned", "Closed", "2011-02-28"]


# Whiskers


def whiskered(low: Any, high: Any) -> DotPlot:
    return dots(categories=[DotRow("Cases", [Dot(20, "20.0", low=low, high=high), Dot(10, "10.0")])])


def test_a_whisker_goes_from_end_to_end_through_its_mark() -> None:
    found = [line for line in drawing(whiskered(10, 40)).iter(f"{SVG}line") if "whisker" in str(line.get("class"))]
    ends = [(share(line.get("x1")), share(line.get("x2"))) for line in found]
    (low, high), *caps = ends

    assert caps == [(low, low), (high, high)]
    (drawn,) = whiskered(10, 40).drawn
    assert low < share(drawn.dots[0].x) < high
    assert low == share(drawn.dots[1].x)
    assert {line.get("class") for line in found} == {"whisker series-1"}


def test_the_axis_holds_the_whiskers_and_the_words_stand_behind_them() -> None:
    chart = whiskered(10, 95)

    assert chart.ticks[-1].text == "100"
    (text,) = [text for text in drawing(chart).iter(f"{SVG}text") if text.text == "20.0"]
    assert text.get("x") == chart.drawn[0].dots[0].high_x


@pytest.mark.parametrize(("low", "high"), [(None, None), (10, None), (None, 40)])
def test_a_mark_without_both_ends_has_no_whisker(low: Any, high: Any) -> None:
    assert "whisker" not in whiskered(low, high).svg()


def test_a_mark_that_is_not_known_has_no_whisker() -> None:
    chart = dots(categories=[DotRow("Cases", [Dot(None, "Too few", low=1, high=900)])])

    assert "whisker" not in chart.svg()
    assert chart.ticks[-1].text == "1.0"


def test_a_whisker_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="begin at zero"):
        whiskered(-1, 4).svg()


# Columns


def test_columns_stand_on_one_scale_and_a_zero_baseline() -> None:
    one, other = columns().drawn

    assert [column.bar_height for column in one.columns] == [0, 7, 14, 22, 29, 36, 43, 50]
    assert {column.bar_y + column.bar_height for column in one.columns} == {one.baseline}
    assert {column.bar_y + column.bar_height for column in other.columns} == {other.baseline}
    assert columns().height == other.top + other.height


def test_a_column_that_is_not_known_is_not_drawn_but_its_words_are() -> None:
    svg = drawing(columns())

    assert len([rect for rect in svg.iter(f"{SVG}rect") if "mark" in str(rect.get("class"))]) == 15
    assert "–" in [text.text for text in svg.iter(f"{SVG}text")]


def test_a_column_that_leads_somewhere_is_a_link_with_words_but_not_in_a_file() -> None:
    chart = columns(panels=[Panel("GTA", [Bar("April", 0.1, "10%", href="/rows/")])])

    (link,) = drawing(chart).iter(f"{SVG}a")
    assert (link.get("href"), link.get("aria-label")) == ("/rows/", "GTA, April: 10%")
    assert drawing(chart).get("role") == "group"
    assert "<a " not in chart.svg_file()


def test_a_narrow_screen_leaves_out_every_second_label_of_many_columns() -> None:
    assert [column.is_between for column in columns().drawn[0].columns] == [False, True] * 4
    few = columns(panels=[Panel("GTA", [Bar("A", 0.1, "10%"), Bar("B", 0.1, "10%")])])
    assert not any(column.is_between for column in few.drawn[0].columns)
