"""Job 3: an administrator brings a spreadsheet in: columns, values, review, confirm, result; all of it or nothing."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, FilePayload, Page, expect
from xlsxwriter import Workbook

from jfo_portal.kit.models import Import
from registry.models import Assignment, Officer

SignedIn = Callable[[str], Page]
Violations = Callable[[Page], list[str]]
LANGUAGES = pytest.mark.parametrize("language", ["en", "fr"])
SAMPLES = Path(settings.BASE_DIR) / "fixtures" / "samples"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def send(page: Page, language: str, entity: str, name: str) -> None:
    page.goto(f"/{language}/imports/")
    page.locator("main a[href$='/imports/new/']").first.click()
    page.select_option("[name=entity]", entity)
    page.set_input_files("[name=file]", SAMPLES / name)
    page.locator("#page-form .form-buttons button[type=submit]").click()


def confirm(page: Page) -> None:
    """Go from the review to the confirmation, and confirm."""
    page.locator("main a[href$='/confirm/'].btn-primary").click()
    page.fill("[name=reason]", "Sheet of the demonstration")
    if page.locator("[name=agreed]").count():
        page.check("[name=agreed]")
    page.locator("#page-form .btn-primary").click()
    expect(page).to_have_url(re.compile("/result/$"))


def counts(page: Page) -> list[str]:
    """Return the figures of the review: errors, warnings, new, changed, unchanged, all."""
    return page.locator(".figures strong").all_inner_texts()


def fits_a_phone(page: Page) -> bool:
    page.set_viewport_size({"width": 320, "height": 800})
    fits = page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    page.set_viewport_size({"width": 1280, "height": 720})
    return bool(fits)


@LANGUAGES
def test_officers_are_previewed_confirmed_and_there(signed_in: SignedIn, violations: Violations, language: str) -> None:
    page = signed_in("admin")
    before = Officer.objects.count()
    send(page, language, "officers", "officers.xlsx")
    assert counts(page) == ["0", "0", "4", "3", "2", "9"]
    assert violations(page) == []
    assert Officer.objects.count() == before
    confirm(page)
    assert violations(page) == []
    assert fits_a_phone(page)
    assert Officer.objects.count() == before + 4
    send(page, language, "officers", "officers.xlsx")
    assert counts(page) == ["0", "0", "0", "0", "9", "9"]


@LANGUAGES
def test_a_file_with_errors_names_every_place_and_saves_nothing(
    signed_in: SignedIn, violations: Violations, language: str
) -> None:
    page = signed_in("admin")
    before = Assignment.objects.count()
    send(page, language, "assignments", "assignments-with-errors.xlsx")
    expect(page).to_have_url(re.compile("/values/$"))
    page.goto(page.url.replace("/values/", "/review/"))
    assert counts(page)[0] == "18"
    expect(page.locator("[role=alert]")).to_contain_text("18")
    expect(page.locator("main")).to_contain_text("SPVM")
    assert violations(page) == []
    assert fits_a_phone(page)
    expect(page.locator("main a[href$='/confirm/']")).to_have_count(0)
    assert Assignment.objects.count() == before
    # Printed, it is as wide as a letter on its side between margins of 12 mm, without what can be pressed alone.
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 966, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 966
    expect(page.locator("main button:visible")).to_have_count(0)


@LANGUAGES
def test_every_step_is_accessible_and_fits_a_phone(signed_in: SignedIn, violations: Violations, language: str) -> None:
    page = signed_in("admin")
    page.goto(f"/{language}/imports/new/?kind=assignments")
    assert violations(page) == []
    assert fits_a_phone(page)
    page.select_option("[name=entity]", "assignments")
    page.fill("[name=rows]", "Officer number\tJFO\tFTE\tFirst day\tBureau\nO-0316\tGTADS Drugs\t7\t04/04/2011\tx\n")
    page.locator("#page-form .form-buttons button[type=submit]").click()
    base = page.url.removesuffix("file/")
    for step in ("file", "columns"):
        page.goto(f"{base}{step}/")
        assert violations(page) == [], step
        assert fits_a_phone(page), step
    page.locator("#page-form .form-buttons button[type=submit]").click()
    page.wait_for_selector(".error-summary")
    assert violations(page) == []
    page.select_option("[name=column_4]", "-")
    page.locator("#page-form .form-buttons button[type=submit]").click()
    for step in ("values", "review"):
        page.goto(f"{base}{step}/")
        assert violations(page) == [], step
        assert fits_a_phone(page), step
    page.goto(f"/{language}/imports/")
    assert violations(page) == []
    send(page, language, "assignments", "assignments-french.csv")
    page.locator("main a[href$='/confirm/'].btn-primary").click()
    assert violations(page) == []
    assert fits_a_phone(page)


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
    assert counts(page)[2] == new
    confirm(page)
    send(page, language, entity, name)
    assert counts(page)[2] == "0"


@LANGUAGES
def test_a_file_that_is_no_spreadsheet_is_refused_in_a_sentence(signed_in: SignedIn, language: str) -> None:
    page = signed_in("admin")
    page.goto(f"/{language}/imports/new/")
    page.select_option("[name=entity]", "officers")
    page.set_input_files("[name=file]", {"name": "officers.xlsx", "mimeType": "text/plain", "buffer": b"\x00\x01junk"})
    page.locator("#page-form .form-buttons button[type=submit]").click()
    expect(page.locator(".error-summary")).to_be_visible()


# Journey K6: 128 rows, mapped, four errors fixed in the page, confirmed, undone


def a_region_s_sheet() -> FilePayload:
    """128 new officers under headers of the region's own, four of them with an error."""
    content = BytesIO()
    with Workbook(content) as book:
        sheet = book.add_worksheet("Personnel")
        headers = ["Matricule", "Nom de famille", "Prénom", "Fonction", "Région", "Premier jour", "Niveau"]
        headers += ["Premier jour à ce niveau", "Bureau"]
        sheet.write_row(0, 0, headers)
        for number in range(128):
            sheet.write_row(
                number + 1,
                0,
                [f"O-7{number:03}", "Essai", "Camille", "IO", "QUE", "2011-04-04", "FB-03", "2011-04-04", "Montréal"],
            )
        sheet.write(17, 5, "04/04/2011")
        sheet.write(23, 6, "FB-33")
        sheet.write(58, 5, "4 avril 2011")
        sheet.write(90, 5, "2011-02-30")
    return {"name": "QUE_2011-03.xlsx", "mimeType": XLSX, "buffer": content.getvalue()}


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until what matches has the focus."""
    for _press in range(600):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"{selector} cannot be reached by Tab")


def choose(page: Page, selector: str, words: str) -> None:
    """Choose an option of a select by typing its first letters."""
    tab_to(page, selector)
    page.keyboard.type(words)


def press(page: Page, selector: str, address: str) -> None:
    """Press a button or follow a link with the keyboard, and wait for the page at that address."""
    tab_to(page, selector)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/en/.*" + address), timeout=30_000)
    page.wait_for_load_state()


SUBMIT = "#page-form .form-buttons button[type=submit]"


def test_a_region_s_sheet_comes_in_by_keyboard_alone_and_is_taken_back(
    signed_in: SignedIn, violations: Violations
) -> None:
    page = signed_in("admin")
    before = Officer.objects.count()
    page.goto("/en/imports/new/")
    choose(page, "[name=entity]", "Officers")
    # What the browser's own dialog does cannot be typed.
    page.set_input_files("[name=file]", a_region_s_sheet())
    press(page, SUBMIT, "/file/$")
    press(page, SUBMIT, "/columns/$")
    choose(page, "[name=column_0]", "Officer number")
    choose(page, "[name=column_8]", "Leave this")
    press(page, SUBMIT, "/values/$")
    # FB-33 is nearest to FB-03.
    tab_to(page, "button[name=use]")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/review/$"))
    page.wait_for_load_state()
    assert counts(page) == ["3", "0", "125", "0", "0", "128"]
    for line, typed in ((18, "2011-04-04"), (59, "2011-04-04"), (91, "2011-02-28")):
        tab_to(page, f"[name^='fix-{line}-']")
        page.keyboard.type(typed)
    page.keyboard.press("Enter")
    page.wait_for_selector(".messages .alert-success")
    # Enter saves: it is not the language's button that it presses.
    assert "/en/" in page.url
    assert counts(page) == ["0", "0", "128", "0", "0", "128"]
    assert Officer.objects.count() == before
    press(page, "a[href$='/confirm/'].btn-primary", "/confirm/$")
    tab_to(page, "[name=reason]")
    page.keyboard.type("The region's sheet of March")
    press(page, SUBMIT, "/result/$")
    assert Officer.objects.count() == before + 128
    press(page, ".page-actions a[href*='/undo/']", "/undo/$")
    assert violations(page) == []
    assert fits_a_phone(page)
    tab_to(page, "[name=reason]")
    page.keyboard.type("The sheet of another region")
    press(page, SUBMIT, "/result/$")
    assert Officer.objects.count() == before
    # The same layout is known now: straight to the review, whose value is known too.
    page.goto("/en/imports/new/")
    choose(page, "[name=entity]", "Officers")
    page.set_input_files("[name=file]", a_region_s_sheet())
    press(page, SUBMIT, "/review/$")
    assert counts(page)[0] == "3"


def test_the_same_without_scripts(signed_in: SignedIn, browser: Browser, base_url: str) -> None:
    state = signed_in("admin").context.storage_state()
    before = Officer.objects.count()
    with browser.new_context(java_script_enabled=False, base_url=base_url, storage_state=state) as context:
        page = context.new_page()
        page.goto("/fr/imports/new/")
        page.select_option("[name=entity]", "officers")
        page.set_input_files("[name=file]", a_region_s_sheet())
        page.locator(SUBMIT).click()
        page.locator(SUBMIT).click()
        page.select_option("[name=column_0]", "number")
        page.select_option("[name=column_8]", "-")
        page.locator(SUBMIT).click()
        page.locator("button[name=use]").click()
        page.locator("button[name=put][value$='2011-04-04']").click()
        page.fill("[name^='fix-59-']", "2011-04-04")
        page.fill("[name^='fix-91-']", "2011-02-28")
        page.locator(SUBMIT).first.click()
        assert counts(page) == ["0", "0", "128", "0", "0", "128"]
        confirm(page)
        assert Officer.objects.count() == before + 128
        page.locator(".page-actions a[href*='/undo/']").click()
        page.fill("[name=reason]", "La feuille d’une autre région")
        page.locator(SUBMIT).click()
        expect(page).to_have_url(re.compile("/result/$"))
    assert Officer.objects.count() == before
    assert Import.objects.latest("pk").is_undone
