"""Job 3: an administrator brings a spreadsheet in: preview, confirm, result; all of it or nothing."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from registry.models import Assignment, Officer

SignedIn = Callable[[str], Page]
Violations = Callable[[Page], list[str]]
LANGUAGES = pytest.mark.parametrize("language", ["en", "fr"])
SAMPLES = Path(settings.BASE_DIR) / "fixtures" / "samples"


def send(page: Page, language: str, entity: str, name: str) -> None:
    page.goto(f"/{language}/imports/")
    page.locator("main a[href$='/imports/new/']").first.click()
    page.select_option("[name=entity]", entity)
    page.set_input_files("[name=file]", SAMPLES / name)
    page.locator("#page-form .form-buttons button[type=submit]").click()


def counts(page: Page) -> list[str]:
    """Return the figures of the review: errors, new, changed, unchanged, all."""
    return page.locator(".figures strong").all_inner_texts()


@LANGUAGES
def test_officers_are_previewed_confirmed_and_there(signed_in: SignedIn, violations: Violations, language: str) -> None:
    page = signed_in("admin")
    before = Officer.objects.count()
    send(page, language, "officers", "officers.xlsx")
    assert counts(page) == ["0", "4", "3", "2", "9"]
    assert violations(page) == []
    assert Officer.objects.count() == before
    page.fill("[name=reason]", "Sheet of the demonstration")
    page.locator("#page-form button:not([name=abandon])").click()
    expect(page).to_have_url(re.compile("/result/$"))
    assert violations(page) == []
    assert Officer.objects.count() == before + 4
    send(page, language, "officers", "officers.xlsx")
    assert counts(page) == ["0", "0", "0", "9", "9"]


@LANGUAGES
def test_a_file_with_errors_names_every_place_and_saves_nothing(
    signed_in: SignedIn, violations: Violations, language: str
) -> None:
    page = signed_in("admin")
    before = Assignment.objects.count()
    send(page, language, "assignments", "assignments-with-errors.xlsx")
    assert counts(page) == ["18", "1", "0", "0", "19"]
    expect(page.locator("[role=alert]")).to_contain_text("18")
    expect(page.locator("main")).to_contain_text("SPVM")
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    expect(page.locator("#page-form button:not([name=abandon])")).to_have_count(0)
    assert Assignment.objects.count() == before


@LANGUAGES
@pytest.mark.parametrize(
    ("entity", "name", "new"),
    [
        ("arrangements", "arrangements.xlsx", "2"),
        ("ims-files", "ims-files.csv", "5"),
        ("assignments", "assignments-french.csv", "2"),
    ],
)
def test_each_kind_of_file_comes_in(signed_in: SignedIn, language: str, entity: str, name: str, new: str) -> None:
    page = signed_in("admin")
    send(page, language, entity, name)
    assert counts(page)[1] == new
    page.fill("[name=reason]", "Sheet of the demonstration")
    page.locator("#page-form button:not([name=abandon])").click()
    expect(page).to_have_url(re.compile("/result/$"))
    send(page, language, entity, name)
    assert counts(page)[1] == "0"


@LANGUAGES
def test_a_file_that_is_no_spreadsheet_is_refused_in_a_sentence(signed_in: SignedIn, language: str) -> None:
    page = signed_in("admin")
    page.goto(f"/{language}/imports/new/")
    page.select_option("[name=entity]", "officers")
    page.set_input_files("[name=file]", {"name": "officers.xlsx", "mimeType": "text/plain", "buffer": b"\x00\x01junk"})
    page.locator("#page-form .form-buttons button[type=submit]").click()
    expect(page.locator(".error-summary")).to_be_visible()
