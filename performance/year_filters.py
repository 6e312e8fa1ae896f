"""What the filters of lists about one fiscal year share."""

from datetime import date
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.periods import today
from registry.filters import offer


class OfYear(django_filters.FilterSet):
    """Rows of one fiscal year: the one asked for, or another that is the list's own."""

    fy = django_filters.ChoiceFilter(label=_("Fiscal year"), method="as_they_are", empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, fy=[(str(year), str(year)) for year in self.years()])

    @cached_property
    def own_year(self) -> FiscalYear:
        """The year shown where none is asked for."""
        return FiscalYear.of(today())

    @cached_property
    def asked_year(self) -> FiscalYear:
        """The year that the address asks for, before any form has read it; the own one where it says none."""
        try:
            return FiscalYear.parse(self.data.get("fy", "") if self.data else "")
        except ValueError:
            return self.own_year

    def first_day(self) -> date | None:
        """Return the first day on which there are rows; None where there are none."""
        return None

    def years(self) -> list[FiscalYear]:
        """Return the fiscal years to choose from, the latest first: any with rows, the own one, the one asked for."""
        first = self.first_day()
        since = FiscalYear.of(first).start_year if first else self.own_year.start_year
        of_rows = map(FiscalYear, range(since, self.own_year.start_year + 1))
        return sorted({*of_rows, self.own_year, self.asked_year}, reverse=True)

    @cached_property
    def year(self) -> FiscalYear:
        """The year of the rows."""
        self.form.is_valid()
        asked = self.form.cleaned_data.get("fy")
        return FiscalYear.parse(asked) if asked else self.own_year

    def as_they_are(self, rows: QuerySet, _name: str, _value: str) -> QuerySet:
        return rows
