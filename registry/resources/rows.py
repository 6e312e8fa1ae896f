"""What the rules of several imports ask of a row of the file."""

import re
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.periods import Dated, today

from ..models import Region

# What stands in an address as it is.
CODE = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")


def touches(row: PreviewRow, *names: str) -> bool:
    """Return whether the row is new, or changes one of the columns."""
    return row.is_new or any(name in names for name in row.changed_names)


def is_written(row: PreviewRow) -> bool:
    """Return whether the row is new or changes anything."""
    return row.is_new or bool(row.changed_names)


def is_sure(row: PreviewRow | None, *names: str) -> bool:
    """Return whether the columns of a row of the file, or of a record that the file does not speak of, are known."""
    return row is None or row.knows(*names)


def require_code(row: PreviewRow, name: str) -> None:
    """Refuse a new record whose code could not stand in the address of its page."""
    if row.is_new and row.knows(name) and CODE.fullmatch(row[name]) is None:
        row.refuse(_("Use capital letters, digits and hyphens alone, such as US-CBP."), name)


def require_region(row: PreviewRow, region: Region, user: Reader, *, name: str = "") -> None:
    """Refuse a record of a region that is not the user's."""
    if not user.sees_everything and region.pk not in user.scope_ids:
        row.refuse(
            _("%(region)s is not one of your regions. Take the row out, or ask an administrator to import it.")
            % {"region": region.name},
            name,
        )


def require_region_in_being(row: PreviewRow, region: Region, during: Dated, name: str = "region") -> None:
    """Refuse a region that is over, or has not begun, on the last day that the record goes on: today, if it does."""
    day = max(today(), during.start) if during.end is None else min(during.end, max(today(), during.start))
    if day < region.start:
        row.refuse(
            _("%(region)s begins on %(day)s. Give the region that holds on %(on)s.")
            % {"region": region.name, "day": region.start, "on": day},
            name,
        )
    elif region.end is not None and day > region.end:
        sentence = (
            _("%(region)s ended on %(day)s. Give the region that took over: %(successor)s.")
            if region.successor is not None
            else _("%(region)s ended on %(day)s. Give the region that took over.")
        )
        row.refuse(
            sentence
            % {
                "region": region.name,
                "day": region.end,
                "successor": region.successor.short if region.successor is not None else "",
            },
            name,
        )


def lines_of(rows: Sequence[PreviewRow | None]) -> str:
    """Return the lines of the rows that stand in the file, the lowest first: “3, 5”; "" for none."""
    return ", ".join(map(str, sorted({row.line for row in rows if row is not None})))


def regions(user: Any) -> Any:
    """Return the regions that a file may name, each with its successor."""
    return Region.objects.visible_to(user).select_related("successor")
