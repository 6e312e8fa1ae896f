"""Rows by a key of theirs."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TypeVar

R = TypeVar("R")
K = TypeVar("K")


def grouped(rows: Iterable[R], key: Callable[[R], K]) -> dict[K, list[R]]:
    """Return the rows by their key, in the order in which they come."""
    groups: dict[K, list[R]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)
