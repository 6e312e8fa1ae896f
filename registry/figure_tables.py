"""The columns of the pages of figures: tenure, capacity, and two days compared."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.periods import today
from jfo_portal.kit.savedviews import bare
from jfo_portal.kit.tables import Column, Link
from registry.measures.capacity import Capacity
from registry.measures.comparison import Agreed, Difference
from registry.measures.privacy import too_few
from registry.models import Assignment, OfficerFunction, OfficerRegion
from registry.tables import assignment_actions, jfo_column, keeping_day, restricted_mark


def narrowed(address: str, day: date, **filters: str | None) -> str:
    """Return the address of a list with the filters, as of the day."""
    query = {name: value for name, value in filters.items() if value}
    if day != today():
        query["as_of"] = str(day)
    return f"{address}?{urlencode(query)}" if query else bare(address)


# Tenure


def past_policy_columns(day: date, *, may_act: bool) -> list[Column]:
    """Return the columns of the assignments past the policy period; a row has `since`. None of them sorts: a list of
    people in the order of their tenure would rank them."""
    columns = [
        Column(
            "number",
            gettext_lazy("Number"),
            value=lambda row: row.officer.number,
            href=lambda row: keeping_day(row.get_absolute_url(), day),
            is_header=True,
        ),
        Column("officer", gettext_lazy("Officer"), value=lambda row: row.officer.name),
        Column("region", gettext_lazy("Region"), value=lambda row: row.officer.region.short),
        jfo_column(day),
        Column("fte", gettext_lazy("FTE"), "fte"),
        Column("since", gettext_lazy("On the JFO since"), "date"),
    ]
    if may_act:
        columns.append(Column("actions", gettext_lazy("Actions"), links=assignment_actions))
    return columns


def resting_columns(day: date) -> list[Column]:
    """Return the columns of the JFOs that one officer is on; a row has its `fte`."""
    return [
        Column(
            "code",
            gettext_lazy("Code"),
            href=lambda row: keeping_day(row.get_absolute_url(), day),
            is_header=True,
        ),
        Column("name", gettext_lazy("Name")),
        Column("region", gettext_lazy("Region"), value=lambda row: row.region.short),
        Column("fte", gettext_lazy("FTE"), "fte"),
    ]


# Capacity


def _region_column() -> Column:
    def words(row: Capacity) -> str:
        if row.region is None:
            return _("All regions")
        return _("%(name)s (%(code)s)") % {"name": row.region.name, "code": row.region.short}

    return Column(
        "region",
        gettext_lazy("Region"),
        value=lambda row: row.region.code if row.region else "",
        text=words,
        is_header=True,
    )


def _figure(name: str, label: Any, kind: str, href: Any = None) -> Column:
    """Return the column of a figure of a Capacity; where it is hidden from the reader, it says so and leads nowhere."""

    def text(row: Capacity) -> str:
        value = row.shown(name)
        return restricted_mark(too_few(row.day)) if value is None else formats.text(value, kind)

    return Column(
        name,
        label,
        kind,
        value=lambda row: row.shown(name),
        text=text,
        href=(lambda row: None if row.shown(name) is None else href(row)) if href else None,
    )


class _Lists:
    """The lists behind the figures of a Capacity, for a reader and a day; None where a list would hold other rows."""

    def __init__(self, reader: Reader, day: date) -> None:
        self.reader, self.day = reader, day

    @cached_property
    def _whole(self) -> Collection[int]:
        """The regions of a manager that employed nobody on the day whom the manager does not see; no query for today,
        else one."""
        if self.day >= today():
            return self.reader.scope_ids
        then = OfficerRegion.objects.as_of(self.day).filter(region__in=self.reader.scope_ids)
        left = then.exclude(officer__region__in=self.reader.scope_ids).order_by()
        return self.reader.scope_ids - set(left.values_list("region", flat=True))

    def sees(self, row: Capacity) -> bool:
        """Say whether the reader sees every officer of the row."""
        if self.reader.sees_everything:
            return True
        return row.region is not None and row.region.pk in self._whole

    def to(self, name: str, row: Capacity, *, asked: str = "region", **filters: str) -> str | None:
        if not self.sees(row):
            return None
        return narrowed(reverse(name), self.day, **{asked: row.region.code if row.region else None}, **filters)

    def jfos(self, row: Capacity) -> str | None:
        return narrowed(reverse("jfos"), self.day, region=row.region.code if row.region else None)

    # The columns that more than one table has

    def in_service(self) -> Column:
        return _figure("in_service", gettext_lazy("In service"), "integer", lambda row: self.to("officers", row))

    def on_jfo(self) -> Column:
        label = gettext_lazy("Officers on a JFO")
        return _figure("officers", label, "integer", lambda row: self.to("officers", row, on_jfo="yes"))

    def seats(self) -> Column:
        return _figure("seats", gettext_lazy("Seats agreed (FTE)"), "fte", self.jfos)


def capacity_columns(reader: Reader, day: date) -> list[Column]:
    """Return the columns of the capacity of regions; each figure leads to the list behind it, as of the day."""
    lists = _Lists(reader, day)

    def of_function(function: str, label: str) -> Column:
        return _figure(function, label, "integer", lambda row: lists.to("officers", row, function=function))

    return [
        _region_column(),
        lists.in_service(),
        *(of_function(function.value, function.short) for function in OfficerFunction),
        lists.on_jfo(),
        _figure("assigned", gettext_lazy("FTE on JFOs"), "fte", lambda row: lists.to("assignments", row, asked="home")),
        _figure("free", gettext_lazy("Free FTE"), "fte"),
        lists.seats(),
        _figure("unfilled", gettext_lazy("Seats unfilled (FTE)"), "fte"),
        Column("compare", gettext_lazy("Two days"), links=lambda row: _comparison(row, day)),
    ]


def _comparison(row: Capacity, day: date) -> list[Link]:
    if row.region is None:
        return []
    address = narrowed(reverse("region-compare", args=[row.region.code]), day)
    return [Link(_("Compare two days"), address, row.region.name)]


def rotation_columns(reader: Reader, day: date) -> list[Column]:
    """Return the columns of the pool of regions, of who of it ever served on a JFO, and of the seats."""
    lists = _Lists(reader, day)

    def share(row: Capacity) -> Decimal | None:
        ever, in_service = row.shown("ever"), row.shown("in_service")
        return None if ever is None or not in_service else Decimal(ever) / in_service

    def share_text(row: Capacity) -> str:
        value = share(row)
        if value is None:
            is_hidden = row.shown("ever") is None or row.shown("in_service") is None
            return restricted_mark(too_few(row.day)) if is_hidden else formats.NO_VALUE
        return formats.percent(value)

    return [
        _region_column(),
        lists.in_service(),
        lists.on_jfo(),
        _figure("ever", gettext_lazy("Ever on a JFO"), "integer"),
        Column("share", gettext_lazy("Share of the pool"), "percent", value=share, text=share_text),
        lists.seats(),
        _figure("filled", gettext_lazy("Seats filled (FTE)"), "fte"),
    ]


# Two days compared

SUM_COLUMNS = [
    Column("what", gettext_lazy("What"), href=lambda row: row["href"], is_header=True),
    Column("officers", gettext_lazy("Officers"), "integer"),
    Column("fte", gettext_lazy("FTE"), "fte"),
]


def move_columns(before: date, after: date, *, has_jfo: bool) -> list[Column]:
    """Return the columns of the places on JFOs that came, went or changed; with the JFO where there are several.

    None of them sorts: the rows come by officer number.
    """
    return [
        Column(
            "number",
            gettext_lazy("Number"),
            value=lambda move: move.row.officer.number,
            href=lambda move: keeping_day(move.row.officer.get_absolute_url(), after),
            is_header=True,
        ),
        Column("officer", gettext_lazy("Officer"), value=lambda move: move.row.officer.name),
        *([Column("jfo", gettext_lazy("JFO"), value=lambda move: move.row.jfo.code)] if has_jfo else []),
        Column("movement", gettext_lazy("What happened"), value=lambda move: move.movement.label),
        Column("day", gettext_lazy("First or last day"), "date"),
        Column("fte_before", _("FTE on %(day)s") % {"day": before}, "fte", text=lambda move: _fte(move.before)),
        Column("fte_after", _("FTE on %(day)s") % {"day": after}, "fte", text=lambda move: _fte(move.after)),
        Column("fte_change", gettext_lazy("Difference"), "fte", text=lambda move: signed(move.fte_change)),
        Column("changes", gettext_lazy("What changed"), value=lambda move: "; ".join(map(str, move.changes))),
    ]


def _fte(row: Assignment | None) -> str:
    return formats.NO_VALUE if row is None else formats.text(row.fte, "fte")


def signed(value: Decimal | int) -> str:
    """Return a difference with its sign, in the typography of numbers: +0.50, −1.00, 0; FTE with two places."""
    text = formats.text(abs(value), "fte" if isinstance(value, Decimal) else "integer")
    return f"+{text}" if value > 0 else f"−{text}" if value < 0 else text


def difference_columns(*, has_jfo: bool) -> Sequence[Column]:
    """Return the columns of what came and went of a JFO, or of several."""

    def what_happened(row: Difference) -> str:
        return _("Came") if row.is_gain else _("Went")

    what = Column("what", gettext_lazy("What"), href=lambda row: row.href, is_header=True)
    happened = Column("is_gain", gettext_lazy("What happened"), value=what_happened)
    return [what, *([Column("jfo", gettext_lazy("JFO"))] if has_jfo else []), happened]


def agreed_columns(before: date, after: date) -> Sequence[Column]:
    """Return the columns of the FTE agreed for JFOs on two days."""

    def change(row: Agreed) -> str:
        return signed(row.change)

    return [
        Column("jfo", gettext_lazy("JFO"), is_header=True),
        Column("before", _("Agreed on %(day)s") % {"day": before}, "fte"),
        Column("after", _("Agreed on %(day)s") % {"day": after}, "fte"),
        Column("change", gettext_lazy("Difference"), "fte", text=change),
    ]
