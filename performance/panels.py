"""What performance adds to a JFO's page and brief: outcomes, activity beside the region's, and what it costs."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Heading, headings_of, rows_of
from registry import panels
from registry.models import JFO, Assignment
from registry.models.assignments import AssignmentQuerySet
from registry.tables import sees_officers_of

from .measures.activity import Activity, counted_by_kind
from .measures.cost import half_up, total_cost
from .measures.rates import rates_of
from .models import ImsFile, ImsKind
from .outcomes import Outcomes, load_outcomes

# How long the activity of a region is kept.
_SECONDS = 60

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
    """Return the JFO's activity and cost in the day's fiscal year; six queries, whatever the rows."""
    year = FiscalYear.of(day)
    if not sees_officers_of(jfo, reader):
        return Performance(year, is_shown=False, sees_everybody=False)
    # A sum of the reader's own region, whichever region employs the officers, as in Exhibit 11.
    rates = rates_of(year)
    spent, rate = total_cost(Assignment.objects.filter(jfo=jfo), year, rates), rates.benefits
    own, region = _activity(jfo, reader, year), _region_activity(jfo, reader, year)
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


def _serving(jfo: JFO, reader: Reader, year: FiscalYear) -> AssignmentQuerySet:
    """Return the assignments to the JFO in the year of the officers the reader sees: what an officer does is for the
    officer's region alone."""
    serving = Assignment.objects.visible_to(reader).filter(jfo=jfo).during(year.first_day, year.last_day)
    return serving.order_by()


def _opened(serving: AssignmentQuerySet, year: FiscalYear) -> Activity:
    """Return what the officers of the assignments opened in the year; one query."""
    return counted_by_kind(ImsFile.objects.filter(officer__in=serving.values("officer")), year)


def _activity(jfo: JFO, reader: Reader, year: FiscalYear) -> Activity:
    """Return what the officers opened who were on the JFO in the year, and how many opened nothing; two queries."""
    serving = _serving(jfo, reader, year)
    own = _opened(serving, year)
    officers: int = serving.aggregate(n=Count("officer", distinct=True))["n"]
    return replace(own, without_files=officers - own.officers)


def _region_activity(jfo: JFO, reader: Reader, year: FiscalYear) -> Activity:
    """Return what the JFO officers of the region opened in the year, on whichever JFO they were, as far as the reader
    sees them.

    Every JFO of the region asks for the same: it is up to a minute old, and one query otherwise.
    """
    scope = "all" if reader.sees_everything else ",".join(map(str, sorted(reader.scope_ids)))

    def ask() -> Activity:
        serving = Assignment.objects.during(year.first_day, year.last_day).filter(officer=OuterRef("officer"))
        files = ImsFile.objects.visible_to(reader).filter(Exists(serving.order_by()), region=jfo.region)
        return counted_by_kind(files, year)

    key = f"performance.region_activity.{jfo.region_id}.{year.start_year}.{scope}"
    return cast(Activity, cache.get_or_set(key, ask, _SECONDS))


@dataclass(frozen=True)
class InBrief:
    """The line of the printed brief: cost, and files per officer beside the region's; a mean is None without files."""

    year: FiscalYear
    salaries: Decimal
    fte_years: Decimal
    mean: Decimal | None
    region_mean: Decimal | None


def load_in_brief(jfo: JFO, reader: Reader, day: date) -> InBrief | None:
    """Return the JFO's cost and activity in the day's fiscal year; None where restricted; four queries."""
    year = FiscalYear.of(day)
    if not sees_officers_of(jfo, reader):
        return None
    spent = total_cost(Assignment.objects.filter(jfo=jfo), year)
    own = _opened(_serving(jfo, reader, year), year)
    return InBrief(
        year,
        salaries=half_up(spent.salaries),
        fte_years=half_up(spent.fte_years, 2),
        mean=own.mean_total,
        region_mean=_region_activity(jfo, reader, year).mean_total,
    )


panels.register(
    15, panel=panels.Panel(_("Outcomes"), "performance/jfo_outcomes.html", load_outcomes, part=Outcomes.tab)
)
panels.register(20, brief=panels.Panel(_("Activity and cost"), "performance/jfo_brief.html", load_in_brief))
panels.register(
    20, panel=panels.Panel(_("Performance"), "performance/jfo_panel.html", load_performance, part="performance")
)
