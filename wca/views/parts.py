"""The pages of what hangs on an arrangement: the forms that add, correct and remove a row of any kind."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.editing import EditPage, FormPage, undoable
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import cells
from jfo_portal.kit.views import Crumb, RowPage
from registry.forms import ReasonedForm
from registry.models.partners import names_by_agency
from registry.part_forms import AgencyField
from wca.models import Arrangement
from wca.parts import PARTS, REVIEWERS, Part
from wca.register_forms import PartForm
from wca.sections import address_of


class OfArrangement(FormPage):
    """A form about an arrangement or what hangs on it, for those who keep the register; 404 where there is none."""

    section = "arrangements"
    readers = REVIEWERS

    @cached_property
    def arrangement(self) -> Arrangement:
        rows = Arrangement.objects.editable_by(self.reader)
        arrangement: Arrangement = RowPage.found(rows, reference=self.kwargs["reference"])
        return arrangement

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("Arrangements"), reverse("arrangements")),
            Crumb(self.arrangement.reference, self.arrangement.get_absolute_url()),
        ]


class _Keeping(OfArrangement):
    """A form about one kind of row of an arrangement; 404 where there is no such kind."""

    template_name = "wca/part_form.html"

    @cached_property
    def part(self) -> Part:
        part = PARTS.get(self.kwargs["part"])
        if part is None:
            raise Http404
        return part

    @property
    def address(self) -> str:
        """Where the rows of the kind are shown."""
        return address_of(self.arrangement, "parties", self.part.slug)

    def crumbs(self) -> Sequence[Crumb]:
        return [*super().crumbs(), Crumb(self.part.title, self.address)]

    def lock_arrangement(self) -> None:
        """Lock the arrangement, so that of two acts on what hangs on it the second sees what the first wrote."""
        rows = Arrangement.objects.select_for_update(of=("self",), no_key=True)
        if not list(rows.filter(pk=self.arrangement.pk)):
            raise ValidationError(_("This arrangement is not there any more: somebody removed it meanwhile."))

    def done(self, sentence: str, row: Any) -> str:
        """Leave the message of what was done to the row, and return where to go."""
        undoable(self.request, sentence % {"row": row}, self.change)
        return self.address

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        asks_agency = any(isinstance(field, AgencyField) for field in context["form"].fields.values())
        return context | {
            "arrangement": self.arrangement,
            "agency_names": _names_of_signers() if asks_agency else (),
        }


def _names_of_signers() -> list[str]:
    """Return what the list of an agency field offers: the names, in both languages, of each agency that can sign."""
    agencies = [agency for agency in names_by_agency() if not agency.is_group]
    return sorted({name for agency in agencies for name in (agency.short_en, agency.short_fr, agency.name)})


class PartNew(_Keeping):
    """A new row of the arrangement; what the address names fills the form beforehand."""

    submit_label = gettext_lazy("Add")

    def get_title(self) -> str | Promise:
        return self.part.new_label

    @cached_property
    def row(self) -> Any:
        return self.part.new(self.arrangement)

    def get_form(self, data: Mapping[str, Any] | None = None) -> PartForm:
        fields = self.part.form.base_fields
        asked = {name: value for name, value in self.request.GET.items() if name in fields}
        start = {"start": today()} if "start" in fields else {}
        return self.part.form(
            data, arrangement=self.arrangement, reader=self.reader, instance=self.row, initial={**start, **asked}
        )

    def before_saving(self, form: Any) -> HttpResponse | None:
        self.lock_arrangement()
        return None

    def save(self, form: PartForm) -> str:
        return self.done(_("Added: %(row)s."), form.write(self.row, self.change))


class _OneRow(_Keeping, EditPage):
    """A form about one row of the arrangement."""

    @property
    def model(self) -> Any:
        return self.part.model

    @cached_property
    def row(self) -> Any:
        return RowPage.found(self.part.of(self.arrangement, self.reader), pk=self.kwargs["pk"])

    def lock(self) -> None:
        self.lock_arrangement()
        super().lock()


class PartRow(_OneRow):
    """One row of the arrangement, to be corrected; `?fill=` names the date to be filled with today."""

    def get_title(self) -> str:
        return _("Correct: %(kind)s") % {"kind": self.part.kind}

    def get_form(self, data: Mapping[str, Any] | None = None) -> PartForm:
        filled: dict[str, date] = {}
        if self.part.closing and self.request.GET.get("fill") == self.part.closing:
            filled[self.part.closing] = today()
        return self.part.form(data, arrangement=self.arrangement, reader=self.reader, instance=self.row, initial=filled)

    def save(self, form: PartForm) -> str:
        return self.done(_("Saved: %(row)s."), form.write(self.row, self.change))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"about": self.row}


class PartRemove(_OneRow):
    """One row of the arrangement that should not be there, to be removed; it can be brought back."""

    template_name = "wca/part_remove.html"
    edited = ()
    submit_label = gettext_lazy("Remove")

    @property
    def watched(self) -> Sequence[str]:  # type: ignore[override]
        return list(self.part.form._meta.fields or ())

    def get_title(self) -> str:
        return _("Remove: %(kind)s") % {"kind": self.part.kind}

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return ReasonedForm(data)

    def save(self, form: ReasonedForm) -> str:
        words = str(self.row)
        self.change.delete_row(self.row)
        return self.done(_("Removed: %(row)s."), words)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"facts": cells(self.part.columns(today()), self.row)}
