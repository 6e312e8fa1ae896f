"""FTE per day, days served and tenure of any career, against counting day by day; in memory, no database."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from registry.measures.service import days_served, service_by_jfo, stretches
from registry.measures.strength import Strength, strength
from registry.measures.tenure import current_since
from registry.models import JFO, Assignment, Officer
from registry.models.assignments import JOINED_GAP_DAYS

ORIGIN = date(2008, 2, 20)  # shortly before a 29 February
DAYS = [ORIGIN + timedelta(days=number) for number in range(420)]
LAST = DAYS[-1]
ONE_DAY = timedelta(days=1)
JFOS = [JFO(pk=number, code=code) for number, code in enumerate(("FAE", "INSET-QUE", "SPVM-JFO"), 1)]

a_day = st.sampled_from(DAYS)


def assignment(jfo: JFO, fte: Decimal, start: date, end: date | None, officer: int = 1) -> Assignment:
    return Assignment(officer_id=officer, jfo=jfo, fte=fte, start=start, end=end)


@st.composite
def careers(draw: st.DrawFn) -> list[Assignment]:
    """Some assignments of one officer that break no rule: what would is left out."""
    kept: list[Assignment] = []
    lengths = st.one_of(st.none(), st.integers(0, 200))
    wanted = st.tuples(st.sampled_from(JFOS), st.integers(1, 100), st.integers(0, 380), lengths)
    for jfo, hundredths, offset, length in draw(st.lists(wanted, max_size=7)):
        start = ORIGIN + timedelta(days=offset)
        end = None if length is None else start + timedelta(days=length)
        row = assignment(jfo, Decimal(hundredths) / 100, start, end)
        shared = [(day, [one for one in kept if one.holds_on(day)]) for day in DAYS if row.holds_on(day)]
        if all(fte_of(held) + row.fte <= 1 and all(one.jfo != jfo for one in held) for _day, held in shared):
            kept.append(row)
    return kept


def fte_of(rows: Iterable[Assignment]) -> Decimal:
    return sum((row.fte for row in rows), Decimal(0))


def fte_days(rows: Sequence[Assignment]) -> Decimal:
    return sum((fte_of(row for row in rows if row.holds_on(day)) for day in DAYS), Decimal(0))


def cut(row: Assignment, day: date) -> list[Assignment]:
    """Return the assignment in two that adjoin, the second from the day on; whole where the day is not inside it."""
    if day <= row.start or not row.holds_on(day):
        return [row]
    return [assignment(row.jfo, row.fte, row.start, day - ONE_DAY), assignment(row.jfo, row.fte, day, row.end)]


@given(careers(), a_day, st.one_of(st.none(), a_day))
def test_the_stretches_of_an_officer_say_what_each_day_holds(
    career: list[Assignment], start: date, end: date | None
) -> None:
    officer = Officer(start=min(start, end or start), end=end and max(start, end))
    found = stretches(officer, career, ORIGIN, LAST)
    told = {}
    for stretch in found:
        for number in range((stretch.end - stretch.start).days + 1):
            day = stretch.start + timedelta(days=number)
            assert day not in told
            told[day] = (stretch.fte, stretch.free)
    held = {day: fte_of(row for row in career if row.holds_on(day)) for day in DAYS}
    assert told == {day: (fte, 1 - fte if officer.holds_on(day) else 0) for day, fte in held.items()}


@given(careers(), a_day)
def test_days_served_and_the_tenure_on_each_jfo_are_what_counting_gives(career: list[Assignment], day: date) -> None:
    until = [one for one in DAYS if one <= day]
    assert days_served(career, day) == sum(any(row.holds_on(one) for row in career) for one in until)
    for service in service_by_jfo(career, day):
        served = [any(row.jfo == service.jfo and row.holds_on(one) for row in career) for one in until]
        assert service.days == sum(served)
        since, missed = None, 0
        for one, is_served in zip(reversed(until), reversed(served), strict=True):
            if missed > JOINED_GAP_DAYS or (since is None and not is_served):
                break
            since, missed = (one, 0) if is_served else (since, missed + 1)
        assert service.since == since


@given(careers(), a_day, a_day)
def test_cutting_and_joining_spells_keeps_days_tenure_fte_and_heads(
    career: list[Assignment], at: date, day: date
) -> None:
    pieces = [piece for row in career for piece in cut(row, at)]
    assert fte_days(pieces) == fte_days(career)
    assert days_served(pieces, day) == days_served(career, day)
    assert service_by_jfo(pieces, day) == service_by_jfo(career, day)
    for one in (at - ONE_DAY, at, day):
        on_day = [[row for row in rows if row.holds_on(one)] for rows in (career, pieces)]
        assert strength(on_day[0]) == strength(on_day[1])


@given(careers(), st.integers(1, 99), a_day)
def test_splitting_the_fte_between_two_jfos_keeps_the_total_and_the_head(
    career: list[Assignment], share: int, day: date
) -> None:
    other = JFO(pk=9, code="CFSEU-QUE")
    parts = [
        part
        for row in career
        for part in (
            assignment(row.jfo, row.fte - row.fte * share / 100, row.start, row.end),
            assignment(other, row.fte * share / 100, row.start, row.end),
        )
    ]
    whole, split = ([row for row in rows if row.holds_on(day)] for rows in (career, parts))
    assert strength(split) == strength(whole) == Strength(int(bool(whole)), fte_of(whole))
    assert fte_days(parts) == fte_days(career)


@given(st.lists(st.tuples(st.integers(0, 35), st.integers(1, 60)), min_size=1, max_size=8), st.integers(0, 420))
def test_spells_join_over_short_gaps_as_if_the_gap_were_served(lengths: list[tuple[int, int]], offset: int) -> None:
    """Filling every gap of at most 30 days changes no tenure."""
    spells: list[tuple[date, date]] = []
    start = ORIGIN
    for gap, length in lengths:
        start += timedelta(days=gap)
        spells.append((start, start + timedelta(days=length - 1)))
        start += timedelta(days=length)
    filled = [spells[0]]
    for first, last in spells[1:]:
        earlier_first, earlier_last = filled[-1]
        is_short = (first - earlier_last).days - 1 <= JOINED_GAP_DAYS
        filled = [*filled[:-1], (earlier_first, last)] if is_short else [*filled, (first, last)]
    day = ORIGIN + timedelta(days=offset)
    since = current_since([spell for spell in spells if spell[0] <= day], day)
    if since is not None:
        assert since == current_since([spell for spell in filled if spell[0] <= day], day)
