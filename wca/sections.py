"""What is shown on the page of an arrangement: its parts, one at a time, and the sections of each in their order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.periods import today

from .models import Arrangement

# The parts of the page by their name in its address (`?part=`); the one without a name opens first.
PARTS = {
    "": _("Overview"),
    "parties": _("Parties and JFOs"),
    "documents": _("Documents and drafts"),
    "assessments": _("Assessments and actions"),
    "history": _("History"),
}


@dataclass(frozen=True)
class Section:
    """A section of a part of an arrangement's page, under its `title` at `#name`.

    `context` takes the arrangement, the reader, the day and whether the page is read-only, and returns what `template`
    shows.
    """

    name: str
    title: str | Promise
    template: str
    context: Callable[[Arrangement, Reader, date, bool], Mapping[str, Any]]
    position: int
    part: str = ""


_sections: list[Section] = []


def register(section: Section) -> None:
    """Show the section on the page of every arrangement."""
    _sections.append(section)


def sections(part: str) -> list[Section]:
    """Return the sections of the part in their order."""
    return sorted((one for one in _sections if one.part == part), key=lambda section: section.position)


def address_of(arrangement: Arrangement, part: str, name: str, day: date | None = None) -> str:
    """Return the address of a section of a part of the arrangement's page, as of the day unless it is today."""
    asked = {"part": part} | ({"as_of": day} if day and day != today() else {})
    return f"{arrangement.get_absolute_url()}?{urlencode(asked)}#{name}"
