"""Who gets which page: every address × role × method of the URLconf, and no officer of another region anywhere."""

import html
import io
import re
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone

from jfo_portal.kit import changesets, reports
from jfo_portal.kit.imports import jobs, resources
from jfo_portal.kit.imports.actions import stage
from jfo_portal.kit.models import Import, ImportState, Job, SavedView
from jfo_portal.kit.periods import today
from performance import freezing
from performance.models import BenefitRate, Contribution, Coordination, Expectation, OutcomeEvent, SalaryRate
from registry import actions
from registry.models import (
    JFO,
    AgencyAlias,
    Assignment,
    Contact,
    EndReason,
    Officer,
    ParticipationReview,
    Training,
    User,
)
from wca import assessing, composing
from wca.models import Arrangement, Assessment, Consultation, Coverage, Document, Draft, Milestone, RemediationAction

pytestmark = pytest.mark.django_db

ROLES = ("que.manager", "gta.manager", "nhq.reviewer", "admin", "auditor")
MANAGERS = frozenset({"que.manager", "gta.manager"})
QUE = frozenset({"que.manager"})
SNOOZERS = MANAGERS | {"nhq.reviewer"}
EVERYBODY = frozenset(ROLES)
ADMINISTRATOR = frozenset({"admin"})
LOG_READERS = frozenset({"admin", "auditor"})
REVIEWER = frozenset({"nhq.reviewer"})
# Reviewers import findings of assessments.
IMPORTERS = ADMINISTRATOR | REVIEWER
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def coordination() -> dict[str, int]:
    first, second = (JFO.objects.get(code=code) for code in ("CFSEU-QUE", "SPVM-JFO"))
    row = Coordination(
        first=first,
        second=second,
        leads="By place.",
        agreed_how="Minutes",
        agreed_on=date(2011, 3, 1),
        review_on=date(2011, 9, 1),
    )
    return {"pk": row.save_as(None).pk}


@dataclass(frozen=True)
class Rule:
    """Who may open an address, who may post to it, and an example of its arguments.

    `of_que` marks an address about a row of QUE's that managers of other regions must not find, `hidden` one that
    nobody but its readers finds. One that `leads_on` answers with the way to another. To `strangers` the address is
    open, and its row or file is none of theirs.
    """

    readers: frozenset[str] = EVERYBODY
    posters: frozenset[str] = frozenset()
    arguments: Callable[[], dict[str, Any]] = field(default=dict)
    of_que: bool = False
    hidden: bool = False
    leads_on: bool = False
    strangers: frozenset[str] = frozenset()


def que_assignment() -> dict[str, Any]:
    return {"pk": Assignment.objects.filter(officer__region__code="QUE", end=None).first().pk}  # type: ignore[union-attr]


def que_officer() -> dict[str, Any]:
    return {"number": Officer.objects.filter(region__code="QUE").first().number}  # type: ignore[union-attr]


def que_training() -> dict[str, Any]:
    return {"pk": Training.objects.filter(officer__region__code="QUE").first().pk}  # type: ignore[union-attr]


def police() -> dict[str, Any]:
    return {"key": "PPS"}


def police_alias() -> dict[str, Any]:
    return police() | {"pk": AgencyAlias.objects.filter(agency__key="PPS").first().pk}  # type: ignore[union-attr]


def que_contact() -> dict[str, Any]:
    contact = Contact.objects.filter(jfo__code="IBET-QUE-1").first()
    assert contact is not None
    return {"code": "IBET-QUE-1", "part": "contacts", "pk": contact.pk}


def que_outcome() -> dict[str, Any]:
    return {"pk": OutcomeEvent.objects.get(occurred_on="2010-05-11").pk}


def que_contribution() -> dict[str, Any]:
    row = Contribution.objects.filter(event=que_outcome()["pk"]).first()
    assert row is not None
    return {"pk": row.pk}


def que_act() -> dict[str, Any]:
    """An act of QUE's manager that can be undone."""
    by = User.objects.get(username="que.manager")
    row = Assignment.objects.get(**que_assignment())
    with changesets.act(by) as change:
        actions.end_assignment(row, by=by, end=today(), end_reason=EndReason.OTHER, within=change)
    return {"pk": change.pk}


def waiting_import() -> dict[str, Any]:
    """An import of admin's: the sample of officers, not confirmed yet."""
    user = User.objects.get(username="admin")
    with (settings.BASE_DIR / "fixtures" / "samples" / "officers.xlsx").open("rb") as file:
        resource = resources.get("officers", user)
        assert resource is not None
        return {"pk": stage(file, "officers.xlsx", resource, by=user).pk}


def import_to_match() -> dict[str, Any]:
    """An import of admin's in which a value names nothing known."""
    user = User.objects.get(username="admin")
    resource = resources.get("assignments", user)
    assert resource is not None
    rows = "Officer number,JFO,FTE,First day\nO-0055,GTADS Drugs,0.10,2011-04-04\n"
    return {"pk": stage(io.BytesIO(rows.encode()), "rows.csv", resource, by=user).pk}


def import_at_work() -> dict[str, Any]:
    """An import of admin's that waits its turn in the background."""
    arguments = waiting_import()
    row = Import.objects.get(**arguments)
    jobs.begin(row, Job.PREVIEW, by=row.by)
    return arguments


def finished_import() -> dict[str, Any]:
    arguments = waiting_import()
    Import.objects.filter(**arguments).update(state=ImportState.APPLIED, finished_at=timezone.now())
    return arguments


def que_view() -> dict[str, Any]:
    """A view of the assignments that QUE's manager saved and shares with nobody."""
    view = SavedView(page="assignments", name="Mine", query="fte=1", owner=User.objects.get(username="que.manager"))
    return {"pk": view.save_as(view.owner).pk}


def an_assessment() -> dict[str, Any]:
    """An assessment that its author, NHQ's reviewer, has begun."""
    row = assessing.start(
        by=User.objects.get(username="nhq.reviewer"),
        arrangement=Arrangement.objects.get(reference="WCA-2004-0004"),
        clause_set="information-sharing",
        day=today(),
    )
    return {"reference": "WCA-2004-0004", "pk": row.pk}


def an_approved_assessment() -> dict[str, Any]:
    row = Assessment.objects.get(arrangement__reference="WCA-2004-0001")
    return {"reference": "WCA-2004-0001", "pk": row.pk}


def a_salary() -> dict[str, Any]:
    return {"pk": SalaryRate.objects.get(fiscal_year=2009, level="FB-04").pk}


def a_benefit_rate() -> dict[str, Any]:
    return {"pk": BenefitRate.objects.get(fiscal_year=2009).pk}


def a_draft() -> Draft:
    """A draft of an arrangement for FAE."""
    (terms,) = composing.proposed_each(JFO.objects.filter(code="FAE"), today())
    (made,) = composing.compose([terms], by=User.objects.get(username="nhq.reviewer"))
    return made.draft


def draft() -> dict[str, Any]:
    return {"pk": a_draft().pk}


def draft_paragraph() -> dict[str, Any]:
    paragraph = a_draft().paragraphs.first()
    assert paragraph is not None
    return {"draft": paragraph.draft_id, "pk": paragraph.pk}


def que_version() -> dict[str, Any]:
    """A version of an assignment of QUE's that is not the latest."""
    row = Assignment.objects.get(**que_assignment())
    row.review_on = today()
    row.save_as(None)
    return {"kind": "assignment", "pk": row.pk, "version": row.history.earliest().history_id}


def que_review() -> dict[str, Any]:
    review = ParticipationReview.objects.filter(jfo__region__code="QUE").first()
    assert review is not None
    return {"pk": review.pk}


def que_line() -> dict[str, Any]:
    """A line of the home page of QUE's manager, and of those who see everything."""
    row = Assignment.objects.filter(officer__region__code="QUE").past_policy_unreviewed(today()).first()
    assert row is not None
    return {"need": "unreviewed", "row_id": row.pk}


def covered_jfo() -> dict[str, Any]:
    coverage = Coverage.objects.filter(arrangement__reference="WCA-2004-0001").first()
    assert coverage is not None
    return {"reference": "WCA-2004-0001", "part": "jfos", "pk": coverage.pk}


def consultation() -> dict[str, Any]:
    asked = Consultation.objects.filter(arrangement__reference="WCA-2010-0001").first()
    assert asked is not None
    return {"reference": "WCA-2010-0001", "pk": asked.pk}


def que_document() -> dict[str, Any]:
    """A document of an arrangement that names JFOs of QUE, and none of GTA."""
    document = Document.objects.filter(arrangement__reference="WCA-2004-0001").first()
    assert document is not None
    return {"reference": "WCA-2004-0001", "pk": document.pk}


def action() -> dict[str, Any]:
    """A remediation action of nhq.reviewer's."""
    return {"pk": RemediationAction.objects.filter(owner__username="nhq.reviewer").first().pk}  # type: ignore[union-attr]


def que_expectation() -> dict[str, Any]:
    return {"pk": Expectation.objects.get(jfo__code="SPVM-JFO", indicator="files", fiscal_year=2010).pk}


def que_snapshot() -> dict[str, Any]:
    """A report that QUE's manager froze."""
    report = reports.get("exhibit-5")
    user = User.objects.get(username="que.manager")
    return {"pk": freezing.freeze(report, report.parameters({}), by=user).pk}


def milestone() -> dict[str, Any]:
    return {"pk": Milestone.objects.first().pk}  # type: ignore[union-attr]


PUBLIC = {"root", "sign-in", "sign-out"}
CHANGE = Rule(readers=MANAGERS, posters=MANAGERS, arguments=que_assignment, of_que=True)
RULES: dict[str, Rule] = {
    "home": Rule(),
    "help": Rule(),
    "jfos": Rule(),
    "jfo": Rule(arguments=lambda: {"code": "IBET-QUE-1"}),
    "jfo-brief": Rule(arguments=lambda: {"code": "IBET-QUE-1"}),
    "jfo-objectives": Rule(readers=MANAGERS, posters=MANAGERS, arguments=lambda: {"code": "IBET-QUE-1"}, of_que=True),
    "jfo-part": Rule(arguments=lambda: {"code": "IBET-QUE-1", "part": "contacts"}),
    "jfo-part-new": Rule(
        readers=MANAGERS, posters=MANAGERS, arguments=lambda: {"code": "IBET-QUE-1", "part": "contacts"}, of_que=True
    ),
    "jfo-part-row": Rule(readers=MANAGERS, posters=MANAGERS, arguments=que_contact, of_que=True),
    "jfo-part-remove": Rule(readers=MANAGERS, posters=MANAGERS, arguments=que_contact, of_que=True),
    "officers": Rule(),
    "officer": Rule(arguments=que_officer, of_que=True),
    "assignments": Rule(),
    "assignment": Rule(arguments=que_assignment, of_que=True),
    "assignment-new": Rule(readers=MANAGERS, posters=MANAGERS),
    "assignment-batch": Rule(readers=MANAGERS, posters=MANAGERS),
    "assignment-extend": CHANGE,
    "assignment-end": CHANGE,
    "assignment-transfer": CHANGE,
    "assignment-fte": CHANGE,
    "assignment-split": CHANGE,
    "tenure": Rule(),
    "capacity": Rule(),
    "jfo-compare": Rule(arguments=lambda: {"code": "IBET-QUE-1"}),
    "region-compare": Rule(arguments=lambda: {"code": "QUE"}),
    "officer-region": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=que_officer),
    "training": Rule(),
    "training-new": Rule(readers=MANAGERS, posters=MANAGERS, arguments=que_officer, of_que=True),
    "training-edit": Rule(readers=MANAGERS, posters=MANAGERS, arguments=que_training, of_que=True),
    "training-remove": Rule(readers=MANAGERS, posters=MANAGERS, arguments=que_training, of_que=True),
    "agencies": Rule(),
    "agency": Rule(arguments=police),
    "agency-new": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR),
    "agency-edit": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=police),
    "agency-merge": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=police),
    "alias-new": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=police),
    "alias-remove": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=police_alias),
    "history": Rule(),
    "act": Rule(readers=EVERYBODY - {"gta.manager"}, arguments=que_act, hidden=True),
    "row-history": Rule(
        arguments=lambda: {"kind": "assignment", **que_assignment()}, readers=EVERYBODY - {"gta.manager"}, hidden=True
    ),
    "restore": Rule(readers=QUE, posters=QUE, arguments=que_version, hidden=True),
    "exports": Rule(readers=LOG_READERS),
    "views": Rule(),
    "view-new": Rule(posters=EVERYBODY, arguments=lambda: {"page": "assignments"}),
    "view": Rule(readers=QUE, arguments=que_view, hidden=True, leads_on=True),
    "view-edit": Rule(readers=QUE, posters=QUE, arguments=que_view, hidden=True),
    "view-remove": Rule(readers=QUE, posters=QUE, arguments=que_view, hidden=True),
    "undo": Rule(
        readers=frozenset({"que.manager"}), posters=frozenset({"que.manager"}), arguments=que_act, hidden=True
    ),
    "reviews": Rule(),
    "review-new": Rule(readers=MANAGERS, posters=MANAGERS, arguments=lambda: {"code": "FAE"}, of_que=True),
    "review-edit": Rule(readers=MANAGERS, posters=MANAGERS, arguments=que_review, of_que=True),
    "review-remove": Rule(readers=MANAGERS, posters=MANAGERS, arguments=que_review, of_que=True),
    "snooze": Rule(readers=SNOOZERS, posters=SNOOZERS, arguments=que_line, of_que=True),
    "snooze-end": Rule(readers=SNOOZERS, posters=SNOOZERS, arguments=que_line, of_que=True),
    "arrangements": Rule(),
    "clause-sets": Rule(),
    "clause-set": Rule(arguments=lambda: {"code": "information-sharing", "version": 1}),
    "clause-set-new": Rule(
        readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=lambda: {"code": "information-sharing"}
    ),
    "gap-report": Rule(),
    "gap-lapse": Rule(),
    "gap-annex": Rule(),
    "exposure": Rule(),
    "arrangement": Rule(arguments=lambda: {"reference": "WCA-2004-0001"}),
    "arrangement-new": Rule(readers=REVIEWER, posters=REVIEWER),
    "arrangement-edit": Rule(readers=REVIEWER, posters=REVIEWER, arguments=lambda: {"reference": "WCA-2004-0001"}),
    "arrangement-supersede": Rule(readers=REVIEWER, posters=REVIEWER, arguments=lambda: {"reference": "WCA-2004-0001"}),
    "arrangement-part-new": Rule(
        readers=REVIEWER, posters=REVIEWER, arguments=lambda: {"reference": "WCA-2004-0001", "part": "parties"}
    ),
    "arrangement-part-row": Rule(readers=REVIEWER, posters=REVIEWER, arguments=covered_jfo),
    "arrangement-part-remove": Rule(readers=REVIEWER, posters=REVIEWER, arguments=covered_jfo),
    "document-new": Rule(readers=REVIEWER, posters=REVIEWER, arguments=lambda: {"reference": "WCA-2004-0001"}),
    "document": Rule(arguments=que_document, of_que=True),
    "document-download": Rule(arguments=que_document, of_que=True),
    "arrangement-begin": Rule(readers=REVIEWER, posters=REVIEWER, arguments=lambda: {"reference": "WCA-2004-0001"}),
    "arrangement-step": Rule(
        readers=REVIEWER, posters=REVIEWER, arguments=lambda: {"reference": "WCA-2010-0001", "event": "withdraw"}
    ),
    "consultation": Rule(readers=REVIEWER, posters=REVIEWER, arguments=consultation),
    "arrangement-clause": Rule(arguments=lambda: {"reference": "WCA-2004-0001", "letter": "c"}),
    "drafts": Rule(),
    "draft-new": Rule(readers=REVIEWER, posters=REVIEWER),
    "draft-uncovered": Rule(readers=REVIEWER, posters=REVIEWER),
    "draft": Rule(arguments=draft),
    "draft-print": Rule(arguments=draft),
    "draft-file": Rule(arguments=lambda: draft() | {"suffix": "docx"}),
    "draft-use": Rule(readers=REVIEWER, posters=REVIEWER, arguments=draft),
    "draft-compare": Rule(readers=REVIEWER, posters=REVIEWER, arguments=draft),
    "draft-remove": Rule(readers=REVIEWER, posters=REVIEWER, arguments=draft),
    "draft-paragraph": Rule(readers=REVIEWER, posters=REVIEWER, arguments=draft_paragraph),
    "draft-paragraph-remove": Rule(readers=REVIEWER, posters=REVIEWER, arguments=draft_paragraph),
    "fragments": Rule(),
    "fragment": Rule(arguments=lambda: {"code": "property"}),
    "fragment-new": Rule(readers=REVIEWER, posters=REVIEWER, arguments=lambda: {"code": "property"}),
    "fragment-sign-off": Rule(readers=REVIEWER, posters=REVIEWER),
    "assessment-new": Rule(readers=REVIEWER, posters=REVIEWER, arguments=lambda: {"reference": "WCA-2004-0001"}),
    "assessment": Rule(arguments=an_approved_assessment),
    "assessment-act": Rule(readers=REVIEWER, posters=REVIEWER, arguments=lambda: an_assessment() | {"act": "submit"}),
    "assess-clause": Rule(readers=REVIEWER, posters=REVIEWER, arguments=lambda: an_assessment() | {"letter": "c"}),
    "plan": Rule(),
    "plan-assign": Rule(readers=REVIEWER, posters=REVIEWER),
    "plan-milestones": Rule(),
    "milestone-done": Rule(readers=REVIEWER, posters=REVIEWER, arguments=milestone),
    "plan-action": Rule(arguments=action),
    "plan-action-edit": Rule(readers=REVIEWER, posters=REVIEWER, arguments=action),
    "plan-action-done": Rule(readers=REVIEWER, posters=REVIEWER, arguments=action),
    "plan-action-verify": Rule(readers=REVIEWER, posters=REVIEWER, arguments=action),
    "plan-action-return": Rule(readers=REVIEWER, posters=REVIEWER, arguments=action),
    "plan-action-accept": Rule(readers=REVIEWER, posters=REVIEWER, arguments=action),
    "plan-action-reopen": Rule(readers=REVIEWER, posters=REVIEWER, arguments=action),
    "translations": Rule(),
    "performance": Rule(),
    "performance-costs": Rule(),
    "performance-pay": Rule(),
    "performance-rates": Rule(),
    "performance-salary-new": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR),
    "performance-salary": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=a_salary),
    "performance-benefit-new": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR),
    "performance-benefit": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=a_benefit_rate),
    "performance-year-close": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=lambda: {"fy": "2009-2010"}),
    "performance-year-reopen": Rule(
        readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=lambda: {"fy": "2009-2010"}
    ),
    "performance-region": Rule(arguments=lambda: {"code": "QUE"}),
    "performance-jfo": Rule(arguments=lambda: {"code": "IBET-QUE-1"}),
    "performance-officer": Rule(arguments=que_officer, of_que=True),
    "performance-files": Rule(),
    "performance-quality": Rule(),
    "performance-quality-officers": Rule(),
    "performance-comparison": Rule(),
    "performance-officers": Rule(),
    "performance-risks": Rule(),
    "performance-overlap": Rule(),
    "performance-overlap-pair": Rule(arguments=lambda: {"first": "CFSEU-QUE", "second": "SPVM-JFO"}),
    "performance-coordination-new": Rule(
        readers=SNOOZERS,
        posters=SNOOZERS,
        of_que=True,
        arguments=lambda: {"first": "CFSEU-QUE", "second": "SPVM-JFO"},
    ),
    "performance-coordination": Rule(readers=SNOOZERS, posters=SNOOZERS, of_que=True, arguments=coordination),
    "performance-outcomes": Rule(),
    "performance-outcome-list": Rule(),
    "performance-reported-outcomes": Rule(),
    "outcome": Rule(arguments=que_outcome),
    "contribution-new": Rule(readers=MANAGERS, posters=MANAGERS, arguments=que_outcome, of_que=True),
    "contribution": Rule(readers=MANAGERS, posters=MANAGERS, arguments=que_contribution, of_que=True),
    "contribution-remove": Rule(readers=MANAGERS, posters=MANAGERS, arguments=que_contribution, of_que=True),
    "performance-expectations": Rule(),
    "expectation-new": Rule(readers=SNOOZERS, posters=SNOOZERS),
    "expectation-edit": Rule(readers=SNOOZERS, posters=SNOOZERS, of_que=True, arguments=que_expectation),
    "expectation-note": Rule(readers=SNOOZERS, posters=SNOOZERS, of_que=True, arguments=que_expectation),
    "expectation-unlock": Rule(readers=REVIEWER, posters=REVIEWER, arguments=que_expectation),
    "expectations-lock": Rule(readers=REVIEWER, posters=REVIEWER),
    "snapshots": Rule(),
    "snapshot": Rule(readers=EVERYBODY - {"gta.manager"}, hidden=True, arguments=que_snapshot),
    "snapshot-new": Rule(posters=EVERYBODY, arguments=lambda: {"slug": "exhibit-5"}),
    "reports": Rule(),
    "report": Rule(arguments=lambda: {"slug": "exhibit-5"}),
    "imports": Rule(readers=IMPORTERS),
    "import-new": Rule(readers=IMPORTERS, posters=IMPORTERS),
    "import": Rule(readers=ADMINISTRATOR, arguments=waiting_import, strangers=REVIEWER, leads_on=True),
    "import-file": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=waiting_import, strangers=REVIEWER),
    "import-columns": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=waiting_import, strangers=REVIEWER),
    "import-values": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=import_to_match, strangers=REVIEWER),
    "import-review": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=waiting_import, strangers=REVIEWER),
    "import-errors": Rule(readers=ADMINISTRATOR, arguments=import_to_match, strangers=REVIEWER),
    "import-confirm": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=waiting_import, strangers=REVIEWER),
    "import-result": Rule(readers=ADMINISTRATOR, arguments=finished_import, strangers=REVIEWER),
    "import-progress": Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=import_at_work, strangers=REVIEWER),
    "import-template": Rule(readers=ADMINISTRATOR, arguments=lambda: {"slug": "officers"}, strangers=REVIEWER),
    "import-sample": Rule(readers=ADMINISTRATOR, arguments=lambda: {"slug": "officers"}, strangers=REVIEWER),
    "import-records": Rule(
        readers=ADMINISTRATOR, arguments=lambda: {"slug": "officers"}, strangers=REVIEWER, leads_on=True
    ),
    "admin:index": Rule(readers=ADMINISTRATOR),
    "admin:jsi18n": Rule(readers=ADMINISTRATOR),
    "admin:app_list": Rule(readers=ADMINISTRATOR, arguments=lambda: {"app_label": "registry"}),
}
# What the administration does with each of its tables.
LOOKED_AT = ("region", "risk", "riskedition", "course")
WRITTEN = ("registry_program", "performance_salaryrate", "performance_benefitrate")


def a_row_of(table: str) -> Callable[[], dict[str, Any]]:
    return lambda: {"object_id": apps.get_model(table.replace("_", "."))._default_manager.first().pk}


for table in (*(f"registry_{name}" for name in LOOKED_AT), "registry_agency", *WRITTEN):
    RULES[f"admin:{table}_changelist"] = Rule(readers=ADMINISTRATOR)
    RULES[f"admin:{table}_history"] = Rule(readers=ADMINISTRATOR, arguments=a_row_of(table), leads_on=True)
    writers = ADMINISTRATOR if table in WRITTEN else frozenset()
    RULES[f"admin:{table}_change"] = Rule(readers=ADMINISTRATOR, posters=writers, arguments=a_row_of(table))
for table in WRITTEN:
    RULES[f"admin:{table}_add"] = Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR)
    RULES[f"admin:{table}_delete"] = Rule(readers=ADMINISTRATOR, posters=ADMINISTRATOR, arguments=a_row_of(table))
for table in (*WRITTEN, "registry_agency"):
    RULES[f"admin:{table}_import"] = Rule(readers=ADMINISTRATOR, leads_on=True)
    RULES[f"admin:{table}_export"] = Rule(readers=ADMINISTRATOR)


def names(patterns: list[URLPattern | URLResolver] | None = None, space: str = "") -> Iterator[str]:
    """Yield the name of every address, after the name space it is in; an address without one is a fault."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        else:
            yield f"{space}{pattern.name}" if pattern.name else f"nameless: {pattern.pattern}"


def test_every_address_is_listed_here() -> None:
    assert set(names()) == set(RULES) | PUBLIC


def expected(rule: Rule, username: str, method: str) -> set[int]:
    """Return the codes that may come back."""
    if username not in rule.readers:
        return {404, 405} if rule.hidden or username in rule.strangers else {403}
    if rule.of_que and username == "gta.manager":
        return {404, 405} if method not in {"GET", "HEAD"} else {404}
    if method in {"GET", "HEAD"}:
        return {302} if rule.leads_on else {200}
    # An empty post comes back as a page with errors, or redirects.
    return {200, 302} if method == "POST" and username in rule.posters else {405}


@pytest.mark.parametrize("username", ROLES)
@pytest.mark.parametrize("name", RULES)
def test_each_role_gets_what_is_its_own(name: str, username: str) -> None:
    rule = RULES[name]
    client = Client()
    client.force_login(User.objects.get(username=username))
    address = reverse(name, kwargs=rule.arguments())
    got = {method: client.generic(method, address).status_code for method in METHODS}
    wrong = {method: code for method, code in got.items() if code not in expected(rule, username, method)}
    assert not wrong


@pytest.mark.parametrize("name", RULES)
def test_a_visitor_is_sent_to_sign_in(name: str) -> None:
    address = reverse(name, kwargs=RULES[name].arguments())
    for method in METHODS:
        response = Client().generic(method, address)
        assert response.status_code == 302
        assert response.url.startswith("/en/sign-in/")  # type: ignore[attr-defined]


def test_a_session_that_ended_is_over_at_once_everywhere(client_of: Callable[[User], Client], auditor: User) -> None:
    """Each of the server's processes kept sessions in a cache of its own, and let one in that another had ended."""
    client = client_of(auditor)
    assert client.get("/en/").status_code == 200
    Session.objects.all().delete()
    assert client.get("/en/").status_code == 302


# A date from the address


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2011-W13-4", "2011-3-31"])
@pytest.mark.parametrize("name", RULES)
def test_no_date_breaks_a_page(client_of: Callable[[User], Client], que_manager: User, name: str, day: str) -> None:
    """A fiscal year before 1 or a day after 9999 does not exist, and working with one was an error of the server."""
    address = reverse(name, kwargs=RULES[name].arguments())
    assert client_of(que_manager).get(address, {"as_of": day}).status_code < 500


@pytest.mark.parametrize(
    "address",
    [
        "/en/jfos/IBET-QUE-1/?part=performance&as_of=0001-01-01",
        "/en/assignments/?state=ending&as_of=9999-12-31",
        "/en/arrangements/?status=lapsing&as_of=9999-12-31",
        "/en/history/?last=9999-12-31",
    ],
)
def test_no_date_breaks_a_part_or_filter(client_of: Callable[[User], Client], que_manager: User, address: str) -> None:
    assert client_of(que_manager).get(address).status_code == 200


# What a manager must never read


def words(response: Any) -> str:
    """Return what a page or file says."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            return " ".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    return html.unescape(body.decode("utf-8"))


def crawl(client: Client, start: str, of_a_sort: int) -> Iterator[tuple[str, Any, str]]:
    """Yield the address, response and words of the pages and files that links lead to, from the start on.

    Of addresses of one sort (the same name, the same file) only so many are opened.
    """
    seen = {start}
    waiting = deque([start])
    opened: Counter[tuple[str, ...]] = Counter()
    while waiting:
        address = waiting.popleft()
        parts = urlsplit(address)
        query = parse_qs(parts.query)
        sort = (resolve(parts.path).view_name, *query.get("format", []), *query.get("table", []))
        opened[sort] += 1
        if opened[sort] > of_a_sort:
            continue
        response = client.get(address)
        said = words(response)
        yield address, response, said
        if not response["Content-Type"].startswith("text/html"):
            continue
        for link in re.findall(r'href="([^"#]+)', said):
            target = urlsplit(urljoin(address, link))
            found = target.path + (f"?{target.query}" if target.query else "")
            if target.netloc or not found.startswith("/en/") or found in seen:
                continue
            seen.add(found)
            waiting.append(found)


def officers_not_of(code: str) -> list[str]:
    """Return the numbers and the full names of the other regions' officers."""
    own = {officer.name for officer in Officer.objects.filter(region__code=code)}
    others = Officer.objects.exclude(region__code=code)
    return [word for officer in others for word in (officer.number, officer.name) if word not in own]


def test_no_page_or_file_shows_a_manager_an_officer_of_another_region() -> None:
    client = Client()
    client.force_login(User.objects.get(username="que.manager"))
    foreign = officers_not_of("QUE")
    pages = 0
    for address, response, said in crawl(client, "/en/", of_a_sort=8):
        pages += 1
        assert response.status_code == 200, address
        assert [word for word in foreign if word in said] == [], address
    assert pages > 100


def test_forms_and_refusals_show_a_manager_no_officer_of_another_region() -> None:
    client = Client()
    client.force_login(User.objects.get(username="que.manager"))
    foreign = officers_not_of("QUE")
    other = Officer.objects.filter(region__code="GTA").first()
    assert other is not None
    posts = [
        ("/en/assignments/new/", {"officer": other.pk, "jfo": "1", "fte": "1.00", "start": "2011-03-31"}),
        (f"/en/assignments/new/?officer={other.number}", {}),
        (f"/en/assignments/?q={other.number}&jfo=nothing&state=wrong", None),
        (f"/en/officers/?q={other.family_name}", None),
    ]
    for address, data in posts:
        response = client.get(address) if data is None else client.post(address, data)
        assert response.status_code == 200
        # What was typed comes back; anything else about the officer does not.
        said = words(response).replace(other.number, "").replace(f'value="{other.family_name}"', "")
        assert [word for word in foreign if word in said] == [], address
