"""The demonstration: what fixtures/ says, written into an empty database."""

import csv
from collections.abc import Iterable
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext as _

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Door
from jfo_portal.kit.periods import today
from registry.models import (
    JFO,
    ActionItem,
    Agency,
    AgencyAlias,
    Assignment,
    CoLocation,
    Contact,
    Course,
    Establishment,
    Meeting,
    Officer,
    OfficerLevel,
    Participation,
    ParticipationReview,
    ParticipationRole,
    Program,
    Region,
    Risk,
    RiskCoverage,
    RiskEdition,
    SystemAccess,
    Training,
    User,
)
from wca.documents import new_document
from wca.measures.coverage import INFORMATION_SHARING
from wca.models import (
    Amendment,
    Arrangement,
    Assessment,
    Clause,
    ClausePart,
    ClauseSet,
    Consultation,
    Coverage,
    Document,
    DocumentContent,
    EvidenceTerm,
    Finding,
    Fragment,
    Milestone,
    Recommendation,
    RemediationAction,
    Signatory,
    Step,
)
from wca.needed import open_needed
from wca.reminders import remind
from wca.texts import own_text

from .models import (
    Aspect,
    BenefitRate,
    Claim,
    Contribution,
    Coordination,
    Discrepancy,
    Expectation,
    Explanation,
    ImsFile,
    Mandate,
    MandateTerm,
    OutcomeEvent,
    PublishedFigure,
    ReportedOutcome,
    SalaryRate,
    Unlock,
)

FIXTURES = settings.BASE_DIR / "fixtures"
# In the history of every row it writes; also how the loader knows its own work again.
REASON = "demonstration data"

_CLAUSE_SET_NAMES = {
    "information-sharing": {
        "name_en": "Information-sharing conditions of the Customs Enforcement Manual",
        "name_fr": "Conditions de communication de l'information du Manuel d'exécution des douanes",
    },
    "policy-elements": {
        "name_en": "Other elements of the policy on joint operations",
        "name_fr": "Autres éléments de la politique sur les opérations conjointes",
    },
}
# Before the first assessment.
_DOCUMENTS_UPLOADED_ON = date(2011, 1, 10)
# Files are opened this many days apart, round and round the year; a prime, so that every day gets some.
_STEP = 97

Row = dict[str, str]


class Refused(Exception):
    """The demonstration must not be loaded here; the message, in the active language, says why."""


def is_loaded() -> bool:
    """Say whether the database holds the demonstration; rows changed or added since do not matter."""
    return bool(Officer.history.filter(history_type="+", history_change_reason=REASON).exists())


def load() -> bool:
    """Write the whole demonstration in one transaction; False, and nothing written, if it is there already.

    Refused in a production configuration, and where the database holds other rows.
    """
    if not settings.DEMONSTRATION:
        raise Refused(_("The demonstration is not loaded into a production configuration: JFO_DEMONSTRATION is off."))
    with transaction.atomic():
        if is_loaded():
            return False
        _refuse_unless_empty()
        _load()
    return True


def live_on() -> None:
    """Do what the portal does by itself every day, as of today: enter the arrangements that are needed, some of which
    are drafted already, and give the reminders."""
    with transaction.atomic():
        entries = open_needed(today(), reason=REASON)
        naming = Coverage.objects.filter(arrangement__in=entries).select_related("arrangement", "jfo")
        _load_lifecycle({row.jfo.code: row.arrangement for row in naming}, "jfo")
        remind(today())


def users() -> list[Row]:
    """Return the demonstration's accounts as the fixture has them; all have the password DEMO_PASSWORD."""
    return _rows("demonstration/users")


def _refuse_unless_empty() -> None:
    for model in (Officer, JFO, Region, Agency, Program, Arrangement, ClauseSet, SalaryRate):
        if model._default_manager.exists():
            raise Refused(
                _("The database holds %(rows)s that are not the demonstration's. Load it into an empty database.")
                % {"rows": model._meta.verbose_name_plural}
            )
    taken = User.objects.filter(username__in=[row["username"] for row in users()]).first()
    if taken is not None:
        raise Refused(
            _("The database holds a user “%(user)s” who is not the demonstration's. Load it into an empty database.")
            % {"user": taken.username}
        )


def _load() -> None:
    regions = _load_regions()
    agencies = _load_agencies()
    jfos = _load_jfos(regions, agencies)
    _load_workplaces(jfos, agencies)
    _load_meetings(jfos)
    _load_reviews(jfos)
    _load_outcomes(jfos, agencies)
    _load_reported_outcomes(regions)
    _load_expectations(jfos)
    _load_mandates(jfos)
    parts = _load_clauses()
    _load_fragments()
    _load_milestones()
    _load_figures()

    accounts = _load_users(regions)
    officers = _load_officers(regions, jfos)
    _load_training(officers)
    _load_arrangements(agencies, jfos, accounts, parts)
    _load_remediation(jfos, accounts, parts)
    _load_lifecycle(Arrangement.objects.in_bulk(field_name="reference"))
    _load_files(officers)


def _rows(name: str) -> list[Row]:
    with (FIXTURES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(model: Any, rows: Iterable[Any], key: str = "pk") -> dict[Any, Any]:
    """Insert the rows with their history and return them by the attribute."""
    written = model.objects.bulk_create(list(rows), by=None, reason=REASON, door=Door.COMMAND)
    return {attrgetter(key)(row): row for row in written}


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _dates(row: Row) -> dict[str, date | None]:
    return {"start": _day(row["start"]), "end": _day(row["end"])}


def _both(row: Row, *fields: str) -> dict[str, str]:
    """Return the fields' English and French cells."""
    return {f"{field}_{language}": row[f"{field}_{language}"] for field in fields for language in ("en", "fr")}


def _list(text: str) -> list[str]:
    return text.split("|") if text else []


def _load_regions() -> dict[str, Region]:
    regions: dict[str, Region] = {}
    # A region comes after the one that succeeds it.
    for has_successor in (False, True):
        regions |= _write(
            Region,
            [
                Region(
                    code=row["code"],
                    code_fr=row["code_fr"],
                    successor=regions.get(row["successor"]),
                    **_both(row, "name"),
                    **_dates(row),
                )
                for row in _rows("reference/regions")
                if bool(row["successor"]) == has_successor
            ],
            "code",
        )
    return regions


def _load_agencies() -> dict[str, Agency]:
    rows = _rows("reference/agencies")
    agencies = _write(
        Agency,
        [
            Agency(key=row["key"], level=row["level"], is_group=row["is_group"] == "1", **_both(row, "short", "name"))
            for row in rows
        ],
        "key",
    )
    aliases = [(agencies[row["key"]], alias) for row in rows for alias in _list(row["aliases"])]
    _write(AgencyAlias, [AgencyAlias(agency=agency, alias=alias) for agency, alias in aliases])
    return agencies


def _load_jfos(regions: dict[str, Region], agencies: dict[str, Agency]) -> dict[str, JFO]:
    programs = _write(
        Program,
        [
            Program(
                code=row["code"],
                kind=row["kind"],
                is_single_risk_line=row["is_single_risk_line"] == "1",
                **_both(row, "name"),
            )
            for row in _rows("reference/programs")
        ],
        "code",
    )
    rows = _rows("reference/jfos")
    jfos = _write(
        JFO,
        [
            JFO(
                code=row["code"],
                program=programs[row["program"]],
                region=regions[row["region"]],
                **_both(row, "name", "objectives"),
                **_dates(row),
            )
            for row in rows
        ],
        "code",
    )
    _write(
        Participation,
        [
            Participation(jfo=jfos[row["code"]], agency=agencies[key], role=role, **_dates(row))
            for row in rows
            for key, role in _parts(row).items()
        ],
    )
    _write(RiskEdition, [RiskEdition(**row) for row in _rows("reference/risk_editions")])
    reviews = {row["jfo"]: row for row in _rows("demonstration/risk_reviews")}
    risks = {
        (risk.edition, risk.code): risk
        for risk in _write(
            Risk,
            [
                Risk(edition=row["edition"], code=row["code"], level=row["level"], **_both(row, "name"))
                for row in _rows("reference/risks")
            ],
        ).values()
    }
    _write(
        RiskCoverage,
        [
            RiskCoverage(jfo=jfos[row["jfo"]], risk=risks[row["edition"], row["risk"]], **_reviewed(row, reviews))
            for row in _rows("reference/risk_coverage")
        ],
    )
    _write(
        Contact,
        [
            Contact(
                jfo=jfos[row["jfo"]],
                function=row["function"],
                name=row["name"],
                email=row["email"],
                is_primary=row["is_primary"] == "1",
                **_dates(row),
            )
            for row in _rows("demonstration/contacts")
        ],
    )
    return jfos


def _parts(row: Row) -> dict[str, ParticipationRole]:
    """Return each agency's part in the JFO: a lead that is listed among the partners too is a lead."""
    return dict.fromkeys(_list(row["partners"]), ParticipationRole.PARTNER) | dict.fromkeys(
        _list(row["leads"]), ParticipationRole.LEAD
    )


def _load_workplaces(jfos: dict[str, JFO], agencies: dict[str, Agency]) -> None:
    """Load the FTE agreed for each JFO, where the officers of some sit, and which systems they reach."""
    _write(
        Establishment,
        [
            Establishment(jfo=jfos[row["jfo"]], fte=row["fte"], **_dates(row))
            for row in _rows("demonstration/establishments")
        ],
    )
    _write(
        CoLocation,
        [
            CoLocation(jfo=jfos[row["jfo"]], agency=agencies[row["agency"]], place=row["place"], **_dates(row))
            for row in _rows("demonstration/co_locations")
        ],
    )
    _write(
        SystemAccess,
        [
            SystemAccess(
                jfo=jfos[row["jfo"]],
                agency=agencies[row["agency"]],
                direction=row["direction"],
                system=row["system"],
                **_dates(row),
            )
            for row in _rows("demonstration/system_access")
        ],
    )


def _load_meetings(jfos: dict[str, JFO]) -> None:
    """Load meetings of joint management teams, and what they asked for."""
    meetings = {
        (meeting.jfo.code, meeting.held_on): meeting
        for meeting in _write(
            Meeting,
            [
                Meeting(jfo=jfos[row["jfo"]], held_on=date.fromisoformat(row["held_on"]), decisions=row["decisions"])
                for row in _rows("demonstration/meetings")
            ],
        ).values()
    }
    _write(
        ActionItem,
        [
            ActionItem(
                meeting=meetings[row["jfo"], date.fromisoformat(row["held_on"])],
                what=row["what"],
                owner=row["owner"],
                due_on=_day(row["due_on"]),
                done_on=_day(row["done_on"]),
            )
            for row in _rows("demonstration/action_items")
        ],
    )


def _load_reviews(jfos: dict[str, JFO]) -> None:
    """Load the yearly decisions whether the CBSA stays in a JFO; some are due for another, some JFOs have none."""
    _write(
        ParticipationReview,
        [
            ParticipationReview(
                jfo=jfos[row["jfo"]],
                reviewed_on=date.fromisoformat(row["reviewed_on"]),
                decision=row["decision"],
                fte=row["fte"] or None,
                effective_on=_day(row["effective_on"]),
                reasons=row["reasons"],
            )
            for row in _rows("demonstration/reviews")
        ],
    )


def _reviewed(row: Row, reviews: dict[str, Row]) -> dict[str, Any]:
    """Return when the tick was confirmed last, and its weight, as the demonstration has them."""
    review = reviews.get(row["jfo"])
    if review is None:
        return {}
    weights = dict(pair.split(":") for pair in _list(review["weights"]))
    return {"confirmed_on": _day(review["confirmed_on"]), "weight": weights.get(row["risk"])}


def _load_mandates(jfos: dict[str, JFO]) -> None:
    """Load what mandates name, as the published objectives are read, and how some overlaps are coordinated."""
    terms = {
        (term.aspect, term.code): term
        for term in _write(MandateTerm, [MandateTerm(**row) for row in _rows("reference/mandate_terms")]).values()
    }
    _write(
        Mandate,
        [
            Mandate(jfo=jfos[row["jfo"]], term=terms[aspect, code], start=jfos[row["jfo"]].start)
            for row in _rows("reference/mandates")
            for aspect in Aspect.values
            for code in _list(row[aspect])
        ],
    )
    _write(Coordination, [_coordination(row, jfos) for row in _rows("demonstration/coordinations")])


def _coordination(row: Row, jfos: dict[str, JFO]) -> Coordination:
    first, second = sorted((jfos[row["first"]], jfos[row["second"]]), key=attrgetter("pk"))
    return Coordination(
        first=first,
        second=second,
        leads=row["leads"],
        agreed_how=row["agreed_how"],
        agreed_on=date.fromisoformat(row["agreed_on"]),
        review_on=date.fromisoformat(row["review_on"]),
    )


def _load_outcomes(jfos: dict[str, JFO], agencies: dict[str, Agency]) -> None:
    """Load outcomes, each once, the JFOs that claim them and who had a part in them."""
    rows = _rows("demonstration/outcomes")
    events = _write(
        OutcomeEvent,
        [
            OutcomeEvent(
                reference=f"OUT-{int(row['number']):04}",
                occurred_on=_day(row["occurred_on"]),
                fiscal_year=_start_year(row)
                if row["fiscal_year"]
                else FiscalYear.of(date.fromisoformat(row["occurred_on"])).start_year,
                quantity=row["quantity"] or None,
                value=row["value"] or None,
                **{name: row[name] for name in ("kind", "what", "unit", "side", "operation", "note")},
            )
            for row in rows
        ],
    )
    numbered = dict(zip((row["number"] for row in rows), events.values(), strict=True))
    _write(Claim, [Claim(event=numbered[row["number"]], jfo=jfos[code]) for row in rows for code in _list(row["jfos"])])
    _write(
        Contribution,
        [
            Contribution(
                event=numbered[row["event"]],
                agency=agencies[row["agency"]],
                kind=row["kind"],
                evidence=row["evidence"],
                confirmed_on=_day(row["confirmed_on"]),
                share=row["share"] or None,
            )
            for row in _rows("demonstration/contributions")
        ],
    )


def _load_reported_outcomes(regions: dict[str, Region]) -> None:
    """Load the totals of outcomes that the evaluation reported."""
    programs = Program.objects.in_bulk(field_name="code")
    _write(
        ReportedOutcome,
        [
            ReportedOutcome(
                number=int(row["number"]),
                program=programs.get(row["program"]),
                region=regions.get(row["region"]),
                first_day=_day(row["first_day"]),
                last_day=_day(row["last_day"]),
                value=row["value"],
                is_money=row["is_money"] == "1",
                **_both(row, "measure", "subject", "note"),
                **{name: row[name] for name in ("team", "operation", "attribution")},
            )
            for row in _rows("reference/reported_outcomes")
        ],
    )


def _load_clauses() -> dict[tuple[str, int], ClausePart]:
    """Load the clause sets, and return the parts of the information-sharing conditions by clause letter and number."""
    rows = _rows("reference/clauses")
    sets = {
        (clause_set.code, clause_set.version): clause_set
        for clause_set in _write(
            ClauseSet,
            [
                ClauseSet(code=code, version=version, **_CLAUSE_SET_NAMES[code])
                for code, version in sorted({(row["set"], int(row["version"])) for row in rows})
            ],
        ).values()
    }
    clauses = {
        (clause.clause_set.code, clause.clause_set.version, clause.letter): clause
        for clause in _write(
            Clause,
            [
                Clause(
                    clause_set=sets[row["set"], int(row["version"])],
                    letter=row["letter"],
                    **_both(row, "title", "wording"),
                )
                for row in rows
            ],
        ).values()
    }
    parts = {
        (part.clause.clause_set.code, part.clause.clause_set.version, part.clause.letter, part.number): part
        for part in _write(
            ClausePart,
            [
                ClausePart(
                    clause=clauses[row["set"], int(row["version"]), row["letter"]],
                    number=int(row["part"]),
                    **_both(row, "wording"),
                )
                for row in _rows("reference/clause_parts")
            ],
        ).values()
    }
    _write(
        EvidenceTerm,
        [
            EvidenceTerm(
                part=parts[row["set"], int(row["version"]), row["letter"], int(row["part"])],
                language=row["language"],
                term=row["term"],
                weight=row["weight"],
            )
            for row in _rows("reference/evidence_terms")
        ],
    )
    return {
        (letter, number): part
        for (code, _version, letter, number), part in parts.items()
        if code == INFORMATION_SHARING
    }


def _load_fragments() -> None:
    """Load the paragraphs that drafts are composed of."""
    _write(
        Fragment,
        [
            Fragment(
                code=row["code"],
                version=row["version"],
                position=row["position"],
                holds=_list(row["holds"]),
                **_both(row, "heading", "text"),
            )
            for row in _rows("reference/fragments")
        ],
    )


def _load_figures() -> None:
    """Load rates, and what the report published."""
    _write(
        SalaryRate,
        [
            SalaryRate(level=row["level"], fiscal_year=_start_year(row), amount=row["amount"])
            for row in _rows("reference/salary_rates")
        ],
    )
    _write(
        BenefitRate,
        [BenefitRate(fiscal_year=_start_year(row), rate=row["rate"]) for row in _rows("reference/benefit_rates")],
    )
    _write(PublishedFigure, [PublishedFigure(**row) for row in _rows("reference/published_figures")])
    _write(Discrepancy, [Discrepancy(**row) for row in _rows("reference/discrepancies")])
    _write(Explanation, [Explanation(**row) for row in _rows("reference/explanations")])


def _load_expectations(jfos: dict[str, JFO]) -> None:
    """Load what was expected of some JFOs: open, locked, and unlocked once and locked again."""
    rows = _rows("demonstration/expectations")
    expectations = _write(
        Expectation,
        [
            Expectation(
                jfo=jfos[row["jfo"]],
                fiscal_year=_start_year(row),
                locked_on=_day(row["locked_on"]),
                locks=bool(row["locked_on"]) + bool(row["was_locked_on"]),
                **{name: row[name] for name in ("indicator", "expected", "basis", "variance_note")},
            )
            for row in rows
        ],
    )
    _write(
        Unlock,
        [
            Unlock(
                expectation=expectation,
                number=1,
                unlocked_on=row["unlocked_on"],
                locked_on=row["was_locked_on"],
                expected=row["was_expected"],
                reason=row["unlock_reason"],
            )
            for row, expectation in zip(rows, expectations.values(), strict=True)
            if row["unlocked_on"]
        ],
    )


def _start_year(row: Row) -> int:
    return FiscalYear.parse(row["fiscal_year"]).start_year


def _load_users(regions: dict[str, Region]) -> dict[str, User]:
    accounts = {}
    for row in users():
        user = User(
            username=row["username"],
            password=make_password(settings.DEMO_PASSWORD),
            role=row["role"],
            language=row["language"],
            last_name=row["family_name"],
            first_name=row["given_name"],
        )
        user.attribute(None, reason=REASON, door=Door.COMMAND).save()
        user.regions.set([regions[code] for code in _list(row["regions"])])
        accounts[user.username] = user
    return accounts


def _load_officers(regions: dict[str, Region], jfos: dict[str, JFO]) -> dict[str, Officer]:
    officers = _write(
        Officer,
        [
            Officer(
                number=row["number"],
                family_name=row["family_name"],
                given_name=row["given_name"],
                function=row["function"],
                region=regions[row["region"]],
                **_dates(row),
            )
            for row in _rows("demonstration/officers")
        ],
        "number",
    )
    _write(
        OfficerLevel,
        [
            OfficerLevel(officer=officers[row["officer"]], level=row["level"], **_dates(row))
            for row in _rows("demonstration/levels")
        ],
    )
    _write(
        Assignment,
        [
            Assignment(
                officer=officers[row["officer"]],
                jfo=jfos[row["jfo"]],
                fte=row["fte"],
                end_reason=row["end_reason"],
                review_on=_day(row["review_on"]),
                **_dates(row),
            )
            for row in _rows("demonstration/assignments")
        ],
    )
    return officers


def _load_training(officers: dict[str, Officer]) -> None:
    """Load the courses, and who completed them; most officers on an IBET have its course, some lack it."""
    programs = {program.code: program for program in Program.objects.all()}
    courses = _write(
        Course,
        [
            Course(code=row["code"], program=programs.get(row["program"]), **_both(row, "name"))
            for row in _rows("demonstration/courses")
        ],
        "code",
    )
    _write(
        Training,
        [
            Training(
                officer=officers[row["officer"]],
                course=courses[row["course"]],
                completed_on=date.fromisoformat(row["completed_on"]),
            )
            for row in _rows("demonstration/training")
        ],
    )


def _load_arrangements(
    agencies: dict[str, Agency],
    jfos: dict[str, JFO],
    accounts: dict[str, User],
    parts: dict[tuple[str, int], ClausePart],
) -> None:
    arrangements = _write(
        Arrangement,
        [
            Arrangement(
                reference=row["reference"],
                kind=row["kind"],
                effective=_day(row["effective"]),
                expiry=_day(row["expiry"]),
                terminated_on=_day(row["terminated_on"]),
                reviewed_in=row["reviewed_in"],
                security_level=row["security_level"],
                authorities="\n".join(_list(row["authorities"])),
                office=row["office"],
                review_due=_day(row["review_due"]),
                **_both(row, "title"),
            )
            for row in _rows("demonstration/arrangements")
        ],
        "reference",
    )
    _write(
        Coverage,
        [
            Coverage(arrangement=arrangements[row["arrangement"]], jfo=jfos[row["jfo"]], **_dates(row))
            for row in _rows("demonstration/coverage")
        ],
    )
    _write(
        Amendment,
        [
            Amendment(
                arrangement=arrangements[row["arrangement"]],
                number=int(row["number"]),
                effective=date.fromisoformat(row["effective"]),
                **_both(row, "summary"),
            )
            for row in _rows("demonstration/amendments")
        ],
    )
    _write(
        Signatory,
        [
            Signatory(
                arrangement=arrangements[row["arrangement"]],
                agency=agencies[row["agency"]],
                is_required=row["is_required"] == "1",
                signed_on=_day(row["signed_on"]),
            )
            for row in _rows("demonstration/signatories")
        ],
    )
    (clause_set,) = {part.clause.clause_set for part in parts.values()}
    read = _load_documents(arrangements, accounts)
    assessments = _write(
        Assessment,
        [
            Assessment(
                arrangement=arrangements[row["arrangement"]],
                clause_set=clause_set,
                document=read[row["arrangement"]],
                assessed_on=date.fromisoformat(row["assessed_on"]),
                submitted_on=_day(row["approved_on"]) and date.fromisoformat(row["assessed_on"]),
                author=accounts[row["author"]],
            )
            for row in _rows("demonstration/assessments")
        ],
        "arrangement.reference",
    )
    _write(
        Finding,
        [
            Finding(
                assessment=assessments[row["arrangement"]],
                part=parts[row["clause"], int(row["part"])],
                verdict=row["verdict"],
                quotation=row["quotation"],
                place=row["place"],
                **_both(row, "missing"),
            )
            for row in _rows("demonstration/findings")
        ],
    )
    # At the end: an approved assessment takes no finding.
    approved = [row for row in _rows("demonstration/assessments") if row["approved_on"]]
    for row in approved:
        assessment = assessments[row["arrangement"]]
        assessment.approved_by, assessment.approved_on = accounts[row["approved_by"]], _day(row["approved_on"])
    Assessment.objects.bulk_update(
        [assessments[row["arrangement"]] for row in approved], ["approved_by", "approved_on"], reason=REASON
    )


def _load_documents(arrangements: dict[str, Arrangement], accounts: dict[str, User]) -> dict[str, Document]:
    """Load the documents, whose files say in their names which arrangement's they are and in which language; return
    the English ones by arrangement."""
    documents = {}
    for path in sorted((FIXTURES / "demonstration" / "documents").glob("*.txt")):
        reference, language = path.stem[:-3], path.stem[-2:]
        documents[reference, language] = new_document(
            arrangements[reference],
            path.read_bytes(),
            path.name,
            language,
            by=accounts["nhq.reviewer"],
            day=_DOCUMENTS_UPLOADED_ON,
            text=own_text(path.read_bytes()),
        )
    _write(Document, [document for document, _content in documents.values()])
    DocumentContent.objects.bulk_create([content for _document, content in documents.values()])
    return {
        reference: document for (reference, language), (document, _content) in documents.items() if language == "en"
    }


def _load_lifecycle(arrangements: dict[str, Arrangement], column: str = "arrangement") -> None:
    """Load the steps of the arrangements, and who was consulted on them; they are given by what the column says."""
    reviewer = User.objects.get(username="nhq.reviewer")
    _write(
        Step,
        [
            Step(
                arrangement=arrangements[row[column]],
                stage=row["stage"],
                entered_on=row["entered_on"],
                recorded_on=row["entered_on"],
                reason=row["reason"],
                by=reviewer,
            )
            for row in _rows("demonstration/steps")
            if row[column]
        ],
    )
    _write(
        Consultation,
        [
            Consultation(
                arrangement=arrangements[row[column]],
                round=row["round"],
                consulted=row["consulted"],
                asked_on=row["asked_on"],
                answer=row["answer"],
                answered_on=_day(row["answered_on"]),
                reason=row["reason"],
            )
            for row in _rows("demonstration/consultations")
            if row[column]
        ],
    )


def _load_milestones() -> None:
    """Load the management action plan; a milestone is due by the last day of its month."""
    rows = _rows("reference/management_action_plan")
    titles = {row["recommendation"]: _both(row, "title") for row in rows}
    recommendations = _write(
        Recommendation, [Recommendation(number=int(number), **title) for number, title in titles.items()], "number"
    )
    _write(
        Milestone,
        [
            Milestone(
                recommendation=recommendations[int(row["recommendation"])],
                due_on=_last_day(row["due_month"]),
                **_both(row, "lead", "what"),
            )
            for row in rows
        ],
    )


def _last_day(month: str) -> date:
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _load_remediation(
    jfos: dict[str, JFO], accounts: dict[str, User], parts: dict[tuple[str, int], ClausePart]
) -> None:
    """Load what is done about some of the gaps: open, overdue, returned, done, verified, and as risks accepted."""
    arrangements = {row.reference: row for row in Arrangement.objects.all()}
    dates = ("opened_on", "due_on", "done_on", "returned_on", "verified_on", "accepted_on", "accepted_until")
    _write(
        RemediationAction,
        [
            RemediationAction(
                arrangement=arrangements.get(row["arrangement"]),
                clause=parts[row["clause"], 1].clause if row["clause"] else None,
                jfo=jfos.get(row["jfo"]),
                owner=accounts[row["owner"]],
                verified_by=accounts.get(row["verified_by"]),
                accepted_by=accounts.get(row["accepted_by"]),
                **{name: row[name] for name in ("what", "evidence", "returned_note", "accepted_why")},
                **{name: _day(row[name]) for name in dates},
            )
            for row in _rows("demonstration/remediation")
        ],
    )


def _load_files(officers: dict[str, Officer]) -> None:
    """Turn each count into that many IMS files, opened over the officer's days of the year and numbered by day."""
    opened: list[ImsFile] = []
    for row in _rows("demonstration/ims_counts"):
        officer, year = officers[row["officer"]], FiscalYear.parse(row["fiscal_year"])
        first = max(officer.start, year.first_day)
        days = (min(officer.end or year.last_day, year.last_day) - first).days + 1
        for _copy in range(int(row["count"])):
            opened_on = first + timedelta(days=len(opened) * _STEP % days)
            opened.append(
                ImsFile(
                    officer=officer,
                    region=officer.region,
                    kind=row["kind"],
                    status=row["status"],
                    opened_on=opened_on,
                    entered_on=_entered_on(opened_on, officer, len(opened), year.last_day),
                    fiscal_year=year.start_year,
                )
            )
    opened.sort(key=lambda file: file.opened_on)
    for number, file in enumerate(opened, start=1):
        file.number = f"IMS-{file.fiscal_year}-{number:05}"
    _write(ImsFile, opened)


def _entered_on(opened_on: date, officer: Officer, place: int, last: date) -> date | None:
    """Return when the file was entered: within two weeks for most, months late for some, and more often for every
    sixth officer, who enters many at once; of six in a hundred it is not known."""
    turn = place * 61 % 100
    if turn < 6:
        return None
    is_late = turn < (46 if int(officer.number.removeprefix("O-")) % 6 == 0 else 10)
    return min(opened_on + timedelta(days=31 + turn * 2 if is_late else turn % 15), last)
