"""Who reads: the little that the kit asks of a user, and the reader behind commands."""

from collections.abc import Set as AbstractSet
from typing import Protocol


class Reader(Protocol):
    """Somebody on whose behalf rows are read.

    A reader either sees everything, or officer-level rows of their own scopes only (their regions). An
    administrator settles what others begin with.
    """

    @property
    def is_authenticated(self) -> bool: ...

    @property
    def role(self) -> str: ...

    @property
    def sees_everything(self) -> bool: ...

    @property
    def is_administrator(self) -> bool: ...

    @property
    def scope_ids(self) -> AbstractSet[int]: ...


class System:
    """The portal itself: a command or a check, which reads everything and edits nothing."""

    is_authenticated = True
    role = "system"
    sees_everything = True
    is_administrator = False
    scope_ids: AbstractSet[int] = frozenset()


SYSTEM = System()
