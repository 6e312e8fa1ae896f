"""Tenure: how long officers have been on the JFOs they are on (domain rule 4)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import Count
from django.utils.translation import ngettext

from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.suppression import TOTAL
from registry.models import Assignment
from registry.models.assignments import JOINED_GAP_DAYS, AssignmentQuerySet
from registry.models.jfos import JFOQuerySet
from registry.models.people import posting_on

from . import publication
from .publication import Facts, Part, sums_of

DAYS_IN_A_YEAR = Decimal("365.25")


@dataclass(frozen=True)
class Tenure:
    """How long an officer of a function has been on a JFO they are on: from `since` to `day`, both counted.

    `region` is the one that employed the officer on the day, in which tenure is counted; `seen_by` the one that employs
    the officer now, and sees the officer.
    """

    officer_id: int
    function: str
    jfo: str
    since: date
    region: str
    seen_by: int
    day: date

    @property
    def days(self) -> int:
        return (self.day - self.since).days + 1

    @property
    def years(self) -> Decimal:
        """Years of 365.25 days, not rounded."""
        return self.days / DAYS_IN_A_YEAR


@dataclass(frozen=True)
class TenureSummary:
    """The tenure of several officers, in years of 365.25 days; None for nobody."""

    officers: int
    mean_years: Decimal | None
    longest_years: Decimal | None


def tenures(assignments: AssignmentQuerySet, day: date) -> list[Tenure]:
    """Return, for each officer on a JFO on the day, their tenure there; on several, the longest; one query.

    Spells on the same JFO at most 30 days apart count as one (domain rule 4); a move to another JFO
    starts a new tenure (the evaluation gives “the average time spent on a JFO”).
    """
    rows = (
        assignments.as_of(day)
        .with_since()
        .annotate(posting=posting_on(day, "officer"))
        .order_by("officer__number", "jfo__code")
        .values_list(
            "officer_id", "officer__function", "jfo__code", "since", "posting__region__code", "officer__region_id"
        )
    )
    longest: dict[int, Tenure] = {}
    for officer, function, jfo, since, region, seen_by in rows:
        tenure = Tenure(officer, function, jfo, since, region, seen_by, day)
        if tenure.officer_id not in longest or tenure.since < longest[tenure.officer_id].since:
            longest[tenure.officer_id] = tenure
    return list(longest.values())


def current_since(spells: Sequence[tuple[date, date | None]], day: date) -> date | None:
    """Return the first day of the spell that holds on the day, earlier spells joined to it; None if none holds.

    `spells` come by first day, and none starts after the day. The database counts alike
    (AssignmentQuerySet.with_since).
    """
    since, last = date.max, date.min
    for start, end in spells:
        if (start - last).days - 1 > JOINED_GAP_DAYS:
            since = start
        last = max(last, end or date.max)
    return since if last >= day else None


def summary(rows: Sequence[Tenure]) -> TenureSummary:
    """Return the mean and the longest of the tenures."""
    if not rows:
        return TenureSummary(0, None, None)
    mean = sum(row.days for row in rows) / DAYS_IN_A_YEAR / len(rows)
    return TenureSummary(len(rows), mean, max(row.years for row in rows))


# Bands


@dataclass(frozen=True)
class Band:
    """Tenures from `first` years on to under `last` years; None for no upper bound."""

    first: int
    last: int | None

    def holds(self, tenure: Tenure) -> bool:
        return self.first <= tenure.years and (self.last is None or tenure.years < self.last)

    @property
    def key(self) -> str:
        return str(self.first)

    @property
    def middle(self) -> Decimal:
        """The years in the middle of the band, or a year after the beginning of the last one."""
        return Decimal(self.first + (self.first + 2 if self.last is None else self.last)) / 2

    @property
    def label(self) -> str:
        if self.first == 0:
            return ngettext("Under %(last)s year", "Under %(last)s years", self.last or 0) % {"last": self.last}
        if self.last is None:
            return ngettext("%(first)s year or more", "%(first)s years or more", self.first) % {"first": self.first}
        return ngettext("%(first)s year to under %(last)s", "%(first)s years to under %(last)s", self.first) % {
            "first": self.first,
            "last": self.last,
        }


def bands() -> list[Band]:
    """Return the bands, which adjoin: a year each up to the policy period, so that it is an edge, and longer ones then.

    Few officers stay longer; bands of a year would be about one or two of them.
    """
    policy = settings.TENURE_POLICY_YEARS
    edges = [*range(policy + 1), policy + 2, policy + 5]
    return [Band(first, last) for first, last in zip(edges, [*edges[1:], None], strict=True)]


def band_of(tenure: Tenure) -> Band:
    return next(band for band in bands() if band.holds(tenure))


@dataclass(frozen=True)
class TenureFigures:
    """Tenure in a region, or in all of them, as far as a reader may see it.

    None stands for a figure that is not shown to the reader, or that nobody stands behind (`is_hidden`
    tells them apart). `bands` are the officers of each band, `beyond` those past the policy period. `dots`
    are the years of each officer: exact of those the reader may see, the middle of the band of others, and
    none of a band that is not shown. `of_others` says whether there are such dots or hidden ones.
    """

    officers: int | None
    mean_years: Decimal | None
    longest_years: Decimal | None
    beyond: int | None
    bands: Sequence[tuple[Band, int | None]]
    dots: Sequence[Decimal]
    of_others: bool
    is_hidden: bool
    day: date

    @property
    def is_of_other_day(self) -> bool:
        """Whether the day ends no fiscal year, so that nothing is shown of other regions."""
        return publication.shown_year(self.day) is None


def tenure_figures(reader: Reader, day: date, function: str | None, region: str | None) -> TenureFigures:
    """Return the tenure on the day of the officers of a function and a region, or of all (None), whoever reads them.

    What rests on few officers outside the reader's regions is left out, and what would give it away with
    the totals over regions, functions and bands; the longest is one officer's, and shown to those who may
    see the officer. One query.
    """
    everybody = tenures(Assignment.objects.all(), day)
    hidden = publication.hidden_from(reader, publication.shown_year(day), TABLE)
    rows = [row for row in everybody if region in (None, row.region) and function in (None, row.function)]
    line = (region or TOTAL, function or TOTAL)
    in_bands = grouped(rows, band_of)

    def is_shown(band: Band) -> bool:
        return (*line, band.key) not in hidden

    def is_seen(row: Tenure) -> bool:
        return reader.sees_everything or row.seen_by in reader.scope_ids

    found = summary(rows)
    is_hidden = (*line, TOTAL) in hidden
    of_others = not all(is_seen(row) for row in rows)
    beyond = [band for band in bands() if band.first >= settings.TENURE_POLICY_YEARS]
    return TenureFigures(
        officers=None if is_hidden else found.officers,
        mean_years=None if is_hidden else found.mean_years,
        longest_years=None if is_hidden or of_others else found.longest_years,
        beyond=sum(len(in_bands.get(band, ())) for band in beyond) if all(map(is_shown, beyond)) else None,
        bands=[(band, len(in_bands.get(band, ())) if is_shown(band) else None) for band in bands()],
        dots=[
            row.years if is_seen(row) else band.middle
            for band, of_band in in_bands.items()
            for row in of_band
            if is_seen(row) or is_shown(band)
        ],
        # Of what is not shown it is not said either that there is none.
        of_others=is_hidden or of_others,
        is_hidden=is_hidden,
        day=day,
    )


# The table that takes part in the decision on what is shown (registry.measures.publication).
TABLE = publication.Table("tenure")


def _parts(facts: Facts) -> Iterator[Part]:
    """Return who counts in which region, function and band on the last day of a fiscal year."""
    for key, posts in facts.posts_of.items():
        since = min(post.since for post in posts)
        person = facts.people[key]
        tenure = Tenure(key, person.function, "", since, person.home, person.seen_by, facts.year.last_day)
        sums = sums_of(TABLE, (person.home, person.function, band_of(tenure).key))
        yield facts.counted(person, sums)


publication.register(20, [TABLE], _parts)


# JFOs that depend on one person


def resting_on_one(jfos: JFOQuerySet, day: date) -> JFOQuerySet:
    """Return those of the JFOs of the day that a single officer is on; one whose officer leaves stands empty."""
    alone = Assignment.objects.as_of(day).order_by().values("jfo").annotate(count=Count("officer", distinct=True))
    return jfos.as_of(day).filter(pk__in=alone.filter(count=1).values("jfo"))
