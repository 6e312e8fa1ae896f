"""What is hidden protects the few, and no more is hidden than the algebra asks for."""

from collections.abc import Iterable
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from jfo_portal.kit.suppression import TOTAL, Atom, Cell, Key, hidden_cells, with_sums


def cells_of(people: Iterable[tuple[Key, int]], table: str = "t", *, is_published: bool = True) -> list[Cell]:
    """The cells of a table, sums included, with the people in each."""
    found: dict[Key, Cell] = {}
    for key, person in people:
        for cell in with_sums(key):
            found.setdefault(cell, Cell(table, cell, is_published)).sums[""][Atom("people", person)] = 1
    return list(found.values())


def one_line(*sizes: int) -> list[tuple[Key, int]]:
    """A table of one line, cells a, b, c … with that many people each, numbered throughout."""
    people = [(name,) for name, size in zip("abcdef", sizes, strict=False) for _ in range(size)]
    return [(key, number) for number, key in enumerate(people)]


def hidden(*cells: Cell) -> set[Key]:
    return set(hidden_cells(cells, 5).get("t", ()))


def test_nothing_is_hidden_where_every_cell_stands_for_enough_people():
    assert hidden(*cells_of(one_line(5, 9, 6))) == set()


def test_a_lone_small_cell_takes_the_next_smallest_with_it():
    assert hidden(*cells_of(one_line(2, 9, 6))) == {("a",), ("c",)}


def test_small_cells_that_stand_for_too_few_together_take_another():
    assert hidden(*cells_of(one_line(1, 2, 30))) == {("a",), ("b",), ("c",)}


def test_small_cells_that_stand_for_enough_together_are_hidden_alone():
    assert hidden(*cells_of(one_line(3, 2, 30))) == {("a",), ("b",)}


def test_the_total_goes_where_nothing_else_is_left_to_hide():
    assert hidden(*cells_of(one_line(4))) == {("a",), (TOTAL,)}
    assert hidden(*cells_of(one_line(1, 2))) == {("a",), ("b",), (TOTAL,)}


def test_somebody_in_two_cells_counts_once():
    same_four = [((cell,), person) for cell in "ab" for person in range(4)]
    assert hidden(*cells_of(same_four)) == {("a",), ("b",), (TOTAL,)}


def test_a_cell_about_nobody_is_not_hidden():
    assert hidden(Cell("t", ("a",)), *cells_of(one_line(0, 6))) == set()


def test_two_tables_whose_difference_is_a_few_are_not_both_shown():
    everybody = Cell("t", (TOTAL,))
    most = Cell("u", (TOTAL,))
    for person in range(20):
        everybody.sums[""][Atom("people", person)] = 1
        if person < 17:
            most.sums[""][Atom("people", person)] = 1
    assert hidden_cells([everybody, most], 5) == {"u": frozenset({(TOTAL,)})}


def test_the_table_of_the_first_position_is_shown_rather():
    everybody, most = Cell("t", (TOTAL,), position=2), Cell("u", (TOTAL,), position=1)
    for person in range(20):
        everybody.sums[""][Atom("people", person)] = 1
        if person < 17:
            most.sums[""][Atom("people", person)] = 1
    assert hidden_cells([everybody, most], 5) == {"t": frozenset({(TOTAL,)})}


def test_what_no_table_shows_is_protected_too():
    """In service less on a JFO are those on none."""
    people = one_line(20)
    on, off = cells_of(people[:17], "on"), cells_of(people[17:], "off", is_published=False)
    both = cells_of(people, "t")
    assert ("on" in hidden_cells([*both, *on, *off], 5)) != ("t" in hidden_cells([*both, *on, *off], 5))


def test_a_second_measure_with_other_weights_does_not_tell_the_parts():
    """FTE and salaries of 6 and 1 are two equations for two levels: the salaries go."""
    people = [(("low",), number) for number in range(6)] + [(("high",), 6)]
    fte = cells_of([*people, *((("other",), number) for number in range(7, 20))])
    pay = Cell("pay", (TOTAL,))
    for (level,), number in people:
        pay.sums[""][Atom("people", number)] = 57_345 if level == "low" else 76_329
    assert hidden_cells([*fte, pay], 5)["t"] >= {("high",)}
    line = Cell("t", ("low and high",))
    for _level, number in people:
        line.sums[""][Atom("people", number)] = 1
    found = hidden_cells([*fte, line, pay], 5)
    assert ("low and high",) in found.get("t", ()) or (TOTAL,) in found.get("pay", ())


def test_several_figures_of_a_cell_are_shown_together():
    cells = cells_of(one_line(9, 9))
    for cell in cells:
        cell.sums["files"] = {Atom("files", atom.person): 1 for atom in cell.sums[""] if atom.person < 12}
    assert hidden(*cells) == {("a",), ("b",)}


def test_what_is_told_anyway_hides_nothing_else():
    people = one_line(2, 9)
    told = Cell("own", ("a",), is_told=True)
    told.sums[""] = {Atom("people", person): 1 for _key, person in people[:2]}
    assert hidden(*cells_of(people), told) == {("a",)}


def test_no_line_of_any_small_size_gives_the_few_away():
    """Brute force: with the sum known, all that can be worked out of hidden cells is what they add up to."""
    for sizes in product(range(8), repeat=4):
        found = hidden(*cells_of(one_line(*sizes)))
        parts = {name: size for name, size in zip("abcd", sizes, strict=True) if size}
        gone = [size for name, size in parts.items() if (name,) in found]
        assert all((name,) in found for name, size in parts.items() if size < 5)
        if (TOTAL,) in found:
            assert len(gone) == len(parts)
        elif gone:
            assert len(gone) >= 2
            assert sum(gone) >= 5


tables = st.lists(st.tuples(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), st.integers(0, 20)), max_size=40)


@given(tables)
def test_no_row_or_column_gives_the_few_away(people: list[tuple[Key, int]]):
    cells = {cell.key: cell for cell in cells_of(people)}
    found = hidden(*cells.values())

    def members(key: Key) -> set[int]:
        return {atom.person for atom in cells[key].sums[""]} if key in cells else set()

    assert all(key in found for key, cell in cells.items() if cell.people < 5)
    # One of a small set of cells that is shown with all the others of its line would be worked out.
    rows, columns = {key[0] for key, _who in people}, {key[1] for key, _who in people}
    lines = [((row, TOTAL), [(row, column) for column in columns]) for row in [*rows, TOTAL]]
    lines += [((TOTAL, column), [(row, column) for row in rows]) for column in [*columns, TOTAL]]
    for total, parts in lines:
        gone = [part for part in parts if part in found]
        if total in found or not gone or len(set().union(*map(members, parts))) != sum(len(members(p)) for p in parts):
            continue
        assert len(gone) >= 2
        assert len(set().union(*map(members, gone))) >= 5
