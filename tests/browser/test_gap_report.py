"""Job 2: an NHQ reviewer goes from the national picture to the sentence in an arrangement, and takes the table away."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

SignedIn = Callable[[str], Page]
LANGUAGES = pytest.mark.parametrize("language", ["en", "fr"])


@LANGUAGES
def test_a_reviewer_drills_from_the_matrix_to_the_quotation(signed_in: SignedIn, language: str) -> None:
    page = signed_in("nhq.reviewer")
    page.goto(f"/{language}/arrangements/gaps/")
    expect(page.locator("main")).to_contain_text("33")
    expect(page.locator("main")).to_contain_text("19")
    page.locator(".matrix a.verdict-met").first.click()
    expect(page.locator("blockquote.evidence").first).to_be_visible()
    page.go_back()
    expect(page.locator(".matrix")).to_be_visible()


@LANGUAGES
def test_the_report_as_of_another_day_is_read_only_and_says_so(signed_in: SignedIn, language: str) -> None:
    page = signed_in("nhq.reviewer")
    page.goto(f"/{language}/arrangements/gaps/")
    page.fill("[name=as_of]", "2006-06-30")
    page.locator(".filters button[type=submit]").click()
    expect(page.locator(".banner-as-of")).to_contain_text("2006")


@LANGUAGES
def test_what_is_shown_can_be_taken_away(signed_in: SignedIn, language: str) -> None:
    page = signed_in("nhq.reviewer")
    page.goto(f"/{language}/arrangements/gaps/")
    with page.expect_download() as download:
        page.locator("a[href*='table=matrix'][href*='format=csv']").first.click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == 18  # a heading, and the 17 arrangements
