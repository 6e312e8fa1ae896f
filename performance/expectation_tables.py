"""The columns of expectations, on the list, the report and a JFO's page alike."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.tables import Column, Link
from registry.models import STEERING, Role
from registry.models.jfos import page_of
from registry.models.partners import OWN_AGENCY
from registry.tables import RESTRICTED

from .measures.expectations import Measured
from .models import ImsKind, Indicator

# Who adds expectations and explains variances, and who locks and unlocks.
WRITERS = STEERING
LOCKERS = frozenset({Role.NHQ_REVIEWER})


def signed(row: Measured) -> str:
    """Return the variance with its sign, as pages print it."""
    if row.variance is None:
        return str(RESTRICTED)
    sign = "+" if row.variance > 0 else "−" if row.variance < 0 else ""
    return sign + row.expectation.amount(abs(row.variance))


def signed_share(row: Measured) -> str:
    """Return the variance as a share of what was expected, with its sign; an en dash where nothing was expected."""
    if row.is_restricted:
        return str(RESTRICTED)
    if row.share is None:
        return formats.NO_VALUE
    sign = "+" if row.share > 0 else "−" if row.share < 0 else ""
    return sign + formats.percent(abs(row.share))


def behind(row: Measured) -> str | None:
    """Return the address of exactly the rows behind the actual figure; None where it is 0, or the reader does not see
    them all."""
    if not row.actual or not row.is_listed:
        return None
    expectation = row.expectation
    query = {"fy": str(expectation.year), "jfo": expectation.jfo.code}
    match expectation.indicator:
        case Indicator.FILES:
            name = "performance-files"
        case Indicator.CASES:
            name, query["kind"] = "performance-files", ImsKind.CASE.value
        case Indicator.FTE:
            name = "performance-pay"
        case Indicator.OUTCOMES:
            name = "performance-outcome-list"
        case Indicator.CONTRIBUTIONS:
            name, query["agency"] = "performance-outcome-list", OWN_AGENCY
        case _:
            return page_of(expectation.jfo, "meetings")
    return f"{reverse(name)}?{urlencode(query)}"


def figure_columns(get: Callable[[Any], Measured]) -> list[Column]:
    """Return the columns of what was expected, came of it and differs; `get` finds the figures of a row."""

    def told(name: str) -> Callable[[Any], Any]:
        return lambda row: RESTRICTED if get(row).is_restricted else getattr(get(row), name)

    def expected(row: Any) -> str:
        return get(row).expectation.amount(get(row).expectation.expected)

    def actual(row: Any) -> str:
        measured = get(row)
        return str(RESTRICTED) if measured.is_restricted else measured.expectation.amount(measured.actual)

    return [
        Column(
            "expected",
            gettext_lazy("Expected"),
            "fte",
            value=lambda row: get(row).expectation.expected,
            text=expected,
            sort="expected",
        ),
        Column(
            "actual",
            gettext_lazy("Actual"),
            "fte",
            value=told("actual"),
            text=actual,
            href=lambda row: behind(get(row)),
        ),
        Column("variance", gettext_lazy("Variance"), "fte", value=told("variance"), text=lambda row: signed(get(row))),
        Column(
            "variance_share",
            gettext_lazy("Variance in %"),
            "percent",
            value=told("share"),
            text=lambda row: signed_share(get(row)),
        ),
    ]


def indicator_column(get: Callable[[Any], Measured], **options: Any) -> Column:
    """Return the column of the indicator: in words on the page, by its code in files."""
    return Column(
        "indicator",
        gettext_lazy("Indicator"),
        value=lambda row: get(row).expectation.indicator,
        text=lambda row: str(Indicator(get(row).expectation.indicator).label),
        **options,
    )


def state_columns(get: Callable[[Any], Measured]) -> list[Column]:
    """Return the columns of how the expectation stands, of the variance note, and of the trace of its unlocks."""
    return [
        Column(
            "state",
            gettext_lazy("State"),
            value=lambda row: get(row).state,
            text=lambda row: _("Locked") if get(row).state == "locked" else pgettext("expectation", "Open"),
        ),
        Column(
            "locked_on",
            gettext_lazy("Locked on"),
            "date",
            value=lambda row: get(row).expectation.locked_on,
            sort="locked_on",
        ),
        Column("variance_note", gettext_lazy("Variance note"), value=lambda row: get(row).expectation.variance_note),
        Column("unlocks", gettext_lazy("Unlocked"), value=lambda row: get(row).unlocks),
    ]


def acts_of(row: Measured, reader: Reader) -> list[Link]:
    """Return the links to what the reader can do to the expectation, and to its history."""
    expectation = row.expectation
    about = str(expectation)
    is_keeper = reader.role == Role.NHQ_REVIEWER or (
        reader.role in WRITERS and expectation.jfo.region_id in reader.scope_ids
    )
    found = []
    if is_keeper:
        if expectation.locked_on is None:
            found.append(Link(pgettext("act", "Correct"), reverse("expectation-edit", args=[expectation.pk]), about))
        found.append(Link(_("Explain"), reverse("expectation-note", args=[expectation.pk]), about))
    if reader.role in LOCKERS:
        if expectation.locked_on is None:
            href = f"{reverse('expectations-lock')}?rows={expectation.pk}"
            found.append(Link(_("Lock"), href, about))
        else:
            found.append(Link(_("Unlock"), reverse("expectation-unlock", args=[expectation.pk]), about))
    found.append(Link(_("History"), reverse("row-history", args=["expectation", expectation.pk]), about))
    return found


def columns_of(reader: Reader, *, may_act: bool) -> list[Column]:
    """Return the columns of the list of expectations, whose rows are Measured."""

    def get(row: Measured) -> Measured:
        return row

    columns = [
        Column(
            "jfo",
            gettext_lazy("JFO"),
            value=lambda row: row.expectation.jfo.code,
            href=lambda row: row.expectation.get_absolute_url(),
            sort="jfo__code",
            is_header=True,
        ),
        indicator_column(get, sort="indicator", is_header=True),
        Column(
            "fiscal_year",
            gettext_lazy("Fiscal year"),
            value=lambda row: str(row.expectation.year),
            sort="fiscal_year",
        ),
        *figure_columns(get),
        *state_columns(get),
        Column("region", gettext_lazy("Region"), value=lambda row: row.expectation.jfo.region.code, extra=True),
        Column("program", gettext_lazy("Program"), value=lambda row: row.expectation.jfo.program.code, extra=True),
        Column("basis", gettext_lazy("Basis"), value=lambda row: row.expectation.basis, extra=True),
    ]
    if may_act:
        columns.append(Column("acts", gettext_lazy("Actions"), links=lambda row: acts_of(row, reader)))
    return columns
