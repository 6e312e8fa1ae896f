"""What outcomes add up to through three lenses, side by side and never mixed (domain rule 11).

All sums are exact fractions, rounded once where they are shown: neither the order of entry nor that of
adding changes one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

from django.db.models import Exists, OuterRef, TextChoices
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.imports.cells import fold
from jfo_portal.kit.periods import today
from registry.models import Agency, Participation

from ..models import Claim, Contribution, OutcomeEvent


class Method(TextChoices):
    """How the shares of an event are found."""

    AGREED = "agreed", _("as agreed")
    MIXED = "mixed", _("agreed for some agencies, the rest equally among the others")
    EQUAL = "equal", _("equally among the agencies that contributed")
    NONE = "none", _("by nobody, since no contribution is recorded")


class Lens(TextChoices):
    """How an agency's results are seen."""

    TOOK_PART = "took-part", _("Took part")
    SHARE = "share", _("Share")
    CONFIRMED = "confirmed", _("Confirmed by the lead")


@dataclass(frozen=True)
class Claimant:
    """A JFO that claims an event."""

    jfo: str
    region: str
    program: str


@dataclass(frozen=True)
class Part:
    """What one agency contributed to an event, of whatever kinds; `agreed` is None where no share was agreed."""

    kinds: frozenset[str]
    is_confirmed: bool
    agreed: Fraction | None

    @classmethod
    def of(cls, rows: Iterable[tuple[str, bool, Any]]) -> Self:
        """Return the part of which these are the kind, whether it is confirmed, and the share of each contribution."""
        rows = list(rows)
        shares = [Fraction(share) for _kind, _is_confirmed, share in rows if share is not None]
        return cls(
            frozenset(kind for kind, _is_confirmed, _share in rows),
            any(is_confirmed for _kind, is_confirmed, _share in rows),
            sum(shares, Fraction()) if shares else None,
        )


@dataclass(frozen=True)
class Event:
    """One outcome, the JFOs that claim it, and the part of each agency by its key."""

    pk: int
    kind: str
    what: str = ""
    quantity: Fraction | None = None
    unit: str = ""
    value: Fraction | None = None
    claimants: tuple[Claimant, ...] = ()
    parts: Mapping[str, Part] = field(default_factory=dict)

    @property
    def is_covered(self) -> bool:
        """Whether any contribution to it is recorded."""
        return bool(self.parts)

    @property
    def is_shared(self) -> bool:
        """Whether more than one JFO claims it."""
        return len(self.claimants) > 1

    @cached_property
    def method(self) -> Method:
        if not self.parts:
            return Method.NONE
        agreed = [part.agreed is not None for part in self.parts.values()]
        return Method.AGREED if all(agreed) else Method.MIXED if any(agreed) else Method.EQUAL

    @cached_property
    def shares(self) -> dict[str, Fraction]:
        """The share of each agency that contributed: what was agreed, and of the rest an equal share for each of those
        with whom none was. Where all have an agreed share they may leave a rest, which is nobody's."""
        agreed = {key: part.agreed for key, part in self.parts.items() if part.agreed is not None}
        others = [key for key in self.parts if key not in agreed]
        left = 1 - sum(agreed.values(), Fraction())
        return agreed | {key: left / len(others) for key in others}

    @cached_property
    def left_open(self) -> Fraction:
        """What the agreed shares leave of an event with contributions, and nobody has."""
        return 1 - sum(self.shares.values(), Fraction()) if self.parts else Fraction()

    def takes_part(self, agency: str) -> bool:
        return agency in self.parts

    def is_confirmed_of(self, agency: str) -> bool:
        return agency in self.parts and self.parts[agency].is_confirmed


Weight = Callable[[Event], Fraction]


def added(amounts: Iterable[Fraction]) -> Fraction:
    """Return their exact sum; those of one denominator are added as whole numbers, which is many times faster."""
    numerators: dict[int, int] = {}
    for amount in amounts:
        numerators[amount.denominator] = numerators.get(amount.denominator, 0) + amount.numerator
    return sum((Fraction(top, bottom) for bottom, top in numerators.items()), Fraction())


def one(_event: Event) -> Fraction:
    """Weigh each event as one."""
    return Fraction(1)


@dataclass(frozen=True)
class Seen:
    """Some events beside what an agency's results are of them, each lens a figure of its own.

    `whole` is the result of the whole JFOs. `events` and `covered` count events, and those with any contribution
    recorded.
    """

    whole: Fraction
    took_part: Fraction
    share: Fraction
    confirmed: Fraction
    events: int
    covered: int

    @property
    def coverage(self) -> Fraction | None:
        """The share of the events with any contribution recorded; None without events."""
        return Fraction(self.covered, self.events) if self.events else None


def seen(events: Sequence[Event], agency: str, weight: Weight = one) -> Seen:
    """Return the events through the lenses, for the agency of that key."""
    return Seen(
        whole=added(map(weight, events)),
        took_part=added(weight(event) for event in events if event.takes_part(agency)),
        share=added(weight(event) * event.shares[agency] for event in events if event.takes_part(agency)),
        confirmed=added(weight(event) for event in events if event.is_confirmed_of(agency)),
        events=len(events),
        covered=sum(event.is_covered for event in events),
    )


def by_method(events: Iterable[Event]) -> dict[Method, int]:
    """Return how many events are shared by each method."""
    methods = [event.method for event in events]
    return {method: methods.count(method) for method in Method}


def by_claimant(events: Iterable[Event], name: str, asked: "Asked") -> dict[str, list[Event]]:
    """Return the events by their JFOs, regions or programs (`name` of Claimant), of those asked for: each event once
    under every one of them."""
    found: dict[str, list[Event]] = {}
    for event in events:
        for key in {getattr(claimant, name) for claimant in event.claimants if asked.takes(claimant)}:
            found.setdefault(key, []).append(event)
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Goods:
    """What was counted in a unit, in events of one kind; its spellings that differ in case and accents are one."""

    kind: str
    what: str
    unit: str
    events: Sequence[Event]


def quantities(events: Iterable[Event]) -> list[Goods]:
    """Return the events with a quantity, by kind, goods and unit."""
    return _goods([event for event in events if event.quantity is not None], lambda event: event.unit)


def values(events: Iterable[Event]) -> list[Goods]:
    """Return the events with a value in dollars, by kind and goods."""
    return _goods([event for event in events if event.value is not None], lambda _event: "")


def _goods(events: Sequence[Event], unit: Callable[[Event], str]) -> list[Goods]:
    same = grouped(events, lambda event: (event.kind, fold(event.what), fold(unit(event))))
    # Named by the first spelling of all, whichever was entered first.
    return [
        Goods(kind, min(event.what for event in some), min(map(unit, some)), some)
        for (kind, _what, _unit), some in sorted(same.items())
    ]


# The rows


@dataclass(frozen=True)
class Asked:
    """Of which events the figures are: a fiscal year's, claimed by a JFO of the region and program, of the kind; None
    stands for all."""

    year: FiscalYear
    region: str | None = None
    jfo: str | None = None
    program: str | None = None
    kind: str | None = None

    def takes(self, claimant: Claimant) -> bool:
        """Say whether it asks for the JFO."""
        pairs = ((self.region, claimant.region), (self.jfo, claimant.jfo), (self.program, claimant.program))
        return all(asked in (None, own) for asked, own in pairs)

    def as_query(self) -> dict[str, str]:
        """Return it as the address of the list of events has it."""
        words = {"region": self.region, "jfo": self.jfo, "program": self.program, "kind": self.kind}
        return {"fy": str(self.year)} | {name: word for name, word in words.items() if word}


def claimed_by(reader: Reader, *, region: str | None, jfo: str | None, program: str | None) -> Exists | None:
    """Return the condition that one JFO of the region and the program claims the event; None where all may."""
    asked = {"jfo__region__code": region, "jfo__code": jfo, "jfo__program__code": program}
    where = {name: value for name, value in asked.items() if value}
    return Exists(Claim.objects.visible_to(reader).filter(event=OuterRef("pk"), **where)) if where else None


def event_of(row: OutcomeEvent) -> Event:
    """Return the event of a row that was read with its contributions and their agencies; it knows of no claims."""
    contributions = [
        (one.agency.key, one.kind, _is_confirmed(one.confirmed_on), one.share) for one in row.contributions.all()
    ]
    return _event({name: getattr(row, name) for name in _OWN}, parts=_parts(contributions))


def events_of(reader: Reader, asked: Asked) -> list[Event]:
    """Return the events on record, with all who claim them and had a part in them; three queries."""
    rows = OutcomeEvent.objects.visible_to(reader).of_year(asked.year).known_by(today())
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    claimed = claimed_by(reader, region=asked.region, jfo=asked.jfo, program=asked.program)
    if claimed is not None:
        rows = rows.filter(claimed)
    ids = rows.order_by().values("pk")
    claims = Claim.objects.visible_to(reader).filter(event__in=ids).order_by("jfo__code")
    claims_of = grouped(
        claims.values_list("event", "jfo__code", "jfo__region__code", "jfo__program__code"), lambda row: row[0]
    )
    contributions = Contribution.objects.visible_to(reader).filter(event__in=ids)
    contributions_of = grouped(
        contributions.order_by("event", "agency__key", "kind").values_list(
            "event", "agency__key", "kind", "confirmed_on", "share"
        ),
        lambda row: row[0],
    )
    return [
        _event(
            own,
            claimants=tuple(Claimant(*claim[1:]) for claim in claims_of.get(own["pk"], [])),
            parts=_parts(
                (agency, kind, _is_confirmed(confirmed_on), share)
                for _event_id, agency, kind, confirmed_on, share in contributions_of.get(own["pk"], [])
            ),
        )
        for own in rows.order_by("pk").values(*_OWN)
    ]


# What an event takes of its row.
_OWN = ("pk", "kind", "what", "quantity", "unit", "value")


def _event(own: Mapping[str, Any], *, parts: Mapping[str, Part], claimants: tuple[Claimant, ...] = ()) -> Event:
    quantity, value = own["quantity"], own["value"]
    return Event(
        own["pk"],
        own["kind"],
        own["what"].strip(),
        None if quantity is None else Fraction(quantity),
        own["unit"].strip(),
        None if value is None else Fraction(value),
        claimants,
        parts,
    )


def _parts(contributions: Iterable[tuple[str, str, bool, Any]]) -> dict[str, Part]:
    """Return the part of each agency; of each contribution come the agency, the kind, whether it is confirmed, and the
    share."""
    by_agency = grouped(contributions, lambda row: row[0])
    return {agency: Part.of(row[1:] for row in some) for agency, some in by_agency.items()}


def _is_confirmed(day: date | None) -> bool:
    return day is not None and day <= today()


def outside(event: OutcomeEvent, agencies: Iterable[Agency]) -> list[Agency]:
    """Return those of the agencies that took part in no JFO that claims the outcome on its day; of an outcome without a
    day, on no day of its fiscal year. One query."""
    taking_part = Participation.objects.filter(jfo__claims__event=event).during(event.first_day, event.last_day)
    known = set(taking_part.order_by().values_list("agency", flat=True))
    return [agency for agency in dict.fromkeys(agencies) if agency.pk not in known]
