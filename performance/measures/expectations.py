"""What was expected of JFOs beside what came of it: one figure for each indicator, JFO and fiscal year."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, Sum, Value, When
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from registry.models import Assignment, Meeting, Officer
from registry.models.partners import OWN_AGENCY

from ..models import ActivityCount, Claim, Contribution, Expectation, ImsKind, Indicator, number_of
from ..models.outcomes import known_by
from .cost import half_up, pays_of_years

# Those that tell about the officers of a JFO: a manager is told them of own regions alone.
ON_OFFICERS = frozenset({Indicator.FILES, Indicator.CASES, Indicator.FTE})

_NONE = Value(0, output_field=IntegerField())
# The calendar year in which the fiscal year of a meeting starts.
_FISCAL_YEAR = Case(
    When(held_on__month__gte=4, then=ExtractYear("held_on")),
    default=ExtractYear("held_on") - 1,
    output_field=IntegerField(),
)
# A JFO's key and the calendar year in which a fiscal year starts.
_Year = tuple[int, int]


@dataclass(frozen=True)
class Measured:
    """An expectation with its actual figure, which is None where the reader is not told it.

    One `is_listed` unless the reader may not see every row behind it, as where an officer of another region serves on
    the JFO. The variance is actual less expected; as a share of what was expected it is None where nothing was.
    """

    expectation: Expectation
    actual: Decimal | None
    is_listed: bool = True

    @property
    def is_restricted(self) -> bool:
        """Whether the actual figure tells about officers of another region, so that the reader is not told it."""
        return self.actual is None

    @property
    def variance(self) -> Decimal | None:
        return None if self.actual is None else self.actual - self.expectation.expected

    @property
    def share(self) -> Decimal | None:
        """The variance as a share of what was expected, to a tenth of a percent."""
        if self.variance is None or not self.expectation.expected:
            return None
        return formats.rounded(self.variance / self.expectation.expected, 3)

    @property
    def unlocks(self) -> str:
        """The trace of each unlock, in words; empty where it was never unlocked. No query where unlocks are loaded."""
        row = self.expectation
        return " ".join(unlock.in_words(row.amount(unlock.expected)) for unlock in row.unlocks.all())

    @property
    def state(self) -> str:
        """How it stands, for scripts: locked or open."""
        return "locked" if self.expectation.locked_on else "open"


def measured(expectations: Iterable[Expectation], reader: Reader, day: date) -> list[Measured]:
    """Return the expectations with their actual figures as of the day, in their order.

    Six queries, however many rows, JFOs and years there are; the JFOs have to be loaded with their regions.
    """
    rows = list(expectations)
    told = [row for row in rows if _is_told(row, reader)]
    on_officers = [row for row in told if row.indicator in ON_OFFICERS]
    others = [row for row in told if row.indicator not in ON_OFFICERS]
    figures: dict[tuple[Indicator, _Year], Decimal] = {}
    unlisted: set[tuple[Indicator, _Year]] = set()
    if on_officers:
        found, unlisted = _service(on_officers, reader)
        figures |= found
    if others:
        figures |= _events(others, day)
    measured = []
    for row in rows:
        place = Indicator(row.indicator), (row.jfo_id, row.fiscal_year)
        actual = formats.rounded(figures.get(place, 0), 2) if _is_told(row, reader) else None
        measured.append(Measured(row, actual, is_listed=place not in unlisted))
    return measured


def _is_told(row: Expectation, reader: Reader) -> bool:
    return row.indicator not in ON_OFFICERS or reader.sees_everything or row.jfo.region_id in reader.scope_ids


def _jfos(rows: Iterable[Expectation]) -> set[int]:
    return {row.jfo_id for row in rows}


def _years(rows: Iterable[Expectation]) -> list[FiscalYear]:
    return sorted({row.year for row in rows})


def _service(
    rows: Sequence[Expectation], reader: Reader
) -> tuple[dict[tuple[Indicator, _Year], Decimal], set[tuple[Indicator, _Year]]]:
    """Return FTE-years paid, and the files and cases of who was on the JFO in the year; and which of these stand for
    rows that the reader does not see, too; five queries.

    FTE-years are those of all officers of the JFO, whichever region employs them; files and cases are those of the
    officers whom the reader sees, since what an officer does is for the officer's region alone. As on the JFO's page.
    """
    ids = {row.jfo.code: row.jfo_id for row in rows}
    years = _years(rows)
    paid: dict[_Year, Fraction] = defaultdict(Fraction)
    officers: dict[_Year, set[int]] = defaultdict(set)
    unlisted: set[tuple[Indicator, _Year]] = set()
    for year, pays in pays_of_years(Assignment.objects.filter(jfo__in=_jfos(rows)), years).items():
        for pay in pays:
            place = ids[pay.jfo], year.start_year
            paid[place] += pay.cost.fte_years
            officers[place].add(pay.officer_id)
            if not (reader.sees_everything or pay.home_id in reader.scope_ids):
                unlisted.add((Indicator.FTE, place))

    found = {(Indicator.FTE, place): half_up(value, 2) for place, value in paid.items()}
    opened = _opened({officer for who in officers.values() for officer in who}, years, reader)
    for place, who in officers.items():
        for indicator in (Indicator.FILES, Indicator.CASES):
            found[indicator, place] = Decimal(sum(opened[indicator, officer, place[1]] for officer in who))
    return found, unlisted


def _opened(officers: set[int], years: Sequence[FiscalYear], reader: Reader) -> dict[tuple[Indicator, int, int], int]:
    """Return the files and the cases that each of the officers whom the reader sees opened in each year; one query."""
    counts = (
        ActivityCount.objects.filter(
            fiscal_year__in=[year.start_year for year in years],
            officer__in=Officer.objects.visible_to(reader).filter(pk__in=officers).order_by().values("pk"),
        )
        .order_by()
        .values_list("officer_id", "fiscal_year")
        .annotate(files=Sum(number_of()), cases=Sum(number_of(ImsKind.CASE)))
    )
    found: dict[tuple[Indicator, int, int], int] = defaultdict(int)
    for officer, year, files, cases in counts:
        found[Indicator.FILES, officer, year] = files
        found[Indicator.CASES, officer, year] = cases
    return found


def _events(rows: Sequence[Expectation], day: date) -> dict[tuple[Indicator, _Year], Decimal]:
    """Return the outcomes claimed by the day, those in which a part of the CBSA is recorded, and the meetings held, by
    JFO and year; one query."""
    years = _years(rows)
    own = Contribution.objects.filter(event=OuterRef("event"), agency__key=OWN_AGENCY)
    claims = (
        Claim.objects.filter(
            known_by(day, "event__"),
            jfo__in=_jfos(rows),
            event__fiscal_year__in=[year.start_year for year in years],
        )
        .annotate(is_own=Exists(own), year=F("event__fiscal_year"))
        .order_by()
        .values("jfo_id", "year")
        .annotate(claimed=Count("pk"), contributed=Count("pk", filter=Q(is_own=True)), held=_NONE)
    )
    meetings = (
        Meeting.objects.filter(jfo__in=_jfos(rows), held_on__range=(years[0].first_day, min(years[-1].last_day, day)))
        .annotate(year=_FISCAL_YEAR)
        .order_by()
        .values("jfo_id", "year")
        .annotate(claimed=_NONE, contributed=_NONE, held=Count("pk"))
    )
    columns = ("jfo_id", "year", "claimed", "contributed", "held")
    found: dict[tuple[Indicator, _Year], Decimal] = defaultdict(Decimal)
    for jfo, year, claimed, contributed, held in claims.values_list(*columns).union(
        meetings.values_list(*columns), all=True
    ):
        found[Indicator.OUTCOMES, (jfo, year)] += claimed
        found[Indicator.CONTRIBUTIONS, (jfo, year)] += contributed
        found[Indicator.MEETINGS, (jfo, year)] += held
    return found


def notes(rows: Sequence[Measured], reader: Reader) -> list[str]:
    """Return how the actual figures are made, and what of them the reader is not told, in sentences."""
    said = [
        gettext(
            "Files and cases are those that the officers opened in the fiscal year who were on the JFO on at least one "
            "day of it, whichever JFO a file was for. FTE-years are those paid."
        ),
        gettext(
            "An outcome that several JFOs claim counts for each of them here; a sum over JFOs would count it twice."
        ),
    ]
    if not reader.sees_everything:
        said.append(
            gettext(
                "You are told files, cases and FTE-years of the JFOs of your regions alone, files and cases there of "
                "your regions’ officers alone."
            )
        )
    if any(row.unlocks for row in rows):
        said.append(gettext("An expectation that was unlocked says so for good, with what was expected until then."))
    return said
