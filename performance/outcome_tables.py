"""The columns of outcomes, and of who had a part in one."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from jfo_portal.kit import formats
from jfo_portal.kit.tables import Column, Link
from registry.parts import agency_in_words
from registry.tables import keeping_day

from .measures.cost import half_up
from .models import Contribution, OutcomeEvent
from .outcomes import claimed_by, when_column


def trimmed(value: Decimal | None) -> str:
    """Return a quantity or a share without the zeros at its end."""
    if value is None:
        return formats.NO_VALUE
    return formats.number(value, max(0, -int(value.normalize().as_tuple().exponent)))


def outcome_columns(day: date, agency: str, *, shows_share: bool, shows_amounts: bool) -> list[Column]:
    """Return the columns of the list of outcomes; a row has `event` (performance.measures.outcomes), its JFOs read
    with it, and `contributors` in words. `agency` is the short form of the one whose share is shown, and with it what
    that is of the quantity and the value."""

    def share(row: Any) -> Decimal:
        return half_up(row.share, 6)

    def of_quantity(row: Any) -> Decimal | None:
        return None if row.event.quantity is None else half_up(row.event.quantity * row.share, 3)

    def of_value(row: Any) -> Decimal | None:
        return None if row.event.value is None else half_up(row.event.value * row.share, 2)

    when = when_column(day)
    return [
        Column(when.name, when.label, when.kind, text=when.text, href=when.href, is_header=True, sort="occurred_on"),
        Column("kind", gettext_lazy("Kind"), value=lambda row: row.get_kind_display(), sort="kind"),
        Column("what", gettext_lazy("Goods or subject"), sort="what"),
        Column(
            "quantity", gettext_lazy("Quantity"), "decimal", text=lambda row: trimmed(row.quantity), sort="quantity"
        ),
        Column("unit", gettext_lazy("Unit")),
        Column("value", gettext_lazy("Value"), "money", sort="value"),
        Column("claimed_by", gettext_lazy("Claimed by"), value=claimed_by),
        Column("contributors", gettext_lazy("Contributors")),
        Column(
            "share",
            _("Share of %(agency)s") % {"agency": agency},
            "fte",
            value=share,
            text=lambda row: trimmed(half_up(row.share, 3)),
            extra=not shows_share,
        ),
        Column(
            "quantity_share",
            gettext_lazy("Share of the quantity"),
            "decimal",
            value=of_quantity,
            text=lambda row: trimmed(of_quantity(row)),
            extra=not shows_amounts,
        ),
        Column("value_share", gettext_lazy("Share of the value"), "money", value=of_value, extra=not shows_amounts),
        Column(
            "method",
            gettext_lazy("How it is shared"),
            value=lambda row: str(row.event.method.label),
            extra=not shows_share,
        ),
        Column("side", gettext_lazy("Side of the border"), value=lambda row: row.get_side_display(), extra=True),
        Column("operation", gettext_lazy("Operation"), sort="operation", extra=True),
        Column("fiscal_year", gettext_lazy("Fiscal year"), value=lambda row: str(row.year), extra=True),
        Column("note", gettext_lazy("Note"), extra=True),
        Column("reference", gettext_lazy("Reference"), sort="reference", extra=True),
    ]


def contribution_columns(day: date) -> list[Column]:
    """Return the columns of the contributions to one outcome, as of the day."""

    def confirmed(row: Contribution) -> date | None:
        return row.confirmed_on if row.confirmed_on and row.confirmed_on <= day else None

    return [
        Column(
            "agency",
            gettext_lazy("Agency"),
            value=agency_in_words,
            href=lambda row: keeping_day(row.agency.get_absolute_url(), day),
            is_header=True,
        ),
        Column("kind", gettext_lazy("Contribution"), value=lambda row: row.get_kind_display()),
        Column("evidence", gettext_lazy("Evidence")),
        Column(
            "confirmed_on",
            gettext_lazy("Confirmed by the lead on"),
            "date",
            value=confirmed,
            text=lambda row: str(confirmed(row) or pgettext("contribution", "not confirmed")),
        ),
        Column("share", gettext_lazy("Agreed share"), "fte", text=lambda row: trimmed(row.share)),
    ]


def contribution_acts(row: Contribution) -> Sequence[Link]:
    """Return the links to what a manager can do to the contribution."""
    address, about = (
        reverse("contribution", args=[row.pk]),
        _("%(agency)s, %(kind)s")
        % {
            "agency": row.agency.short,
            "kind": row.get_kind_display(),
        },
    )
    links = [
        Link(_("Correct"), address, about),
        Link(_("Remove"), reverse("contribution-remove", args=[row.pk]), about),
    ]
    if row.confirmed_on is None:
        links.insert(0, Link(_("Record the confirmation"), f"{address}?fill=confirmed_on", about))
    return links


def claim_columns(day: date) -> list[Column]:
    """Return the columns of the JFOs that claim an outcome."""
    return [
        Column(
            "jfo",
            gettext_lazy("JFO"),
            value=lambda row: row.jfo.code,
            href=lambda row: keeping_day(row.jfo.get_absolute_url(), day),
            is_header=True,
        ),
        Column("name", gettext_lazy("Name"), value=lambda row: row.jfo.name),
        Column("region", gettext_lazy("Region"), value=lambda row: row.jfo.region.short),
    ]


def facts_of(row: OutcomeEvent) -> list[tuple[str, str]]:
    """Return what is recorded of the outcome itself, with labels."""
    said = [
        (_("Reference"), row.reference),
        (_("Kind"), row.get_kind_display()),
        (_("Occurred on"), formats.day(row.occurred_on) if row.occurred_on else _("day not known")),
        (_("Fiscal year"), str(row.year)),
        (_("Goods or subject"), row.what),
        (_("Quantity"), row.amount),
        (_("Value"), "" if row.value is None else formats.money(row.value)),
        (_("Side of the border"), row.get_side_display()),
        (_("Operation"), row.operation),
        (_("Note"), row.note),
    ]
    return [(str(label), str(text)) for label, text in said if text]
