"""Drafts of arrangements: composing, reading, changing, printing and using them, and comparing what came back."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from jfo_portal.kit import formats
from jfo_portal.kit.editing import TOKEN, EditPage, FormPage, undoable
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage
from registry.forms import ReasonedForm
from registry.models import JFO, Role
from registry.tables import keeping_day
from wca import comparing, composing, documents, draft_files, texts
from wca.composing import ClauseHeld, Composition, Terms
from wca.draft_forms import ParagraphForm, ReturnedForm, TermsForm, UseForm
from wca.draft_tables import DraftFilters, DraftRow, draft_columns
from wca.measures.coverage import INFORMATION_SHARING, covered_on
from wca.models import Arrangement, ClausePart, Draft, DraftJFO, DraftParagraph, Verdict
from wca.tables import SYMBOLS

WRITERS = frozenset({Role.NHQ_REVIEWER})
PARAGRAPHS = Prefetch("paragraphs", DraftParagraph.objects.select_related("fragment").order_by("position"))
JFOS = Prefetch("jfos", DraftJFO.objects.select_related("jfo").order_by("jfo__code"))
# The hidden field that says which texts were looked at, and the button that leads back to the form.
CHECKED = "_checked"
BACK = "_back"


def paragraphs_of(draft: Draft) -> list[DraftParagraph]:
    """Return the draft's paragraphs in order, with their fragments; each knows its draft."""
    return list(draft.paragraphs.all())


def to_drafts(day: Any) -> list[Crumb]:
    """Return the way to a draft."""
    return [
        Crumb(_("Arrangements"), keeping_day(reverse("arrangements"), day)),
        Crumb(_("Drafts"), keeping_day(reverse("drafts"), day)),
    ]


class DraftList(ListPage):
    """Every draft, the newest first."""

    title = gettext_lazy("Drafts")
    section = "arrangements"
    template_name = "wca/drafts.html"
    filterset_class = DraftFilters
    ordering = ("-composed_on", "-pk")
    file_name = "drafts"
    empty = gettext_lazy("No draft matches. Remove a filter, or compose one.")

    def get_queryset(self) -> Any:
        rows = Draft.objects.visible_to(self.reader).filter(composed_on__lte=self.day)
        return rows.select_related("arrangement", "composed_by").prefetch_related(PARAGRAPHS, JFOS)

    def crumbs(self) -> Sequence[Crumb]:
        return to_drafts(self.day)[:1]

    def get_columns(self) -> Sequence[Column]:
        return draft_columns(self.day)

    def completed(self, rows: list[Any]) -> list[Any]:
        parts = composing.latest_parts()
        return [self._row(draft, parts) for draft in rows]

    def _row(self, draft: Draft, parts: Sequence[ClausePart]) -> DraftRow:
        paragraphs = paragraphs_of(draft)
        met, clauses = composing.score(composing.of_set(composing.held(paragraphs, parts)))
        codes = [row.jfo.code for row in draft.jfos.all()]
        return DraftRow(draft, codes, met, clauses, not composing.unsigned(paragraphs, self.day))

    def caption(self, count: int) -> str:
        return ngettext("%(count)s draft", "%(count)s drafts", count) % {"count": formats.number(count)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_write = self.reader.role in WRITERS and not self.is_read_only
        return super().get_context_data(**kwargs) | {"may_write": may_write}


# One draft


class _OfDraft(RowPage):
    """A page about one draft, as `self.row`, composed by the day shown."""

    section = "arrangements"

    def get_queryset(self) -> Any:
        rows = Draft.objects.visible_to(self.reader).filter(composed_on__lte=self.day)
        return rows.select_related("arrangement", "composed_by").prefetch_related(PARAGRAPHS, JFOS)

    @cached_property
    def paragraphs(self) -> list[DraftParagraph]:
        return paragraphs_of(self.row)

    def get_title(self) -> str:
        return str(self.row.title)

    def crumbs(self) -> Sequence[Crumb]:
        return to_drafts(self.day)


@dataclass(frozen=True)
class Stance:
    """How the draft stands on one clause, as the page says it."""

    heading: str
    verdict: Verdict
    symbol: str
    parts: Sequence[composing.PartHeld]


@dataclass(frozen=True)
class Line:
    """One paragraph of the draft's page, its heading where it begins a group, and the clause parts that it holds."""

    number: int
    row: DraftParagraph
    heading: str
    parts: Sequence[ClausePart]
    is_altered: bool
    is_signed_off: bool


def stances(clauses: Sequence[ClauseHeld]) -> list[Stance]:
    """Return the clauses as pages show them."""
    return [
        Stance(
            _("%(letter)s) %(title)s") % {"letter": one.clause.letter, "title": one.clause.title},
            one.verdict,
            SYMBOLS[one.verdict],
            one.parts,
        )
        for one in clauses
    ]


class DraftPage(_OfDraft):
    """One draft: which clauses it holds, and its text in both languages side by side."""

    template_name = "wca/draft.html"

    def lines(self, parts: Sequence[ClausePart]) -> list[Line]:
        """Return the paragraphs as the page shows them; no query."""
        by_key = {composing.key_of(part): part for part in parts}
        unsigned = set(map(id, composing.unsigned(self.paragraphs, self.day)))
        found = []
        for section in composing.sections_of(self.paragraphs):
            for place, one in enumerate(section.paragraphs):
                held = [by_key[key] for key in one.paragraph.fragment.holds if key in by_key]
                altered = not composing.stands(one.paragraph)
                heading = section.heading if place == 0 else ""
                found.append(Line(one.number, one.paragraph, heading, held, altered, id(one.paragraph) not in unsigned))
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        parts = composing.latest_parts()
        clauses = composing.held(self.paragraphs, parts)
        met, count = composing.score(composing.of_set(clauses))
        others = [one for one in clauses if one.clause.clause_set.code != INFORMATION_SHARING]
        other_sets = grouped(others, lambda one: one.clause.clause_set)
        return super().get_context_data(**kwargs) | {
            "jfos": [row.jfo for row in self.row.jfos.all()],
            "met": met,
            "clauses": count,
            "stances": stances(composing.of_set(clauses)),
            "other_sets": [(one.name, composing.score(some), stances(some)) for one, some in other_sets.items()],
            "gaps": [part for clause in clauses for part in clause.parts if part.paragraph is None],
            "lines": self.lines(parts),
            "watermark": composing.watermark(self.paragraphs, self.day),
            "may_write": self.reader.role in WRITERS and not self.is_read_only,
            "security_level": self.row.get_security_level_display(),
        }


class DraftPrint(_OfDraft):
    """The draft's text in the language of the page, to be printed."""

    template_name = "wca/draft_print.html"

    def crumbs(self) -> Sequence[Crumb]:
        return [*super().crumbs(), Crumb(self.row.title, keeping_day(self.row.get_absolute_url(), self.day))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = draft_files.text_of(self.row, self.paragraphs, self.day)
        return super().get_context_data(**kwargs) | shown


class DraftFile(_OfDraft):
    """The draft as a file: HTML of the language of the page, or Word with both; 404 for any other."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        language = get_language() or "en"
        match self.kwargs["suffix"]:
            case "html":
                data: str | bytes = draft_files.as_html(self.row, self.paragraphs, language, self.day)
                kind, name = "text/html; charset=utf-8", draft_files.file_name(self.row, language, "html")
            case "docx":
                data = draft_files.as_docx(self.row, self.paragraphs, self.day)
                kind, name = draft_files.DOCX, draft_files.file_name(self.row, "", "docx")
            case _:
                raise Http404
        disposition = f'attachment; filename="{name}"'
        return HttpResponse(data, content_type=kind, headers={"Content-Disposition": disposition})


# Composing


class _Checked(FormPage):
    """A form that shows what it would write, and writes that once it was looked at, as it is then."""

    section = "arrangements"
    readers = WRITERS
    check_template: ClassVar[str]

    def crumbs(self) -> Sequence[Crumb]:
        return to_drafts(self.day)

    def digest(self, form: Any) -> str:
        """Return what stands for all that the form would write now."""
        raise NotImplementedError

    def checked(self, form: Any) -> dict[str, Any]:
        """Return what the page of the check shows."""
        raise NotImplementedError

    def before_saving(self, form: Any) -> HttpResponse | None:
        if BACK in self.data:
            return self.render_to_response(self.get_context_data(form=form))
        looked_at, digest = self.data.get(CHECKED, ""), self.digest(form)
        if looked_at == digest:
            return None
        context = (
            self.get_context_data(form=form)
            | self.checked(form)
            | {
                "is_changed": bool(looked_at),
                "hidden": [(TOKEN, self.token), (CHECKED, digest)],
                "typed": [
                    (name, value)
                    for name, values in self.data.lists()
                    if name not in (TOKEN, CHECKED, BACK, "csrfmiddlewaretoken")
                    for value in values
                ],
            }
        )
        return render(self.request, self.check_template, context)


def _digest(made: Sequence[Composition]) -> str:
    """Return a digest of all the words of drafts that are not saved yet."""
    said = [
        [one.draft.title_en, one.draft.filled_in, [[row.text_en, row.text_fr] for row in one.paragraphs]]
        for one in made
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class DraftNew(_Checked):
    """A new draft: for which JFOs (`?jfo=`, as often as there are), then what it is to say, then what it would say."""

    title = gettext_lazy("Compose a draft")
    template_name = "wca/draft_new.html"
    check_template = "wca/draft_check.html"
    submit_label = gettext_lazy("Check the draft")

    @cached_property
    def offered(self) -> dict[str, JFO]:
        """The JFOs that exist today, by code."""
        jfos = JFO.objects.visible_to(self.reader).as_of(self.day).with_names()
        return {jfo.code: jfo for jfo in jfos.order_by("region__code", "code")}

    @cached_property
    def jfos(self) -> list[JFO]:
        """The JFOs that the address names."""
        return [self.offered[code] for code in dict.fromkeys(self.request.GET.getlist("jfo")) if code in self.offered]

    @property
    def unknown(self) -> list[str]:
        return [code for code in dict.fromkeys(self.request.GET.getlist("jfo")) if code not in self.offered]

    @cached_property
    def terms(self) -> Terms:
        return composing.proposed(self.jfos, self.day)

    def get_form(self, data: Mapping[str, Any] | None = None) -> TermsForm:
        return TermsForm(data, terms=self.terms, reader=self.reader)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.jfos:
            return self.render_to_response(self.get_context_data(form=self.get_form()))
        return super().post(request, *args, **kwargs)

    def asked(self, form: TermsForm) -> Terms:
        """Return what the form says the draft is to say."""
        values = form.cleaned_data
        return replace(
            self.terms,
            parties=values["parties"],
            purpose={language: values[f"purpose_{language}"] for language in composing.LANGUAGES},
            authorities={language: values[f"authorities_{language}"] for language in composing.LANGUAGES},
            security_level=values["security_level"],
            retention_years=values["retention_years"],
        )

    @cached_property
    def fragments(self) -> list[Any]:
        return composing.newest_fragments()

    def would_be(self, form: TermsForm) -> Composition:
        """Return the draft that the form asks for, unsaved."""
        return composing.composed(self.asked(form), self.fragments, by=self.user)

    def digest(self, form: TermsForm) -> str:
        return _digest([self.would_be(form)])

    def checked(self, form: TermsForm) -> dict[str, Any]:
        made = self.would_be(form)
        clauses = composing.of_set(composing.held(made.paragraphs, composing.latest_parts()))
        met, count = composing.score(clauses)
        return {
            "draft": made.draft,
            "parties": made.draft.filled_in["signing"][get_language() or "en"],
            "terms": self.asked(form),
            "security_level": made.draft.get_security_level_display(),
            "paragraphs": len(made.paragraphs),
            "met": met,
            "clauses": count,
            "stances": stances(clauses),
        }

    def save(self, form: TermsForm) -> str:
        (made,) = composing.compose([self.asked(form)], by=self.user, within=self.change)
        undoable(self.request, _("Composed: %(draft)s.") % {"draft": made.draft}, self.change)
        return made.draft.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {"jfos": self.jfos, "unknown": self.unknown}
        if self.jfos:
            return context
        covered = set(covered_on(self.day).values_list("jfo", flat=True))
        regions = grouped(self.offered.values(), lambda jfo: jfo.region)
        return context | {
            "regions": [(region.name, [(jfo, jfo.pk in covered) for jfo in jfos]) for region, jfos in regions.items()]
        }


class DraftUncovered(_Checked):
    """A draft for every JFO that no arrangement in force covers and that has none yet, in one act."""

    title = gettext_lazy("Compose drafts for all JFOs without an arrangement")
    template_name = "wca/draft_uncovered.html"
    check_template = "wca/draft_uncovered.html"
    submit_label = gettext_lazy("Compose these drafts")

    @cached_property
    def uncovered(self) -> list[Any]:
        """The JFOs without an arrangement in force today, each with `has_draft`."""
        mine = DraftJFO.objects.visible_to(self.reader).filter(jfo=OuterRef("pk"))
        jfos = JFO.objects.visible_to(self.reader).as_of(self.day).exclude(pk__in=covered_on(self.day))
        return list(jfos.with_names().annotate(has_draft=Exists(mine)).order_by("code"))

    @cached_property
    def lacking(self) -> list[JFO]:
        """Those of them that have no draft yet."""
        return [jfo for jfo in self.uncovered if not jfo.has_draft]

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return ReasonedForm(data)

    def digest(self, form: ReasonedForm) -> str:
        return " ".join(jfo.code for jfo in self.lacking) or "-"

    def checked(self, form: ReasonedForm) -> dict[str, Any]:
        return {}

    def save(self, form: ReasonedForm) -> str:
        if not self.lacking:
            raise ValidationError(_("Every JFO without an arrangement has a draft already."))
        terms = composing.proposed_each(self.lacking, self.day)
        made = composing.compose(terms, by=self.user, within=self.change)
        sentence = ngettext("Composed: %(count)s draft.", "Composed: %(count)s drafts.", len(made))
        undoable(self.request, sentence % {"count": formats.number(len(made))}, self.change)
        return reverse("drafts")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        hidden = [(TOKEN, self.token), (CHECKED, self.digest(context["form"]))]
        return context | {"uncovered": self.uncovered, "lacking": self.lacking, "hidden": hidden, "typed": ()}


# Changing


class _Changing(EditPage):
    """A form about a draft, or a paragraph of one."""

    section = "arrangements"
    readers = WRITERS

    @property
    def draft(self) -> Draft:
        raise NotImplementedError

    def crumbs(self) -> Sequence[Crumb]:
        return [*to_drafts(self.day), Crumb(self.draft.title, self.draft.get_absolute_url())]


class _OneParagraph(_Changing):
    model = DraftParagraph

    @cached_property
    def row(self) -> DraftParagraph:
        rows = DraftParagraph.objects.editable_by(self.reader).filter(draft__pk=self.kwargs["draft"])
        found: DraftParagraph = RowPage.found(rows.select_related("draft", "fragment"), pk=self.kwargs["pk"])
        return found

    @property
    def row_queryset(self) -> Any:
        return DraftParagraph.objects.select_related("draft", "fragment").filter(pk=self.row.pk)

    @property
    def draft(self) -> Draft:
        return self.row.draft

    def done(self, sentence: str) -> str:
        """Leave the message of what was done, with what is a gap now, and return where to go."""
        rows = (
            DraftParagraph.objects.visible_to(self.reader).filter(draft=self.draft).select_related("fragment", "draft")
        )
        clauses = composing.held(list(rows.order_by("position")), composing.latest_parts())
        gaps = [part for clause in clauses for part in clause.gaps]
        own = [part.wording for part in gaps if composing.key_of(part) in self.row.fragment.holds]
        said = sentence % {"paragraph": self.row.fragment.heading}
        if own:
            said = _("%(done)s Now a gap: %(parts)s") % {"done": said, "parts": " ".join(own)}
        undoable(self.request, said, self.change)
        return self.draft.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        said, fragment = self.draft.filled_in, self.row.fragment
        by_key = {composing.key_of(part): part for part in composing.latest_parts()}
        return super().get_context_data(**kwargs) | {
            "fragment": fragment,
            "is_altered": not composing.stands(self.row),
            "fragment_en": composing.filled(fragment.text_en, said["en"]),
            "fragment_fr": composing.filled(fragment.text_fr, said["fr"]),
            "parts": [by_key[key] for key in fragment.holds if key in by_key],
        }


class ParagraphEdit(_OneParagraph):
    """Another wording of a paragraph; its parts are gaps as long as it is not its fragment's."""

    template_name = "wca/paragraph.html"

    def get_title(self) -> str:
        return _("Change: %(paragraph)s") % {"paragraph": self.row.fragment.heading}

    def get_form(self, data: Mapping[str, Any] | None = None) -> ParagraphForm:
        return ParagraphForm(data, initial={"text_en": self.row.text_en, "text_fr": self.row.text_fr})

    def save(self, form: ParagraphForm) -> str:
        self.row.text_en, self.row.text_fr = form.cleaned_data["text_en"], form.cleaned_data["text_fr"]
        self.change.save_row(self.row)
        return self.done(_("Saved: %(paragraph)s."))


class ParagraphRemove(_OneParagraph):
    """A paragraph that the draft is not to hold; its parts become gaps, and the removal can be undone."""

    template_name = "wca/paragraph_remove.html"
    submit_label = gettext_lazy("Remove")
    edited = ()
    watched = ("text_en", "text_fr")

    def get_title(self) -> str:
        return _("Remove: %(paragraph)s") % {"paragraph": self.row.fragment.heading}

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return ReasonedForm(data)

    def save(self, form: ReasonedForm) -> str:
        self.change.delete_row(self.row)
        return self.done(_("Removed: %(paragraph)s."))


class _OneDraft(_Changing):
    model = Draft

    @cached_property
    def row(self) -> Draft:
        rows = Draft.objects.editable_by(self.reader).prefetch_related(PARAGRAPHS, JFOS)
        found: Draft = RowPage.found(rows.select_related("arrangement"), pk=self.kwargs["pk"])
        return found

    @property
    def draft(self) -> Draft:
        return self.row


class DraftRemove(_OneDraft):
    """A draft that is not wanted any more, with its paragraphs; it can be brought back."""

    title = gettext_lazy("Remove the draft")
    template_name = "wca/draft_remove.html"
    submit_label = gettext_lazy("Remove")
    edited = ()
    watched = ("title_en", "title_fr", "arrangement")

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return ReasonedForm(data)

    def save(self, form: ReasonedForm) -> str:
        words = str(self.row)
        self.change.delete_row(self.row)
        undoable(self.request, _("Removed: %(draft)s.") % {"draft": words}, self.change)
        return reverse("drafts")


class DraftUse(_OneDraft):
    """Attach the draft's text, in Word and in each language, to the documents of an arrangement."""

    title = gettext_lazy("Use as the text of an arrangement")
    template_name = "wca/draft_use.html"
    submit_label = gettext_lazy("Attach the text")
    edited = ("arrangement",)

    def get_form(self, data: Mapping[str, Any] | None = None) -> UseForm:
        arrangements = Arrangement.objects.editable_by(self.reader).filter(terminated_on=None, superseded_by=None)
        initial = {"arrangement": self.row.arrangement_id}
        return UseForm(data, initial=initial, arrangements=arrangements.order_by("reference"))

    def save(self, form: UseForm) -> str:
        arrangement = form.cleaned_data["arrangement"]
        paragraphs = paragraphs_of(self.row)
        for language in composing.LANGUAGES:
            documents.add_document(
                arrangement,
                draft_files.as_docx(self.row, paragraphs, today(), [language]),
                draft_files.file_name(self.row, language, "docx"),
                language,
                by=self.user,
                is_draft=True,
                within=self.change,
            )
        self.row.arrangement = arrangement
        self.change.save_row(self.row)
        sentence = _("The draft is attached to %(arrangement)s, in English and in French.")
        undoable(self.request, sentence % {"arrangement": arrangement.reference}, self.change)
        return str(arrangement.get_absolute_url())


# What came back


@dataclass(frozen=True)
class PartFate:
    """A part of a clause, and what became of it in the text that came back."""

    part: ClausePart
    fate: comparing.Fate


class DraftCompare(_OfDraft):
    """A text that came back against the draft: what was changed, weakened, moved, dropped and added."""

    readers = WRITERS
    title = gettext_lazy("Compare a returned text")
    template_name = "wca/draft_compare.html"
    is_typed_into = True

    def get_title(self) -> str:
        return str(self.title)

    def crumbs(self) -> Sequence[Crumb]:
        return [*super().crumbs(), Crumb(self.row.title, self.row.get_absolute_url())]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render_to_response(self.get_context_data(form=ReturnedForm()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        form = ReturnedForm(request.POST, request.FILES)
        comparison = None
        if form.is_valid():
            try:
                comparison = comparing.compare(self.paragraphs, _returned(form))
            except comparing.TooLong:
                form.add_error(None, _("The text is longer than 80 pages. Compare it in parts."))
            except ValidationError as error:
                form.add_error("file", error)
        return self.render_to_response(self.get_context_data(form=form, comparison=comparison))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        comparison: comparing.Comparison | None = context.get("comparison")
        if comparison is None:
            return context
        fates = [
            PartFate(part, comparison.fates[key])
            for part in composing.latest_parts()
            if (key := composing.key_of(part)) in comparison.fates and comparison.fates[key] > comparing.Fate.UNCHANGED
        ]
        names = {"en": _("English"), "fr": _("French")}
        return context | {
            "languages": [names[language] for language in comparison.languages],
            "is_whole": len(comparison.languages) == len(composing.LANGUAGES),
            "counts": [(fate.label, count) for fate, count in comparison.counts().items()],
            "found": [one for one in comparing.worst_first(comparison.found) if one.fate > comparing.Fate.UNCHANGED],
            "part_fates": sorted(fates, key=lambda one: -one.fate),
        }


def _returned(form: ReturnedForm) -> str:
    """Return the text that came back; ValidationError for a file that cannot be read, or holds none."""
    file = form.cleaned_data["file"]
    if file is None:
        return str(form.cleaned_data["text"])
    text = "\n\n".join(place.text for place in texts.read(file.read()).places)
    if not text.strip():
        raise ValidationError(_("The file holds no text: it is a scan, perhaps. Paste the text instead."))
    return text
