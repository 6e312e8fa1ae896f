"""What holds of every page: no axe violation, in both languages; no sideways scroll on a phone; errors included."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from performance.models import Expectation
from registry.models import Assignment
from tests.test_access import a_draft, que_contribution, que_expectation, que_outcome, que_snapshot
from wca.models import Arrangement, RemediationAction

SignedIn = Callable[[str], Page]
Violations = Callable[[Page], list[str]]

PAGES = {
    "que.manager": [
        "",
        "jfos/",
        "jfos/IBET-QUE-1/",
        "jfos/NPET-QUE/?part=gaps",
        "jfos/IBET-QUE-1/?part=expectations",
        "performance/expectations/?fy=2010-2011",
        "performance/expectations/?jfo=nothing",
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
        "arrangements/exposure/",
        "performance/",
        "performance/regions/QUE/",
        "performance/costs/",
        "performance/costs/?region=GTA",
        "performance/costs/assignments/",
        "performance/costs/rates/",
        "performance/jfos/IBET-QUE-1/",
        "performance/jfos/GTADS/",
        "performance/officers/O-0001/",
        "performance/files/",
        "performance/officers/?group=jfo",
        "performance/quality/",
        "performance/quality/officers/?month=2010-05",
        "performance/comparison/",
        "performance/comparison/?region=GTA",
        "performance/risks/",
        "performance/overlap/",
        "performance/overlap/IBET-WSC/BEST-WSC/",
        "reports/appendix-b/",
        "reports/contradictions/",
        "performance/outcomes/",
        "performance/outcomes/?fy=1999-2000",
        "performance/outcomes/?region=ZZ",
        "performance/outcomes/list/?fy=2010-2011&lens=share",
        "performance/outcomes/reported/",
        "performance/outcomes/{outcome}/",
        "performance/outcomes/{outcome}/contributions/new/",
        "performance/contributions/{contribution}/",
        "performance/contributions/{contribution}/remove/",
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
        "performance/quality/",
        "performance/quality/?fy=1999-2000",
        "performance/comparison/",
        "performance/comparison/?fy=1999-2000",
        "reports/data-quality/",
        "reports/activity-comparison/?region=QUE",
        "jfos/?as_of=2009-06-30",
        "jfos/BEST-WSC/",
        "tenure/",
        "capacity/?as_of=1999-01-01",
        "regions/GTA/compare/?from=2005-03-31",
        "arrangements/",
        "arrangements/WCA-2004-0001/",
        "arrangements/WCA-2004-0001/clauses/c/",
        "arrangements/gaps/",
        "arrangements/WCA-2004-0001/?part=parties",
        "arrangements/WCA-2004-0001/?part=documents",
        "arrangements/WCA-2004-0001/?part=assessments",
        "arrangements/WCA-2004-0001/?part=history",
        "arrangements/WCA-2010-0001/",
        "arrangements/WCA-2010-0001/edit/",
        "arrangements/WCA-2010-0001/supersession/",
        "arrangements/WCA-2010-0001/parts/parties/",
        "arrangements/WCA-2010-0001/steps/withdraw/",
        "arrangements/WCA-2004-0001/documents/new/",
        "arrangements/WCA-2004-0001/documents/{document}/?q=agency",
        "arrangements/WCA-2004-0001/assessments/new/",
        "arrangements/WCA-2004-0001/assessments/{standing}/",
        "arrangements/new/",
        "arrangements/gaps/?as_of=1999-01-01",
        "arrangements/gaps/?set=policy-elements",
        "arrangements/gaps/lapse/",
        "arrangements/gaps/annex/",
        "arrangements/exposure/",
        "arrangements/exposure/?lack=c",
        "arrangements/plan/",
        "arrangements/plan/{action}/",
        "arrangements/plan/{action}/accept/",
        "arrangements/plan/assign/?gap=jfo:NPET-QUE",
        "arrangements/plan/milestones/",
        "arrangements/translations/",
        "arrangements/clauses/",
        "arrangements/clauses/information-sharing/1/",
        "arrangements/drafts/",
        "arrangements/drafts/new/?jfo=NPET-QUE",
        "arrangements/drafts/uncovered/",
        "arrangements/drafts/{draft}/",
        "arrangements/drafts/{draft}/compare/",
        "arrangements/fragments/",
        "arrangements/fragments/property/",
        "arrangements/fragments/property/new/",
        "arrangements/fragments/sign-off/",
        "performance/?fy=2001-2002",
        "performance/?compare=2009-2010",
        "performance/regions/QUE/?compare=2009-2010",
        "performance/expectations/?fy=2010-2011",
        "performance/expectations/new/",
        "performance/expectations/{expectation}/",
        "performance/expectations/{expectation}/note/",
        "performance/expectations/{expectation}/unlock/",
        "performance/expectations/lock/?rows={open_expectation}&rows={expectation}",
        "performance/expectations/lock/",
        "reports/expectations/",
        "reports/expectations/freeze/",
        "reports/snapshots/",
        "reports/snapshots/{snapshot}/?again=1",
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
        "imports/new/?kind=assignments",
        "history/",
        "agencies/RCMP/",
        "agencies/RCMP/edit/",
        "agencies/RCMP/aliases/",
        "officers/O-0055/region/",
        "agencies/new/",
        "agencies/RCMP/merge/",
        "arrangements/clauses/information-sharing/new/",
        "agencies/RCMP/merge/?into=MUNICIPAL-POLICE",
        "performance/costs/",
        "performance/costs/assignments/?jfo=FAE",
        "performance/costs/rates/",
        "performance/costs/rates/salaries/new/",
        "performance/costs/years/2009-2010/close/",
        "performance/costs/years/2010-2011/close/",
    ],
    "auditor": ["", "history/?door=command", "exports/", "exports/?q=nobody", "officers/?region=&format=xlsx"],
}


class Keys(dict[str, object]):
    """The keys in the addresses, each looked up when an address has it."""

    def __missing__(self, name: str) -> object:
        assignment = Assignment.objects.filter(officer__region__code="QUE", end=None).select_related("officer")
        of = Arrangement.objects.get(reference="WCA-2004-0001")
        return {
            "assignment": lambda: assignment[0].pk,
            "officer": lambda: assignment[0].officer.number,
            "document": lambda: of.documents.all()[0].pk,
            "standing": lambda: of.assessments.all()[0].pk,
            "action": lambda: RemediationAction.objects.all()[0].pk,
            "draft": lambda: a_draft().pk,
            "outcome": lambda: que_outcome()["pk"],
            "expectation": lambda: que_expectation()["pk"],
            "open_expectation": lambda: Expectation.objects.filter(locked_on=None)[0].pk,
            "snapshot": lambda: que_snapshot()["pk"],
            "contribution": lambda: que_contribution()["pk"],
        }[name]()


CASES = [(user, path, language) for user, paths in PAGES.items() for path in paths for language in ("en", "fr")]


@pytest.mark.parametrize(("user", "path", "language"), CASES)
def test_a_page_is_accessible_and_fits_a_phone(
    signed_in: SignedIn, violations: Violations, user: str, path: str, language: str
) -> None:
    page = signed_in(user)
    page.goto(f"/{language}/" + path.format_map(Keys()))
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
