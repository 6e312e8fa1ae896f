"""The pages that write the register: a new arrangement, one corrected, and what supersedes it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.editing import EditPage, FormPage, undoable
from jfo_portal.kit.imports.resources import lock_table
from jfo_portal.kit.periods import today
from jfo_portal.kit.views import Crumb, RowPage
from wca import lifecycle, numbering
from wca.models import Arrangement
from wca.parts import REVIEWERS
from wca.register_forms import ArrangementForm, SupersessionForm
from wca.sections import address_of
from wca.views.parts import OfArrangement


class NewArrangement(FormPage):
    """A new arrangement; its number is issued when it is saved."""

    title = gettext_lazy("New arrangement")
    template_name = "wca/arrangement_new.html"
    section = "arrangements"
    readers = REVIEWERS
    submit_label = gettext_lazy("Add")

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Arrangements"), reverse("arrangements"))]

    def get_form(self, data: Mapping[str, Any] | None = None) -> ArrangementForm:
        return ArrangementForm(data, reader=self.reader, instance=Arrangement())

    def save(self, form: ArrangementForm) -> str:
        number = numbering.issue(form.cleaned_data["kind"], today().year)
        row: Arrangement = form.write(Arrangement(reference=number), self.change)
        undoable(
            self.request,
            _("Added: %(reference)s. Name its parties and the JFOs it covers.") % {"reference": row.reference},
            self.change,
        )
        return address_of(row, "parties", "parties")


class _OneArrangement(OfArrangement, EditPage):
    """A form about one arrangement itself."""

    model = Arrangement

    @cached_property
    def row(self) -> Arrangement:
        rows = Arrangement.objects.editable_by(self.reader)
        row: Arrangement = RowPage.found(rows, reference=self.kwargs["reference"])
        return row

    @property
    def arrangement(self) -> Arrangement:
        """The row, also where it is gone and is as it was."""
        return self.row

    def done(self, sentence: str, row: Arrangement) -> str:
        """Leave the message of what was done, and return where to go."""
        undoable(self.request, sentence, self.change)
        return row.get_absolute_url()


class EditArrangement(_OneArrangement):
    """What the register says of the arrangement, to be corrected; its number stays."""

    def get_title(self) -> str:
        return _("Edit: %(reference)s") % {"reference": self.row.reference}

    def get_form(self, data: Mapping[str, Any] | None = None) -> ArrangementForm:
        return ArrangementForm(data, reader=self.reader, instance=self.row)

    def save(self, form: ArrangementForm) -> str:
        row = form.write(self.row, self.change)
        return self.done(_("Saved: %(reference)s.") % {"reference": row.reference}, row)


class Supersede(_OneArrangement):
    """Which arrangement supersedes this one, and from which day on."""

    template_name = "wca/supersession.html"

    def get_title(self) -> str:
        return _("Supersede: %(reference)s") % {"reference": self.row.reference}

    def get_form(self, data: Mapping[str, Any] | None = None) -> SupersessionForm:
        return SupersessionForm(data, reader=self.reader, instance=self.row)

    def lock(self) -> None:
        """Let one at a time say what supersedes what: two at once could close a circle that neither sees."""
        lock_table(Arrangement)
        super().lock()

    def save(self, form: SupersessionForm) -> str:
        row = form.write(self.row, self.change)
        lifecycle.follow_supersession(row, self.change)
        said = {"reference": row.reference, "newer": row.superseded_by, "day": row.superseded_on}
        sentence = (
            _("Saved: nothing supersedes %(reference)s.")
            if row.superseded_by is None
            else _("Saved: %(newer)s supersedes %(reference)s from %(day)s on.")
        )
        return f"{self.done(sentence % said, row)}#chain"
