"""What holds of every page: no axe violation, in both languages; no sideways scroll on a phone; errors included."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from registry.models import Assignment

SignedIn = Callable[[str], Page]
Violations = Callable[[Page], list[str]]

PAGES = {
    "que.manager": [
        "",
        "jfos/",
        "jfos/IBET-QUE-1/",
        "officers/",
        "officers/{officer}/",
        "officers/O-0055/",
        "officers/O-0001/?as_of=1990-01-01",
        "officers/O-0055/training/",
        "training/",
        "agencies/",
        "agencies/RCMP/",
        "tenure/",
        "tenure/?region=ATL&function=all",
        "tenure/?as_of=2009-06-30",
        "tenure/?region=XX",
        "capacity/",
        "jfos/SPVM-JFO/compare/",
        "jfos/SPVM-JFO/compare/?from=2011-01-01&to=2010-01-01",
        "jfos/GTADS/compare/",
        "regions/QUE/compare/",
        "assignments/",
        "assignments/?as_of=2009-06-30",
        "assignments/?q=nobody",
        "assignments/new/",
        "assignments/{assignment}/",
        "assignments/{assignment}/extend/",
        "assignments/{assignment}/end/",
        "assignments/{assignment}/transfer/",
        "assignments/{assignment}/fte/",
        "assignments/{assignment}/split/",
        "assignments/batch/",
        "assignments/batch/?do=transfer&rows={assignment}&rows=999999",
        "performance/",
        "performance/regions/QUE/",
        "reports/exhibit-11/",
        "history/",
        "history/assignment/{assignment}/",
        "views/",
        "views/new/assignments/?function=IA&as_of=2010-06-30",
        "views/new/assignments/?colour=red",
        "help/",
    ],
    "nhq.reviewer": [
        "",
        "jfos/?as_of=2009-06-30",
        "jfos/BEST-WSC/",
        "tenure/",
        "capacity/?as_of=1999-01-01",
        "regions/GTA/compare/?from=2005-03-31",
        "arrangements/",
        "arrangements/WCA-2004-0001/",
        "arrangements/WCA-2004-0001/clauses/c/",
        "arrangements/gaps/",
        "arrangements/gaps/?as_of=1999-01-01",
        "performance/?fy=2001-2002",
        "reports/",
        "reports/exhibit-1/",
        "reports/exhibit-4/",
        "reports/exhibit-5/",
        "reports/exhibit-6/",
        "reports/exhibit-7/",
        "reports/exhibit-8/",
        "reports/exhibit-12/",
        "reports/exhibit-5/?as_of=31/03/2011",
        "history/",
        "imports/",
        "no-such-page/",
    ],
    "admin": [
        "",
        "imports/",
        "imports/new/",
        "history/",
        "agencies/RCMP/",
        "agencies/RCMP/edit/",
        "agencies/RCMP/aliases/",
        "agencies/new/",
        "agencies/RCMP/merge/",
        "agencies/RCMP/merge/?into=MUNICIPAL-POLICE",
    ],
    "auditor": ["", "history/?door=command"],
}
CASES = [(user, path, language) for user, paths in PAGES.items() for path in paths for language in ("en", "fr")]


@pytest.mark.parametrize(("user", "path", "language"), CASES)
def test_a_page_is_accessible_and_fits_a_phone(
    signed_in: SignedIn, violations: Violations, user: str, path: str, language: str
) -> None:
    page = signed_in(user)
    row = Assignment.objects.filter(officer__region__code="QUE", end=None).select_related("officer").first()
    assert row is not None
    address = f"/{language}/" + path.format(assignment=row.pk, officer=row.officer.number)
    page.goto(address)
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_refused_form_is_accessible(signed_in: SignedIn, violations: Violations, language: str) -> None:
    page = signed_in("que.manager")
    page.goto(f"/{language}/assignments/new/")
    page.fill("[name=start]", "31/03/2011")
    page.fill("[name=fte]", "7")
    page.locator("#page-form .form-buttons button[type=submit]").click()
    page.wait_for_selector(".error-summary")
    assert violations(page) == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_sign_in_page_is_accessible(page: Page, violations: Violations, language: str) -> None:
    page.goto(f"/{language}/sign-in/")
    assert violations(page) == []
    page.fill("[name=username]", "nobody")
    page.fill("[name=password]", "wrong")
    page.locator("#page-form .form-buttons button[type=submit]").click()
    page.wait_for_selector(".error-summary")
    assert violations(page) == []
