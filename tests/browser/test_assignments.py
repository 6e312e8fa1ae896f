"""Job 1: a regional manager sees what needs them, and extends, ends, transfers or adds an assignment."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Page, expect

from registry import actions
from registry.models import JFO, Assignment

SignedIn = Callable[[str], Page]
LANGUAGES = pytest.mark.parametrize("language", ["en", "fr"])


def submit(page: Page) -> None:
    page.locator("#page-form .form-buttons button[type=submit]").click()


@LANGUAGES
def test_a_manager_signs_in_and_extends_what_ends_soon(page: Page, language: str) -> None:
    page.goto(f"/{language}/sign-in/")
    page.fill("[name=username]", "que.manager")
    page.fill("[name=password]", "demonstration")
    submit(page)
    # The home page is in the user's own language, whatever the sign-in page's was.
    expect(page).to_have_url(re.compile("/fr/$"))
    page.goto(f"/{language}/")
    needs = page.locator(".needs li:has(a[href*='/extend/'])", has_text="NPET-QUE")
    expect(needs).to_have_count(1)
    needs.locator("a[href*='/extend/']").click()
    page.fill("[name=end]", "2012-03-31")
    submit(page)
    expect(page.locator(".messages")).to_contain_text("2012-03-31")
    assert Assignment.objects.filter(jfo__code="NPET-QUE", end="2012-03-31").exists()


@LANGUAGES
def test_a_date_in_another_order_is_refused_and_nothing_typed_is_lost(signed_in: SignedIn, language: str) -> None:
    page = signed_in("que.manager")
    page.goto(f"/{language}/assignments/?state=ending")
    page.locator("#results a[href*='/extend/']").first.click()
    page.fill("[name=end]", "31/03/2012")
    page.fill("[name=reason]", "asked by the team")
    submit(page)
    expect(page.locator(".error-summary")).to_contain_text("2011-03-31")
    expect(page.locator("[name=end]")).to_have_value("31/03/2012")
    page.locator("header button[name=_language]").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr-CA" if language == "en" else "en-CA")
    expect(page.locator("[name=end]")).to_have_value("31/03/2012")
    expect(page.locator("[name=reason]")).to_have_value("asked by the team")


@LANGUAGES
def test_more_than_full_time_is_refused_with_the_other_assignment_named(signed_in: SignedIn, language: str) -> None:
    page = signed_in("que.manager")
    taken = Assignment.objects.get(jfo__code="CFSEU-QUE", end=None)
    page.goto(f"/{language}/assignments/new/?officer={taken.officer.number}")
    page.select_option("[name=jfo]", str(JFO.objects.get(code="FAE").pk))
    page.fill("[name=fte]", "0,50" if language == "fr" else "0.50")
    page.fill("[name=start]", "2011-04-01")
    submit(page)
    expect(page.locator(".error-summary")).to_contain_text("CFSEU-QUE")
    expect(page.locator(".error-summary")).to_contain_text("1,50" if language == "fr" else "1.50")
    assert Assignment.objects.filter(officer=taken.officer, jfo__code="FAE").count() == 0


@LANGUAGES
def test_a_manager_transfers_an_officer_in_one_form(signed_in: SignedIn, language: str) -> None:
    page = signed_in("que.manager")
    old = Assignment.objects.get(jfo__code="SPVM-JFO", end=None)
    page.goto(f"/{language}/assignments/{old.pk}/")
    page.locator(".page-actions a[href*='/transfer/']").click()
    page.select_option("[name=jfo]", str(JFO.objects.get(code="INSET-QUE").pk))
    page.fill("[name=start]", "2011-04-15")
    submit(page)
    expect(page.locator(".messages")).to_contain_text("INSET-QUE")
    old.refresh_from_db()
    assert str(old.end) == "2011-04-14"
    assert Assignment.objects.get(officer=old.officer, jfo__code="INSET-QUE").start.isoformat() == "2011-04-15"


@LANGUAGES
def test_a_manager_ends_an_assignment_with_a_reason(signed_in: SignedIn, language: str) -> None:
    page = signed_in("que.manager")
    row = Assignment.objects.get(jfo__code="INSET-QUE", end=None)
    page.goto(f"/{language}/assignments/{row.pk}/end/")
    page.fill("[name=end]", "2011-06-30")
    page.select_option("[name=end_reason]", "rotation")
    submit(page)
    expect(page.locator(".messages")).to_contain_text("2011-06-30")


@LANGUAGES
def test_a_manager_ends_three_together_and_takes_it_back(
    signed_in: SignedIn, violations: Callable[[Page], list[str]], language: str
) -> None:
    page = signed_in("gta.manager")
    selected = list(Assignment.objects.filter(officer__region__code="GTA", end=None).order_by("pk")[:3])
    page.goto(f"/{language}/assignments/?group=officer")
    for row in selected:
        page.check(f"#selection [name=rows][value='{row.pk}']")
    page.locator("#selection button[value=end]").click()
    page.fill("[name=end]", "2011-06-30")
    page.select_option("[name=end_reason]", "rotation")
    submit(page)
    check = page.locator("table:has([name=rows])")
    expect(check.get_by_text("2011-06-30")).to_have_count(3)
    assert violations(page) == []
    assert not Assignment.objects.filter(pk__in=[row.pk for row in selected], end="2011-06-30").exists()
    page.locator("button[name=_apply]").click()
    expect(page).to_have_url(re.compile(f"/{language}/assignments/[?]group=officer$"))
    expect(page.locator(".messages .alert-success")).to_contain_text("3 ")
    assert Assignment.objects.filter(pk__in=[row.pk for row in selected], end="2011-06-30").count() == 3
    page.locator(".messages form.undo button").click()
    expect(page.locator(".messages .alert-success")).to_be_visible()
    assert Assignment.objects.filter(pk__in=[row.pk for row in selected], end=None).count() == 3


@LANGUAGES
def test_a_transfer_meets_what_somebody_else_changed_meanwhile(signed_in: SignedIn, language: str) -> None:
    page = signed_in("que.manager")
    row = Assignment.objects.get(jfo__code="SPVM-JFO", end=None)
    page.goto(f"/{language}/assignments/{row.pk}/transfer/")
    page.select_option("[name=jfo]", str(JFO.objects.get(code="INSET-QUE").pk))
    page.fill("[name=start]", "2011-04-15")
    actions.extend(row, by=None, end=date(2011, 12, 31), day=date(2011, 3, 31))
    submit(page)
    expect(page.locator(".conflict")).to_contain_text("2011-12-31")
    row.refresh_from_db()
    assert row.end == date(2011, 12, 31)
    submit(page)
    expect(page.locator(".messages")).to_contain_text("INSET-QUE")
    row.refresh_from_db()
    assert row.end == date(2011, 4, 14)


@LANGUAGES
def test_the_effect_of_a_form_is_shown_before_it_is_saved(
    signed_in: SignedIn, violations: Callable[[Page], list[str]], language: str
) -> None:
    page = signed_in("que.manager")
    row = Assignment.objects.get(jfo__code="SPVM-JFO", end=None)
    page.goto(f"/{language}/assignments/{row.pk}/fte/")
    page.fill("[name=fte]", "0,40" if language == "fr" else "0.40")
    page.fill("[name=start]", "2011-04-15")
    page.locator("button[name=_check]").click()
    expect(page.locator(".alert-info")).to_contain_text("0,40" if language == "fr" else "0.40")
    assert violations(page) == []
    assert not Assignment.objects.filter(officer=row.officer, start="2011-04-15").exists()
    page.locator("#page-form .btn-primary").click()
    expect(page.locator(".messages .undo")).to_be_visible()
    assert Assignment.objects.get(officer=row.officer, start="2011-04-15").fte == Decimal("0.40")


def test_filters_are_the_address_and_chips_drop_them(signed_in: SignedIn) -> None:
    page = signed_in("gta.manager")
    page.goto("/en/assignments/")
    page.select_option("[name=function]", "IEO")
    page.locator(".filters button[type=submit]").click()
    expect(page.locator(".chips")).to_contain_text("Inland Enforcement Officer")
    expect(page).to_have_url(re.compile("function=IEO"))
    expect(page.locator("#results tbody tr")).to_have_count(4)
    page.locator(".chip").first.click()
    expect(page.locator(".chips")).to_have_count(0)


def test_going_back_asks_again_since_the_browser_keeps_no_officers(signed_in: SignedIn) -> None:
    """Pages left behind lay in the browser's storage, names of officers and all, after their reader had signed out."""
    page = signed_in("gta.manager")
    page.goto("/en/assignments/")
    rows = page.locator("#results tbody tr")
    before = rows.count()
    page.select_option("[name=function]", "IEO")
    page.locator(".filters button[type=submit]").click()
    expect(rows).to_have_count(4)
    page.go_back()
    expect(rows).to_have_count(before)
    assert "O-0" not in page.evaluate("Object.values({...localStorage, ...sessionStorage}).join()")


def test_a_date_that_cannot_be_read_is_said_with_javascript_too(signed_in: SignedIn) -> None:
    """Only the rows were swapped: today's came in answer to another day, without a word."""
    page = signed_in("que.manager")
    page.goto("/en/assignments/")
    page.fill("[name=as_of]", "9/2/12")
    page.locator(".filters button[type=submit]").click()
    expect(page.locator(".messages")).to_contain_text("“9/2/12” is not a date")
    expect(page.locator(".filters button[type=submit]")).to_be_focused()
    page.goto("/en/history/")
    page.fill("[name=first]", "9/2/12")
    page.locator(".filters button[type=submit]").click()
    expect(page.locator(".field-error")).to_contain_text("YYYY-MM-DD")


def test_whatever_has_the_focus_shows_it(signed_in: SignedIn) -> None:
    """Buttons and fields had a faint glow in place of the ring, and nothing at all in forced colours."""
    page = signed_in("que.manager")
    page.goto("/en/assignments/new/")
    style = "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]"
    for _press in range(25):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement !== document.body"):
            assert page.evaluate(f"() => {{ {style} }}") == ["solid", "3px"], page.evaluate(
                "document.activeElement.outerHTML"
            )


def test_filters_work_without_javascript(signed_in: SignedIn, browser: Browser, base_url: str) -> None:
    state = signed_in("gta.manager").context.storage_state()
    with browser.new_context(java_script_enabled=False, base_url=base_url, storage_state=state) as context:
        page = context.new_page()
        page.goto("/en/assignments/")
        page.select_option("[name=function]", "IEO")
        page.locator(".filters button[type=submit]").click()
        expect(page.locator("#results tbody tr")).to_have_count(4)


def test_a_past_date_is_read_only_and_says_so(signed_in: SignedIn) -> None:
    page = signed_in("que.manager")
    page.goto("/en/assignments/?as_of=2009-06-30")
    expect(page.locator(".banner-as-of")).to_contain_text("June 30, 2009")
    expect(page.locator("a[href*='/extend/'], a[href*='/new/']:not([href*='/views/new/'])")).to_have_count(0)
