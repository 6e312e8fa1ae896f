"""What expectations add to a JFO's page: what was expected of it in the last years, beside what came of it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.periods import today
from jfo_portal.kit.views import Heading, headings_of, rows_of
from registry import panels
from registry.models import JFO

from .expectation_tables import columns_of
from .measures.expectations import measured
from .models import Expectation

# How many fiscal years back the page of a JFO shows.
_BACK = 3


@dataclass(frozen=True)
class Expected:
    """The expectations of a JFO, as they are on record today, and the ways to all of them and to their history."""

    jfo: JFO
    year: FiscalYear
    headings: list[Heading]
    rows: Any
    all_href: str
    history_href: str


def load(jfo: JFO, reader: Reader, day: date) -> Expected:
    """Return what was expected of the JFO in the day's fiscal year, the three before and those to come; ten queries,
    whatever the rows."""
    year = FiscalYear.of(day)
    rows = Expectation.objects.visible_to(reader).filter(jfo=jfo, fiscal_year__gte=year.start_year - _BACK)
    if day != today():
        rows = rows.filter(fiscal_year__lte=year.start_year)
    columns = [
        column for column in columns_of(reader, may_act=day == today()) if column.name != "jfo" and not column.extra
    ]
    found = measured(rows.with_names().order_by("-fiscal_year", "indicator"), reader, day)
    return Expected(
        jfo,
        year,
        headings_of(columns),
        rows_of(columns, found),
        f"{reverse('performance-expectations')}?jfo={jfo.code}",
        f"{reverse('history')}?jfo={jfo.code}&kind=expectation",
    )


panels.register(
    25, panel=panels.Panel(_("Expectations"), "performance/jfo_expectations.html", load, part="expectations")
)
