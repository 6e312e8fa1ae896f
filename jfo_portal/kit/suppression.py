"""Which figures of a table say too much about a few people, and which others must go with them."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from itertools import product

Key = tuple[str, ...]

# In place of one of a cell's coordinates: the sum of the line along that axis.
TOTAL = "*"


def hidden_cells(people: Iterable[tuple[Key, Hashable]], smallest: int) -> frozenset[Key]:
    """Return the cells, sums included, that a table must not show.

    `people` gives the coordinates of each person whom the reader may not see, once for every cell
    the person is in. A cell about at least one and fewer than `smallest` of them is hidden. On each
    line whose sum is shown, the cells with the next fewest people go with it, until at least two are
    hidden and stand for at least `smallest` people, so that the sum does not give them away; where
    no more are left to hide, the sum goes. A cell about nobody but the reader's own people is never
    hidden. Each line is guarded by itself, not against what several lines give away together.
    """
    members: dict[Key, set[Hashable]] = defaultdict(set)
    for key, person in people:
        for cell in product(*((part, TOTAL) for part in key)):
            members[cell].add(person)
    hidden = {cell for cell, who in members.items() if len(who) < smallest}
    lines = _lines(members)
    while True:
        before = len(hidden)
        for total, parts in lines:
            if total not in hidden:
                _guard(total, parts, members, hidden, smallest)
        # What is hidden on one line may leave another, already looked at, with too little hidden.
        if len(hidden) == before:
            return frozenset(hidden)


def _lines(members: dict[Key, set[Hashable]]) -> list[tuple[Key, list[Key]]]:
    """Return each sum with the cells it adds up, those with the fewest people first."""
    parts: dict[tuple[Key, int], list[Key]] = defaultdict(list)
    for cell in sorted(members, key=lambda cell: (len(members[cell]), cell)):
        for axis, part in enumerate(cell):
            if part != TOTAL:
                parts[(*cell[:axis], TOTAL, *cell[axis + 1 :]), axis].append(cell)
    return [(total, cells) for (total, _axis), cells in sorted(parts.items())]


def _guard(total: Key, parts: list[Key], members: dict[Key, set[Hashable]], hidden: set[Key], smallest: int) -> None:
    """Hide more of the line until its sum gives nothing away, the sum itself if nothing else is left."""
    gone = [cell for cell in parts if cell in hidden]
    if not gone:
        return
    shown = iter([cell for cell in parts if cell not in hidden])
    while len(gone) < 2 or len(set().union(*(members[cell] for cell in gone))) < smallest:
        cell = next(shown, total)
        hidden.add(cell)
        if cell == total:
            return
        gone.append(cell)
