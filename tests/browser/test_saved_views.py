"""A list is set as it is needed, saved under a name, found again on the home page, removed and brought back; and two
managers change one assignment at once."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from jfo_portal.kit.models import SavedView
from registry import actions
from registry.models import Assignment, EndReason

SignedIn = Callable[[str], Page]
Violations = Callable[[Page], list[str]]
LANGUAGES = pytest.mark.parametrize("language", ["en", "fr"])


def fits_a_phone(page: Page) -> bool:
    page.set_viewport_size({"width": 320, "height": 800})
    fits = page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.set_viewport_size({"width": 1280, "height": 800})
    return bool(fits)


@LANGUAGES
def test_a_view_is_saved_found_removed_and_brought_back(
    signed_in: SignedIn, violations: Violations, language: str
) -> None:
    page = signed_in("que.manager")
    page.goto(f"/{language}/assignments/")
    page.select_option("[name=function]", "IA")
    page.locator(".filters button[type=submit]").click()
    expect(page).to_have_url(re.compile("function=IA"))
    page.locator(".saved-views summary").click()
    page.locator(".saved-views a[href*='/views/new/']").click()
    expect(page.locator("dl.facts")).to_contain_text("(IA" if language == "en" else "(AnR")
    assert violations(page) == []
    assert fits_a_phone(page)
    page.fill("[name=name]", "Analystes")
    page.locator("#page-form .form-buttons button[type=submit]").click()
    expect(page.locator(".saved-views summary")).to_contain_text("Analystes")
    expect(page.locator(".messages .undo button")).to_have_count(1)
    page.goto(f"/{language}/")
    page.get_by_role("link", name="Analystes").click()
    expect(page).to_have_url(re.compile("function=IA.*view="))
    page.locator(".saved-views summary").click()
    page.locator(".saved-views a[href$='/views/']").click()
    assert violations(page) == []
    assert fits_a_phone(page)
    page.locator("a[href*='/remove/']").click()
    page.locator("#page-form .form-buttons button[type=submit]").click()
    assert not SavedView.objects.exists()
    page.locator(".messages .undo button").click()
    assert SavedView.objects.get().name == "Analystes"


@LANGUAGES
def test_what_a_colleague_changed_meanwhile_is_chosen_field_by_field(
    signed_in: SignedIn, violations: Violations, language: str
) -> None:
    page = signed_in("que.manager")
    row = Assignment.objects.get(jfo__code="INSET-QUE", end=None)
    page.goto(f"/{language}/assignments/{row.pk}/end/")
    actions.end_assignment(row, by=None, end=date(2011, 3, 31), end_reason=EndReason.OTHER, reason="entered twice")
    page.fill("[name=end]", "2011-03-15")
    page.select_option("[name=end_reason]", "rotation")
    page.locator("#page-form .form-buttons button[type=submit]").click()
    expect(page.locator(".conflict")).to_have_count(2)
    expect(page.locator("[role=alert]")).to_contain_text("entered twice")
    assert violations(page) == []
    assert fits_a_phone(page)
    page.check("#yours-end")
    # In the other language the same is still to be chosen.
    page.locator("header button[name=_language]").click()
    expect(page.locator(".conflict")).to_have_count(2)
    expect(page.locator("#yours-end")).to_be_checked()
    page.check("#theirs-end")
    page.locator("#page-form .form-buttons button[type=submit]").click()
    expect(page.locator(".messages")).to_contain_text("2011-03-31")
    row.refresh_from_db()
    assert (row.end, row.end_reason) == (date(2011, 3, 31), "other")


@LANGUAGES
def test_an_act_is_undone_and_an_old_version_restored(
    signed_in: SignedIn, violations: Violations, language: str
) -> None:
    page = signed_in("que.manager")
    row = Assignment.objects.get(jfo__code="SPVM-JFO", end=None)
    page.goto(f"/{language}/assignments/{row.pk}/end/")
    page.fill("[name=end]", "2011-06-30")
    page.select_option("[name=end_reason]", "rotation")
    page.locator("#page-form .form-buttons button[type=submit]").click()
    page.locator(".history .acts a[href*='/undo/']").first.click()
    assert violations(page) == []
    assert fits_a_phone(page)
    page.locator("#page-form .form-buttons button[type=submit]").click()
    row.refresh_from_db()
    assert row.end is None
    page.locator(".history a[href*='/restore/']").first.click()
    expect(page.locator(".restored")).to_contain_text("2011-06-30")
    assert violations(page) == []
    page.fill("[name=reason]", "it was right")
    page.locator("#page-form .form-buttons button[type=submit]").click()
    row.refresh_from_db()
    assert str(row.end) == "2011-06-30"
    page.locator(".history a[href*='/history/']").first.click()
    assert violations(page) == []
