"""What every exhibit of the evaluation is: computed from the rows of now, beside what the evaluation published."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.reports import Comparison, Parameters, Report
from jfo_portal.kit.tables import Column
from registry.measures.privacy import too_few, too_few_note
from registry.measures.strength import Place
from registry.models import JFO, Kind, Region
from registry.models.jfos import JFOQuerySet

from ..measures.activity import Group
from ..models import Explanation, PublishedFigure

# What the evaluation's exhibits are about.
PUBLISHED_DAY = date(2011, 3, 31)
PUBLISHED_YEAR = FiscalYear(2010)
# The assessment of Exhibit 4.
RISK_ASSESSMENT = "BTRA"

# Kinds as scripts read them, in the order in which the evaluation lists JFOs.
KIND_CODES = {Kind.BINATIONAL: "bi-national", Kind.NATIONAL: "national", Kind.REGIONAL: "regional"}
KINDS = {code: kind for kind, code in KIND_CODES.items()}
# The line that stands for all regional JFOs in Exhibit 12.
REGIONAL = "regional"
NO_LEVEL = "no level"

Row = dict[str, Any]


class Table(list[Row]):
    """The rows of an exhibit, with the totals and notes worked out with them.

    Totals cannot be added up from rows that are rounded or not shown. A row's `hidden` names the
    columns not shown to the reader because too few officers stand behind them.
    """

    def __init__(self, rows: Iterable[Row], totals: Row, notes: Sequence[str] = ()) -> None:
        super().__init__(rows)
        self.totals = totals
        self.notes = notes


def figure_column(name: str, label: str | Promise, kind: str) -> Column:
    """Return a column whose hidden figures say so on the page."""

    def text(row: Row) -> str:
        return too_few(row.get("day")) if name in row.get("hidden", ()) else formats.text(row[name], kind)

    return Column(name, label, kind, text=text)


def kind_column() -> Column:
    return Column("kind", _("Kind"), text=lambda row: str(KINDS[row["kind"]].label))


def shown(figures: Row, is_hidden: bool) -> Row:
    """Return the figures, or None for each if they are not shown."""
    return dict.fromkeys(figures) if is_hidden else figures


def not_shown(figures: Row) -> frozenset[str]:
    return frozenset(name for name, value in figures.items() if value is None)


def by_kind_and_code(place: Place) -> tuple[int, str, str]:
    return list(KIND_CODES).index(Kind(place.kind)), place.program, place.jfo


def region_codes() -> list[str]:
    """Return the code of every region; one query."""
    return list(Region.objects.order_by("code").values_list("code", flat=True))


class Exhibit(Report):
    """One exhibit of the evaluation.

    Figures on officers are sums over everybody, whoever reads them: what a reader's own regions do
    not open to them is hidden where few officers stand behind it.
    """

    # The figures of a fiscal year or, as here, of a day.
    uses: ClassVar[Sequence[str]] = ("as_of", "region")

    @property
    def is_of_year(self) -> bool:
        """Whether it is about a fiscal year; about a day otherwise."""
        return "fy" in self.uses

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        """Return rows, totals and notes."""
        raise NotImplementedError

    def regions(self) -> list[str]:
        return region_codes()

    def rows(self, reader: Reader, parameters: Parameters) -> list[Row]:
        return self.table(reader, parameters)

    def totals(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> Row:
        return self._as_table(rows, reader, parameters).totals

    def why_none(self, name: str, totals: Mapping[str, Any], reader: Reader, parameters: Parameters) -> str:
        if reader.sees_everything:
            return super().why_none(name, totals, reader, parameters)
        return too_few(self.day_of(parameters))

    def day_of(self, parameters: Parameters) -> date:
        """Return the day on which it is known: the one asked for, or the last of the fiscal year."""
        return parameters.fiscal_year.last_day if self.is_of_year else parameters.as_of

    def notes(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> list[str]:
        notes = list(self._as_table(rows, reader, parameters).notes)
        if any(row.get("hidden") for row in rows):
            notes.append(too_few_note(self.day_of(parameters)))
        if not self.is_as_published(parameters):
            notes.append(self.why_not_compared(parameters))
        return notes

    def why_not_compared(self, parameters: Parameters) -> str:
        """Return the sentence for other parameters than the published exhibit's."""
        if self.is_of_year:
            return gettext(
                "Nothing is compared: the evaluation published figures for %(year)s and all regions alone."
            ) % {"year": PUBLISHED_YEAR}
        return gettext("Nothing is compared: the evaluation published figures for %(day)s and all regions alone.") % {
            "day": formats.day(PUBLISHED_DAY)
        }

    def _as_table(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> Table:
        return rows if isinstance(rows, Table) else self.table(reader, parameters)

    def is_as_published(self, parameters: Parameters) -> bool:
        """Say whether the parameters are those of the published exhibit."""
        if parameters.region is not None:
            return False
        return parameters.fiscal_year == PUBLISHED_YEAR if self.is_of_year else parameters.as_of == PUBLISHED_DAY

    def figures(self, rows: Sequence[Mapping[str, Any]], totals: Row) -> dict[tuple[str, str], Any]:
        """Return each figure by the row and measure under which the evaluation published it."""
        key = self.columns[0].name
        found = {(str(row[key]), column.name): row[column.name] for row in rows for column in self.columns[1:]}
        return found | {("total", name): value for name, value in totals.items()}

    def comparison(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> list[Comparison]:
        """Return every published figure of the exhibit beside the one computed, with the explanation there is.

        Two queries. Nothing for other parameters than the published exhibit's.
        """
        if not self.is_as_published(parameters):
            return []
        return self.compared(self.figures(rows, self.totals(rows, reader, parameters)), published_in(self.slug))

    def compared(
        self, computed: Mapping[tuple[str, str], Any], document: tuple[list[PublishedFigure], list[Explanation]]
    ) -> list[Comparison]:
        """Return the published figures beside those computed, with the explanation there is; no query."""
        figures, explaining = document
        explanations = grouped(explaining, lambda row: (row.row, row.measure))
        found = []
        for figure in figures:
            published = _number_or_word(figure.value)
            found.append(
                Comparison(
                    row=figure.row,
                    row_label=self.row_label(figure.row),
                    measure=figure.measure,
                    measure_label=str(self.column(figure.measure).label),
                    published=published,
                    computed=_as_published(computed.get((figure.row, figure.measure)), published),
                    explanation=_explanation(explanations, figure.row, figure.measure),
                )
            )
        return found

    def row_label(self, row: str) -> str:
        """Return the words for a published row; its code where it has no others."""
        if row == "total":
            return gettext("Total")
        if row in Kind.values:
            return str(Kind(row).label)
        if row in Group.values:
            return str(Group(row).label)
        if row.startswith("region:"):
            return gettext("Region %(code)s") % {"code": row.removeprefix("region:")}
        return row


def published_in(exhibit: str) -> tuple[list[PublishedFigure], list[Explanation]]:
    """Return the published figures of the exhibit and what explains them; two queries."""
    return list(PublishedFigure.objects.filter(exhibit=exhibit)), list(Explanation.objects.filter(exhibit=exhibit))


def _number_or_word(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _as_published(value: Any, published: Decimal | str) -> Decimal | str | None:
    """Return the computed value with the published one's decimals, or as its words."""
    if value is None:
        return None
    if isinstance(published, str):
        return "yes" if value is True else "no" if value is False else str(value)
    return formats.rounded(value, -int(published.as_tuple().exponent))


def _explanation(explanations: Mapping[tuple[str, str], Sequence[Explanation]], row: str, measure: str) -> str:
    """Return the explanation of the figure itself, else of its row, else of its measure; empty if there is none."""
    for key in ((row, measure), (row, "*"), ("*", measure), ("*", "*")):
        if key in explanations:
            return " ".join(explanation.explanation for explanation in explanations[key])
    return ""


def subtotal(rows: Iterable[Mapping[str, Any]], name: str) -> Any:
    """Return the sum of a column; None if one of its figures is not shown."""
    values = [row[name] for row in rows]
    return None if None in values else sum(values)


def places_on(reader: Reader, day: date, region: str | None) -> list[Place]:
    """Return where the JFOs of the day are counted, as the evaluation lists them; one query."""
    return sorted(map(Place.of, jfos_of(reader, region).as_of(day).with_names()), key=by_kind_and_code)


def jfos_of(reader: Reader, region: str | None) -> JFOQuerySet:
    """Return the JFOs of the region, or all."""
    jfos = JFO.objects.visible_to(reader)
    return jfos if region is None else jfos.filter(region__code=region)
