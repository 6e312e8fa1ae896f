"""Job 4: an NHQ reviewer assesses an arrangement clause by clause, and somebody else approves it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

SignedIn = Callable[[str], Page]
CLAUSES = 7
# An arrangement whose text is on file and that an assessment stands of already.
ARRANGEMENT = "WCA-2004-0001"


def _begin(page: Page, language: str) -> None:
    page.goto(f"/{language}/arrangements/{ARRANGEMENT}/assessments/new/")
    page.locator("main form button[type=submit]").click()
    expect(page).to_have_url(re.compile("/assessments/[0-9]+/a/$"))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_seven_clauses_with_save_and_next_then_submitted_and_approved(
    signed_in: SignedIn, violations: Callable[[Page], list[str]], language: str
) -> None:
    page = signed_in("nhq.reviewer")
    _begin(page, language)
    # The first clause: words are looked for, and the passage that holds them fills in part 1.
    page.fill("#id_q", "information")
    page.locator("[name=_search]").click()
    page.locator("[name=_use_passage]").first.click()
    expect(page.locator("#part-1 [name^=place_]")).not_to_have_value("")
    page.locator("#part-1 [value=met]").check()
    assert violations(page) == []
    for _clause in range(CLAUSES):
        left = page.locator("[name^=verdict_][value=not_assessed]:checked")
        for name in [one.get_attribute("name") for one in left.all()]:
            page.locator(f"[name={name}][value=not_met]").check()
        page.locator("[name=_next]").click()
        expect(page.locator(".alert-success")).to_be_visible()
    expect(page).to_have_url(re.compile("/assessments/[0-9]+/$"))
    assert violations(page) == []
    whole = page.url
    page.locator(".page-actions .btn-primary").click()
    expect(page).not_to_have_url(whole)
    assert violations(page) == []
    page.locator("main form button[type=submit].btn-primary").click()
    expect(page.locator(".alert-success")).to_be_visible()

    page = signed_in("nhq.approver")
    page.goto(whole)
    page.locator(".page-actions .btn-primary").click()
    page.locator("main form button[type=submit].btn-primary").click()
    expect(page.locator("dl.facts")).to_contain_text("Approved" if language == "en" else "Approuvée")
    expect(page.locator(".page-actions a")).to_have_count(0)


def test_a_narrow_screen_shows_a_clause_without_scrolling_sideways(signed_in: SignedIn) -> None:
    page = signed_in("nhq.reviewer")
    page.set_viewport_size({"width": 320, "height": 700})
    _begin(page, "en")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
