"""What holds of assignments whatever is done to them, against counting day by day."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from jfo_portal.kit import changesets
from jfo_portal.kit.changesets import ChangeSet
from registry import actions
from registry.models import JFO, Assignment, EndReason, Officer
from registry.models.assignments import fullest_day
from tests import rows

pytestmark = pytest.mark.django_db

FIRST = date(2010, 4, 1)
TODAY = date(2011, 3, 31)
# Few enough days and JFOs that clashes are common.
DAYS = [FIRST + timedelta(days=number) for number in range(40)]
CODES = ("SPVM-JFO", "FAE", "NPET-QUE")
EXAMPLES = settings(max_examples=60)

days = st.integers(0, 30).map(lambda number: FIRST + timedelta(days=number))
last_days = st.one_of(st.none(), st.integers(0, 38).map(lambda number: FIRST + timedelta(days=number)))
ftes = st.integers(1, 100).map(lambda hundredths: Decimal(hundredths) / 100)
codes = st.sampled_from(CODES)


@contextmanager
def taken_back() -> Iterator[None]:
    """Each example's rows are gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def by_day(officer: Officer) -> list[dict[str, Decimal]]:
    """Return the officer's FTE on each JFO, day by day."""
    held = list(officer.assignments.select_related("jfo"))
    return [
        {
            code: sum((row.fte for row in held if row.jfo.code == code and row.holds_on(day)), Decimal(0))
            for code in CODES
        }
        for day in DAYS
    ]


def totals(officer: Officer) -> list[Decimal]:
    return [sum(on_day.values(), Decimal(0)) for on_day in by_day(officer)]


def state(officer: Officer) -> list[tuple[Any, ...]]:
    """Return all that is said of the officer's assignments."""
    names = [field.attname for field in Assignment._meta.concrete_fields]
    return list(officer.assignments.order_by("pk").values_list(*names))


def attempt(act: Callable[[], object]) -> bool:
    """Do it; say whether it was allowed."""
    try:
        with transaction.atomic():
            act()
    except ValidationError:
        return False
    return True


@given(fte=ftes, part=ftes, end=last_days, start=days)
@EXAMPLES
def test_a_split_keeps_the_total_of_every_day(fte: Decimal, part: Decimal, end: date | None, start: date) -> None:
    with taken_back():
        officer = rows.officer()
        row = rows.assignment(officer, "SPVM-JFO", FIRST, end, fte)
        before = totals(officer)
        fae = JFO.objects.get(code="FAE")
        done = attempt(lambda: actions.split(row, by=None, jfo=fae, fte=part, start=start))
        assert done == (part < fte and (end is None or start <= end))
        assert totals(officer) == before
        moved = [on_day["FAE"] for on_day in by_day(officer)]
        assert moved == [part if done and start <= day <= (end or date.max) else 0 for day in DAYS]


@given(fte=ftes, other=ftes, end=last_days, start=days)
@EXAMPLES
def test_another_fte_holds_from_its_day_on_and_no_day_before(
    fte: Decimal, other: Decimal, end: date | None, start: date
) -> None:
    with taken_back():
        officer = rows.officer()
        row = rows.assignment(officer, "SPVM-JFO", FIRST, end, fte)
        before = totals(officer)
        done = attempt(lambda: actions.change_fte(row, by=None, fte=other, start=start))
        assert done == (fte != other and (end is None or start <= end))
        changed = [other if done and day >= start and total else total for day, total in zip(DAYS, before, strict=True)]
        assert totals(officer) == changed


@given(fte=ftes, end=last_days, start=days, new_end=last_days)
@EXAMPLES
def test_a_transfer_leaves_no_gap_and_moves_the_whole_fte(
    fte: Decimal, end: date | None, start: date, new_end: date | None
) -> None:
    with taken_back():
        officer = rows.officer()
        row = rows.assignment(officer, "SPVM-JFO", FIRST, end, fte)
        fae = JFO.objects.get(code="FAE")
        done = attempt(lambda: actions.transfer(row, by=None, jfo=fae, start=start, end=new_end))
        is_joined = start > FIRST and (end is None or start <= end + timedelta(days=1))
        assert done == (is_joined and (new_end is None or start <= new_end))
        if done:
            expected = [fte if new_end is None or day <= new_end else 0 for day in DAYS]
            assert totals(officer) == expected
            assert all(not (on_day["SPVM-JFO"] and on_day["FAE"]) for on_day in by_day(officer))


@given(st.lists(st.tuples(codes, ftes, days, last_days), min_size=1, max_size=6))
@EXAMPLES
def test_model_and_database_refuse_just_what_counting_day_by_day_refuses(
    wanted: list[tuple[str, Decimal, date, date | None]],
) -> None:
    with taken_back():
        officer = rows.officer()
        jfos = {jfo.code: jfo for jfo in JFO.objects.filter(code__in=CODES)}
        kept: list[Assignment] = []
        for code, fte, start, end in wanted:
            if end is not None and end < start:
                continue
            row = Assignment(officer=officer, jfo=jfos[code], fte=fte, start=start, end=end)
            shared = [one for day in DAYS if row.holds_on(day) for one in kept if one.holds_on(day)]
            is_overlap = any(one.jfo == row.jfo for one in shared)
            sums = [
                (day, row.fte + sum(one.fte for one in kept if one.holds_on(day))) for day in DAYS if row.holds_on(day)
            ]
            above = next(((day, total) for day, total in sums if total > 1), None)
            found = fullest_day(row, kept)
            assert (found and found[:2]) == above
            assert attempt(row.full_clean) == (not is_overlap and above is None)
            try:
                with transaction.atomic():
                    row.attribute(None).save()
                kept.append(row)
                is_refused = False
            except IntegrityError:
                is_refused = True
            assert is_refused == (is_overlap or above is not None)


steps = st.lists(
    st.tuples(
        st.sampled_from(["assign", "extend", "end", "fte", "split", "transfer"]),
        st.integers(0, 5),
        codes,
        ftes,
        days,
        last_days,
    ),
    min_size=1,
    max_size=6,
)


def do(name: str, row: Assignment, change: ChangeSet, **values: Any) -> None:
    """Do what the name says to the row, with those of the values that it takes."""
    action, names = {
        "assign": (lambda row, **values: actions.assign(officer=row.officer, **values), ("jfo", "fte", "start", "end")),
        "extend": (lambda row, **values: actions.extend(row, day=TODAY, **values), ("end",)),
        "end": (
            lambda row, start, **values: actions.end_assignment(
                row, end=start, end_reason=EndReason.ROTATION, **values
            ),
            ("start",),
        ),
        "fte": (actions.change_fte, ("fte", "start")),
        "split": (actions.split, ("jfo", "fte", "start")),
        "transfer": (actions.transfer, ("jfo", "start")),
    }[name]
    action(row, by=None, within=change, **{name: values[name] for name in names})  # type: ignore[operator]


@given(steps)
@EXAMPLES
def test_undoing_every_act_goes_back_to_the_beginning(
    wanted: list[tuple[str, int, str, Decimal, date, date | None]],
) -> None:
    with taken_back():
        officer = rows.officer()
        rows.assignment(officer, "SPVM-JFO", FIRST, date(2011, 6, 30), Decimal("0.80"))
        before = [state(officer)]
        acts: list[ChangeSet] = []
        for name, number, code, fte, start, end in wanted:
            held = list(officer.assignments.order_by("start", "pk"))
            values = {"jfo": JFO.objects.get(code=code), "fte": fte, "start": start, "end": end}
            try:
                with changesets.act(None) as change:
                    do(name, held[number % len(held)], change, **values)
            except ValidationError:
                assert state(officer) == before[-1]
                continue
            acts.append(change)
            before.append(state(officer))
            assert max(totals(officer)) <= 1
        for change in reversed(acts):
            assert state(officer) == before.pop()
            changesets.undo(change, by=None)
        assert state(officer) == before.pop()
