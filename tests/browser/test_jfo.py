"""A manager keeps what hangs on a JFO, and prints its brief on one page."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Page, expect

from registry.models import (
    JFO,
    ActionItem,
    Agency,
    Contact,
    Establishment,
    Meeting,
    Participation,
    ParticipationReview,
    Risk,
    RiskCoverage,
)
from tests import rows

SignedIn = Callable[[str], Page]
Violations = Callable[[Page], list[str]]
LANGUAGES = pytest.mark.parametrize("language", ["en", "fr"])


def submit(page: Page) -> None:
    page.locator("#page-form .form-buttons button[type=submit]").click()


def fill_to_the_brim(code: str) -> None:
    """Give the JFO more of everything than its brief shows."""
    jfo = JFO.objects.get(code=code)
    for field in ("objectives_en", "objectives_fr"):
        setattr(jfo, field, " ".join(["Keeps watch over the border together with its partners, day and night."] * 20))
    jfo.save_as(None)
    # Every agency takes part, every risk is answered.
    there = set(jfo.participations.values_list("agency", flat=True))
    for agency in Agency.objects.exclude(pk__in=there):
        Participation(jfo=jfo, agency=agency, role="partner", start=date(2011, 1, 1)).save_as(None)
    answered = set(jfo.risk_coverage.values_list("risk", flat=True))
    for risk in Risk.objects.exclude(pk__in=answered):
        RiskCoverage(jfo=jfo, risk=risk).save_as(None)
    for number in range(4):
        for function in ("intelligence", "criminal_investigations"):
            name = f"Marie-Emmanuelle de la Durantaye {number}"
            Contact(
                jfo=jfo, function=function, name=name, email=f"m.{number}@example.invalid", start=date(2011, 1, 1)
            ).save_as(None)
    for _number in range(12):
        rows.assignment(rows.officer(), code, date(2010, 6, 1), fte=Decimal("0.50"))
    Establishment.objects.filter(jfo=jfo).delete()
    Establishment(jfo=jfo, fte=Decimal("12.00"), start=date(2010, 4, 1)).save_as(None)
    meeting = Meeting(jfo=jfo, held_on=date(2011, 3, 21)).save_as(None)
    for number in range(9):
        what = f"{number}: " + "write down what was agreed with every partner " * 6
        ActionItem(meeting=meeting, what=what[:300], owner="Regional intelligence of the CBSA, with the RCMP").save_as(
            None
        )
    reasons = "The team works well with its partners, and what it costs is in proportion to what it brings. " * 10
    ParticipationReview(jfo=jfo, reviewed_on=date(2011, 3, 30), decision="continue", reasons=reasons).save_as(None)


@LANGUAGES
def test_the_brief_of_the_fullest_jfo_is_one_letter_page(signed_in: SignedIn, language: str) -> None:
    fill_to_the_brim("BEST-WSC")
    page = signed_in("nhq.reviewer")
    page.goto(f"/{language}/jfos/BEST-WSC/brief/")
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    width, height = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf).groups()  # type: ignore[union-attr]
    assert (round(float(width)), round(float(height))) == (612, 792)
    page.emulate_media(media="print")
    expect(page.locator(".marking")).to_be_visible()
    expect(page.locator(".brief-foot")).to_contain_text("2011")
    expect(page.locator(".portal-nav, .breadcrumb").first).to_be_hidden()


@LANGUAGES
def test_pages_of_a_jfo_are_accessible_and_fit_a_phone(
    signed_in: SignedIn, violations: Violations, language: str
) -> None:
    page = signed_in("que.manager")
    contact = Contact.objects.filter(jfo__code="IBET-QUE-1").first()
    assert contact is not None
    for path in (
        "?part=partners",
        "?part=meetings",
        "?part=outcomes",
        "?part=performance",
        "brief/",
        "objectives/",
        "contacts/",
        "partners/new/",
        "meetings/new/",
        f"contacts/{contact.pk}/",
        f"contacts/{contact.pk}/remove/",
    ):
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(f"/{language}/jfos/IBET-QUE-1/{path}")
        assert violations(page) == [], path
        page.set_viewport_size({"width": 320, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path


def test_a_new_primary_contact_takes_over_and_one_undo_takes_it_back_without_javascript(
    signed_in: SignedIn, browser: Browser, base_url: str
) -> None:
    state = signed_in("que.manager").context.storage_state()
    with browser.new_context(java_script_enabled=False, base_url=base_url, storage_state=state) as context:
        page = context.new_page()
        page.goto("/en/jfos/IBET-QUE-1/?part=partners")
        page.locator("a[href$='/contacts/new/']").click()
        page.select_option("[name=function]", "intelligence")
        page.fill("[name=name]", "Ada Essai")
        page.check("[name=is_primary]")
        page.fill("[name=start]", "2011-02-01")
        submit(page)
        expect(page.locator(".error-summary")).to_contain_text("Tick the box to end that on 2011-01-31")
        page.check("[name=ends_other]")
        submit(page)
        expect(page.locator(".messages")).to_contain_text("Added: Ada Essai")
        expect(page.locator("tr", has_text="Marc-André Bergeron")).to_contain_text("2011-01-31")
        page.locator(".undo button").click()
        assert not Contact.objects.filter(name="Ada Essai").exists()
        assert Contact.objects.filter(jfo__code="IBET-QUE-1", name="Marc-André Bergeron", end=None).exists()


def test_a_meeting_is_recorded_with_what_is_to_be_done_and_the_task_is_marked_as_done(signed_in: SignedIn) -> None:
    page = signed_in("que.manager")
    page.goto("/en/jfos/FAE/?part=meetings")
    page.locator("a[href$='/meetings/new/']").click()
    page.fill("[name=held_on]", "2011-03-21")
    page.fill("[name=decisions]", "Go on.")
    page.fill("[name=what_1]", "Write it down")
    page.fill("[name=owner_1]", "CBSA")
    page.fill("[name=due_on_1]", "2011-03-25")
    submit(page)
    line = page.locator("tr", has_text="Write it down")
    expect(line).to_contain_text("overdue")
    line.locator("a[href*='fill=done_on']").click()
    expect(page.locator("[name=done_on]")).to_have_value("2011-03-31")
    submit(page)
    expect(page.locator("tr", has_text="Write it down")).to_contain_text("done on 2011-03-31")


@LANGUAGES
def test_what_is_restricted_in_the_list_is_a_mark_explained_once_and_a_word_read_aloud(
    signed_in: SignedIn, language: str
) -> None:
    """« accès restreint » in two cells of each row made the French list wider than the page."""
    page = signed_in("que.manager")
    page.goto(f"/{language}/jfos/?per=100")
    expect(page.locator(".lead-in .restricted-mark")).to_have_count(1)
    word = "restricted" if language == "en" else "accès restreint"
    others = page.locator("#results tbody tr", has_text="IBET-PAC-1").locator("td.numeric")
    for number in range(2):
        expect(others.nth(number).locator(".visually-hidden")).to_have_text(word)
        assert others.nth(number).inner_text().startswith("*")
