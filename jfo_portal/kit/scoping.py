"""Which rows somebody may see and change; always the first link of a query's chain."""

from typing import ClassVar, Self

from django.db import models

from .access import Reader
from .history import TrackedQuerySet


class ScopedQuerySet(models.QuerySet):
    """Rows that know who may see and who may change them.

    `read_scope` and `write_scope` are look-ups from the row to the scope it belongs to, or None
    where the role alone decides, or, for reading, what a `visible_to` of its own says.
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

    @classmethod
    def is_open(cls) -> bool:
        """Say whether everybody who signed in reads every row."""
        return cls.read_scope is None and cls.visible_to is ScopedQuerySet.visible_to

    def may_be_written_by(self, reader: Reader) -> bool:
        """Say whether the reader's role changes rows of this kind at all; no query."""
        return reader.role in self.write_roles

    def editable_by(self, reader: Reader) -> Self:
        """Return the rows the reader may change on screen."""
        if not self.may_be_written_by(reader):
            return self.none()
        visible = self.visible_to(reader)
        if self.write_scope is None or reader.sees_everything:
            return visible
        return visible.filter(**{f"{self.write_scope}__in": reader.scope_ids})

    def undoable_by(self, author: Reader) -> Self:
        """Return the rows to which the author of a change may take it back: those they may see."""
        return self.visible_to(author)


class OpenQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Reference rows, which everybody who signed in may read."""


class PersonalQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Rows that are somebody's own: nobody else sees them or their history, whatever else they see.

    `owner_field` names the foreign key to the user.
    """

    owner_field: ClassVar[str] = "owner"

    def visible_to(self, reader: Reader) -> Self:
        """Return the reader's own rows."""
        return self.filter(**{self.owner_field: reader}) if reader.is_authenticated else self.none()

    def may_be_written_by(self, reader: Reader) -> bool:
        return reader.is_authenticated

    def editable_by(self, reader: Reader) -> Self:
        """Return the reader's own rows."""
        return PersonalQuerySet.visible_to(self, reader)
