"""Which risks JFOs answer by the edition in force, and how what JFOs cost spreads over them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.db.models import Exists, OuterRef, Q

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from registry.models import Assignment, Risk, RiskCoverage, RiskEdition
from registry.models.jfos import JFOQuerySet, RiskLevel

from ..models import Claim, ImsFile

# A tick that nobody looked at for longer is stale.
CONFIRMED_FOR_DAYS = 365


@dataclass(frozen=True)
class Ticks:
    """The risks of the editions in force on a day, and the ticks of the JFOs of that day."""

    editions: Sequence[RiskEdition]
    risks: Sequence[Risk]
    by_jfo: Mapping[str, Sequence[RiskCoverage]]
    jfos: Sequence[str]

    def answering(self, risk: Risk) -> list[str]:
        """Return the JFOs that answer the risk."""
        return [jfo for jfo in self.jfos if any(tick.risk_id == risk.pk for tick in self.by_jfo.get(jfo, ()))]

    def answered_by(self, number: int, levels: Iterable[str] = RiskLevel.values) -> list[Risk]:
        """Return the risks of the levels that exactly so many JFOs answer."""
        return [risk for risk in self.risks if risk.level in levels and len(self.answering(risk)) == number]

    def stale(self, day: date) -> list[RiskCoverage]:
        """Return the ticks that were not confirmed for a year before the day, or never."""
        return [tick for tick in self._all() if is_stale(tick, day)]

    def with_nothing_behind(self, active: frozenset[str]) -> list[str]:
        """Return the JFOs that have ticks and are not among the active ones."""
        return [jfo for jfo in self.jfos if self.by_jfo.get(jfo) and jfo not in active]

    def _all(self) -> Iterable[RiskCoverage]:
        return (tick for jfo in self.jfos for tick in self.by_jfo.get(jfo, ()))


def is_stale(tick: RiskCoverage, day: date) -> bool:
    """Say whether nobody looked at the tick in the year before the day."""
    return tick.confirmed_on is None or (day - tick.confirmed_on).days > CONFIRMED_FOR_DAYS


def ticks_on(jfos: JFOQuerySet, day: date) -> Ticks:
    """Return what the JFOs of the day answer, by the editions in force on it; four queries.

    A newer edition leaves the days before it as they were.
    """
    editions = list(RiskEdition.objects.in_force_on(day))
    risks = sorted(
        Risk.objects.filter(edition__in=[edition.code for edition in editions]),
        key=lambda risk: (RiskLevel.values.index(risk.level), risk.edition, risk.pk),
    )
    known = list(jfos.as_of(day).order_by("code").values_list("pk", "code"))
    codes = dict(known)
    coverage = RiskCoverage.objects.filter(risk__in=risks, jfo__in=codes).select_related("risk")
    by_jfo = grouped(coverage, lambda tick: codes[tick.jfo_id])
    return Ticks(editions, risks, by_jfo, list(codes.values()))


def active_jfos(jfos: JFOQuerySet, year: FiscalYear) -> frozenset[str]:
    """Return the codes of the JFOs with activity in the year: an officer on them who opened an IMS file, or an outcome
    that they claim; one query."""
    serving = Assignment.objects.during(year.first_day, year.last_day).filter(jfo=OuterRef("pk"))
    opened = ImsFile.objects.of_year(year).filter(officer=OuterRef("officer"))
    claims = Claim.objects.filter(jfo=OuterRef("pk"), event__fiscal_year=year.start_year)
    is_active = Q(Exists(serving.filter(Exists(opened)))) | Q(Exists(claims))
    return frozenset(jfos.filter(is_active).values_list("code", flat=True))


@dataclass(frozen=True)
class Spread:
    """What JFOs cost in a fiscal year, over the risks that they answer; dollars, exact.

    `weighted` are the JFOs spread by weight, `equal` those spread equally since a tick of theirs has no weight, and
    `without` what those cost that answer no risk. The parts add to the whole.
    """

    by_risk: Mapping[int, Fraction]
    weighted: Sequence[str]
    equal: Sequence[str]
    without: Fraction

    @property
    def total(self) -> Fraction:
        """What the JFOs cost together."""
        return sum(self.by_risk.values(), Fraction(0)) + self.without


def spread(costs: Mapping[str, Fraction], ticks: Ticks) -> Spread:
    """Return the cost of each JFO spread over its risks: by weight where each of its ticks has one, else equally."""
    by_risk: dict[int, Fraction] = dict.fromkeys((risk.pk for risk in ticks.risks), Fraction(0))
    weighted: list[str] = []
    equal: list[str] = []
    without = Fraction(0)
    for jfo, amount in sorted(costs.items()):
        own = ticks.by_jfo.get(jfo, ())
        if not own:
            without += amount
            continue
        weights = [tick.weight for tick in own]
        whole = sum((Fraction(weight) for weight in weights if weight is not None), Fraction(0))
        is_weighted = None not in weights and whole > 0
        (weighted if is_weighted else equal).append(jfo)
        for tick in own:
            share = Fraction(tick.weight or 0) / whole if is_weighted else Fraction(1, len(own))
            by_risk[tick.risk_id] += amount * share
    return Spread(by_risk, weighted, equal, without)


def costly_on_low_risk(costs: Mapping[str, Fraction], ticks: Ticks) -> list[str]:
    """Return the JFOs that answer low risks alone, or none, and cost more than the mean of those that cost anything."""
    paid = [amount for amount in costs.values() if amount]
    if not paid:
        return []
    mean = sum(paid, Fraction(0)) / len(paid)
    return [
        jfo
        for jfo in ticks.jfos
        if costs.get(jfo, Fraction(0)) > mean
        and all(tick.risk.level == RiskLevel.LOW for tick in ticks.by_jfo.get(jfo, ()))
    ]
