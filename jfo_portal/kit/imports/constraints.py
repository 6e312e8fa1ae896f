"""A model's check constraints, asked of an instance without asking the database.

The database stays the judge; this only lets a preview of thousands of rows say beforehand, without a
query for each, what the database would refuse.
"""

import operator
from collections.abc import Callable, Iterator
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


def violations(instance: models.Model) -> Iterator[tuple[list[str], str]]:
    """Yield, for each check constraint the instance breaks, the names of its fields and its sentence.

    A constraint of functions, transforms or other tables is passed over. No query.
    """
    for constraint in instance._meta.constraints:
        if not isinstance(constraint, models.CheckConstraint) or not isinstance(constraint.condition, Q):
            continue
        try:
            holds = _holds(constraint.condition, instance)
        except (_CannotTell, FieldDoesNotExist, TypeError):
            continue
        # As in SQL, a condition that nulls leave undecided is no violation.
        if holds is False:
            yield _fields(constraint.condition), str(constraint.get_violation_error_message())


def _holds(condition: Any, instance: models.Model) -> bool | None:
    """Return whether the condition holds; None where a null leaves it undecided."""
    if not isinstance(condition, Q):
        return _leaf_holds(condition, instance)
    parts = [_holds(child, instance) for child in condition.children]
    if condition.connector == Q.AND:
        holds = False if False in parts else None if None in parts else True
    elif condition.connector == Q.OR:
        holds = True if True in parts else None if None in parts else False
    else:
        raise _CannotTell
    # Django writes a negation so that it is true of what was undecided.
    return not holds if condition.negated else holds


def _leaf_holds(leaf: Any, instance: models.Model) -> bool | None:
    if not isinstance(leaf, tuple):
        raise _CannotTell
    path, wanted = leaf
    name, _separator, lookup = path.partition("__")
    value, wanted, lookup = _value(name, instance), _operand(wanted, instance), lookup or "exact"
    if lookup == "isnull":
        return (value is None) is bool(wanted)
    if lookup == "exact" and leaf[1] is None:
        return value is None
    if lookup not in _COMPARISONS:
        raise _CannotTell
    if value is None or wanted is None:
        return None
    return bool(_COMPARISONS[lookup](value, wanted))


def _value(name: str, instance: models.Model) -> Any:
    field = instance._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise _CannotTell
    return getattr(instance, field.attname)


def _operand(wanted: Any, instance: models.Model) -> Any:
    if isinstance(wanted, F):
        return _value(wanted.name, instance)  # type: ignore[attr-defined]
    if hasattr(wanted, "resolve_expression"):
        raise _CannotTell
    return wanted.pk if isinstance(wanted, models.Model) else wanted


def _fields(condition: Any) -> list[str]:
    """Return the names of the fields the condition speaks of, in its own order."""
    if isinstance(condition, Q):
        return [name for child in condition.children for name in _fields(child)]
    return [condition[0].partition("__")[0]]
