"""The pages of what hangs on a JFO: all rows of one kind, and the forms that add, correct and remove one."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.editing import EditPage, FormPage, undoable
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column, cells
from jfo_portal.kit.views import Crumb, ListPage, Page, RowPage
from registry import parts
from registry.forms import ReasonedForm
from registry.models import JFO, MANAGERS
from registry.models.partners import names_by_agency
from registry.part_forms import AgencyField, ObjectivesForm, RowForm
from registry.parts import Part
from registry.tables import keeping_day


def lock_jfo(jfo: JFO) -> None:
    """Lock the JFO's row, so that of two acts on what hangs on it the second sees what the first wrote."""
    JFO.objects.select_for_update(of=("self",), no_key=True).get(pk=jfo.pk)


class _OfPart(Page):
    """A page about one kind of row of a JFO; 404 where there is no such JFO or kind."""

    section = "jfos"

    @cached_property
    def part(self) -> Part:
        part = parts.named(self.kwargs["part"])
        if part is None:
            raise Http404
        return part

    @cached_property
    def jfo(self) -> JFO:
        jfo: JFO = RowPage.found(JFO.objects.visible_to(self.reader).with_names(), code=self.kwargs["code"])
        return jfo

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("JFOs"), keeping_day(reverse("jfos"), self.day)),
            Crumb(self.jfo.code, keeping_day(self.jfo.get_absolute_url(), self.day)),
        ]


class PartList(_OfPart, ListPage):
    """All rows of one kind of a JFO, with the files of them."""

    template_name = "registry/part_list.html"
    has_as_of = True

    def get_title(self) -> str:
        return _("%(jfo)s: %(rows)s") % {"jfo": self.jfo.code, "rows": self.part.title}

    def get_queryset(self) -> Any:
        return self.part.shown(self.jfo, self.reader, self.day)

    @property
    def may_edit(self) -> bool:
        return not self.is_read_only and parts.may_edit(self.jfo, self.reader)

    def get_columns(self) -> Sequence[Column]:
        columns = list(self.part.columns(self.day))
        if self.may_edit:
            columns.append(parts.acts_column(self.part, self.jfo, self.day))
        return columns

    @property
    def file_name(self) -> str:  # type: ignore[override]
        return f"{self.jfo.code}-{self.part.slug}"

    @property
    def empty(self) -> str | Promise:  # type: ignore[override]
        return self.part.empty

    def caption(self, count: int) -> str:
        return _("%(rows)s: %(count)s") % {"rows": self.part.title, "count": formats.number(count)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        new_href = self.part.new_address(self.jfo) if self.may_edit else None
        return super().get_context_data(**kwargs) | {"new_href": new_href, "kind": self.part.kind}


class _Keeping(_OfPart, FormPage):
    """A form for the managers of the JFO's region; 404 for those of others."""

    readers = MANAGERS
    template_name = "registry/part_form.html"

    @cached_property
    def part(self) -> Part:
        part = parts.named(self.kwargs["part"])
        if part is None or part.form is None:
            raise Http404
        return part

    @cached_property
    def jfo(self) -> JFO:
        jfo: JFO = RowPage.found(JFO.objects.editable_by(self.reader).with_names(), code=self.kwargs["code"])
        return jfo

    @cached_property
    def form_class(self) -> type[RowForm]:
        if self.part.form is None:
            raise Http404
        return self.part.form

    def crumbs(self) -> Sequence[Crumb]:
        return [*super().crumbs(), Crumb(self.part.title, parts.address_of(self.part, self.jfo))]

    def done(self, sentence: str, row: Any) -> str:
        """Leave the message of what was done to the row, and return where to go."""
        undoable(self.request, sentence % {"row": row}, self.change)
        return parts.address_of(self.part, self.jfo)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        asks_agency = any(isinstance(field, AgencyField) for field in context["form"].fields.values())
        return context | {"jfo": self.jfo, "agency_names": _agency_names() if asks_agency else ()}


def _agency_names() -> list[str]:
    """Return what the list of an agency field offers: the name of each agency, in both languages where they differ."""
    agencies = names_by_agency()
    return sorted({name for agency in agencies for name in (agency.short_en, agency.short_fr, agency.name)})


class PartNew(_Keeping):
    """A new row of the JFO; what the address names fills the form beforehand."""

    submit_label = gettext_lazy("Add")

    def get_title(self) -> str:
        return _("Add: %(kind)s") % {"kind": self.part.kind}

    @cached_property
    def row(self) -> Any:
        return self.part.new(self.jfo)

    def get_form(self, data: Mapping[str, Any] | None = None) -> RowForm:
        asked = {name: value for name, value in self.request.GET.items() if name in self.form_class.base_fields}
        start = {"start": today()} if "start" in self.form_class.base_fields else {}
        return self.form_class(data, jfo=self.jfo, reader=self.reader, instance=self.row, initial={**start, **asked})

    def before_saving(self, form: Any) -> HttpResponse | None:
        lock_jfo(self.jfo)
        return None

    def save(self, form: RowForm) -> str:
        return self.done(_("Added: %(row)s."), form.write(self.row, self.change))


class _OneRow(_Keeping, EditPage):
    """A form about one row of the JFO."""

    @property
    def model(self) -> Any:
        return self.part.model

    @cached_property
    def row(self) -> Any:
        rows = self.part.of(self.jfo, self.reader).filter(
            pk__in=self.part.model._default_manager.editable_by(self.reader).values("pk")  # type: ignore[attr-defined]
        )
        return RowPage.found(rows, pk=self.kwargs["pk"])

    def lock(self) -> None:
        lock_jfo(self.jfo)
        if not list(self.row_queryset.select_for_update(of=("self",))):
            raise ValidationError(_("This row is not there any more: somebody removed it meanwhile."))


class PartRow(_OneRow):
    """One row of the JFO, to be corrected; `?fill=` names the date to be filled with today."""

    def get_title(self) -> str:
        return _("Correct: %(kind)s") % {"kind": self.part.kind}

    def get_form(self, data: Mapping[str, Any] | None = None) -> RowForm:
        filled: dict[str, date] = {}
        if self.part.closing and self.request.GET.get("fill") == self.part.closing:
            filled[self.part.closing] = today()
        return self.form_class(data, jfo=self.jfo, reader=self.reader, instance=self.row, initial=filled)

    def save(self, form: RowForm) -> str:
        return self.done(_("Saved: %(row)s."), form.write(self.row, self.change))


class PartRemove(_OneRow):
    """One row of the JFO that should not be there, to be removed; it can be brought back."""

    template_name = "registry/part_remove.html"
    edited = ()
    submit_label = gettext_lazy("Remove")

    @property
    def watched(self) -> Sequence[str]:  # type: ignore[override]
        return list(self.form_class._meta.fields or ())

    def get_title(self) -> str:
        return _("Remove: %(kind)s") % {"kind": self.part.kind}

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return ReasonedForm(data)

    def save(self, form: ReasonedForm) -> str:
        words = str(self.row)
        self.part.remove(self.row, self.jfo, self.change)
        return self.done(_("Removed: %(row)s."), words)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = RowPage.found(self.part.shown(self.jfo, self.reader, today()), pk=self.row.pk)
        return super().get_context_data(**kwargs) | {
            "facts": cells(self.part.columns(today()), shown),
            "goes_with": self.part.goes_with(self.row, self.jfo),
        }


class Objectives(EditPage):
    """What the JFO is for, in both languages."""

    title = gettext_lazy("Change the objectives")
    model = JFO
    section = "jfos"
    readers = MANAGERS

    @cached_property
    def row(self) -> JFO:
        row: JFO = RowPage.found(JFO.objects.editable_by(self.reader).with_names(), code=self.kwargs["code"])
        return row

    @property
    def row_queryset(self) -> Any:
        return JFO.objects.with_names().filter(pk=self.row.pk)

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("JFOs"), reverse("jfos")), Crumb(self.row.code, self.row.get_absolute_url())]

    def get_form(self, data: Mapping[str, Any] | None = None) -> ObjectivesForm:
        return ObjectivesForm(data, jfo=self.row, reader=self.reader, instance=self.row)

    def save(self, form: ObjectivesForm) -> str:
        row = form.write(self.row, self.change)
        undoable(self.request, _("Saved: the objectives of %(jfo)s.") % {"jfo": row.code}, self.change)
        return str(row.get_absolute_url())
