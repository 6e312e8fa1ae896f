"""What parts of the app show on the page of an arrangement: a section each, in their order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise

from jfo_portal.kit.access import Reader

from .models import Arrangement


@dataclass(frozen=True)
class Section:
    """A section of an arrangement's page, under its `title` at `#name`.

    `context` takes the arrangement, the reader, the day and whether the page is read-only, and returns what `template`
    shows.
    """

    name: str
    title: str | Promise
    template: str
    context: Callable[[Arrangement, Reader, date, bool], Mapping[str, Any]]
    position: int


_sections: list[Section] = []


def register(section: Section) -> None:
    """Show the section on the page of every arrangement."""
    _sections.append(section)


def sections() -> list[Section]:
    """Return the sections in their order."""
    return sorted(_sections, key=lambda section: section.position)
