"""What is hidden protects the few, and no more is hidden than the rule asks for."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from jfo_portal.kit.suppression import TOTAL, Key, hidden_cells


def one_line(*sizes: int) -> list[tuple[Key, object]]:
    """A table of one line, cells a, b, c … with that many people each."""
    return [((name,), (name, person)) for name, size in zip("abcdef", sizes, strict=False) for person in range(size)]


def test_nothing_is_hidden_where_every_cell_stands_for_enough_people():
    assert hidden_cells(one_line(5, 9, 6), 5) == frozenset()


def test_a_lone_small_cell_takes_the_next_smallest_with_it():
    assert hidden_cells(one_line(2, 9, 6), 5) == {("a",), ("c",)}


def test_small_cells_that_stand_for_too_few_together_take_another():
    assert hidden_cells(one_line(1, 2, 30), 5) == {("a",), ("b",), ("c",)}


def test_small_cells_that_stand_for_enough_together_are_hidden_alone():
    assert hidden_cells(one_line(3, 2, 30), 5) == {("a",), ("b",)}


def test_the_total_goes_where_nothing_else_is_left_to_hide():
    assert hidden_cells(one_line(4), 5) == {("a",), (TOTAL,)}
    assert hidden_cells(one_line(1, 2), 5) == {("a",), ("b",), (TOTAL,)}


def test_somebody_in_two_cells_counts_once():
    same_four = [((cell,), person) for cell in "ab" for person in range(4)]
    assert hidden_cells(same_four, 5) == {("a",), ("b",), (TOTAL,)}


def test_no_line_of_any_small_size_gives_the_few_away():
    """Brute force: with the sum known, all that can be worked out of hidden cells is what they add up to."""
    for sizes in product(range(8), repeat=4):
        hidden = hidden_cells(one_line(*sizes), 5)
        parts = {name: size for name, size in zip("abcd", sizes, strict=True) if size}
        gone = [size for name, size in parts.items() if (name,) in hidden]
        assert all((name,) in hidden for name, size in parts.items() if size < 5)
        if (TOTAL,) in hidden:
            # The sum goes only when all that could be hidden is.
            assert len(gone) == len(parts)
        elif gone:
            assert len(gone) >= 2
            assert sum(gone) >= 5
            # Without the last one hidden, it would not have been enough.
            large = [size for size in gone if size >= 5]
            rest = sorted(gone)[:-1]
            assert not large or len(rest) < 2 or sum(rest) < 5


tables = st.lists(st.tuples(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), st.integers(0, 20)), max_size=40)


@given(tables)
def test_no_row_or_column_gives_the_few_away(people: list[tuple[Key, int]]):
    hidden = hidden_cells(people, 5)

    def members(cell: Key) -> set[int]:
        return {who for key, who in people if all(part in (TOTAL, own) for part, own in zip(cell, key, strict=True))}

    rows, columns = {key[0] for key, _who in people}, {key[1] for key, _who in people}
    for cell in product([*rows, TOTAL], [*columns, TOTAL]):
        if 0 < len(members(cell)) < 5:
            assert cell in hidden
    lines = [((row, TOTAL), [(row, column) for column in columns]) for row in [*rows, TOTAL]]
    lines += [((TOTAL, column), [(row, column) for row in rows]) for column in [*columns, TOTAL]]
    for total, parts in lines:
        gone = [cell for cell in parts if cell in hidden]
        if gone and total not in hidden:
            assert len(gone) >= 2
            assert len(set().union(*map(members, gone))) >= 5
