"""The assignments page as a timeline in a browser: what stays in sight, what is selected, what is heard."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from registry.models import Assignment

SignedIn = Callable[[str], Page]
Violations = Callable[[Page], list[str]]
LANGUAGES = pytest.mark.parametrize("language", ["en", "fr"])


@LANGUAGES
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("query", ["group=jfo", "zoom=fy&group=officer", "zoom=3fy&as_of=2010-06-30"])
def test_the_timeline_is_accessible_at_any_width(
    signed_in: SignedIn, violations: Violations, language: str, width: int, query: str
) -> None:
    page = signed_in("que.manager")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/{language}/assignments/?{query}")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_headings_stay_in_sight_while_the_table_scrolls(signed_in: SignedIn) -> None:
    """The headings stuck to a box that did not scroll, and went with it."""
    page = signed_in("nhq.reviewer")
    page.goto("/en/assignments/?per=100")
    table = page.locator(".table-scroll")
    table.scroll_into_view_if_needed()
    table.evaluate("element => element.scrollTop = 1000")
    top = table.bounding_box()
    heading = page.locator("thead th").first.bounding_box()
    assert top
    assert heading
    assert abs(heading["y"] - top["y"]) < 2
    assert page.locator("tbody tr").first.bounding_box()["y"] < top["y"]  # type: ignore[index]


def test_what_has_the_focus_is_hidden_by_neither_headings_nor_bar(signed_in: SignedIn) -> None:
    page = signed_in("que.manager")
    page.set_viewport_size({"width": 1280, "height": 600})
    page.emulate_media(reduced_motion="reduce")  # the page is where it scrolls to at once
    page.goto("/en/assignments/?group=jfo")
    page.locator("thead a").last.focus()
    covered = """() => {
        const box = document.activeElement.getBoundingClientRect();
        const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return !at || !(document.activeElement.contains(at) || at.contains(document.activeElement))
          ? document.activeElement.outerHTML : "";
    }"""
    for _press in range(60):
        page.keyboard.press("Tab")
        if not page.evaluate("!!document.activeElement.closest('tbody')"):
            break
        assert page.evaluate(covered) == ""
    for _press in range(30):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("!!document.activeElement.closest('tbody')"):
            assert page.evaluate(covered) == ""


def test_a_box_selects_the_page_and_the_bar_counts(signed_in: SignedIn) -> None:
    page = signed_in("que.manager")
    page.goto("/en/assignments/")
    rows = page.locator("[name=rows]")
    count = rows.count()
    page.get_by_label("Select all on this page").check()
    expect(page.locator("output[data-counts]")).to_have_text(f"Selected: {count}")
    rows.first.uncheck()
    expect(page.locator("output[data-counts]")).to_have_text(f"Selected: {count - 1}")
    assert page.get_by_label("Select all on this page").evaluate("box => box.indeterminate")
    page.get_by_role("button", name="Extend…").click()
    expect(page).to_have_url(re.compile(r"/assignments/batch/\?.*do=extend"))
    assert page.url.count("rows=") == count - 1


def test_rows_swapped_in_by_a_filter_are_selected_alike(signed_in: SignedIn) -> None:
    page = signed_in("que.manager")
    page.goto("/en/assignments/")
    page.fill("[name=q]", "gagnon")
    page.locator(".filters button[type=submit]").first.click()
    expect(page.locator("[name=rows]")).to_have_count(1)
    page.get_by_label("Select all on this page").check()
    expect(page.locator("output[data-counts]")).to_have_text("Selected: 1")


def test_rows_are_selected_without_javascript(signed_in: SignedIn, browser: Browser, base_url: str) -> None:
    row = Assignment.objects.get(officer__number="O-0001", end=None)
    state = signed_in("que.manager").context.storage_state()
    with browser.new_context(java_script_enabled=False, base_url=base_url, storage_state=state) as context:
        page = context.new_page()
        page.goto("/en/assignments/?group=jfo")
        expect(page.get_by_label("Select all on this page")).to_be_hidden()
        expect(page.locator(".bulk-bar")).to_contain_text("Tick rows, then:")
        page.get_by_label("Select O-0001").check()
        page.get_by_role("button", name="End…", exact=True).click()
        expect(page).to_have_url(re.compile(rf"rows={row.pk}\b.*do=end"))


def test_links_group_and_zoom_and_a_vacancy_is_filled(signed_in: SignedIn) -> None:
    page = signed_in("que.manager")
    page.goto("/en/assignments/")
    page.get_by_role("navigation", name="Group by").get_by_role("link", name="JFO").click()
    page.get_by_role("navigation", name="Years shown").get_by_role("link", name="Three fiscal years").click()
    expect(page.get_by_role("navigation", name="Group by").locator("[aria-current]")).to_have_text("JFO")
    expect(page.locator(".scale")).to_contain_text("2010-2011")
    page.get_by_role("link", name="Fill SPVM-JFO").click()
    expect(page.locator("[name=jfo] option:checked")).to_contain_text("SPVM-JFO")


def test_bars_are_drawn_with_the_years_the_day_and_their_patterns(signed_in: SignedIn) -> None:
    page = signed_in("que.manager")
    page.goto("/en/assignments/?group=jfo")
    drawn = page.evaluate(
        """() => [...document.querySelectorAll('td.drawn svg')].map(svg => {
            const cell = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('rect')].every(rect => {
                const box = rect.getBoundingClientRect();
                return box.width > 0 && box.left >= cell.left - 1 && box.right <= cell.right + 1;
            });
        })"""
    )
    assert len(drawn) > 9
    assert all(drawn)
    for name in ("years", "day", "goes-on", "long", "lacking"):
        assert page.locator(f"#{name}").count() == 1
