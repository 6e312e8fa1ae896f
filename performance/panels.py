"""What performance adds to a JFO's page: the activity of its officers beside the region's, and what it costs."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Heading, headings_of, rows_of
from registry import panels
from registry.models import JFO, Assignment, Officer
from registry.tables import sees_officers_of

from .measures.activity import Activity, Group, by_kind, groups, tallies
from .measures.cost import benefit_rate, cost, half_up, pays
from .models import ImsFile, ImsKind

ACTIVITY_COLUMNS = [
    Column("kind", _("Kind of file"), is_header=True),
    Column("files", _("Files"), "integer"),
    Column("mean", _("Per officer of this JFO"), "decimal"),
    Column("region_mean", _("Per JFO officer of the region"), "decimal"),
]


@dataclass(frozen=True)
class Bill:
    """What the JFO cost in the year, in dollars, each figure rounded once; benefits are None without a rate."""

    fte_years: Decimal
    salaries: Decimal
    benefits: Decimal | None
    total: Decimal | None
    unpaid_days: int


@dataclass(frozen=True)
class Performance:
    """The figures of one JFO and fiscal year.

    A manager is shown nothing of another region's JFO, whose sums would tell about a few people, and
    the activity of own regions' officers alone.
    """

    year: FiscalYear
    is_shown: bool
    sees_everybody: bool
    activity: Activity | None = None
    rows: Any = ()
    bill: Bill | None = None

    @property
    def headings(self) -> list[Heading]:
        return headings_of(ACTIVITY_COLUMNS)


def load_performance(jfo: JFO, reader: Reader, day: date) -> Performance:
    """Return the JFO's activity and cost in the day's fiscal year; seven queries."""
    year = FiscalYear.of(day)
    if not sees_officers_of(jfo, reader):
        return Performance(year, is_shown=False, sees_everybody=False)
    # A sum of the reader's own region, whichever region employs the officers, as in Exhibit 11.
    assignments = Assignment.objects.filter(jfo=jfo)
    paid = pays(assignments, year)
    # What an officer does is for the officer's region alone.
    serving = assignments.during(year.first_day, year.last_day).order_by().values("officer")
    officers = Officer.objects.visible_to(reader).filter(Q(region=jfo.region) | Q(pk__in=serving))
    spent = cost(paid)
    on_jfo = {row.officer_id for row in paid}
    counted = tallies(ImsFile.objects.visible_to(reader), officers, year)
    own = by_kind(row for row in counted if row.officer_id in on_jfo)
    region = by_kind(row for row in groups(counted)[Group.JFO] if row.region == jfo.region.code)
    rate = benefit_rate(year)
    rows = [
        {"kind": kind.label, "files": own.counts[kind], "mean": own.mean(kind), "region_mean": region.mean(kind)}
        for kind in ImsKind
    ]
    rows.append({"kind": _("All"), "files": own.total, "mean": own.mean_total, "region_mean": region.mean_total})
    return Performance(
        year,
        is_shown=True,
        sees_everybody=reader.sees_everything,
        activity=own,
        rows=rows_of(ACTIVITY_COLUMNS, rows),
        bill=Bill(
            fte_years=half_up(spent.fte_years, 2),
            salaries=half_up(spent.salaries),
            benefits=None if rate is None else half_up(spent.benefits(rate)),
            total=None if rate is None else half_up(spent.salaries + spent.benefits(rate)),
            unpaid_days=spent.unpaid_days,
        ),
    )


panels.register(
    20, panel=panels.Panel(_("Performance"), "performance/jfo_panel.html", load_performance, part="performance")
)
