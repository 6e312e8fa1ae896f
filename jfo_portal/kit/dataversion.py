"""Which state of the records something rests on, in one word."""

import hashlib
from collections.abc import Collection
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models import Count, Max, Subquery, Value

from .changes import tracked
from .scoping import PersonalQuerySet

# How many of the newest versions of each kind are counted: a transaction that commits after another one may have taken
# its numbers before it, so that the newest number alone would not tell that it came.
_COUNTED = 1000


def data_version(*, without: Collection[type[models.Model]] = ()) -> str:
    """Return the data version, 64 characters; one query, which reads the ends of indexes alone.

    It is the same as before exactly as long as no tracked row was added, changed or deleted: each of these leaves a
    version, and versions are never removed. A change that is taken back leaves two, so that what rests on another
    data version may still be the same; run it again to know. What is somebody's own (a saved view) is left out, and
    the models of `without`.
    """
    statement, values = _statement(DEFAULT_DB_ALIAS, frozenset(without))
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = sorted(cursor.fetchall())
    return hashlib.sha256(repr(found).encode()).hexdigest()


@cache
def _statement(using: str, without: Collection[type[models.Model]]) -> tuple[str, tuple[Any, ...]]:
    """Return the query, which is long to put together and always the same."""
    branches = [
        _ends(kind, history) for kind, history in sorted(tracked().items()) if not _is_left_out(history, without)
    ]
    statement: tuple[str, tuple[Any, ...]] = (
        branches[0].union(*branches[1:], all=True).using(using).query.sql_with_params()
    )
    return statement


def _is_left_out(history: Any, without: Collection[type[models.Model]]) -> bool:
    model = history.instance_type
    return model in without or isinstance(model._default_manager.all(), PersonalQuerySet)


def _ends(kind: str, history: Any) -> models.QuerySet:
    """Return the newest version's number, and how many of the newest there are; nothing of a kind without rows."""
    newest = Subquery(history.objects.order_by("-history_id").values("history_id")[:1])
    counted: models.QuerySet = (
        history.objects.order_by()
        .filter(history_id__gt=newest - _COUNTED)
        .annotate(row_kind=Value(kind, output_field=models.CharField()))
        .values("row_kind")
        .annotate(last=Max("history_id"), versions=Count("history_id"))
        .values_list("row_kind", "last", "versions")
    )
    return counted
