"""Assessments: begun, made clause by clause, looked at whole, submitted, and approved by somebody else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.bilingual import in_language
from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.editing import VERSION, FormPage, undoable
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import today
from jfo_portal.kit.views import Crumb, RowPage
from registry.models import Role, User
from registry.tables import keeping_day
from wca import assessing, documents, evidence
from wca.assessing import Text, Texts
from wca.assessment_forms import ActForm, ClauseForm, PartFields, ReturnForm, StartForm
from wca.assessment_section import State, assessments_of, name_of, state_on
from wca.measures.coverage import INFORMATION_SHARING
from wca.models import (
    Arrangement,
    Assessment,
    Clause,
    ClausePart,
    ClauseSet,
    Document,
    Finding,
    Verdict,
    clause_verdict,
)
from wca.passages import passages_of
from wca.searching import LONGEST, ShownPlace, searched
from wca.sections import address_of
from wca.tables import SYMBOLS, clause_heading

WRITERS = frozenset({Role.NHQ_REVIEWER})
# Where an arrangement's page shows its assessments: the part, and the section in it.
SECTION = ("assessments", "assessments")
# Buttons that show the form again with what was typed, and save nothing.
SEARCH, USE_PROPOSAL, USE_PASSAGE = "_search", "_use_proposal", "_use_passage"
NEXT = "_next"
# How many passages that hold the words looked for are listed.
_SHOWN = 30


def _assessments(page: Any) -> Any:
    return Assessment.objects.visible_to(page.reader).select_related(
        "arrangement", "clause_set", "document", "author", "approved_by"
    )


def assessment_href(row: Assessment, letter: str = "") -> str:
    """Return the address of the assessment, or of the page on which its author assesses the clause."""
    if letter:
        return reverse("assess-clause", args=[row.arrangement.reference, row.pk, letter])
    return reverse("assessment", args=[row.arrangement.reference, row.pk])


class StartAssessment(FormPage):
    """Begin an assessment of the newest version of the arrangement's text."""

    title = gettext_lazy("Assess")
    section = "arrangements"
    readers = WRITERS
    template_name = "wca/assessment_start.html"
    submit_label = gettext_lazy("Begin the assessment")

    @cached_property
    def arrangement(self) -> Arrangement:
        rows = Arrangement.objects.editable_by(self.reader)
        row: Arrangement = RowPage.found(rows, reference=self.kwargs["reference"])
        return row

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("Arrangements"), reverse("arrangements")),
            Crumb(self.arrangement.reference, address_of(self.arrangement, *SECTION)),
        ]

    def get_form(self, data: Mapping[str, Any] | None = None) -> StartForm:
        latest = {row.code: row for row in ClauseSet.objects.visible_to(self.reader).order_by("code", "version")}
        sets = sorted(latest.values(), key=lambda row: (row.code != INFORMATION_SHARING, row.code))
        return StartForm(data, sets=sets, chosen=self.request.GET.get("set", ""))

    def save(self, form: StartForm) -> str:
        row = assessing.start(
            by=self.user,
            arrangement=self.arrangement,
            clause_set=form.cleaned_data["clause_set"],
            day=today(),
            within=self.change,
        )
        first = Clause.objects.visible_to(self.reader).filter(clause_set=row.clause_set).order_by("letter").first()
        undoable(self.request, _("Begun: %(assessment)s.") % {"assessment": row}, self.change)
        return assessment_href(row, first.letter if first else "")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        document = assessing.newest_document(self.arrangement, today())
        drafted = Assessment(arrangement=self.arrangement, document=document)
        texts = assessing.texts_of(drafted)
        return super().get_context_data(**kwargs) | {
            "arrangement": self.arrangement,
            "document": document,
            "no_text": assessing.no_text(texts) if texts.is_empty else "",
            "own": [
                row
                for row in assessments_of(self.arrangement, self.reader, today(), newest=document)
                if row.is_own and row.state != State.APPROVED
            ],
        }


# One clause


@dataclass(frozen=True)
class Step:
    """A clause in the strip of all of them."""

    heading: str
    verdict: Verdict
    symbol: str
    href: str
    is_current: bool
    is_carried: bool


@dataclass(frozen=True)
class PartAsked:
    """A part as its author is asked for it: the fields, and the passages that are proposed."""

    fields: PartFields
    proposals: Sequence[evidence.Proposal]


@dataclass(frozen=True)
class ShownText:
    """The text of a document as it stands beside the form: all of it, or the passages that hold what is looked for."""

    document: Document
    passages: Sequence[Mapping[str, str]]
    found: Sequence[ShownPlace]
    count: int


class AssessClause(FormPage):
    """One clause, part by part, beside the document's text; for the author, while it is a draft."""

    section = "arrangements"
    readers = WRITERS
    template_name = "wca/assess.html"

    @cached_property
    def assessment(self) -> Assessment:
        row: Assessment = RowPage.found(
            _assessments(self), pk=self.kwargs["pk"], arrangement__reference=self.kwargs["reference"]
        )
        if row.author_id != self.user.pk:
            raise PermissionDenied
        return row

    @cached_property
    def parts(self) -> dict[str, list[ClausePart]]:
        """The parts of every clause, by its letter."""
        return grouped(assessing.parts_of(self.assessment.clause_set_id), lambda part: part.clause.letter)

    @cached_property
    def clause(self) -> Clause:
        """The clause of the address; 404 if there is none of that letter, or it has no parts."""
        if self.kwargs["letter"] not in self.parts:
            raise Http404
        return self.parts[self.kwargs["letter"]][0].clause

    @property
    def own_parts(self) -> list[ClausePart]:
        return self.parts[self.clause.letter]

    @cached_property
    def findings(self) -> dict[int, Finding]:
        """What was found so far of every part, by its key."""
        rows = Finding.objects.visible_to(self.reader).filter(assessment=self.assessment)
        return {row.part_id: row for row in rows}

    @cached_property
    def texts(self) -> Texts:
        """The texts that are read; that somebody reads them on screen is logged."""
        rows = Document.objects.visible_to(self.reader).filter(pk__in=assessing.documents_of(self.assessment))
        ordered = sorted(rows, key=lambda row: (row.pk != self.assessment.document_id, row.language))
        return Texts([Text(row, documents.read(row, self.user, is_text=True).places) for row in ordered])

    @cached_property
    def proposals(self) -> dict[int, list[evidence.Proposal]]:
        places = [place for text in self.texts.texts for place in text.places]
        return evidence.proposals(self.own_parts, places) if places else {}

    @cached_property
    def asked(self) -> str:
        """The words to look for in the text."""
        asked = self.request.POST.get("q", self.request.GET.get("q", ""))
        return " ".join(asked.replace("\0", "").split())[:LONGEST]

    @cached_property
    def version(self) -> int:
        """The number of the latest version of the clause's findings when the form was opened; 0 for none."""
        sent = self.request.POST.get(VERSION, "")
        return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 19 else self._latest()

    def _latest(self) -> int:
        versions: Any = Finding.history
        rows = versions.filter(assessment=self.assessment.pk, part__in=self.own_parts).order_by("-history_id")
        return rows.values_list("history_id", flat=True).first() or 0

    def get_title(self) -> str:
        return _("Assess %(arrangement)s, clause %(letter)s: %(title)s") % {
            "arrangement": self.assessment.arrangement.reference,
            "letter": self.clause.letter,
            "title": self.clause.title,
        }

    def crumbs(self) -> Sequence[Crumb]:
        arrangement = self.assessment.arrangement
        return [
            Crumb(_("Arrangements"), reverse("arrangements")),
            Crumb(arrangement.reference, address_of(arrangement, *SECTION)),
            Crumb(_("Assessment"), assessment_href(self.assessment)),
        ]

    def get_form(self, data: Mapping[str, Any] | None = None, typed: Mapping[str, Any] | None = None) -> ClauseForm:
        language = self.assessment.document.language if self.assessment.document else "en"
        return ClauseForm(data, parts=self.own_parts, findings=self.findings, language=language, typed=typed)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.assessment.submitted_on is not None:
            messages.info(request, _("This assessment is submitted: withdraw it to go on with it."))
            return redirect(assessment_href(self.assessment))
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if any(name in request.POST for name in (SEARCH, USE_PROPOSAL, USE_PASSAGE)):
            return self.render_to_response(self.get_context_data(form=self.get_form(None, self._filled_in())))
        return super().post(request, *args, **kwargs)

    def _filled_in(self) -> Mapping[str, Any]:
        """Return what was typed, with the passage filled in that is to be used; nothing is saved."""
        typed = self.request.POST.dict()
        asked = typed.get(USE_PROPOSAL, typed.get(USE_PASSAGE))
        if asked is None:
            return typed
        part, _dot, number = asked.partition(".")
        offered = self._proposed(part) if USE_PROPOSAL in typed else self._passages()
        chosen = dict(enumerate(offered)).get(int(number)) if number.isascii() and number.isdigit() else None
        if chosen is None or part not in {str(one.pk) for one in self.own_parts}:
            messages.error(self.request, _("This passage is not in the text. Choose another one."))
            return typed
        return typed | {f"{name}_{part}": value for name, value in chosen.items()}

    def _proposed(self, part: str) -> list[dict[str, str]]:
        """Return what each proposal for the part of that key fills in."""
        found = {str(pk): proposals for pk, proposals in self.proposals.items()}.get(part, [])
        return [_filling(one.text, one.place, one.language) for one in found]

    def _passages(self) -> list[dict[str, str]]:
        """Return what each passage of the texts fills in, in their order."""
        return [
            _filling(passage["text"], passage["place"], text.document.language)
            for text in self.texts.texts
            for passage in passages_of(text.places)
        ]

    def before_saving(self, form: Any) -> HttpResponse | None:
        Assessment.objects.visible_to(self.reader).select_for_update(of=("self",)).filter(pk=self.assessment.pk).first()
        latest = self._latest()
        if self.version in (0, latest) and (self.version or not latest):
            return None
        form.add_error(
            None,
            _(
                "You saved this clause in another window meanwhile. What you typed here is not saved: "
                "open the clause anew to see what is, or save again to replace it."
            ),
        )
        self.version = latest
        return self.shown(form)

    def save(self, form: ClauseForm) -> str:
        changed = assessing.save_findings(self.assessment, form.found(), by=self.user, within=self.change)
        if changed:
            said = ngettext(
                "Saved: clause %(letter)s, %(count)s part.", "Saved: clause %(letter)s, %(count)s parts.", len(changed)
            )
            undoable(
                self.request, said % {"letter": self.clause.letter, "count": formats.number(len(changed))}, self.change
            )
        else:
            messages.info(self.request, _("Nothing was changed of clause %(letter)s.") % {"letter": self.clause.letter})
        letters = list(self.parts)
        following = letters[letters.index(self.clause.letter) + 1 :]
        if NEXT not in self.data:
            return assessment_href(self.assessment, self.clause.letter)
        return assessment_href(self.assessment, following[0] if following else "")

    def strip(self) -> list[Step]:
        """Return every clause with its verdict so far."""
        steps = []
        for letter, parts in self.parts.items():
            found = [self.findings.get(part.pk) for part in parts]
            verdict = clause_verdict(row.verdict if row else Verdict.NOT_ASSESSED for row in found)
            steps.append(
                Step(
                    clause_heading(parts[0].clause),
                    verdict,
                    SYMBOLS[verdict],
                    assessment_href(self.assessment, letter),
                    letter == self.clause.letter,
                    any(row.is_carried for row in found if row),
                )
            )
        return steps

    def shown_texts(self) -> list[ShownText]:
        """Return the texts, or what holds the words that are looked for."""
        shown = []
        number = 0
        for text in self.texts.texts:
            passages = passages_of(text.places)
            found = [place for place in searched(passages, self.asked) if place.is_found] if self.asked else []
            # A passage is known by its number among those of all texts, from 0 on.
            numbered = [
                ShownPlace(place.number - 1 + number, place.place, place.pieces, place.is_found)
                for place in found[:_SHOWN]
            ]
            shown.append(ShownText(text.document, passages, numbered, len(found)))
            number += len(passages)
        return shown

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form: ClauseForm = kwargs["form"]
        context = super().get_context_data(**kwargs)
        letters = list(self.parts)
        return context | {
            "assessment": self.assessment,
            "clause": self.clause,
            "parts": [PartAsked(fields, self.proposals.get(fields.part.pk, [])) for fields in form.part_fields()],
            "strip": self.strip(),
            "texts": self.shown_texts(),
            "no_text": assessing.no_text(self.texts) if self.texts.is_empty else "",
            "asked": self.asked,
            "is_last": letters[-1] == self.clause.letter,
            "hidden": [*context["hidden"], (VERSION, self.version)],
            # What was typed goes along to the other language, saved or not.
            "keeps_typing": self.request.method == "POST",
        }


def _filling(text: str, place: str, language: str) -> dict[str, str]:
    return {"quotation": " ".join(text.split()), "place": place, "quotation_language": language}


# A whole assessment


@dataclass(frozen=True)
class Opinion:
    """What one assessment says of a part."""

    who: str
    verdict: Verdict
    symbol: str
    quotation: str
    quotation_language: str
    place: str
    missing: str
    note: str
    is_carried: bool


@dataclass(frozen=True)
class PartSeen:
    """A part with what this assessment says of it, and what the others of the same text say."""

    part: ClausePart
    own: Opinion
    others: Sequence[Opinion]
    is_disputed: bool


@dataclass(frozen=True)
class ClauseSeen:
    """A clause with its verdict, by this assessment and by the others."""

    heading: str
    wording: str
    verdict: Verdict
    symbol: str
    others: Sequence[tuple[str, Verdict, str]]
    parts: Sequence[PartSeen]
    href: str


class AssessmentPage(RowPage):
    """One assessment: what it found of each clause, how it stands, and where others of the same text disagree.

    On a past day, one that was approved by then: of others nobody can say what they held.
    """

    section = "arrangements"
    template_name = "wca/assessment.html"

    @cached_property
    def row(self) -> Assessment:
        rows = _assessments(self)
        if self.is_read_only:
            rows = rows.filter(approved_on__lte=self.day)
        row: Assessment = self.found(rows, pk=self.kwargs["pk"], arrangement__reference=self.kwargs["reference"])
        return row

    @cached_property
    def others(self) -> list[Assessment]:
        """The other assessments of the same text against the same clauses."""
        rows = Assessment.objects.visible_to(self.reader).filter(pk__in=assessing.same_readings(self.row))
        if self.is_read_only:
            rows = rows.filter(approved_on__lte=self.day)
        return list(rows.select_related("author").order_by("assessed_on", "pk"))

    def get_title(self) -> str:
        return _("Assessment of %(arrangement)s: %(clauses)s") % {
            "arrangement": self.row.arrangement.reference,
            "clauses": self.row.clause_set.name,
        }

    def crumbs(self) -> Sequence[Crumb]:
        arrangement = self.row.arrangement
        return [
            Crumb(_("Arrangements"), keeping_day(reverse("arrangements"), self.day)),
            Crumb(arrangement.reference, address_of(arrangement, *SECTION, self.day)),
        ]

    @property
    def is_own_draft(self) -> bool:
        row = self.row
        return not self.is_read_only and self._may_write and row.author_id == self.user.pk and row.submitted_on is None

    @property
    def _may_write(self) -> bool:
        return self.reader.role in WRITERS

    def clauses(self) -> list[ClauseSeen]:
        """Return the clauses with what is said of them; two queries."""
        everybody = [self.row, *self.others]
        rows = Finding.objects.visible_to(self.reader).filter(assessment__in=everybody)
        found = {(row.assessment_id, row.part_id): row for row in rows}
        parts = assessing.parts_of(self.row.clause_set_id)
        disputed = assessing.disagreements({part.pk for part in parts}, found.values())
        return [
            self._clause(of_clause, everybody, found, disputed)
            for of_clause in grouped(parts, lambda part: part.clause.letter).values()
        ]

    def _clause(
        self,
        parts: Sequence[ClausePart],
        everybody: Sequence[Assessment],
        found: Mapping[tuple[int, int], Finding],
        disputed: set[int],
    ) -> ClauseSeen:
        seen = []
        for part in parts:
            own, *others = (_opinion(row, found.get((row.pk, part.pk))) for row in everybody)
            seen.append(PartSeen(part, own, others, part.pk in disputed))
        verdict = clause_verdict(part.own.verdict for part in seen)
        others_say = [clause_verdict(part.others[index].verdict for part in seen) for index in range(len(self.others))]
        clause = parts[0].clause
        return ClauseSeen(
            clause_heading(clause),
            clause.wording,
            verdict,
            SYMBOLS[verdict],
            [(_whose(row), said, SYMBOLS[said]) for row, said in zip(self.others, others_say, strict=True)],
            seen,
            assessment_href(self.row, clause.letter) if self.is_own_draft else "",
        )

    def acts(self) -> list["Act"]:
        """Return what the reader may do with it now."""
        if self.is_read_only or not self._may_write:
            return []
        return [one for one in ACTS.values() if one.is_open(self.row, self.user)]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        clauses = self.clauses()
        parts = [part for clause in clauses for part in clause.parts]
        version = _version_of(self.row)
        newest = assessing.newest_document(self.row.arrangement, self.day)
        return super().get_context_data(**kwargs) | {
            "clauses": clauses,
            "state": state_on(self.row, self.day),
            "author": name_of(self.row.author),
            "approver": name_of(self.row.approved_by) if self.row.approved_by else "",
            "document_href": _document_href(self.row, self.reader, self.on_day),
            "others": [
                (_whose(row), state_on(row, self.day), keeping_day(assessment_href(row), self.day))
                for row in self.others
            ],
            "disputed": sum(part.is_disputed for part in parts),
            "unassessed": sum(part.own.verdict == Verdict.NOT_ASSESSED for part in parts),
            "carried": sum(part.own.is_carried for part in parts),
            "part_count": len(parts),
            "is_outdated": bool(assessing.outdated([self.row], newest)),
            "newest": newest,
            "is_own_draft": self.is_own_draft,
            "arrangement_href": keeping_day(self.row.arrangement.get_absolute_url(), self.day),
            "acts": [(one, f"{_act_href(self.row, one.name)}?seen={version}") for one in self.acts()],
        }


def _document_href(row: Assessment, reader: Any, on_day: str) -> str:
    """Return the address of the document that was read; nothing for who may not see it."""
    if row.document is None or not Document.objects.visible_to(reader).filter(pk=row.document.pk).exists():
        return ""
    return f"{reverse('document', args=[row.arrangement.reference, row.document.pk])}{on_day}"


def _whose(row: Assessment) -> str:
    """Return who made the assessment and when: one person may have made two of the same text."""
    return _("%(who)s, %(day)s") % {"who": name_of(row.author), "day": row.assessed_on}


def _opinion(row: Assessment, finding: Finding | None) -> Opinion:
    verdict = Verdict(finding.verdict) if finding else Verdict.NOT_ASSESSED
    return Opinion(
        _whose(row),
        verdict,
        SYMBOLS[verdict],
        finding.quotation if finding else "",
        finding.quotation_language if finding else "",
        finding.place if finding else "",
        in_language(finding, "missing") if finding else "",
        finding.note if finding else "",
        finding.is_carried if finding else False,
    )


# What is done with a whole assessment


@dataclass(frozen=True)
class Act:
    """Something that is done with a whole assessment, on a page of its own that says what follows."""

    name: str
    title: str | Promise
    label: str | Promise
    follows: str | Promise
    done: str | Promise
    is_open: Callable[[Assessment, User], bool]
    run: Callable[[Assessment, User, ChangeSet, Mapping[str, Any]], object]
    form: type[forms.Form] = ActForm
    is_main: bool = False
    # An approval is final: the database refuses to change what was approved.
    is_undoable: bool = True


def _is_own(row: Assessment, user: User, *, is_submitted: bool) -> bool:
    return row.author_id == user.pk and row.approved_on is None and (row.submitted_on is not None) == is_submitted


def _waits_for(row: Assessment, user: User) -> bool:
    return row.author_id != user.pk and row.approved_on is None and row.submitted_on is not None


ACTS = {
    one.name: one
    for one in (
        Act(
            "submit",
            gettext_lazy("Submit the assessment"),
            gettext_lazy("Submit"),
            gettext_lazy("Somebody else looks at it and approves or returns it. Until then you can withdraw it."),
            gettext_lazy("Submitted: %(assessment)s."),
            lambda row, user: _is_own(row, user, is_submitted=False),
            lambda row, user, change, _values: assessing.submit(row, by=user, day=today(), within=change),
            is_main=True,
        ),
        Act(
            "approve",
            gettext_lazy("Approve the assessment"),
            gettext_lazy("Approve"),
            gettext_lazy("From today on it counts in the gap report, and nobody can change it any more."),
            gettext_lazy("Approved: %(assessment)s."),
            _waits_for,
            lambda row, user, change, _values: assessing.approve(row, by=user, day=today(), within=change),
            is_main=True,
            is_undoable=False,
        ),
        Act(
            "return",
            gettext_lazy("Return the assessment"),
            gettext_lazy("Return"),
            gettext_lazy("It is a draft again, and its author reads your note."),
            gettext_lazy("Returned: %(assessment)s."),
            _waits_for,
            lambda row, user, change, values: assessing.send_back(row, by=user, note=values["note"], within=change),
            ReturnForm,
        ),
        Act(
            "withdraw",
            gettext_lazy("Withdraw the assessment"),
            gettext_lazy("Withdraw"),
            gettext_lazy("It is a draft again, and you can go on with it."),
            gettext_lazy("Withdrawn: %(assessment)s."),
            lambda row, user: _is_own(row, user, is_submitted=True),
            lambda row, user, change, _values: assessing.withdraw(row, by=user, within=change),
        ),
        Act(
            "discard",
            gettext_lazy("Discard the draft"),
            gettext_lazy("Discard"),
            gettext_lazy("The draft is removed with all that it found."),
            gettext_lazy("Discarded: %(assessment)s."),
            lambda row, user: _is_own(row, user, is_submitted=False),
            lambda row, user, change, _values: assessing.discard(row, by=user, within=change),
        ),
    )
}


def _act_href(row: Assessment, name: str) -> str:
    return reverse("assessment-act", args=[row.arrangement.reference, row.pk, name])


def _version_of(row: Assessment) -> int:
    versions: Any = Assessment.history
    rows = versions.filter(id=row.pk).order_by("-history_id")
    return rows.values_list("history_id", flat=True).first() or 0


class AssessmentAct(FormPage):
    """Submit, approve, return, withdraw or discard an assessment as it was when the person looked at it."""

    section = "arrangements"
    readers = WRITERS
    template_name = "wca/assessment_act.html"

    @cached_property
    def act(self) -> Act:
        if self.kwargs["act"] not in ACTS:
            raise Http404
        return ACTS[self.kwargs["act"]]

    @cached_property
    def assessment(self) -> Assessment:
        row: Assessment = RowPage.found(
            _assessments(self), pk=self.kwargs["pk"], arrangement__reference=self.kwargs["reference"]
        )
        return row

    @property
    def submit_label(self) -> str:  # type: ignore[override]
        return str(self.act.label)

    def get_title(self) -> str | Promise:
        return self.act.title

    def crumbs(self) -> Sequence[Crumb]:
        arrangement = self.assessment.arrangement
        return [
            Crumb(_("Arrangements"), reverse("arrangements")),
            Crumb(arrangement.reference, address_of(arrangement, *SECTION)),
            Crumb(_("Assessment"), assessment_href(self.assessment)),
        ]

    @cached_property
    def version(self) -> int:
        """The number of the version of the assessment that the person looked at."""
        sent = self.request.POST.get(VERSION) or self.request.GET.get("seen", "")
        return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 19 else _version_of(self.assessment)

    def get_form(self, data: Mapping[str, Any] | None = None) -> forms.Form:
        # Looked up before anything is saved: 404 for what there is not.
        self.assessment  # noqa: B018
        return self.act.form(data)

    def before_saving(self, form: Any) -> HttpResponse | None:
        rows = Assessment.objects.visible_to(self.reader).select_for_update(of=("self",))
        rows.filter(pk=self.assessment.pk).first()
        latest = _version_of(self.assessment)
        if latest == self.version:
            return None
        self.version = latest
        form.add_error(
            None, _("The assessment was changed since you looked at it. Look at it as it is now, and send this again.")
        )
        return self.shown(form)

    def save(self, form: forms.Form) -> str:
        said = str(self.act.done) % {"assessment": str(self.assessment)}
        gone = self.act.name == "discard"
        address = address_of(self.assessment.arrangement, *SECTION) if gone else assessment_href(self.assessment)
        self.act.run(self.assessment, self.user, self.change, form.cleaned_data)
        if self.act.is_undoable:
            undoable(self.request, said, self.change)
        else:
            messages.success(self.request, said)
        return address

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        row = self.assessment
        verdicts = dict(Finding.objects.visible_to(self.reader).filter(assessment=row).values_list("part", "verdict"))
        parts = assessing.parts_of(row.clause_set_id)
        unassessed = sum(verdicts.get(part.pk, Verdict.NOT_ASSESSED) == Verdict.NOT_ASSESSED for part in parts)
        is_submission = self.act.name == "submit" and row.approved_on is None
        return context | {
            "assessment": row,
            "follows": self.act.follows,
            "author": name_of(row.author),
            "unassessed": unassessed if self.act.name in ("submit", "approve") else 0,
            "part_count": len(parts),
            "obstacles": assessing.obstacles(row) if is_submission and not kwargs["form"].errors else [],
            "assessment_href": assessment_href(row),
            "hidden": [*context["hidden"], (VERSION, self.version)],
        }
