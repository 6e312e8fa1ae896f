"""What levels are paid, year by year, and the closing of a fiscal year: read by all, kept by administrators."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from jfo_portal.kit import formats
from jfo_portal.kit.editing import EditPage, FormPage, undoable
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Cell, Column, Link
from jfo_portal.kit.views import Crumb, Page, RowPage, headings_of, rows_of
from performance import closings
from performance.measures.rates import Rates, rates_of, rates_of_years
from performance.models import BenefitRate, SalaryRate, YearClosing
from performance.navigation import pages
from performance.rate_forms import BenefitForm, SalaryForm
from performance.reports.cost import dollars, rate_notes, share
from registry.forms import ReasonRequiredForm
from registry.models import Level, Role
from registry.part_forms import TypedRowForm

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})


def _then_and_now(then: str, now: str) -> str:
    """Return a rate as figures use it, and as it is now where that is another."""
    return then if then == now else _("%(then)s; now %(now)s") % {"then": then, "now": now}


class RateList(Page):
    """The rates of every fiscal year that has any, the latest first."""

    title = gettext_lazy("Salary and benefit rates")
    section = "performance"
    template_name = "performance/rates.html"

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("Performance"), reverse("performance")),
            Crumb(_("Costs"), reverse("performance-costs")),
        ]

    @property
    def may_edit(self) -> bool:
        return self.reader.role in ADMINISTRATORS and not self.is_read_only

    @cached_property
    def salary_rows(self) -> dict[tuple[int, str], int]:
        """The keys of the salaries by year and level; one query."""
        rows = SalaryRate.objects.visible_to(self.reader).values_list("fiscal_year", "level", "pk")
        return {(year, level): pk for year, level, pk in rows}

    @cached_property
    def benefit_rows(self) -> dict[int, int]:
        """The keys of the benefit rates by year; one query."""
        return dict(BenefitRate.objects.visible_to(self.reader).values_list("fiscal_year", "pk"))

    def years(self) -> list[FiscalYear]:
        """Return the years of which anything is on record, and this one."""
        closed = YearClosing.objects.visible_to(self.reader).values_list("fiscal_year", flat=True)
        starts = {*(year for year, _level in self.salary_rows), *self.benefit_rows, *closed}
        return sorted({*map(FiscalYear, starts), FiscalYear.of(today())}, reverse=True)

    def columns(self) -> list[Column]:
        columns = [
            Column(
                "year",
                _("Fiscal year"),
                value=lambda rates: str(rates.year),
                href=lambda rates: f"{reverse('performance-costs')}?fy={rates.year}",
                is_header=True,
            ),
            *(self._level_column(level) for level in Level.values),
            Column(
                "benefits",
                _("Benefits, of salaries"),
                "percent",
                text=lambda rates: _then_and_now(share(rates.benefits), share(rates.benefits_now)),
            ),
            Column("state", _("State"), text=_state),
        ]
        if self.may_edit:
            columns.append(Column("acts", _("Actions"), links=self._acts))
        return columns

    def _level_column(self, level: str) -> Column:
        def text(rates: Rates) -> str:
            then, now = rates.salaries.get(level), rates.salaries_now.get(level)
            return _then_and_now(dollars(then), dollars(now))

        return Column(level, level, "money", text=text)

    def _acts(self, rates: Rates) -> list[Link]:
        year = rates.year
        found = []
        for level in Level.values:
            pk = self.salary_rows.get((year.start_year, level))
            if pk is None:
                address = f"{reverse('performance-salary-new')}?fiscal_year={year}&level={level}"
                found.append(Link(_("Add %(rate)s") % {"rate": level}, address, str(year)))
            else:
                address = reverse("performance-salary", args=[pk])
                found.append(Link(_("Correct %(rate)s") % {"rate": level}, address, str(year)))
        pk = self.benefit_rows.get(year.start_year)
        if pk is None:
            address = f"{reverse('performance-benefit-new')}?fiscal_year={year}"
            found.append(Link(_("Add benefits"), address, str(year)))
        else:
            found.append(Link(_("Correct benefits"), reverse("performance-benefit", args=[pk]), str(year)))
        if rates.is_closed:
            found.append(Link(_("Reopen"), reverse("performance-year-reopen", args=[str(year)]), str(year)))
        elif year.last_day < today():
            found.append(Link(_("Close"), reverse("performance-year-close", args=[str(year)]), str(year)))
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        columns, rates = self.columns(), rates_of_years(self.years())
        return super().get_context_data(**kwargs) | {
            "pages": pages("performance-costs", FiscalYear.of(today())),
            "may_edit": self.may_edit,
            "headings": headings_of(columns),
            "rows": rows_of(columns, rates.values()),
            "caption": ngettext("%(count)s fiscal year", "%(count)s fiscal years", len(rates))
            % {"count": formats.number(len(rates))},
        }


def _state(rates: Rates) -> str:
    if rates.closed_on is not None:
        return _("Closed on %(day)s") % {"day": rates.closed_on}
    return pgettext("fiscal year", "Open") if rates.year.last_day < today() else _("Open, not over yet")


# What an administrator does


class _Form(FormPage):
    section = "performance"
    readers = ADMINISTRATORS
    template_name = "performance/rate_form.html"

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("Performance"), reverse("performance")),
            Crumb(_("Costs"), reverse("performance-costs")),
            Crumb(_("Salary and benefit rates"), reverse("performance-rates")),
        ]

    def done(self, sentence: str) -> str:
        """Leave the message of what was done, and return where to go."""
        undoable(self.request, sentence, self.change)
        return reverse("performance-rates")


class _New(_Form):
    """A new rate; what the address names fills the form beforehand."""

    model: Any
    form_class: type[TypedRowForm]
    submit_label = gettext_lazy("Add")

    @cached_property
    def row(self) -> Any:
        return self.model()

    def get_form(self, data: Mapping[str, Any] | None = None) -> TypedRowForm:
        asked = {name: value for name, value in self.request.GET.items() if name in self.form_class.base_fields}
        return self.form_class(data, reader=self.reader, instance=self.row, initial=asked)

    def save(self, form: TypedRowForm) -> str:
        return self.done(_("Added: %(row)s.") % {"row": form.write(self.row, self.change)})


class _Correct(_Form, EditPage):
    """One rate, to be corrected."""

    form_class: type[TypedRowForm]

    @cached_property
    def row(self) -> Any:
        return RowPage.found(self.model.objects.editable_by(self.reader), pk=self.kwargs["pk"])

    def get_form(self, data: Mapping[str, Any] | None = None) -> TypedRowForm:
        return self.form_class(data, reader=self.reader, instance=self.row)

    def save(self, form: TypedRowForm) -> str:
        return self.done(_("Saved: %(row)s.") % {"row": form.write(self.row, self.change)})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        closing = YearClosing.objects.visible_to(self.reader).filter(fiscal_year=self.row.fiscal_year).first()
        return super().get_context_data(**kwargs) | {"closing": closing}


class NewSalary(_New):
    title = gettext_lazy("New salary rate")
    model = SalaryRate
    form_class = SalaryForm


class CorrectSalary(_Correct):
    model = SalaryRate
    form_class = SalaryForm

    def get_title(self) -> str:
        return _("Salary rate of %(rate)s") % {"rate": self.row}


class NewBenefit(_New):
    title = gettext_lazy("New benefit rate")
    model = BenefitRate
    form_class = BenefitForm


class CorrectBenefit(_Correct):
    model = BenefitRate
    form_class = BenefitForm

    def get_title(self) -> str:
        return _("Benefit rate of %(rate)s") % {"rate": self.row}


class _OfYear(_Form):
    """An act on a fiscal year, which asks why; 404 where the address names none."""

    template_name = "performance/year_form.html"

    @cached_property
    def year(self) -> FiscalYear:
        try:
            return FiscalYear.parse(self.kwargs["fy"])
        except ValueError:
            raise Http404 from None

    @cached_property
    def rates(self) -> Rates:
        return rates_of(self.year)

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonRequiredForm:
        self.year  # noqa: B018  (looked up before anything is done)
        return ReasonRequiredForm(data)

    def refusals(self) -> list[str]:
        """Return why it cannot be done, in sentences."""
        raise NotImplementedError

    def table(self) -> dict[str, Any]:
        """Return the rates in question as a table."""
        columns = [
            Column("rate", _("Rate"), is_header=True),
            Column("then", _("In figures now"), "money"),
            Column("now", _("On record now"), "money"),
        ]
        levels = sorted({*self.rates.salaries, *self.rates.salaries_now})
        rows: list[dict[str, Any]] = [
            {
                "rate": level,
                "then": dollars(self.rates.salaries.get(level)),
                "now": dollars(self.rates.salaries_now.get(level)),
            }
            for level in levels
        ]
        rows.append(
            {
                "rate": _("Benefits, of salaries"),
                "then": share(self.rates.benefits),
                "now": share(self.rates.benefits_now),
            }
        )
        shown: list[list[Cell]] = rows_of(columns, rows)
        return {
            "headings": headings_of(columns),
            "rows": shown,
            "caption": _("Rates of %(year)s") % {"year": self.year},
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return (
            super().get_context_data(**kwargs)
            | self.table()
            | {"year": self.year, "refusals": self.refusals(), "rate_notes": rate_notes(self.rates)}
        )


class CloseYear(_OfYear):
    """Closing a fiscal year: its figures keep the rates of today."""

    submit_label = gettext_lazy("Close the year")

    def get_title(self) -> str:
        return _("Close %(year)s") % {"year": self.year}

    def refusals(self) -> list[str]:
        return closings.refusals(self.year, today())

    def save(self, form: ReasonRequiredForm) -> str:
        reason = form.cleaned_data["reason"]
        closings.close_year(self.year, by=self.user, day=today(), reason=reason, within=self.change)
        return self.done(_("%(year)s is closed: its figures keep the rates of today.") % {"year": self.year})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"is_closing": True}


class ReopenYear(_OfYear):
    """Reopening a fiscal year: its figures use the rates on record again."""

    submit_label = gettext_lazy("Reopen the year")

    def get_title(self) -> str:
        return _("Reopen %(year)s") % {"year": self.year}

    @cached_property
    def closing(self) -> YearClosing | None:
        rows = YearClosing.objects.editable_by(self.reader)
        return rows.filter(fiscal_year=self.year.start_year).first()

    def refusals(self) -> list[str]:
        return [] if self.closing else [_("%(year)s is open already.") % {"year": self.year}]

    def save(self, form: ReasonRequiredForm) -> str:
        closings.reopen_year(
            self.closing or YearClosing(fiscal_year=self.year.start_year),
            by=self.user,
            reason=form.cleaned_data["reason"],
            within=self.change,
        )
        return self.done(_("%(year)s is open again: its figures use the rates on record.") % {"year": self.year})
