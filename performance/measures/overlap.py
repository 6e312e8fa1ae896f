"""Which JFOs have mandates that overlap: an index of what two of them name alike, and whether somebody saw to it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import combinations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registry.models import JFO, Participation, ParticipationRole, RiskCoverage, RiskEdition
from registry.models.jfos import JFOQuerySet
from registry.models.partners import OWN_AGENCY

from ..models import Aspect, Coordination, Mandate


class Part(models.TextChoices):
    """The parts of the index, which count alike."""

    TERRITORY = Aspect.TERRITORY.value, _("Territory")
    PLACE = Aspect.PLACE.value, _("Place types")
    ACTIVITY = Aspect.ACTIVITY.value, _("Activities")
    THREAT = "threat", _("Threats")
    PARTNER = "partner", _("Partners")


@dataclass(frozen=True)
class Shared:
    """What two JFOs have in common by one part of the index, of what either has; in words, sorted."""

    alike: Sequence[str]
    of: int

    @property
    def value(self) -> Fraction | None:
        """The share in common; None where neither has anything on record."""
        return Fraction(len(self.alike), self.of) if self.of else None


@dataclass(frozen=True)
class Pair:
    """Two JFOs of different programs that share a territory, the one recorded first before the other.

    `records` are their coordination records, the newest first.
    """

    first: JFO
    second: JFO
    parts: Mapping[Part, Shared]
    index: Fraction
    common_leads: Sequence[str]
    records: Sequence[Coordination]

    def record_on(self, day: date) -> Coordination | None:
        """Return the newest record that was agreed by the day."""
        return next((row for row in self.records if row.agreed_on <= day), None)

    def is_managed_on(self, day: date) -> bool:
        """Say whether the pair is managed: agreed, and the review not past due."""
        record = self.record_on(day)
        return record is not None and record.review_on >= day


@dataclass(frozen=True)
class _Known:
    """What is on record of the mandates of a day, by part and JFO, and who leads."""

    words: Mapping[Part, Mapping[int, Mapping[object, str]]]
    leads: Mapping[int, frozenset[str]]


def pairs_on(jfos: JFOQuerySet, day: date, *, line: Fraction = Fraction(0)) -> list[Pair]:
    """Return the pairs of the day whose index reaches the line; six queries.

    The index is the mean of the shares in common by territory, place types, activities, threats (risks of the editions
    in force) and partners (without the CBSA), over the parts of which something is on record. Teams of one program
    have one mandate by design and are no pair. Pairs that nobody manages come first, among them those without a
    common lead, which could settle it, then by the index.
    """
    known_jfos = {jfo.pk: jfo for jfo in jfos.as_of(day).with_names().order_by("pk")}
    known = _known(known_jfos, day)
    by_territory: dict[object, list[int]] = defaultdict(list)
    for jfo_id in known_jfos:
        for term in known.words[Part.TERRITORY].get(jfo_id, {}):
            by_territory[term].append(jfo_id)
    near = {pair for together in by_territory.values() for pair in combinations(together, 2)}
    records = _records(known_jfos)
    found = [
        pair
        for first, second in near
        if known_jfos[first].program_id != known_jfos[second].program_id
        and (pair := _pair(known_jfos[first], known_jfos[second], known, records.get((first, second), ()))).index
        >= line
    ]
    return sorted(
        found,
        key=lambda pair: (
            pair.is_managed_on(day),
            bool(pair.common_leads),
            -pair.index,
            pair.first.code,
            pair.second.code,
        ),
    )


def pair_of(first: JFO, second: JFO, day: date) -> Pair:
    """Return the pair of the two JFOs, whether or not they share a territory; five queries."""
    one, other = sorted((first, second), key=lambda jfo: jfo.pk)
    known_jfos = {jfo.pk: jfo for jfo in (one, other)}
    return _pair(one, other, _known(known_jfos, day), _records(known_jfos).get((one.pk, other.pk), ()))


def _pair(first: JFO, second: JFO, known: _Known, records: Sequence[Coordination]) -> Pair:
    parts = {part: _shared(known.words[part].get(first.pk, {}), known.words[part].get(second.pk, {})) for part in Part}
    values = [part.value for part in parts.values() if part.value is not None]
    index = sum(values, Fraction(0)) / len(values) if values else Fraction(0)
    leads = sorted(known.leads.get(first.pk, frozenset()) & known.leads.get(second.pk, frozenset()))
    return Pair(first, second, parts, index, leads, records)


def _shared(one: Mapping[object, str], other: Mapping[object, str]) -> Shared:
    return Shared(sorted(one[term] for term in one.keys() & other.keys()), len(one.keys() | other.keys()))


def _known(jfos: Mapping[int, JFO], day: date) -> _Known:
    words: dict[Part, dict[int, dict[object, str]]] = {part: defaultdict(dict) for part in Part}
    for mandate in Mandate.objects.as_of(day).filter(jfo__in=jfos).select_related("term"):
        words[Part(mandate.term.aspect)][mandate.jfo_id][mandate.term_id] = mandate.term.name
    editions = RiskEdition.objects.in_force_on(day).values("code")
    for tick in RiskCoverage.objects.filter(risk__edition__in=editions, jfo__in=jfos).select_related("risk"):
        words[Part.THREAT][tick.jfo_id][tick.risk.code] = tick.risk.name
    leads: dict[int, set[str]] = defaultdict(set)
    for row in Participation.objects.as_of(day).filter(jfo__in=jfos).select_related("agency"):
        if row.role == ParticipationRole.LEAD:
            leads[row.jfo_id].add(row.agency.short)
        if row.agency.key != OWN_AGENCY:
            words[Part.PARTNER][row.jfo_id][row.agency_id] = row.agency.short
    return _Known(words, {jfo_id: frozenset(names) for jfo_id, names in leads.items()})


def _records(jfos: Mapping[int, JFO]) -> dict[tuple[int, int], list[Coordination]]:
    """Return the coordination records by pair, the newest first."""
    found: dict[tuple[int, int], list[Coordination]] = defaultdict(list)
    rows = Coordination.objects.filter(Q(first__in=jfos) & Q(second__in=jfos))
    for row in rows.order_by("-agreed_on", "-pk"):
        found[row.first_id, row.second_id].append(row)
    return dict(found)
