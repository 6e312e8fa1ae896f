"""An administrator finds that two agencies are one: looks at what would move, merges them, and takes it back."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from registry.models import Agency, Participation

SignedIn = Callable[[str], Page]
Violations = Callable[[Page], list[str]]
LANGUAGES = pytest.mark.parametrize("language", ["en", "fr"])


@LANGUAGES
def test_two_agencies_are_merged_and_taken_apart_again(
    signed_in: SignedIn, violations: Violations, language: str
) -> None:
    jfos = Participation.objects.filter(agency__key="TB-POLICE").count()
    page = signed_in("admin")
    page.goto(f"/{language}/agencies/?q=thunder+bay")
    page.locator("#results tbody th a").click()
    page.locator(".page-actions a[href$='/merge/']").click()
    page.select_option("[name=into]", "OPP")
    page.locator("form.filters button[type=submit]").click()
    expect(page.locator("main")).to_contain_text("TBPS")
    assert violations(page) == []
    page.locator("#page-form [name=reason]").fill("one force")
    page.locator("#page-form button[type=submit]").click()
    expect(page).to_have_url(re.compile(f"/{language}/agencies/OPP/$"))
    assert not Agency.objects.filter(key="TB-POLICE").exists()
    page.locator(".undo button").click()
    expect(page.locator(".messages")).to_be_visible()
    assert Participation.objects.filter(agency__key="TB-POLICE").count() == jfos
