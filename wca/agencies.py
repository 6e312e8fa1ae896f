"""What the arrangements add to the pages of agencies: how many and which they signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.tables import Cell, Column
from jfo_portal.kit.views import Heading, headings_of, rows_of
from registry import agency_panels
from registry.models import Agency
from registry.tables import keeping_day

from .models import Signatory


def load_signed(agencies: Sequence[Agency], reader: Reader, day: date) -> None:
    """Set on each agency how many arrangements it had signed by the day; one query."""
    signed = Signatory.objects.visible_to(reader).filter(agency__in=agencies, signed_on__lte=day)
    counts = dict(signed.order_by().values_list("agency").annotate(n=Count("pk")))
    for agency in agencies:
        agency.signed = counts.get(agency.pk, 0)  # type: ignore[attr-defined]


def signed_columns(_day: date) -> Sequence[Column]:
    """Return the number of arrangements that the agency signed."""
    return [Column("signed", _("Arrangements signed"), "integer")]


@dataclass(frozen=True)
class Signed:
    """The arrangements of which an agency is a party."""

    headings: Sequence[Heading]
    rows: Sequence[Sequence[Cell]]


def load_signatures(agency: Agency, reader: Reader, day: date) -> Signed:
    """Return the arrangements known by the day of which the agency is a party; one query.

    A signature still to come by the day is not shown.
    """
    rows = Signatory.objects.visible_to(reader).filter(agency=agency).select_related("arrangement")
    known = [row for row in rows.order_by("arrangement__reference") if _is_known(row, day)]
    columns = [
        Column(
            "reference",
            _("Arrangement"),
            value=lambda row: row.arrangement.reference,
            href=lambda row: keeping_day(row.arrangement.get_absolute_url(), day),
            is_header=True,
        ),
        Column("title", _("Title"), value=lambda row: row.arrangement.title),
        Column("required", _("Required"), "yes_no", value=lambda row: row.is_required),
        Column(
            "signed_on",
            _("Signed on"),
            "date",
            value=lambda row: row.signed_on if row.signed_on and row.signed_on <= day else None,
        ),
    ]
    return Signed(headings_of(columns), rows_of(columns, known))


def _is_known(row: Signatory, day: date) -> bool:
    """Say whether the arrangement was known on the day: signed by then, in effect, or without a date so far."""
    effective = row.arrangement.effective
    return effective is None or effective <= day or (row.signed_on is not None and row.signed_on <= day)


agency_panels.register(columns=agency_panels.Columns(signed_columns, load_signed))
agency_panels.register(panel=agency_panels.Panel(_("Arrangements"), "wca/agency_panel.html", load_signatures))
