"""The Django admin in a browser: no axe violation, nothing that the content policy stops, no sideways scroll."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from registry.models import Program

from .conftest import AXE_OPTIONS

PAGES = [
    "",
    "registry/",
    "registry/program/",
    "registry/program/?q=nobody",
    "registry/program/add/",
    "registry/program/{program}/change/",
    "registry/program/{program}/delete/",
    "registry/program/export/",
    "registry/agency/",
    "registry/region/",
    "performance/salaryrate/?fy=2009-2010",
    "performance/benefitrate/add/",
]


def violations(page: Page) -> list[str]:
    """Return what axe finds. It does not load style sheets itself: it would take those that Django's name by
    themselves for files beside the page."""
    page.wait_for_load_state()
    found = Axe().run(page, options={**AXE_OPTIONS, "preload": False}).response["violations"]
    return [f"{rule['id']}: " + "; ".join(str(node["target"]) for node in rule["nodes"]) for rule in found]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_fits_a_phone(signed_in: Callable[[str], Page], path: str, language: str) -> None:
    page = signed_in("admin")
    page.goto(f"/{language}/admin/" + path.format(program=Program.objects.get(code="IBET").pk))
    assert page.locator(".marking").first.is_visible()
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_a_change_is_made_and_undone(signed_in: Callable[[str], Page]) -> None:
    page = signed_in("admin")
    row = Program.objects.get(code="IBET")
    page.goto(f"/en/admin/registry/program/{row.pk}/change/")
    page.fill("[name=name_en]", "")
    page.click("[name=_save]")
    assert violations(page) == []
    page.fill("[name=name_en]", "Border Teams")
    page.fill("[name=reason]", "Renamed")
    page.click("[name=_save]")
    assert violations(page) == []
    page.locator(".messagelist form.undo button").click()
    page.wait_for_load_state()
    assert Program.objects.get(code="IBET").name_en == row.name_en
