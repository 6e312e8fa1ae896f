"""Assessments: an arrangement is read against a clause set part by part, submitted, and approved by somebody else.

Each act is one transaction and one change set; it locks the assessment first, so that of two simultaneous ones the
second is checked against what the first wrote. A rule that it would break (domain rule 8) raises ValidationError, and
nothing is saved then. `within` makes an act part of a larger one; `day` is today.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jfo_portal.kit.access import Reader
from jfo_portal.kit.changesets import ChangeSet, act
from jfo_portal.kit.grouping import grouped
from registry.models import User

from .measures.coverage import INFORMATION_SHARING
from .models import Arrangement, Assessment, ClausePart, ClauseSet, Document, DocumentContent, Finding, Verdict
from .models.arrangements import ArrangementQuerySet
from .models.assessments import AssessmentQuerySet
from .quoting import Passages

# What a new assessment takes over from an earlier one, part by part.
_CARRIED = ("verdict", "quotation", "quotation_language", "place", "missing_en", "missing_fr", "note")
_PLACE_LENGTH = Finding._meta.get_field("place").max_length or 0


@dataclass(frozen=True)
class Found:
    """What an author says of a part, as typed; an empty place is looked up, `is_confirmed` is of a carried finding."""

    verdict: str = Verdict.NOT_ASSESSED
    quotation: str = ""
    quotation_language: str = "en"
    place: str = ""
    missing_en: str = ""
    missing_fr: str = ""
    note: str = ""
    is_confirmed: bool = False


@dataclass(frozen=True)
class Text:
    """The text of a document that is assessed."""

    document: Document
    places: Sequence[Mapping[str, str]]


class Texts:
    """What is assessed, in each language on file: the assessment's document first, then its twin of that version."""

    def __init__(self, texts: Sequence[Text]) -> None:
        self.texts = texts
        self._passages = [Passages(text.places) for text in texts]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to quote from: no document is on file, or only scans."""
        return not any(text.places for text in self.texts)

    def holding(self, quotation: str, language: str) -> tuple[str, list[str]]:
        """Return the language of the quotation and its places in the text that holds it; no place where none does.

        What only the other language's text holds is in that language, whatever was said.
        """
        for number, (text, passages) in enumerate(zip(self.texts, self._passages, strict=True)):
            if places := passages.holding(quotation):
                return (text.document.language if number else language), places
        return language, []


# What is assessed


def documents_of(assessment: Assessment) -> QuerySet[Document]:
    """Return what is assessed: the document, and the one of the same version in the other language, if there is one."""
    if assessment.document is None:
        return Document.objects.none()
    return Document.objects.filter(
        arrangement=assessment.arrangement_id, version=assessment.document.version, is_draft=False
    )


def texts_of(assessment: Assessment) -> Texts:
    """Return the texts of what is assessed; one query."""
    return texts_of_each([assessment])[0]


def texts_of_each(assessments: Sequence[Assessment]) -> list[Texts]:
    """Return the texts of what each of them assesses, in their order; one query."""
    of_signed = Document.objects.filter(arrangement__in={one.arrangement_id for one in assessments}, is_draft=False)
    versions = {one.document.version for one in assessments if one.document is not None}
    contents = DocumentContent.objects.filter(document__in=of_signed.filter(version__in=versions))
    rows: dict[tuple[int, int | None], list[DocumentContent]] = grouped(
        contents.select_related("document").defer("data") if versions else (),
        lambda row: (row.document.arrangement_id, row.document.version),
    )
    found = []
    for one in assessments:
        first, about = one.document_id, (one.arrangement_id, one.document.version if one.document else None)
        ordered = sorted(
            rows.get(about, ()), key=lambda row, first=first: (row.document_id != first, row.document.language)
        )
        found.append(Texts([Text(row.document, row.places) for row in ordered]))
    return found


def newest_document(arrangement: Arrangement, day: date) -> Document | None:
    """Return the newest version of the arrangement's text by the day that is not a draft; one query."""
    return newest_documents([arrangement], day).get(arrangement.pk)


def newest_documents(arrangements: Iterable[Arrangement], day: date) -> dict[int, Document]:
    """Return, by arrangement, the newest version of its text by the day that is not a draft; one query."""
    rows = Document.objects.filter(arrangement__in=[one.pk for one in arrangements], is_draft=False)
    newest: dict[int, Document] = {}
    for row in rows.filter(uploaded_on__lte=day).order_by("-version", "language"):
        newest.setdefault(row.arrangement_id, row)
    return newest


def parts_of(clause_set_id: int) -> list[ClausePart]:
    """Return the parts of the clause set in their order, each with its clause; one query."""
    rows = ClausePart.objects.filter(clause__clause_set=clause_set_id).select_related("clause")
    return list(rows.order_by("clause__letter", "number"))


def part_name(part: ClausePart) -> str:
    """Return what a part is called in a sentence: “c, part 2”."""
    return _("%(letter)s, part %(number)s") % {"letter": part.clause.letter, "number": part.number}


# The acts


def start(
    *, by: User, arrangement: Arrangement, clause_set: str, day: date, within: ChangeSet | None = None
) -> Assessment:
    """Begin an assessment of the arrangement's newest document against the latest version of the set of that code.

    Where an earlier version of either was assessed, its findings are carried over, to be confirmed: the author's own if
    they are still at it, otherwise those of the standing assessment. Who reads what was assessed already reads it
    afresh.
    """
    with act(by, within=within) as change:
        # Of two that one author starts at once, the second finds the first.
        arrangement = Arrangement.objects.select_for_update(no_key=True).get(pk=arrangement.pk)
        row = Assessment(
            arrangement=arrangement,
            clause_set=ClauseSet.objects.filter(code=clause_set).latest("version"),
            document=newest_document(arrangement, day),
            assessed_on=day,
            author=by,
        )
        if own_open(by, arrangement).filter(_same_reading(row)).exists():
            raise ValidationError(_("You have begun an assessment of this text against these clauses: go on with it."))
        change.save_row(row)
        for finding in carried_over([row], day):
            change.save_row(finding)
        return row


def own_open(author: User, arrangement: Arrangement) -> AssessmentQuerySet:
    """Return the author's assessments of the arrangement that nobody approved yet."""
    return Assessment.objects.filter(arrangement=arrangement, author=author, approved_on=None)


def _same_reading(row: Assessment) -> Q:
    """Return the condition that an assessment reads the same text, in whatever language, against the same clauses."""
    version = row.document.version if row.document else None
    return Q(arrangement=row.arrangement_id, clause_set=row.clause_set_id, document__version=version)


def same_readings(row: Assessment) -> AssessmentQuerySet:
    """Return the other assessments of the same text against the same clauses, whoever made them."""
    return Assessment.objects.filter(_same_reading(row)).exclude(pk=row.pk)


def carried_over(rows: Sequence[Assessment], day: date) -> list[Finding]:
    """Return what assessments that begin take over from earlier ones, to be confirmed, unsaved; see `start`.

    Four queries, however many begin.
    """
    begun = [row.pk for row in rows if row.pk is not None]
    earlier = Assessment.objects.filter(arrangement__in=[row.arrangement_id for row in rows]).exclude(pk__in=begun)
    earlier = earlier.select_related("clause_set", "document")
    standing = {(one.arrangement_id, one.clause_set.code): one for one in earlier.standing_on(day)}
    own = earlier.filter(author__in={row.author_id for row in rows}, approved_on=None).order_by("pk")
    drafts = {(one.author_id, one.arrangement_id, one.clause_set.code): one for one in own}
    taking: dict[int, list[Assessment]] = {}
    for row in rows:
        about = (row.arrangement_id, row.clause_set.code)
        source = drafts.get((row.author_id, *about)) or standing.get(about)
        if source is not None and not _reads_the_same(row, source):
            taking.setdefault(source.pk, []).append(row)
    parts = ClausePart.objects.filter(clause__clause_set__in={row.clause_set_id for row in rows})
    by_name = {
        (part.clause.clause_set_id, part.clause.letter, part.number): part for part in parts.select_related("clause")
    }
    findings = Finding.objects.filter(assessment__in=taking).exclude(verdict=Verdict.NOT_ASSESSED)
    ordered = findings.select_related("part__clause").order_by("part__clause__letter", "part__number")
    return [
        Finding(assessment=row, part=part, is_carried=True, **{name: getattr(old, name) for name in _CARRIED})
        for old in ordered
        for row in taking[old.assessment_id]
        if (part := by_name.get((row.clause_set_id, old.part.clause.letter, old.part.number))) is not None
    ]


def _reads_the_same(row: Assessment, other: Assessment) -> bool:
    """Say whether two assessments of one arrangement read the same text against the same clauses."""
    versions = [one.document.version if one.document else None for one in (row, other)]
    return row.clause_set_id == other.clause_set_id and versions[0] == versions[1]


def save_findings(
    assessment: Assessment,
    found: Mapping[ClausePart, Found],
    *,
    by: User,
    within: ChangeSet | None = None,
) -> list[Finding]:
    """Write what the author found of the parts; returns the findings that changed.

    What is wrong is told under the name of the field and the key of the part: `place_12`. A carried finding that is
    neither changed nor confirmed stays as it is.
    """
    with act(by, within=within) as change:
        assessment = _own_draft(assessment, by)
        if {part.clause.clause_set_id for part in found} - {assessment.clause_set_id}:
            raise ValidationError(_("A part is not of the clauses that are assessed."))
        texts = texts_of(assessment)
        rows = {row.part_id: row for row in assessment.findings.filter(part__in=found)}
        errors: dict[str, str] = {}
        changed = []
        for part, typed in found.items():
            row = rows.get(part.pk) or Finding(assessment=assessment, part=part)
            if not _is_changed(row, typed):
                continue
            _read(row, typed, texts, errors)
            row.is_carried = False
            changed.append(row)
        if errors:
            raise ValidationError({name: [sentence] for name, sentence in errors.items()})
        for row in changed:
            change.save_row(row)
        return changed


def _is_changed(row: Finding, typed: Found) -> bool:
    """Say whether what is typed differs from the finding, or confirms it; a finding of nothing is not written."""
    return (row.is_carried and typed.is_confirmed) or any(
        getattr(row, name) != getattr(typed, name)
        for name in _CARRIED
        # The language of no words is nothing that anybody said.
        if name != "quotation_language" or typed.quotation
    )


def _read(row: Finding, typed: Found, texts: Texts, errors: dict[str, str]) -> None:
    """Set on the row what is typed, the place filled in from the text; what is wrong goes into `errors`."""
    for name in _CARRIED:
        setattr(row, name, getattr(typed, name))
    errors |= {f"{name}_{row.part_id}": sentence for name, sentence in settle(row, texts).items()}


def settle(row: Finding, texts: Texts) -> dict[str, str]:
    """Fill in the language and the place of the finding's quotation from the texts; return what is wrong with it, a
    sentence by the name of the field."""
    if not row.quotation:
        if row.verdict == Verdict.MET:
            return {"quotation": _("“Met” needs a quotation: copy the words of the document that meet this part.")}
        return {}
    row.quotation_language, places = texts.holding(row.quotation, row.quotation_language)
    if row.verdict == Verdict.MET and texts.is_empty:
        return {"verdict": no_text(texts)}
    if row.verdict == Verdict.MET and not places:
        return {
            "quotation": _(
                "These words are not found in the document. Copy them as they stand there, without leaving any out."
            )
        }
    if places and not row.place:
        row.place = _in_words(places)
    elif places and not _is_one_of(row.place, places):
        return {
            "place": _("These words are found elsewhere: %(places)s. Give that place.") % {"places": ", ".join(places)}
        }
    return {}


def no_text(texts: Texts) -> str:
    """Return why nothing can be found to be met where there is no text, and what to do."""
    if texts.texts:
        return _(
            "The document on file has no text to quote from, such as a scan. "
            "Upload one with its text, and assess that version: until then nothing can be found to be met."
        )
    return _(
        "No signed document is on file to quote from. "
        "Upload it, and assess that version: until then nothing can be found to be met."
    )


def _in_words(places: Sequence[str]) -> str:
    """Return the places as the finding keeps them; the first alone where they are too many."""
    words = ", ".join(places)
    return words if len(words) <= _PLACE_LENGTH else places[0][:_PLACE_LENGTH]


def _is_one_of(place: str, places: Sequence[str]) -> bool:
    """Say whether the place is where the words were found, or says more of it: “p. 3, s. 7.1” on “p. 3”."""
    return place == _in_words(places) or any(place == found or place.startswith(f"{found},") for found in places)


def submit(assessment: Assessment, *, by: User, day: date, within: ChangeSet | None = None) -> Assessment:
    """Submit the author's draft for somebody else's approval; parts that are not assessed may stay so.

    Refused with a sentence for each clause that holds something to be confirmed, and each part whose quotation is not
    found in the document.
    """
    with act(by, within=within) as change:
        row = _own_draft(assessment, by)
        if sentences := obstacles(row):
            raise ValidationError(sentences)
        row.submitted_on = row.assessed_on = day
        return change.save_row(row)


def obstacles(assessment: Assessment) -> list[str]:
    """Return why the draft cannot be submitted, in sentences that name the clauses; two queries."""
    findings = list(assessment.findings.select_related("part__clause").order_by("part__clause__letter", "part__number"))
    if all(finding.verdict == Verdict.NOT_ASSESSED for finding in findings):
        return [_("Nothing is assessed yet.")]
    sentences = []
    carried = list(dict.fromkeys(finding.part.clause.letter for finding in findings if finding.is_carried))
    if carried:
        sentences.append(
            ngettext(
                "Clause %(letters)s holds findings taken from an earlier assessment: confirm or change them.",
                "Clauses %(letters)s hold findings taken from an earlier assessment: confirm or change them.",
                len(carried),
            )
            % {"letters": ", ".join(carried)}
        )
    texts = texts_of(assessment)
    for finding in findings:
        if finding.verdict != Verdict.MET or finding.is_carried:
            continue
        if not texts.holding(finding.quotation, finding.quotation_language)[1]:
            sentences.append(
                _("%(part)s, is met by words that are not found in the document: look for them again.")
                % {"part": part_name(finding.part)}
            )
    return sentences


def withdraw(assessment: Assessment, *, by: User, within: ChangeSet | None = None) -> Assessment:
    """Take back the author's own submission, to go on with the draft."""
    with act(by, within=within) as change:
        row = _locked(assessment)
        _require_author(row, by)
        _require_submitted(row)
        row.submitted_on = None
        return change.save_row(row)


def discard(assessment: Assessment, *, by: User, within: ChangeSet | None = None) -> None:
    """Remove the author's own draft, and what it found."""
    with act(by, within=within) as change:
        change.delete_row(_own_draft(assessment, by))


def approve(assessment: Assessment, *, by: User, day: date, within: ChangeSet | None = None) -> Assessment:
    """Approve what somebody else submitted; from then on nobody changes it, and it counts."""
    with act(by, within=within) as change:
        row = _of_another(assessment, by)
        row.approved_by, row.approved_on = by, day
        return change.save_row(row)


def send_back(assessment: Assessment, *, by: User, note: str, within: ChangeSet | None = None) -> Assessment:
    """Return to its author what somebody else submitted, with what is to be looked at again."""
    with act(by, within=within) as change:
        row = _of_another(assessment, by)
        row.submitted_on, row.returned_note = None, note
        return change.save_row(row)


def _locked(assessment: Assessment) -> Assessment:
    """Return the assessment as it is now, locked."""
    rows = Assessment.objects.select_for_update(of=("self",)).select_related("arrangement", "clause_set", "document")
    row = rows.filter(pk=assessment.pk).first()
    if row is None:
        raise ValidationError(_("This assessment is not there any more: its author discarded it meanwhile."))
    if row.approved_on is not None:
        raise ValidationError(
            _("This assessment was approved on %(day)s and never changes. Begin a new one instead.")
            % {"day": row.approved_on}
        )
    return row


def _own_draft(assessment: Assessment, by: User) -> Assessment:
    row = _locked(assessment)
    _require_author(row, by)
    if row.submitted_on is not None:
        raise ValidationError(_("This assessment is submitted and waits for approval. Withdraw it to change it."))
    return row


def _of_another(assessment: Assessment, by: User) -> Assessment:
    row = _locked(assessment)
    if row.author_id == by.pk:
        raise ValidationError(_("An assessment is approved by somebody other than its author."))
    _require_submitted(row)
    return row


def _require_author(row: Assessment, by: User) -> None:
    if row.author_id != by.pk:
        raise ValidationError(_("Only its author changes an assessment. Begin one of your own instead."))


def _require_submitted(row: Assessment) -> None:
    if row.submitted_on is None:
        raise ValidationError(_("This assessment is not submitted, or not any more."))


# What is to be done, for the home page


def to_do(reader: Reader, day: date, clause_set: str = INFORMATION_SHARING) -> ArrangementQuerySet:
    """Return the arrangements, in force or with a signed text and not over, that no assessment stands of by the day.

    Those of which the reader may write one; one that waits for approval is not to be written again.
    """
    standing = _standing(day, clause_set)
    waiting = Assessment.objects.filter(
        arrangement=OuterRef("pk"), clause_set__code=clause_set, submitted_on__lte=day, approved_on=None
    )
    return _worth_assessing(reader, day).filter(~Exists(standing), ~Exists(waiting))


def to_confirm(reader: Reader, day: date, clause_set: str = INFORMATION_SHARING) -> ArrangementQuerySet:
    """Return the arrangements whose standing assessment is of an older version of the text than the newest one."""
    standing = _standing(day, clause_set)
    rows = _worth_assessing(reader, day).annotate(
        newest=Subquery(_signed(day).order_by("-version").values("version")[:1]),
        assessed=Subquery(standing.values("document__version")[:1]),
    )
    waiting = Assessment.objects.filter(
        arrangement=OuterRef("pk"),
        clause_set__code=clause_set,
        submitted_on__lte=day,
        approved_on=None,
        document__version=OuterRef("newest"),
    )
    older = Q(assessed=None) | Q(assessed__lt=F("newest"))
    return rows.filter(Exists(standing), older, newest__isnull=False).exclude(Exists(waiting))


def to_approve(reader: Reader) -> AssessmentQuerySet:
    """Return the submitted assessments that the reader may approve: those of others."""
    return Assessment.objects.waiting_for(reader)


def _signed(day: date) -> QuerySet[Document]:
    """Return, for each arrangement, its documents by the day that are not drafts."""
    return Document.objects.filter(arrangement=OuterRef("pk"), is_draft=False, uploaded_on__lte=day)


def _standing(day: date, clause_set: str) -> AssessmentQuerySet:
    rows = Assessment.objects.standing_on(day)
    return rows.filter(arrangement=OuterRef("pk"), clause_set__code=clause_set)


def _worth_assessing(reader: Reader, day: date) -> ArrangementQuerySet:
    rows = Arrangement.objects.editable_by(reader).filter(
        Q(expiry=None) | Q(expiry__gte=day),
        Q(terminated_on=None) | Q(terminated_on__gt=day),
        Q(superseded_on=None) | Q(superseded_on__gt=day),
    )
    in_force = Arrangement.objects.in_force_on(day).values("pk")
    return rows.filter(Q(pk__in=in_force) | Exists(_signed(day)))


def outdated(assessments: Iterable[Assessment], newest: Document | None) -> set[int]:
    """Return the keys of the assessments that read an older version of the text than the newest one; no query where
    their documents are loaded."""
    if newest is None:
        return set()
    return {row.pk for row in assessments if row.document is None or row.document.version < newest.version}


def disagreements(parts: Collection[int], findings: Iterable[Finding]) -> set[int]:
    """Return the keys of the parts on which findings of several assessments say different things.

    Who did not assess a part disagrees with nobody.
    """
    verdicts = grouped((row for row in findings if row.part_id in parts), lambda row: row.part_id)
    return {
        part for part, rows in verdicts.items() if len({row.verdict for row in rows} - {Verdict.NOT_ASSESSED.value}) > 1
    }
