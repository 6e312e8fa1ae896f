"""A model's check constraints, asked of values without asking the database.

The database stays the judge; this only lets a preview of thousands of rows say beforehand, without a
query for each, what the database would refuse.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import F, Q

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "exact": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "in": lambda value, options: value in options,
    "range": lambda value, ends: ends[0] <= value <= ends[1],
}


class _CannotTell(Exception):
    """The condition holds something that only the database can work out."""


@dataclass(frozen=True)
class Constraint:
    """A check constraint: the attributes of the model that it compares, these and those they are compared with, and its
    sentence."""

    compared: Sequence[str]
    names: Sequence[str]
    sentence: str
    condition: Q
    model: type[models.Model]

    def is_broken_by(self, values: Mapping[str, Any]) -> bool:
        """Say whether the values of its fields break it; False where only the database can tell.

        As in SQL, a condition that nulls leave undecided is no violation.
        """
        try:
            return _holds(self.condition, self.model, values) is False
        except (_CannotTell, TypeError):
            return False


def of_model(model: type[models.Model]) -> list[Constraint]:
    """Return the model's check constraints, without those of functions, transforms or other tables."""
    found = []
    for constraint in model._meta.constraints:
        if not isinstance(constraint, models.CheckConstraint) or not isinstance(constraint.condition, Q):
            continue
        try:
            pairs = list(_compared(constraint.condition, model))
        except (_CannotTell, FieldDoesNotExist):
            continue
        # The last column spoken of comes last: a fault is told beside it.
        compared = list(reversed(dict.fromkeys(name for name, _other in reversed(pairs))))
        names = list(dict.fromkeys(name for pair in pairs for name in pair if name))
        found.append(
            Constraint(compared, names, str(constraint.get_violation_error_message()), constraint.condition, model)
        )
    return found


def _holds(condition: Any, model: type[models.Model], values: Mapping[str, Any]) -> bool | None:
    """Return whether the condition holds; None where a null leaves it undecided."""
    if not isinstance(condition, Q):
        return _leaf_holds(condition, model, values)
    parts = [_holds(child, model, values) for child in condition.children]
    if condition.connector == Q.AND:
        holds = False if False in parts else None if None in parts else True
    elif condition.connector == Q.OR:
        holds = True if True in parts else None if None in parts else False
    else:
        raise _CannotTell
    # Django writes a negation so that it is true of what was undecided.
    return not holds if condition.negated else holds


def _leaf_holds(leaf: tuple[str, Any], model: type[models.Model], values: Mapping[str, Any]) -> bool | None:
    path, wanted = leaf
    name, _separator, lookup = path.partition("__")
    value, lookup = values[_attname(name, model)], lookup or "exact"
    if isinstance(wanted, F):
        wanted = values[_attname(wanted.name, model)]  # type: ignore[attr-defined]
    if lookup == "isnull":
        return (value is None) is bool(wanted)
    if lookup == "exact" and leaf[1] is None:
        return value is None
    if value is None or wanted is None:
        return None
    return bool(_COMPARISONS[lookup](value, wanted.pk if isinstance(wanted, models.Model) else wanted))


def _attname(name: str, model: type[models.Model]) -> str:
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise _CannotTell
    return field.attname


def _compared(condition: Any, model: type[models.Model]) -> Iterator[tuple[str, str]]:
    """Yield each attribute the condition speaks of and the one it is compared with, or "", in the condition's own
    order; _CannotTell if it is more than comparisons."""
    if isinstance(condition, Q):
        for child in condition.children:
            yield from _compared(child, model)
        return
    if not isinstance(condition, tuple):
        raise _CannotTell
    path, wanted = condition
    name, _separator, lookup = path.partition("__")
    if lookup not in ("", "isnull", *_COMPARISONS):
        raise _CannotTell
    if isinstance(wanted, F):
        yield _attname(name, model), _attname(wanted.name, model)  # type: ignore[attr-defined]
    elif hasattr(wanted, "resolve_expression"):
        raise _CannotTell
    else:
        yield _attname(name, model), ""
