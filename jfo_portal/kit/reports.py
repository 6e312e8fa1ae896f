"""One report, many outputs: a class gives the rows once, for the page, the files, the scripts and the print."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Self, TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from . import exports, formats
from .access import SYSTEM, Reader
from .fiscal import FiscalYear
from .periods import day_within_reach, today
from .tables import Column


@dataclass(frozen=True)
class Parameters:
    """What a report is asked about: a day, a fiscal year, and one region or all of them (None)."""

    as_of: date
    fiscal_year: FiscalYear
    region: str | None = None

    @classmethod
    def from_query(cls, data: Mapping[str, str]) -> Self:
        """Return the parameters of an address or command: `as_of`, `fy` and `region`, each optional.

        Without a day, it is today, or the last day of the year asked for that is not in the future
        (the first day of a year to come). Without a year, it is the day's. ValueError, in the
        reader's language, for a value that cannot be read.
        """
        day_text, year_text, region = (data.get(name, "").strip() for name in ("as_of", "fy", "region"))
        day = _day(day_text) if day_text else None
        year = _fiscal_year(year_text) if year_text else None
        if day is None:
            day = _last_known_day(year) if year else today()
        return cls(day, year or FiscalYear.of(day), region.upper() or None)

    def as_dict(self) -> dict[str, str | None]:
        """Return the parameters as an address or a script writes them."""
        return {"as_of": self.as_of.isoformat(), "fy": str(self.fiscal_year), "region": self.region}


def require_region(parameters: Parameters, regions: Iterable[str]) -> None:
    """Raise ValueError, in the reader's language, for a region that is none of those with these codes."""
    codes = list(regions)
    if parameters.region and parameters.region not in codes:
        raise ValueError(
            _("There is no region “%(region)s”. Choose one of these: %(regions)s.")
            % {"region": parameters.region, "regions": ", ".join(codes)}
        )


def _day(text: str) -> date:
    day = day_within_reach(text)
    if day is None:
        raise ValueError(
            _("The date as_of, “%(text)s”, is not a date. Write it as YYYY-MM-DD, for example 2011-03-31.")
            % {"text": text}
        )
    return day


def _fiscal_year(text: str) -> FiscalYear:
    try:
        return FiscalYear.parse(text)
    except ValueError:
        raise ValueError(
            _(
                "The fiscal year fy, “%(text)s”, is not a fiscal year. "
                "Write it as two years in a row, for example 2010-2011."
            )
            % {"text": text}
        ) from None


def _last_known_day(year: FiscalYear) -> date:
    return max(year.first_day, min(year.last_day, today()))


@dataclass(frozen=True)
class Comparison:
    """A figure that a document published beside the one computed here, and why they differ.

    The computed figure comes rounded as the published one is; None where it cannot be computed.
    """

    row: str
    row_label: str
    measure: str
    measure_label: str
    published: Decimal | str
    computed: Decimal | str | None
    explanation: str

    @property
    def difference(self) -> Decimal | None:
        """Computed less published, or None where either is not a number."""
        if self.computed is None or isinstance(self.computed, str) or isinstance(self.published, str):
            return None
        return self.computed - self.published

    @property
    def agrees(self) -> bool:
        return self.computed == self.published


class Report:
    """A titled table of rows with totals, for a reader and parameters.

    A subclass gives `slug`, `title`, `columns` and `rows()`. `measures` are columns of totals and of
    published figures that the rows do not have. `uses` are the parameters that its figures depend on.
    `roles` are those that may read it, or None for everybody who has signed in. `keys` name the columns that tell a
    row from the others: the first one, unless it says more.
    """

    slug: ClassVar[str]
    title: ClassVar[str | Promise]
    description: ClassVar[str | Promise] = ""
    columns: ClassVar[Sequence[Column]]
    measures: ClassVar[Sequence[Column]] = ()
    uses: ClassVar[Sequence[str]] = ("as_of", "fy", "region")
    roles: ClassVar[frozenset[str] | None] = None
    keys: ClassVar[Sequence[str]] = ()

    def readable_by(self, reader: Reader) -> bool:
        """Say whether the reader may read the report at all; its rows are scoped further."""
        if not reader.is_authenticated:
            return False
        return self.roles is None or reader.role in self.roles or reader.role == SYSTEM.role

    def column(self, name: str) -> Column:
        """Return the column or measure of that name; for an unknown one, a column that shows the name itself."""
        known = {column.name: column for column in (*self.measures, *self.columns)}
        return known.get(name) or Column(name, name)

    def regions(self) -> Sequence[str] | None:
        """Return the codes that the parameter `region` takes; None when the report does not check it."""
        return None

    def parameters(self, data: Mapping[str, str]) -> Parameters:
        """Return the parameters asked for; ValueError, in the reader's language, names a wrong one and the remedy."""
        parameters = Parameters.from_query(data)
        if (regions := self.regions()) is not None:
            require_region(parameters, regions)
        return parameters

    def refusal(self, reader: Reader, parameters: Parameters) -> str:
        """Return, in the reader's language, why the reader is not given the report for the parameters; empty if the
        reader is."""
        return ""

    def rows(self, reader: Reader, parameters: Parameters) -> list[dict[str, Any]]:
        """Return one dict a row: a typed value under each column's name."""
        raise NotImplementedError

    def totals(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> dict[str, Any]:
        """Return what follows from all the rows: typed values, by column name or a name of their own."""
        return {}

    def why_none(self, name: str, totals: Mapping[str, Any], reader: Reader, parameters: Parameters) -> str:
        """Return what stands in place of a total that is None."""
        return formats.NO_VALUE

    def notes(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> list[str]:
        """Return sentences on how the figures were made, in the active language."""
        return []

    def comparison(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> list[Comparison]:
        """Return the figures a document published beside those of the rows; none by default."""
        return []

    def as_json(self, reader: Reader, parameters: Parameters) -> dict[str, Any]:
        """Return the report as scripts read it: plain JSON types, the title in the active language."""
        rows = self.rows(reader, parameters)
        return {
            "slug": self.slug,
            "title": str(self.title),
            "parameters": parameters.as_dict(),
            "columns": [column.name for column in self.columns],
            "rows": [{column.name: exports.typed(column, row) for column in self.columns} for row in rows],
            "totals": {
                name: exports.plain(value, self.column(name).kind)
                for name, value in self.totals(rows, reader, parameters).items()
            },
        }


R = TypeVar("R", bound=Report)
_reports: dict[str, Report] = {}


def register(report_class: type[R]) -> type[R]:
    """Make the report known under its slug (a class decorator); an app imports its reports when it is ready."""
    known = _reports.get(report_class.slug)
    if known is not None:
        raise ValueError(f"{report_class.__qualname__} and {type(known).__qualname__} share the slug {known.slug!r}.")
    _reports[report_class.slug] = report_class()
    return report_class


def get(slug: str) -> Report:
    """Return the report of that slug; KeyError if there is none."""
    return _reports[slug]


def all_for(reader: Reader) -> list[Report]:
    """Return the reports the reader may read, exhibit-4 before exhibit-11."""
    return sorted((report for report in _reports.values() if report.readable_by(reader)), key=_natural_order)


def _natural_order(report: Report) -> list[tuple[str, int]]:
    return [(words, int(digits or 0)) for words, digits in re.findall(r"(\D*)(\d*)", report.slug)]
