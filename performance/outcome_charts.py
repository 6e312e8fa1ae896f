"""The charts of outcomes: what is already counted goes in, a finding in words and its drawing come out."""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.charts import Bar, Chart, GroupedBars, Panel, Series, StackedBar, StackedBars
from jfo_portal.kit.tables import Column, cells

from .charts import Figure
from .measures.cost import half_up
from .measures.outcomes import Asked, Event, Lens, added
from .models import OutcomeKind
from .reports.exhibits import Row, Table
from .reports.outcomes import KIND_COLUMNS, list_of

# The look of each lens, and of whole JFOs beside them.
_STYLES = {"events": "series-3", "took_part": "series-1", "share": "series-1", "confirmed": "series-1"}
_LENSES = {"took_part": Lens.TOOK_PART, "share": Lens.SHARE, "confirmed": Lens.CONFIRMED}


def _figure(kind: Callable[..., Chart], columns: Sequence[Column], rows: Sequence[Row], **drawing: Any) -> Figure:
    headers = [column.label for column in columns]
    return Figure(kind(headers=headers, rows=[cells(columns, row) for row in rows], **drawing), columns, rows)


def lenses(table: Table, agency: str, scope: str) -> Figure:
    """Return the outcomes by kind as small multiples: whole JFOs, and a bar for each lens, on one scale."""
    columns = [column for column in KIND_COLUMNS if column.name in {"kind", *_STYLES}]
    labels = {column.name: column.label for column in columns} | {"events": _("Whole JFO")}
    totals = table.totals
    return _figure(
        GroupedBars,
        columns,
        table,
        id="lenses",
        title=gettext("%(agency)s took part in %(took_part)s of %(events)s outcomes; %(confirmed)s are confirmed")
        % {
            "agency": agency,
            "took_part": formats.number(totals["took_part"]),
            "events": formats.number(totals["events"]),
            "confirmed": formats.number(totals["confirmed"]),
        },
        description=gettext(
            "%(scope)s: number of outcomes by kind, each counted once. The bars of a kind are different lenses on the "
            "same outcomes, and do not add up."
        )
        % {"scope": scope},
        panels=[
            Panel(
                str(OutcomeKind(row["kind"]).label),
                [
                    Bar(
                        labels[name],
                        row[name],
                        formats.text(row[name], "fte" if name == "share" else "integer"),
                        href=list_of(row, lens=_LENSES[name]) if name in _LENSES else list_of(row),
                        css=css,
                    )
                    for name, css in _STYLES.items()
                ],
            )
            for row in table
        ],
    )


def parted(events: Sequence[Event], agency: str, name: str, asked: Asked, scope: str) -> Figure:
    """Return whose the outcomes are by their shares, as bars of 100%: a bar for each kind, and for all of them."""
    rows: list[Row] = []
    for kind in OutcomeKind:
        if of_kind := [event for event in events if event.kind == kind]:
            row = _parts(of_kind, agency)
            rows.append({"kind": str(kind.label), "where": asked.as_query() | {"kind": kind.value}} | row)
    rows.append({"kind": gettext("All kinds"), "where": asked.as_query()} | _parts(events, agency))
    whole = rows[-1]
    columns = [
        Column("kind", _("Kind"), is_header=True),
        Column("own", gettext("Share of %(agency)s") % {"agency": name}, "fte"),
        Column("others", _("Shares of other agencies"), "fte"),
        Column("left_open", _("Left to nobody"), "fte"),
        Column("uncovered", _("No contribution recorded"), "integer"),
    ]
    parts = ("own", "others", "left_open", "uncovered")
    return _figure(
        StackedBars,
        columns,
        rows,
        id="parted",
        title=gettext(
            "By shares, %(own)s of %(events)s outcomes are those of %(agency)s; of %(uncovered)s, no part is recorded"
        )
        % {
            "own": formats.text(whole["own"], "fte"),
            "events": formats.number(len(events)),
            "agency": name,
            "uncovered": formats.number(whole["uncovered"]),
        },
        description=gettext(
            "%(scope)s: outcomes parted by the shares of the agencies, as agreed, or else equally among those that "
            "contributed. Each bar is all outcomes of a kind."
        )
        % {"scope": scope},
        is_share=True,
        series=[
            Series(columns[1].label, "series-1"),
            Series(columns[2].label, "series-2", is_hatched=True),
            Series(columns[3].label, "series-3", is_hatched=True),
            Series(columns[4].label, "series-3", symbol="–"),
        ],
        bars=[
            StackedBar(
                row["kind"],
                [row[part] for part in parts],
                gettext("%(own)s of %(count)s")
                % {"own": formats.text(row["own"], "fte"), "count": formats.number(row["events"])},
                list_of(row),
            )
            for row in rows
        ],
    )


def _parts(events: Sequence[Event], agency: str) -> Row:
    own = added(event.shares[agency] for event in events if event.takes_part(agency))
    left = added(event.left_open for event in events)
    covered = sum(event.is_covered for event in events)
    return {
        "events": len(events),
        "own": half_up(own, 2),
        "others": half_up(covered - own - left, 2),
        "left_open": half_up(left, 2),
        "uncovered": len(events) - covered,
    }
