"""Domain rules 7 to 9, looked at over the whole database, whatever wrote the rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from operator import attrgetter

from django.db.models import Count, F, OuterRef, Q, Subquery

from jfo_portal.kit.checks import rule
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import shared_day, today

from .models import (
    Answer,
    Arrangement,
    Assessment,
    Consultation,
    Coverage,
    DocumentContent,
    Finding,
    RemediationAction,
    Signatory,
    Stage,
    Step,
    Verdict,
)
from .models.stages import in_order, out_of_order, stage_recorded
from .quoting import Passages

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
    superseded = Arrangement.objects.filter(superseded_by__isnull=False)
    newer = dict(superseded.values_list("reference", "superseded_by__reference"))
    for circle in _circles(newer):
        yield f"arrangement {circle[0]}", f"it supersedes itself by way of {', '.join(circle[1:])}"
    groups = Signatory.objects.filter(agency__is_group=True).select_related("arrangement", "agency")
    for signatory in groups.order_by("arrangement__reference"):
        yield f"arrangement {signatory.arrangement}", f"{signatory.agency.key} is a party, and is a group"
    coverage = Coverage.objects.select_related("arrangement", "jfo").order_by("arrangement__reference", "jfo__code")
    for (arrangement, jfo), rows in grouped(coverage, lambda row: (row.arrangement, row.jfo)).items():
        if (day := shared_day(rows)) is not None:
            yield f"arrangement {arrangement}", f"covers {jfo.code} twice on {day}"


def _circles(newer: Mapping[str, str]) -> list[list[str]]:
    """Return the circles of two or more that following the newer of each leads around, each from its first number."""
    circles, done = set(), set()
    for start in sorted(newer):
        way: list[str] = []
        here: str | None = start
        while here is not None and here not in done and here not in way:
            way.append(here)
            here = newer.get(here)
        if here in way:
            circle = way[way.index(here) :]
            first = circle.index(min(circle))
            circles.add((*circle[first:], *circle[:first]))
        done.update(way)
    return [list(circle) for circle in sorted(circles) if len(circle) > 1]


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


@rule("8")
def actions_hold() -> Breaches:
    """An action is verified once it is done, and a risk accepted whole, each by somebody other than its owner."""
    rows = RemediationAction.objects.with_names()
    verified = Q(verified_on__isnull=False) | Q(verified_by__isnull=False)
    unsound = Q(verified_on=None) | Q(verified_by=None) | Q(done_on=None) | Q(verified_by=F("owner"))
    unsound |= Q(verified_on__lt=F("done_on")) | Q(returned_on__isnull=False)
    for action in rows.filter(verified, unsound):
        yield f"action {action.pk} on {action.gap}", "is not verified by somebody other than its owner, once done"
    accepted = Q(accepted_on__isnull=False) | Q(accepted_until__isnull=False) | Q(accepted_by__isnull=False)
    part = Q(accepted_on=None) | Q(accepted_until=None) | Q(accepted_by=None) | Q(accepted_why="")
    part |= Q(accepted_by=F("owner")) | Q(accepted_until__lt=F("accepted_on"))
    for action in rows.filter(accepted, part):
        yield f"action {action.pk} on {action.gap}", "its risk is not accepted whole by somebody other than its owner"
    for action in rows.filter(Q(done_on__isnull=False), evidence=""):
        yield f"action {action.pk} on {action.gap}", "is done, and nothing shows it"


@rule("8")
def quotations_are_found() -> Breaches:
    """What meets a part is quoted of a document on file, and stands in it, in one of its languages."""
    unread = Finding.objects.filter(verdict=Verdict.MET, assessment__document=None)
    for finding in unread.select_related("assessment__arrangement", "part__clause").order_by("pk"):
        yield f"assessment {finding.assessment}", f"{finding.part} is met, and no document was read"
    met = Finding.objects.filter(verdict=Verdict.MET, assessment__document__isnull=False)
    findings = met.select_related("assessment__arrangement", "assessment__document", "part__clause")
    sought: dict[tuple[int, int], list[Finding]] = defaultdict(list)
    for finding in findings.order_by("pk"):
        if (document := finding.assessment.document) is not None:
            sought[document.arrangement_id, document.version].append(finding)
    read = Assessment.objects.filter(document__isnull=False).values("document__arrangement")
    texts = DocumentContent.objects.filter(document__arrangement__in=read)
    rows = texts.values_list("document__arrangement", "document__version", "places")
    for arrangement, version, places in rows.iterator():
        passages = Passages(places)
        left = [one for one in sought[arrangement, version] if not passages.holding(one.quotation)]
        sought[arrangement, version] = left
    for finding in sorted(chain.from_iterable(sought.values()), key=attrgetter("pk")):
        yield f"assessment {finding.assessment}", f"the quotation for {finding.part} is not in its document"


@rule("9")
def steps_follow_the_table() -> Breaches:
    """The steps of each arrangement follow the declared transitions, and what was withdrawn is not in force."""
    steps = Step.objects.select_related("arrangement").order_by("arrangement__reference")
    for arrangement, taken in grouped(steps, lambda step: step.arrangement).items():
        wrong = out_of_order([step.stage for step in in_order(taken)])
        if wrong is not None and wrong[0] is None:
            yield f"arrangement {arrangement}", f"its steps begin with {wrong[1]}"
        elif wrong is not None:
            yield f"arrangement {arrangement}", f"its steps go from {wrong[0]} to {wrong[1]}"
    in_force = Arrangement.objects.in_force_on(today()).alias(stage=stage_recorded(today()))
    for arrangement in in_force.filter(stage=Stage.WITHDRAWN).order_by("reference"):
        yield f"arrangement {arrangement}", "was withdrawn, and is in force by its signatures and dates"


@rule("9")
def negotiations_stand_on_consultations() -> Breaches:
    """A round of consultations on which a negotiation began has none that is open or asks for changes."""
    begun = Step.objects.filter(arrangement=OuterRef("arrangement"), stage=Stage.NEGOTIATION)
    rounds = begun.order_by().values("arrangement").annotate(count=Count("pk")).values("count")
    unsettled = Consultation.objects.exclude(answer__in=[Answer.OK, Answer.WAIVED]).annotate(rounds=Subquery(rounds))
    for row in unsettled.filter(round__lte=F("rounds")).select_related("arrangement"):
        yield f"arrangement {row.arrangement}", f"went to negotiation without {row.consulted}, round {row.round}"
