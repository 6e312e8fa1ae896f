"""The pages of expectations: the list, the forms that keep one, and the check page that locks some."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.editing import EditPage, FormPage, undoable
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage, headings_of, rows_of
from performance import expecting
from performance.expectation_filters import ExpectationFilters
from performance.expectation_forms import ExpectationForm, NewExpectationForm, NoteForm, UnlockForm
from performance.expectation_tables import LOCKERS, WRITERS, columns_of, figure_columns, indicator_column, state_columns
from performance.measures.expectations import Measured, measured
from performance.models import Expectation
from performance.models.expectations import locked_sentence
from performance.navigation import pages
from registry.forms import ReasonedForm
from registry.models import JFO, Role

# How many expectations are locked in one go.
MOST = 200
CHECKED = "_checked"


def list_href(year: FiscalYear) -> str:
    """Return the address of the list for the year."""
    return f"{reverse('performance-expectations')}?fy={year}"


def year_asked(request: HttpRequest) -> FiscalYear:
    """Return the fiscal year that the address names; today's where it names none that can be read."""
    try:
        return FiscalYear.parse(request.GET.get("fy", ""))
    except ValueError:
        return FiscalYear.of(today())


def _may_add(reader: Any) -> bool:
    return reader.role == Role.NHQ_REVIEWER or (reader.role in WRITERS and bool(reader.scope_ids))


class ExpectationList(ListPage):
    """What is expected of JFOs, beside what came of it."""

    title = gettext_lazy("Expectations")
    section = "performance"
    template_name = "performance/expectations.html"
    table_template = "performance/expectations_table.html"
    filterset_class = ExpectationFilters
    ordering = ("-fiscal_year", "jfo__code", "indicator")
    file_name = "expectations"
    import_kind = "expectations"
    empty = gettext_lazy("Nothing is expected by these filters. Remove one, or add an expectation.")

    def get_queryset(self) -> Any:
        return Expectation.objects.visible_to(self.reader).with_names()

    def get_columns(self) -> Sequence[Column]:
        return columns_of(self.reader, may_act=not self.is_read_only)

    def completed(self, rows: list[Any]) -> list[Any]:
        return measured(rows, self.reader, today())

    def caption(self, count: int) -> str:
        return ngettext("%(count)s expectation", "%(count)s expectations", count) % {"count": formats.number(count)}

    @property
    def year(self) -> FiscalYear:
        """The fiscal year asked for, or today's: that of the other pages which this one leads to."""
        return year_asked(self.request)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        may_lock = self.reader.role in LOCKERS and not self.is_read_only
        keys = [None if row.expectation.locked_on else row.expectation.pk for row in context["objects"]]
        return context | {
            "pages": pages("performance-expectations", self.year),
            "may_add": _may_add(self.reader) and not self.is_read_only,
            "may_lock": may_lock,
            "has_selection": may_lock and any(keys),
            "lines": [
                (key, str(row.expectation), cells)
                for key, row, cells in zip(keys, context["objects"], context["rows"], strict=True)
            ],
            "year": self.year,
            "sees_all": self.reader.sees_everything,
        }


class New(FormPage):
    """A new expectation; `?jfo=` and `?fy=` fill the form beforehand."""

    title = gettext_lazy("New expectation")
    section = "performance"
    readers = WRITERS
    submit_label = gettext_lazy("Add")

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Expectations"), reverse("performance-expectations"))]

    def get_form(self, data: Mapping[str, Any] | None = None) -> NewExpectationForm:
        year, asked = FiscalYear.of(today()), year_asked(self.request)
        code = self.request.GET.get("jfo", "").replace("\0", "")
        jfo = JFO.objects.visible_to(self.reader).filter(code=code).first() if code else None
        initial = {"fiscal_year": asked.start_year} | ({"jfo": jfo.pk} if jfo else {})
        form = NewExpectationForm(data, year=year, initial=initial)
        form.offer(self.reader, year)
        return form

    def save(self, form: NewExpectationForm) -> str:
        row = self.change.save_row(Expectation(**form.cleaned_data))
        undoable(self.request, _("Added: %(row)s.") % {"row": row}, self.change)
        return list_href(row.year)


class _OfExpectation(EditPage):
    """A form about one expectation; 404 for those that the reader does not keep."""

    model = Expectation
    section = "performance"
    readers = WRITERS
    template_name = "performance/expectation_form.html"
    # Whether a lock stands in the way.
    is_stopped_by_lock = False

    @cached_property
    def row(self) -> Expectation:
        row: Expectation = RowPage.found(
            Expectation.objects.editable_by(self.reader).with_names(), pk=self.kwargs["pk"]
        )
        return row

    @property
    def row_queryset(self) -> Any:
        return Expectation.objects.with_names().filter(pk=self.row.pk)

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Expectations"), list_href(self.stored.year))]

    @cached_property
    def stored(self) -> Expectation:
        """The row as it is stored: a form that was read may have written what was typed on its own."""
        row: Expectation = RowPage.found(Expectation.objects.with_names(), pk=self.kwargs["pk"])
        return row

    def done(self, sentence: str, row: Expectation, *, may_be_undone: bool = True) -> str:
        """Leave the message of what was done, and return the way to the list."""
        if may_be_undone:
            undoable(self.request, sentence % {"row": row}, self.change)
        else:
            messages.success(self.request, sentence % {"row": row})
        return list_href(row.year)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        (shown,) = measured([self.stored], self.reader, today())
        columns = _facts()
        return context | {
            "facts": [(cell.label, cell.text) for cell in rows_of(columns, [shown])[0]],
            "lock_sentence": self.lock_sentence(),
        }

    def lock_sentence(self) -> str:
        """Return why the form is not shown; empty where it is."""
        return ""


def _facts() -> list[Column]:
    def get(row: Measured) -> Measured:
        return row

    return [
        Column("jfo", _("JFO"), value=lambda row: row.expectation.jfo.code),
        Column("fiscal_year", _("Fiscal year"), value=lambda row: str(row.expectation.year)),
        indicator_column(get),
        *figure_columns(get),
        Column("basis", _("Basis"), value=lambda row: row.expectation.basis),
        *state_columns(get),
    ]


class Correct(_OfExpectation):
    """What is expected, while it is open."""

    title = gettext_lazy("Correct an expectation")

    def get_form(self, data: Mapping[str, Any] | None = None) -> ExpectationForm:
        return ExpectationForm(data, instance=self.row, year=FiscalYear.of(today()))

    def save(self, form: ExpectationForm) -> str:
        row = expecting.correct(self.row, form.cleaned_data, by=self.user, within=self.change)
        return self.done(_("Saved: %(row)s."), row)

    def lock_sentence(self) -> str:
        locked_on = self.stored.locked_on
        return "" if locked_on is None else locked_sentence(locked_on)


class Explain(_OfExpectation):
    """Why the actual figure is another; a lock does not stand in the way."""

    title = gettext_lazy("Explain a variance")

    def get_form(self, data: Mapping[str, Any] | None = None) -> NoteForm:
        return NoteForm(data, initial={"variance_note": self.row.variance_note})

    def save(self, form: NoteForm) -> str:
        row = expecting.explain(self.row, form.cleaned_data["variance_note"], by=self.user, within=self.change)
        return self.done(_("Saved: %(row)s."), row)


class Unlock(_OfExpectation):
    """A locked expectation is opened again, for a reason that every report shows from then on."""

    title = gettext_lazy("Unlock an expectation")
    readers = LOCKERS
    submit_label = gettext_lazy("Unlock")
    edited = ()
    watched = ("expected", "locked_on")

    def get_form(self, data: Mapping[str, Any] | None = None) -> UnlockForm:
        return UnlockForm(data)

    def save(self, form: UnlockForm) -> str:
        reason = form.cleaned_data["reason"]
        row = expecting.unlock(self.row, by=self.user, day=today(), reason=reason, within=self.change)
        return self.done(_("Unlocked, which every report says from now on: %(row)s."), row, may_be_undone=False)

    def lock_sentence(self) -> str:
        return _("The expectation is open already.") if self.stored.locked_on is None else ""


class Lock(FormPage):
    """`?rows=3&rows=7`: the expectations as they would be locked, then all that are ticked or none."""

    title = gettext_lazy("Lock expectations")
    section = "performance"
    readers = LOCKERS
    template_name = "performance/expectations_lock.html"
    is_stale = False

    @cached_property
    def asked(self) -> list[int]:
        found = dict.fromkeys(self.request.GET.getlist("rows"))
        return [int(key) for key in found if key.isascii() and key.isdigit() and len(key) < 10]

    def read(self) -> list[Expectation]:
        """Return the expectations that the address names, as they are now."""
        if len(self.asked) > MOST:
            return []
        rows = Expectation.objects.lockable_by(self.reader).filter(pk__in=self.asked).with_names()
        return list(rows.order_by("-fiscal_year", "jfo__code", "indicator"))

    @cached_property
    def found(self) -> list[Expectation]:
        return self.read()

    @property
    def open_rows(self) -> list[Expectation]:
        return [row for row in self.found if row.locked_on is None]

    @property
    def ticked(self) -> list[Expectation]:
        if self.request.method != "POST":
            return self.open_rows
        keys = set(self.request.POST.getlist("rows"))
        return [row for row in self.open_rows if str(row.pk) in keys]

    def left_out(self) -> list[str]:
        """Return sentences that name what the address asks for and cannot be locked."""
        if len(self.asked) > MOST:
            return [
                _("%(count)s expectations were chosen, and at most %(most)s are locked together. Choose fewer.")
                % {"count": formats.number(len(self.asked)), "most": MOST}
            ]
        said = [
            _("%(row)s is locked already, since %(day)s.") % {"row": row, "day": row.locked_on}
            for row in self.found
            if row.locked_on is not None
        ]
        unknown = len(self.request.GET.getlist("rows")) - len(self.found)
        if unknown > 0:
            said.append(
                ngettext(
                    "Left out: %(count)s that is not, or no longer, there.",
                    "Left out: %(count)s that are not, or no longer, there.",
                    unknown,
                )
                % {"count": formats.number(unknown)}
            )
        return said

    def stamp(self) -> str:
        """Return what tells one state of the chosen expectations from another."""
        kept = [
            (row.pk, row.jfo_id, row.fiscal_year, row.indicator, str(row.expected), row.basis)
            for row in sorted(self.open_rows, key=lambda row: row.pk)
        ]
        return hashlib.sha256(repr(kept).encode()).hexdigest()

    def crumbs(self) -> Sequence[Crumb]:
        years = {row.year for row in self.found}
        href = list_href(years.pop()) if len(years) == 1 else reverse("performance-expectations")
        return [Crumb(_("Expectations"), href)]

    def get_form(self, data: Mapping[str, Any] | None = None) -> forms.Form:
        return ReasonedForm(data)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        return super().post(request, *args, **kwargs) if self.asked else self.get(request)

    def before_saving(self, form: Any) -> HttpResponse | None:
        # Locked against others first, so that what is compared is what will be locked.
        list(Expectation.objects.select_for_update(of=("self",)).filter(pk__in=self.asked).order_by("pk"))
        self.found = self.read()
        self.is_stale = self.request.POST.get(CHECKED) != self.stamp()
        if not self.is_stale and not self.ticked:
            form.add_error(None, _("Tick at least one expectation."))
        if self.is_stale or not self.ticked:
            return self.shown(form)
        return None

    def save(self, form: Any) -> str:
        rows = expecting.lock(self.ticked, by=self.user, day=today(), within=self.change)
        messages.success(
            self.request,
            ngettext("%(count)s expectation locked.", "%(count)s expectations locked.", len(rows))
            % {"count": formats.number(len(rows))},
        )
        return self.crumbs()[0].href

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        columns = [one for one in _facts() if one.name not in {"state", "locked_on", "variance_note"}]
        ticked = {row.pk for row in self.ticked}
        rows = measured(self.open_rows, self.reader, today())
        return context | {
            "hidden": [*context["hidden"], (CHECKED, self.stamp())],
            "asked": self.asked,
            "left_out": self.left_out(),
            "headings": headings_of(columns),
            "lines": [
                (row.expectation.pk, row.expectation.pk in ticked, str(row.expectation), cells)
                for row, cells in zip(rows, rows_of(columns, rows), strict=True)
            ],
            "is_stale": self.is_stale,
            "submit_label": _("Lock those that are ticked"),
        }
