"""Agencies: the list, one agency's page, and what an administrator does to their names, spellings and doubles."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from jfo_portal.kit import changes, formats
from jfo_portal.kit.editing import EditPage, FormPage, undoable
from jfo_portal.kit.imports.cells import fold
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, Page, RowPage, headings_of, rows_of
from registry import agencies, agency_panels
from registry.filters import AgencyFilters
from registry.forms import AgencyForm, AliasForm, NewAgencyForm, ReasonedForm, ReasonRequiredForm
from registry.measures.partners import with_jfos
from registry.models import Agency, AgencyAlias, CoLocation, Participation, Role, SystemAccess
from registry.models.partners import agency_named, names_by_agency
from registry.tables import (
    FATE_COLUMNS,
    agency_columns,
    agency_participation_columns,
    co_location_columns,
    keeping_day,
    system_access_columns,
)

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
# The digest of the preview that was confirmed.
SEEN = "_seen"


def _to_jfos(day: date) -> Crumb:
    return Crumb(_("JFOs"), keeping_day(reverse("jfos"), day))


def _to_agencies(day: date) -> list[Crumb]:
    return [_to_jfos(day), Crumb(_("Agencies"), keeping_day(reverse("agencies"), day))]


def _spellings(agency: Agency) -> list[str]:
    """Return the aliases that say more than the agency's own names do; they are loaded."""
    own = {fold(name) for name in agency.own_names}
    return sorted(alias.alias for alias in agency.aliases.all() if fold(alias.alias) not in own)


class AgencyList(ListPage):
    """The agencies, with their spellings and their part in JFOs on the day."""

    title = gettext_lazy("Agencies")
    section = "jfos"
    template_name = "registry/agencies.html"
    filterset_class = AgencyFilters
    file_name = "agencies"
    import_kind = "agencies"
    has_as_of = True
    empty = gettext_lazy("No agency is recorded.")

    def crumbs(self) -> Sequence[Crumb]:
        return [_to_jfos(self.day)]

    def get_queryset(self) -> Any:
        return with_jfos(Agency.objects.visible_to(self.reader), self.day).prefetch_related("aliases")

    def get_columns(self) -> Sequence[Column]:
        language = "fr" if get_language() == "fr" else "en"
        return agency_columns(self.day, language)

    @property
    def ordering(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("short_fr",) if get_language() == "fr" else ("short_en",)

    def completed(self, rows: list[Any]) -> list[Any]:
        for agency in rows:
            agency.spellings = _spellings(agency)
        for added in agency_panels.columns():
            added.load(rows, self.reader, self.day)
        return rows

    def caption(self, count: int) -> str:
        return ngettext("%(count)s agency", "%(count)s agencies", count) % {"count": formats.number(count)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "may_edit": self.reader.role in ADMINISTRATORS and not self.is_read_only
        }


class _OfAgency(Page):
    """A page of one agency; under an old key or another spelling, it leads to that of today."""

    section = "jfos"

    @cached_property
    def everybody(self) -> dict[Agency, list[str]]:
        """Every agency, with all that it goes by."""
        return names_by_agency()

    @cached_property
    def row(self) -> Agency:
        agency = agency_named(self.kwargs["key"], self.everybody)
        if agency is None:
            raise Http404
        return agency

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.row.key != self.kwargs["key"]:
            match = request.resolver_match
            address = reverse(cast(str, match and match.url_name), kwargs={**self.kwargs, "key": self.row.key})
            query = request.META.get("QUERY_STRING", "")
            return redirect(f"{address}?{query}" if query else address)
        return super().get(request, *args, **kwargs)

    def crumbs(self) -> Sequence[Crumb]:
        return _to_agencies(self.day)


class AgencyPage(_OfAgency):
    """One agency: its names, its part in JFOs over time, where officers sit with it, what it signed, its history."""

    template_name = "registry/agency.html"

    def get_title(self) -> str:
        return self.row.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        known = {"start__lte": self.day} if self.is_read_only else {}

        def of_agency(model: Any) -> list[Any]:
            rows = model.objects.visible_to(self.reader).filter(agency=self.row, **known)
            return list(rows.select_related("jfo__region").order_by("jfo__code", "-start"))

        parts = of_agency(Participation)
        tables = {
            "participation": (agency_participation_columns(self.day), parts),
            "co_location": (co_location_columns(self.day), of_agency(CoLocation)),
            "access": (system_access_columns(self.day), of_agency(SystemAccess)),
        }
        about = [(Agency, [self.row.pk, *agencies.merged_into(self.row)])]
        return super().get_context_data(**kwargs) | {
            "row": self.row,
            "may_edit": self.reader.role in ADMINISTRATORS and not self.is_read_only,
            "aliases": list(self.row.aliases.all()),
            "now": sum(part.holds_on(self.day) for part in parts),
            **{f"{name}_headings": headings_of(columns) for name, (columns, _rows) in tables.items()},
            **{f"{name}_rows": rows_of(columns, rows) for name, (columns, rows) in tables.items()},
            "panels": [(panel, panel.load(self.row, self.reader, self.day)) for panel in agency_panels.panels()],
            "versions": changes.in_words(list(changes.versions(self.reader, about=about)[:20])),
        }


# What an administrator does


class NewAgency(FormPage):
    title = gettext_lazy("New agency")
    section = "jfos"
    readers = ADMINISTRATORS
    submit_label = gettext_lazy("Add")

    def crumbs(self) -> Sequence[Crumb]:
        return _to_agencies(self.day)

    def get_form(self, data: Mapping[str, Any] | None = None) -> NewAgencyForm:
        return NewAgencyForm(data)

    def save(self, form: NewAgencyForm) -> str:
        values = {name: value for name, value in form.cleaned_data.items() if name != "reason"}
        agency = agencies.save_agency(Agency(**values), within=self.change)
        undoable(self.request, _("Added: %(agency)s.") % {"agency": agency.name}, self.change)
        return agency.get_absolute_url()


class _Form(_OfAgency, FormPage):
    """A form about one agency."""

    readers = ADMINISTRATORS

    def crumbs(self) -> Sequence[Crumb]:
        return [*_to_agencies(self.day), Crumb(self.row.name, self.row.get_absolute_url())]


class EditAgency(_Form, EditPage):
    title = gettext_lazy("Change names and level")
    model = Agency
    fields = ("short_en", "short_fr", "name_en", "name_fr", "level", "is_group")

    @property
    def row_queryset(self) -> Any:
        return Agency.objects.filter(pk=self.row.pk)

    def get_form(self, data: Mapping[str, Any] | None = None) -> AgencyForm:
        return AgencyForm(data, initial={name: getattr(self.row, name) for name in self.fields})

    def save(self, form: AgencyForm) -> str:
        for name in self.fields:
            setattr(self.row, name, form.cleaned_data[name])
        agency = agencies.save_agency(self.row, within=self.change)
        undoable(self.request, _("Saved: %(agency)s.") % {"agency": agency.name}, self.change)
        return agency.get_absolute_url()


class AddAlias(_Form):
    title = gettext_lazy("Add a spelling")
    submit_label = gettext_lazy("Add")

    def get_form(self, data: Mapping[str, Any] | None = None) -> AliasForm:
        return AliasForm(data)

    def save(self, form: AliasForm) -> str:
        alias = agencies.add_alias(self.row, form.cleaned_data["alias"], within=self.change)
        said = {"alias": alias.alias, "agency": self.row.name}
        undoable(self.request, _("Added: “%(alias)s” is %(agency)s from now on.") % said, self.change)
        return self.row.get_absolute_url()


class RemoveAlias(_Form):
    title = gettext_lazy("Remove a spelling")
    template_name = "registry/alias_remove.html"
    submit_label = gettext_lazy("Remove")

    @cached_property
    def alias(self) -> AgencyAlias:
        found: AgencyAlias = RowPage.found(AgencyAlias.objects.editable_by(self.reader), pk=self.kwargs["pk"])
        if found.agency_id != self.row.pk:
            raise Http404
        return found

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return ReasonedForm(data)

    def save(self, form: ReasonedForm) -> str:
        said = {"alias": self.alias.alias, "agency": self.row.name}
        self.change.delete_row(self.alias)
        undoable(self.request, _("Removed: “%(alias)s” is %(agency)s no longer.") % said, self.change)
        return self.row.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"alias": self.alias, "row": self.row}


class MergeAgency(_Form):
    """Two agencies that are one: choose the one that stays (`?into=`), see all that moves, and confirm with a reason.

    If somebody changed a row in between, what is shown is no longer so, and is shown anew.
    """

    title = gettext_lazy("Merge into another agency")
    template_name = "registry/agency_merge.html"
    submit_label = gettext_lazy("Merge")
    is_changed = False

    @cached_property
    def asked(self) -> str:
        return self.request.GET.get("into", "").strip()

    @cached_property
    def other(self) -> Agency | None:
        """The agency that would stay, by its key or any spelling."""
        return agency_named(self.asked, self.everybody) if self.asked else None

    @cached_property
    def refusal(self) -> str:
        """Why the two cannot be merged, in a sentence; nothing where they can be, or none was chosen yet."""
        if self.asked and self.other is None:
            return _("No agency goes by “%(text)s”. Choose one from the list.") % {"text": self.asked}
        return agencies.refusal(self.row, self.other or Agency())

    @cached_property
    def planned(self) -> agencies.Merge | None:
        return None if self.other is None or self.refusal else agencies.plan(self.row, self.other)

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonRequiredForm:
        return ReasonRequiredForm(data)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if (earlier := self._sent_before()) is not None:
            return earlier
        if self.planned is None:
            return self.render_to_response(self.get_context_data(form=self.get_form()))
        return super().post(request, *args, **kwargs)

    def before_saving(self, form: ReasonRequiredForm) -> HttpResponse | None:
        if self.other is None:
            raise ValidationError(self.refusal)
        self.planned = agencies.plan(self.row, self.other, lock=True)
        if self.planned.digest == self.request.POST.get(SEEN):
            return None
        self.is_changed = True
        return self.render_to_response(self.get_context_data(form=form), status=409)

    def save(self, form: ReasonRequiredForm) -> str:
        gone, kept = self.row, cast(Agency, self.other)
        rows = sum(table.count for table in cast(agencies.Merge, self.planned).tables)
        agency = agencies.merge(gone, kept, by=self.user, within=self.change)
        said = {"gone": gone.name, "kept": agency.name, "count": formats.number(rows)}
        undoable(
            self.request,
            ngettext(
                "Merged: %(gone)s is %(kept)s from now on. %(count)s row was written.",
                "Merged: %(gone)s is %(kept)s from now on. %(count)s rows were written.",
                rows,
            )
            % said,
            self.change,
        )
        return agency.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        others = [agency for agency in self.everybody if agency != self.row]
        planned = self.planned
        return context | {
            "row": self.row,
            "asked": self.other.key if self.other else "",
            "choices": sorted(others, key=lambda agency: fold(agency.name)),
            "refusal": self.refusal,
            "merge": planned,
            "is_changed": self.is_changed,
            "fate_headings": headings_of(FATE_COLUMNS),
            "tables": [] if planned is None else [(one, rows_of(FATE_COLUMNS, one.fates)) for one in planned.tables],
            "hidden": [*context["hidden"], (SEEN, planned.digest if planned else "")],
        }
