"""Domain rules 7 to 9, looked at over the whole database, whatever wrote the rows."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, Q

from jfo_portal.kit.checks import rule
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import shared_day

from .models import Arrangement, Assessment, Coverage, Finding, Signatory, Verdict

Breaches = Iterator[tuple[str, str]]


@rule("7")
def what_is_in_force() -> Breaches:
    """An arrangement's dates and parties say on which days it is in force and covers a JFO, and say it once."""
    disordered = Q(expiry__lt=F("effective")) | Q(superseded_by=F("pk"))
    disordered |= Q(superseded_by=None, superseded_on__isnull=False) | Q(
        superseded_by__isnull=False, superseded_on=None
    )
    for arrangement in Arrangement.objects.filter(disordered).order_by("reference"):
        yield f"arrangement {arrangement}", "its dates of effect, expiry and supersession do not fit together"
    groups = Signatory.objects.filter(agency__is_group=True).select_related("arrangement", "agency")
    for signatory in groups.order_by("arrangement__reference"):
        yield f"arrangement {signatory.arrangement}", f"{signatory.agency.key} is a party, and is a group"
    coverage = Coverage.objects.select_related("arrangement", "jfo").order_by("arrangement__reference", "jfo__code")
    for (arrangement, jfo), rows in grouped(coverage, lambda row: (row.arrangement, row.jfo)).items():
        if (day := shared_day(rows)) is not None:
            yield f"arrangement {arrangement}", f"covers {jfo.code} twice on {day}"


@rule("8")
def assessments_hold() -> Breaches:
    """“Met” is quoted; findings are of the assessment's clause set; another approves, and then nothing changes."""
    findings = Finding.objects.select_related("assessment__arrangement", "part__clause")
    for finding in findings.filter(verdict=Verdict.MET).filter(Q(quotation="") | Q(place="")):
        yield f"assessment {finding.assessment}", f"{finding.part} is met without a quotation and its place"
    for finding in findings.exclude(part__clause__clause_set=F("assessment__clause_set")):
        yield f"assessment {finding.assessment}", f"{finding.part} is of another clause set"
    unapproved = Q(approved_by=F("author")) | Q(approved_on__lt=F("assessed_on"))
    unapproved |= Q(approved_by=None, approved_on__isnull=False) | Q(approved_by__isnull=False, approved_on=None)
    for assessment in Assessment.objects.filter(unapproved).select_related("arrangement"):
        yield f"assessment {assessment}", "is not approved by somebody other than its author, on or after its day"
    yield from _changed_after_approval()


def _changed_after_approval() -> Breaches:
    """Yield the assessments that history shows changed, or lost a finding or saw one changed, once approved."""
    approved_at: dict[int, datetime] = {}
    for version in Assessment.history.order_by("history_id"):
        if version.id in approved_at:
            words = f"{version.related_words.get('arrangement')} {version.assessed_on}"
            yield f"assessment {words}", f"changed after approval, {_when(version)}"
        elif version.approved_on is not None:
            approved_at[version.id] = version.history_date
    findings = Finding.history.filter(assessment__in=approved_at, history_type__in=("~", "-"))
    for version in findings.order_by("history_id"):
        if version.history_date > approved_at[version.assessment_id]:
            words = version.related_words.get("assessment", version.assessment_id)
            yield f"assessment {words}", f"a finding changed after approval, {_when(version)}"


def _when(version: object) -> str:
    return f"{version.history_date:%Y-%m-%d %H:%M}, by {version.who or version.door}"  # type: ignore[attr-defined]


@rule("9")
def numbers_are_issued_once() -> Breaches:
    """History knows each arrangement number on one arrangement alone, and each arrangement under one number."""
    holders: dict[str, set[int]] = defaultdict(set)
    numbers: dict[int, set[str]] = defaultdict(set)
    for reference, pk in Arrangement.history.order_by().values_list("reference", "id").distinct():
        holders[reference].add(pk)
        numbers[pk].add(reference)
    for reference, pks in sorted(holders.items()):
        if len(pks) > 1:
            yield f"arrangement {reference}", f"the number was issued {len(pks)} times"
    for _pk, references in sorted(numbers.items()):
        if len(references) > 1:
            yield (
                f"arrangement {min(references)}",
                f"one arrangement went by the numbers {', '.join(sorted(references))}",
            )
