"""Which rows somebody may see and change; always the first link of a query's chain."""

from typing import ClassVar, Self

from django.db import models

from .access import Reader
from .history import TrackedQuerySet


class ScopedQuerySet(models.QuerySet):
    """Rows that know who may see and who may change them.

    `read_scope` and `write_scope` are look-ups from the row to the scope it belongs to, or None
    where the role alone decides.
    """

    read_scope: ClassVar[str | None] = None
    write_scope: ClassVar[str | None] = None
    write_roles: ClassVar[frozenset[str]] = frozenset()

    def visible_to(self, reader: Reader) -> Self:
        """Return the rows the reader may see; none for a visitor who has not signed in."""
        if not reader.is_authenticated:
            return self.none()
        if self.read_scope is None or reader.sees_everything:
            return self.all()
        return self.filter(**{f"{self.read_scope}__in": reader.scope_ids})

    def editable_by(self, reader: Reader) -> Self:
        """Return the rows the reader may change on screen."""
        if reader.role not in self.write_roles:
            return self.none()
        visible = self.visible_to(reader)
        if self.write_scope is None or reader.sees_everything:
            return visible
        return visible.filter(**{f"{self.write_scope}__in": reader.scope_ids})


class OpenQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Reference rows, which everybody who signed in may read."""
