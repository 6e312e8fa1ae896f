"""The fragments that drafts are composed of: their versions, a new wording, and what Legal Services agreed to."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.editing import FormPage, undoable
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, Page
from wca import composing
from wca.draft_forms import FragmentForm, SignOffForm
from wca.draft_tables import FragmentFilters, fragment_columns
from wca.models import ClausePart, Fragment

from .drafts import WRITERS, to_drafts


def _to_fragments(day: Any) -> list[Crumb]:
    return [*to_drafts(day), Crumb(_("Fragments"), reverse("fragments"))]


class FragmentList(ListPage):
    """Every version of every fragment, in the order of a draft."""

    title = gettext_lazy("Fragments")
    section = "arrangements"
    template_name = "wca/fragments.html"
    filterset_class = FragmentFilters
    ordering = ("position", "code", "-version")
    file_name = "fragments"
    empty = gettext_lazy("No fragment matches. Remove a filter.")

    def get_queryset(self) -> Any:
        return Fragment.objects.visible_to(self.reader)

    def crumbs(self) -> Sequence[Crumb]:
        return to_drafts(self.day)

    def get_columns(self) -> Sequence[Column]:
        return fragment_columns()

    def caption(self, count: int) -> str:
        return ngettext("%(count)s version of a fragment", "%(count)s versions of fragments", count) % {
            "count": formats.number(count)
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_write = self.reader.role in WRITERS and not self.is_read_only
        return super().get_context_data(**kwargs) | {"may_write": may_write}


class _OfFragment(Page):
    """A page about the versions of one fragment; 404 where there is none of that code."""

    section = "arrangements"

    @cached_property
    def versions(self) -> list[Fragment]:
        """The versions, the newest first."""
        rows = Fragment.objects.visible_to(self.reader).filter(code=self.kwargs["code"])
        found = list(rows.order_by("-version"))
        if not found:
            raise Http404
        return found

    @property
    def newest(self) -> Fragment:
        return self.versions[0]


class FragmentPage(_OfFragment):
    """One fragment in both languages, version by version, and the clause parts that it holds."""

    template_name = "wca/fragment.html"

    def get_title(self) -> str:
        return _("Fragment %(code)s: %(heading)s") % {"code": self.newest.code, "heading": self.newest.heading}

    def crumbs(self) -> Sequence[Crumb]:
        return _to_fragments(self.day)

    def parts(self) -> list[ClausePart]:
        """Return the clause parts that the newest version holds; one query."""
        return [part for part in composing.latest_parts() if composing.key_of(part) in self.newest.holds]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "versions": self.versions,
            "newest": self.newest,
            "parts": self.parts(),
            "may_write": self.reader.role in WRITERS and not self.is_read_only,
        }


class FragmentNew(_OfFragment, FormPage):
    """Another wording, as a new version: drafts that are there keep theirs."""

    readers = WRITERS
    template_name = "wca/fragment_new.html"
    submit_label = gettext_lazy("Save as a new version")

    def get_title(self) -> str:
        return _("New version of %(code)s") % {"code": self.newest.code}

    def crumbs(self) -> Sequence[Crumb]:
        return [*_to_fragments(self.day), Crumb(self.newest.code, self.newest.get_absolute_url())]

    def get_form(self, data: Mapping[str, Any] | None = None) -> FragmentForm:
        return FragmentForm(data, newest=self.newest)

    def before_saving(self, form: FragmentForm) -> HttpResponse | None:
        if form.cleaned_data["newest"] in (None, self.newest.version):
            return None
        raise ValidationError(
            _("Somebody wrote version %(version)s since you opened this form. Open it anew, and write yours after it.")
            % {"version": self.newest.version}
        )

    def save(self, form: FragmentForm) -> str:
        values = form.cleaned_data
        row = Fragment(
            code=self.newest.code,
            version=self.newest.version + 1,
            position=self.newest.position,
            holds=self.newest.holds,
            **{name: values[name] for name in ("heading_en", "heading_fr", "text_en", "text_fr")},
        )
        self.change.save_row(row)
        undoable(self.request, _("Saved: version %(version)s.") % {"version": row.version}, self.change)
        return row.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        places = [f"{{{place}}}" for place in composing.PLACES]
        return super().get_context_data(**kwargs) | {"newest": self.newest, "places": places}


class SignOff(FormPage):
    """Record that Legal Services agreed to the wording of fragments; `?fragment=` ticks one, `?all=` every newest."""

    title = gettext_lazy("Record Legal Services’ sign-off")
    section = "arrangements"
    readers = WRITERS
    template_name = "wca/sign_off.html"
    submit_label = gettext_lazy("Record the sign-off")

    def crumbs(self) -> Sequence[Crumb]:
        return _to_fragments(self.day)

    @cached_property
    def waiting(self) -> Any:
        return Fragment.objects.editable_by(self.reader).filter(signed_off_on=None).order_by("position", "-version")

    def get_form(self, data: Mapping[str, Any] | None = None) -> SignOffForm:
        asked = set(self.request.GET.getlist("fragment"))
        ticked = [row.pk for row in self.waiting if str(row.pk) in asked]
        if self.request.GET.get("all"):
            newest = {row.pk for row in composing.newest_fragments()}
            ticked = [row.pk for row in self.waiting if row.pk in newest]
        return SignOffForm(data, fragments=self.waiting, ticked=ticked)

    def save(self, form: SignOffForm) -> str:
        # Of two who record it at once, the second finds them signed off.
        rows = list(self.waiting.select_for_update().filter(pk__in=[row.pk for row in form.cleaned_data["fragments"]]))
        if len(rows) < len(form.cleaned_data["fragments"]):
            raise ValidationError(_("Some of these were signed off meanwhile. Look at the list and try again."))
        for row in rows:
            row.signed_off_by = form.cleaned_data["signed_off_by"]
            row.signed_off_on = form.cleaned_data["signed_off_on"]
            self.change.save_row(row)
        sentence = ngettext(
            "Signed off: %(count)s version of a fragment.", "Signed off: %(count)s versions of fragments.", len(rows)
        )
        undoable(self.request, sentence % {"count": formats.number(len(rows))}, self.change)
        return reverse("fragments")
