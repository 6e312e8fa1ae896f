"""How the files of JFO officers differ from those of other officers: means, spread, and how sure the difference is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from random import Random
from statistics import median, quantiles

from django.db import models
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear

from ..models import ImsKind
from .activity import Group, Tally

# How often the officers of both groups are drawn anew, and the share of the draws inside the interval.
DRAWS = 2000
CONFIDENCE = Decimal("0.95")
# With fewer officers than this in a group, nothing is estimated of what other officers might have done.
LEAST = 5
# What is drawn at most at once; more officers than that are drawn in groups of equal size, made up at random.
UNITS = 1000

# What is compared: the files of each kind, and of all.
TOTAL = "total"
NAMES: tuple[str, ...] = (*ImsKind.values, TOTAL)

# One officer's files under each of NAMES.
Files = tuple[int, ...]

_BITS = 64
_MASK = (1 << _BITS) - 1


class Why(models.TextChoices):
    """Why something cannot be estimated."""

    FEW = "few", _("Cannot be estimated: too few officers with files in one of the groups.")
    NO_SPREAD = "no_spread", _("Cannot be estimated: all officers of each group opened equally many.")
    NONE = "none", _("Cannot be estimated: there is no difference to close.")
    NEGATIVE = "negative", _("Cannot be estimated: the difference is negative, since the other officers opened more.")


@dataclass(frozen=True)
class Interval:
    """From where to where a figure lies in 95% of the draws."""

    low: float
    high: float


@dataclass(frozen=True)
class Spread:
    """How many files the officers of a group opened each.

    `deviation` is the standard deviation of a sample, None for a single officer. Quartiles lie between
    officers where they must, on a straight line.
    """

    officers: int
    mean: Decimal
    median: float
    deviation: Decimal | None
    lower: float
    upper: float


@dataclass(frozen=True)
class Difference:
    """One kind of file: what each group opened, and the difference of the means, JFO officers less the others.

    A group without officers is None. An interval is None where `uncertain` says why. The tipping point is how many
    unrecorded files for each other officer would close the difference, with the interval in which it lies, never
    below zero; None where `no_tipping` says why. `counting_all` is the difference if those who opened nothing are
    counted as zeros.
    """

    name: str
    jfo: Spread | None
    others: Spread | None
    jfo_mean: Interval | None
    others_mean: Interval | None
    value: Decimal | None
    interval: Interval | None
    uncertain: Why | None
    tipping: Decimal | None
    tipping_interval: Interval | None
    no_tipping: Why | None
    counting_all: Decimal | None


@dataclass(frozen=True)
class Sides:
    """The files of each officer who opened any, by group, and how many opened none; the order is of no account."""

    jfo: tuple[Files, ...]
    others: tuple[Files, ...]
    jfo_without: int = 0
    others_without: int = 0


def sides(rows: Iterable[Tally]) -> Sides:
    """Return what each officer of the tallies opened, all regions of an officer together."""
    opened: dict[Group, dict[int, list[int]]] = {Group.JFO: {}, Group.NON_JFO: {}}
    for row in rows:
        files = opened[row.group].setdefault(row.officer_id, [0] * len(NAMES))
        for (kind, _status), number in row.counts.items():
            files[NAMES.index(kind)] += number
            files[-1] += number
    with_files = {
        group: tuple(sorted(tuple(files) for files in of_group.values() if files[-1]))
        for group, of_group in opened.items()
    }
    return Sides(
        with_files[Group.JFO],
        with_files[Group.NON_JFO],
        *(len(opened[group]) - len(with_files[group]) for group in (Group.JFO, Group.NON_JFO)),
    )


def seed_of(year: FiscalYear) -> int:
    """Return what the draws of a fiscal year begin with: the same data give the same intervals."""
    return year.start_year


@lru_cache(maxsize=32)
def differences(given: Sides, seed: int) -> tuple[Difference, ...]:
    """Return the difference of each of NAMES.

    The interval is a percentile bootstrap: both groups are drawn anew, with replacement, DRAWS times, an officer
    with all kinds of files at once. Beyond UNITS officers, groups of officers are drawn instead.
    """
    jfo, others = tuple(sorted(given.jfo)), tuple(sorted(given.others))
    drawn = _draws(jfo, others, seed) if min(len(jfo), len(others)) >= LEAST else None
    return tuple(
        _difference(
            name,
            ([files[place] for files in jfo], [files[place] for files in others]),
            (given.jfo_without, given.others_without),
            None if drawn is None else (drawn[0][place], drawn[1][place]),
        )
        for place, name in enumerate(NAMES)
    )


def _difference(
    name: str,
    opened: tuple[list[int], list[int]],
    without: tuple[int, int],
    drawn: tuple[list[float], list[float]] | None,
) -> Difference:
    """Return the difference of what the officers of both groups opened, from the means drawn, if any."""
    jfo, others = opened
    value = _difference_of_means(opened, (0, 0))
    has_spread = len(set(jfo)) > 1 or len(set(others)) > 1
    uncertain = Why.FEW if drawn is None else None if has_spread else Why.NO_SPREAD
    jfo_mean = others_mean = interval = None
    if drawn is not None and uncertain is None:
        jfo_mean, others_mean = map(_interval, drawn)
        interval = _interval([one - other for one, other in zip(*drawn, strict=True)])
    no_tipping = uncertain
    if no_tipping is None and value is not None and value <= 0:
        no_tipping = Why.NEGATIVE if value else Why.NONE
    return Difference(
        name=name,
        jfo=_spread(jfo),
        others=_spread(others),
        jfo_mean=jfo_mean,
        others_mean=others_mean,
        value=value,
        interval=interval,
        uncertain=uncertain,
        tipping=None if no_tipping else value,
        tipping_interval=None if no_tipping or interval is None else Interval(max(0.0, interval.low), interval.high),
        no_tipping=no_tipping,
        counting_all=_difference_of_means(opened, without),
    )


def _difference_of_means(opened: tuple[list[int], list[int]], without: tuple[int, int]) -> Decimal | None:
    """Return the difference of the means with so many more officers who opened nothing; None for an empty group."""
    jfo, others = (len(group) + more for group, more in zip(opened, without, strict=True))
    if not jfo or not others:
        return None
    # Divided once: the same difference of other means is the same number.
    return Decimal(sum(opened[0]) * others - sum(opened[1]) * jfo) / (jfo * others)


def _mean(values: Sequence[int]) -> Decimal:
    return Decimal(sum(values)) / len(values)


def _spread(values: Sequence[int]) -> Spread | None:
    if not values:
        return None
    n, total = len(values), sum(values)
    deviation = None
    if n > 1:
        deviation = (Decimal(n * sum(value * value for value in values) - total * total) / (n * (n - 1))).sqrt()
    lower, _middle, upper = quantiles(values, n=4, method="inclusive") if n > 1 else [values[0]] * 3
    return Spread(n, _mean(values), float(median(values)), deviation, float(lower), float(upper))


def _interval(values: Iterable[float]) -> Interval:
    """Return the middle of the values, as wide as CONFIDENCE says."""
    found = sorted(values)
    outside = int(len(found) * (1 - CONFIDENCE) / 2)
    return Interval(found[outside], found[-1 - outside])


def _draws(jfo: Sequence[Files], others: Sequence[Files], seed: int) -> tuple[list[list[float]], list[list[float]]]:
    """Return, for each group and each of NAMES, the mean of every draw."""
    random = Random(seed)  # noqa: S311  (statistics, no secret)
    both = [_units(group, random) for group in (jfo, others)]
    found: tuple[list[list[float]], list[list[float]]] = ([[] for _name in NAMES], [[] for _name in NAMES])
    for _draw in range(DRAWS):
        for units, means in zip(both, found, strict=True):
            total = sum(random.choices(units, k=len(units)))
            officers = total >> _BITS * len(NAMES)
            for place, of_name in enumerate(means):
                of_name.append((total >> _BITS * place & _MASK) / officers)
    return found


def _units(group: Sequence[Files], random: Random) -> list[int]:
    """Return what is drawn: each officer's files of every kind, and the officer, in one number, so that one sum adds
    them all; many officers in UNITS groups made up at random."""
    packed = [
        sum(number << _BITS * place for place, number in enumerate(files)) + (1 << _BITS * len(NAMES))
        for files in group
    ]
    if len(packed) <= UNITS:
        return packed
    random.shuffle(packed)
    return [sum(packed[start::UNITS]) for start in range(UNITS)]
