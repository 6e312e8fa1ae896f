"""Exhibit 1: FTE by level."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import attrgetter
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.reports import Parameters, register
from jfo_portal.kit.suppression import TOTAL, Key
from jfo_portal.kit.tables import Column
from registry.measures import publication
from registry.measures.publication import Facts, Hidden, Part
from registry.measures.strength import Place, Post, posts_on, strength, strength_by
from registry.models import Assignment, Kind, Level

from .exhibits import (
    NO_LEVEL,
    Exhibit,
    Row,
    Table,
    figure_column,
    not_shown,
    places_on,
    shown,
    subtotal,
)

NOBODY = strength([])
LEVEL_COLUMNS = {Level.FB_03: "fb_03", Level.FB_04: "fb_04", Level.FB_05: "fb_05"}


@register
class FteByLevel(Exhibit):
    """Exhibit 1: one line for each bi-national or national program and for each regional JFO."""

    slug = "exhibit-1"
    title = _("Exhibit 1: FTE on JFOs by level")
    description = _("How many full-time equivalents each program or regional JFO has on a day, by the officers’ level.")
    columns = (
        Column("jfo", _("Program or JFO"), is_header=True),
        *(figure_column(name, level.label, "fte") for level, name in LEVEL_COLUMNS.items()),
        figure_column("total", _("Total"), "fte"),
    )

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        region = parameters.region or TOTAL
        posts = posts_on(Assignment.objects.all(), parameters.as_of)
        places = places_on(reader, parameters.as_of, parameters.region)
        hidden = _hidden(reader, parameters.as_of, places)
        lines = {_line(place): place.kind for place in places}
        counted = [post for post in posts if region in (TOTAL, post.region)]
        by_line = grouped(counted, _line)
        rows = []
        for line, kind in lines.items():
            figures = _fte_by_level(by_line.get(line, []), (line, region), hidden)
            rows.append({"jfo": line, "kind": kind, "day": parameters.as_of, "hidden": not_shown(figures)} | figures)
        notes = [
            gettext(
                "The total counts FTE of officers whose level is not recorded on the day; the level columns do not."
            )
        ]
        without_level = strength(post for post in counted if post.level is None)
        if reader.sees_everything and without_level.fte:
            notes.append(
                gettext("FTE without a level on the day: %(fte)s.") % {"fte": formats.text(without_level.fte, "fte")}
            )
        return Table(rows, _fte_by_level(counted, (TOTAL, region), hidden), notes)

    def figures(self, rows: Sequence[Mapping[str, Any]], totals: Row) -> dict[tuple[str, str], Any]:
        found = super().figures(rows, totals)
        for kind, of_kind in grouped(rows, lambda row: row["kind"]).items():
            found |= {(kind, name): subtotal(of_kind, name) for name in totals}
        return found


# The table that takes part in the decision on what is shown (registry.measures.publication).
TABLE = publication.Table("exhibit-1", axis=1)


def _parts(facts: Facts) -> Iterable[Part]:
    """Return who counts in which line, region and level on the last day of a fiscal year."""
    for post in facts.posts:
        cell = (_line(post), post.region, post.level or NO_LEVEL)
        yield facts.part(publication.FTE, post, publication.sums_of(TABLE, cell))


publication.register(10, [TABLE], _parts)


def _hidden(reader: Reader, day: date, places: Iterable[Place]) -> Hidden:
    """Return what the reader is not shown of the day; of a day that ends no fiscal year, all but the own JFOs' FTE."""
    lines = {_line(place) for place in places if place.region_id in reader.scope_ids}
    lines -= {_line(place) for place in places if place.region_id not in reader.scope_ids}
    return publication.hidden_from(reader, publication.shown_year(day), TABLE, lambda key: key[0] in lines)


def _fte_by_level(posts: Sequence[Post], cell: Key, hidden: Hidden) -> Row:
    """Return the FTE by level and in all, None for those not shown: every level where the total is not."""
    by_level = strength_by(posts, attrgetter("level"))
    figures: Row = {
        name: None if (*cell, level.value) in hidden else by_level.get(level, NOBODY).fte
        for level, name in LEVEL_COLUMNS.items()
    }
    return shown(figures | {"total": strength(posts).fte}, (*cell, TOTAL) in hidden)


def _line(place: Place) -> str:
    """Return the line of Exhibit 1: the program, or the JFO where it is regional."""
    return place.jfo if place.kind == Kind.REGIONAL else place.program
