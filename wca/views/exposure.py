"""Exposure: days on which officers served without an arrangement in force, or without a clause, and the forecast."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import exports, formats
from jfo_portal.kit.charts import SVG, Bar, Bars
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import ONE_DAY, year_after
from jfo_portal.kit.views import PAGE_SIZES, Chip, Crumb, FilePage, chips_of, marks, require_readable
from registry.models import JFO
from registry.tables import keeping_day, sees_officers_of
from wca.exposure_filters import ExposureFilters
from wca.exposure_tables import (
    ExposureRow,
    Spell,
    exposed_columns,
    forecast_columns,
    group_columns,
    jfo_columns,
    spell_columns,
    unknown_columns,
    without_column,
)
from wca.measures import exposure
from wca.measures.exposure import Amount, ClauseLack, Days, JFOExposure, Stretch, Wanted, is_uncovered
from wca.models import Arrangement
from wca.tables import Table, clause_heading
from wca.views.paging import page_size

# A period of at most so many months is drawn month by month, a longer one by fiscal years.
_MONTHS_DRAWN = 24


class Exposure(FilePage):
    """By JFO, region, partner and clause, the worst first; over time; and the next 12 months.

    A manager is told of officers, days with officers and FTE-days in own regions alone.
    """

    template_name = "wca/exposure.html"
    title = gettext_lazy("Exposure")
    section = "gaps"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        file_format = request.GET.get("format", "")
        if not file_format:
            return super().get(request, *args, **kwargs)
        require_readable(self.filterset)
        name = request.GET.get("table", "")
        if file_format == "svg" and name == "periods":
            headers = exports.download_headers(f"exposure-{self.day}.svg", SVG)
            return HttpResponse(self.chart().svg_file(), headers=headers)
        if file_format not in exports.FORMATS or name not in self.tables:
            raise Http404
        table = self.tables[name]()
        return self.file(file_format, f"exposure-{name}-{self.day}", table.columns, table.rows, notes=self.notes())

    def notes(self) -> list[tuple[str, str]]:
        """Return what a workbook says of itself: its marks, the report, its days, the filters."""
        period = _("%(first)s to %(last)s") % {"first": self.days.first, "last": self.days.last}
        return [
            *marks(),
            (_("Report"), str(self.title)),
            (_("As of"), str(self.day)),
            (_("Period"), period),
            *((_("Filter"), chip.label) for chip in self.chips()),
        ]

    # What is asked for

    @cached_property
    def filterset(self) -> ExposureFilters:
        return ExposureFilters(self.request.GET, queryset=JFO.objects.visible_to(self.reader), request=self.request)

    @cached_property
    def asked(self) -> dict[str, Any]:
        self.filterset.form.is_valid()
        return self.filterset.form.cleaned_data

    @cached_property
    def days(self) -> Days:
        """The period asked for, through the day shown; by default its fiscal year."""
        last = min(self.asked.get("last") or self.day, self.day)
        first = self.asked.get("first") or FiscalYear.of(last).first_day
        return Days(min(first, last), last)

    @property
    def is_cut(self) -> bool:
        """Whether the period asked for goes on after the day shown, where nothing has happened yet."""
        asked = [self.asked.get("first"), self.asked.get("last")]
        return any(one is not None and one > self.day for one in asked)

    @property
    def days_ahead(self) -> Days:
        """The 12 months after the day shown."""
        return Days(self.day + ONE_DAY, year_after(self.day))

    @cached_property
    def letter(self) -> str:
        """The clause that is lacking; empty for the arrangement itself."""
        return self.asked.get("lack") or ""

    def chips(self) -> list[Chip]:
        return chips_of(self.filterset.form, self.request.GET)

    def address(self, to: str = "", /, **changes: str | None) -> str:
        """Return the page's address with the changes made to its query, at the section `to`."""
        data = self.request.GET.copy()
        for name, value in ({"page": None, "format": None, "table": None} | changes).items():
            data.pop(name, None)
            if value:
                data[name] = value
        return f"?{data.urlencode()}" + (f"#{to}" if to else "")

    # What is found

    @cached_property
    def found(self) -> list[JFOExposure]:
        return exposure.exposure(self.filterset.qs, self.days)

    @cached_property
    def told(self) -> list[JFOExposure]:
        """Those whose officers the reader is told of."""
        return [row for row in self.found if sees_officers_of(row.jfo, self.reader)]

    @cached_property
    def lacks(self) -> dict[str, ClauseLack]:
        return exposure.clause_lacks(self.found, self.filterset.clauses, self.day)

    @property
    def is_lacking(self) -> Wanted:
        return self.lacks[self.letter].is_lacking if self.letter else is_uncovered

    def _unknown(self, amount: Callable[[Wanted], Amount]) -> Amount | None:
        return amount(self.lacks[self.letter].is_unknown) if self.letter else None

    # Its tables, by the name that a file is asked for

    @property
    def tables(self) -> dict[str, Callable[[], Table]]:
        return {
            "jfos": self.jfo_table,
            "regions": self.region_table,
            "partners": self.partner_table,
            "periods": self.period_table,
            "clauses": self.clause_table,
            "forecast": self.forecast_table,
            "spells": self.spell_table,
        }

    def _columns(self) -> list[Any]:
        return [*exposed_columns(), *unknown_columns()] if self.letter else [without_column(), *exposed_columns()]

    @cached_property
    def jfo_rows(self) -> list[ExposureRow]:
        """The JFOs with a day to tell of, the worst first."""
        rows = [self._jfo_row(row) for row in (self.told if self.letter else self.found)]
        return sorted((row for row in rows if not row.is_empty), key=lambda row: row.rank)

    def _jfo_row(self, row: JFOExposure) -> ExposureRow:
        is_told = sees_officers_of(row.jfo, self.reader)
        return ExposureRow(
            row.jfo.code,
            row.amount(self.is_lacking) if is_told else None,
            self._unknown(row.amount) if is_told else None,
            0 if self.letter else row.without_arrangement(),
            jfo=row.jfo,
            detail_href=self.address("spells", jfo=row.jfo.code),
        )

    def jfo_table(self) -> Table:
        return Table(jfo_columns(self.day, self._columns()), self.jfo_rows)

    def region_table(self) -> Table:
        """Return the regions, the worst first; with days of lacking coverage alone where the reader is told no more."""
        rows = []
        for region, of_region in grouped(self.told if self.letter else self.found, lambda row: row.jfo.region).items():
            is_told = sees_officers_of(of_region[0].jfo, self.reader)
            href = self.address(region=region.code)
            rows.append(
                ExposureRow(
                    region.name,
                    exposure.total(of_region, self.is_lacking) if is_told else None,
                    self._unknown(lambda wanted, rows=of_region: exposure.total(rows, wanted)) if is_told else None,  # type: ignore[misc]
                    0 if self.letter else sum(row.without_arrangement() for row in of_region),
                    href=href,
                    detail_href=href,
                )
            )
        return Table(
            group_columns("region", gettext_lazy("Region"), self._columns()), sorted(rows, key=lambda row: row.rank)
        )

    def partner_table(self) -> Table:
        """Return the partners on the days on which they took part, of the JFOs whose officers the reader is told of."""
        rows = []
        jfos = self.filterset.qs
        for one in exposure.partnerships(jfos, self.days):
            href = self.address(partner=one.agency.key)
            rows.append(
                ExposureRow(
                    one.agency.short,
                    one.amount(self.told, self.is_lacking),
                    self._unknown(lambda wanted, one=one: one.amount(self.told, wanted)),  # type: ignore[misc]
                    href=href,
                    detail_href=href,
                )
            )
        columns = [*exposed_columns(), *(unknown_columns() if self.letter else [])]
        rows = [row for row in rows if not row.is_empty]
        return Table(group_columns("partner", gettext_lazy("Partner"), columns), sorted(rows, key=lambda row: row.rank))

    @property
    def is_by_month(self) -> bool:
        return len(exposure.months_of(self.days)) <= _MONTHS_DRAWN

    def period_table(self) -> Table:
        """Return the months or fiscal years of the period, of the JFOs whose officers the reader is told of."""
        rows = []
        parts = exposure.months_of(self.days) if self.is_by_month else exposure.years_of(self.days)
        for part in parts:
            label = f"{part.first:%Y-%m}" if self.is_by_month else str(FiscalYear.of(part.first))
            href = self.address(first=str(part.first), last=str(part.last))
            amount = exposure.total(self.told, self.is_lacking, [part])
            unknown = self._unknown(lambda wanted, part=part: exposure.total(self.told, wanted, [part]))  # type: ignore[misc]
            rows.append(ExposureRow(label, amount, unknown, href=href))
        heading = gettext_lazy("Month") if self.is_by_month else gettext_lazy("Fiscal year")
        columns = [*exposed_columns(), *(unknown_columns() if self.letter else [])]
        return Table(group_columns("period", heading, columns), rows)

    def clause_table(self) -> Table:
        """Return the clauses, the worst first, of the JFOs whose officers the reader is told of."""
        rows = []
        for clause in self.filterset.clauses:
            lack, href = self.lacks[clause.letter], self.address(lack=clause.letter)
            rows.append(
                ExposureRow(
                    clause_heading(clause),
                    exposure.total(self.told, lack.is_lacking),
                    exposure.total(self.told, lack.is_unknown),
                    href=href,
                    detail_href=href,
                )
            )
        return Table(
            group_columns("clause", gettext_lazy("Clause"), [*exposed_columns(), *unknown_columns()]),
            sorted(rows, key=lambda row: row.rank),
        )

    @cached_property
    def forecast_rows(self) -> list[ExposureRow]:
        """The JFOs that will be without an arrangement on some of the next 12 months' days, the worst first."""
        rows = [
            ExposureRow(
                row.jfo.code,
                row.amount() if sees_officers_of(row.jfo, self.reader) else None,
                without=row.without_arrangement(),
                jfo=row.jfo,
                begins=row.uncovered_from(),
            )
            for row in exposure.forecast(self.filterset.qs, self.day, self.days_ahead)
        ]
        return sorted((row for row in rows if row.without), key=lambda row: row.rank)

    def forecast_table(self) -> Table:
        return Table(forecast_columns(self.day), self.forecast_rows)

    def spell_table(self) -> Table:
        """Return the days of the one JFO asked for, stretch by stretch; 404 where the reader is not told of them."""
        if not self.asked.get("jfo") or len(self.told) != 1:
            raise Http404
        row = self.told[0]
        keys = {one for stretch in row.stretches for one in stretch.arrangements}
        named = Arrangement.objects.visible_to(self.reader).filter(pk__in=keys)
        references = dict(named.values_list("pk", "reference"))
        return Table(spell_columns(), [self._spell(stretch, references) for stretch in row.stretches])

    def _spell(self, stretch: Stretch, references: dict[int, str]) -> Spell:
        names = ", ".join(sorted(references[one] for one in stretch.arrangements))
        one = JFOExposure(JFO(), [stretch])
        return Spell(
            stretch.days, stretch.officers, stretch.fte, names or _("No arrangement"), one.amount(self.is_lacking)
        )

    # The page

    def chart(self) -> Bars:
        """Return the FTE-days month by month, or by fiscal year."""
        table = self.period_table()
        rows: Sequence[ExposureRow] = table.rows
        amounts = [row.exposed or Amount() for row in rows]
        description = _("FTE-days by month; the table has the days.")
        if not self.is_by_month:
            description = _("FTE-days by fiscal year; the table has the days.")
        if not self.reader.sees_everything:
            description = _("JFOs of your regions. %(what)s") % {"what": description}
        return Bars(
            id="exposure-chart",
            title=self._finding(rows),
            description=description,
            headers=[column.label for column in table.columns],
            rows=table.cells(),
            bars=[
                Bar(row.label, amount.fte_days, formats.text(amount.fte_days, "fte"), href=row.href)
                for row, amount in zip(rows, amounts, strict=True)
            ],
            svg_href=self.address(format="svg", table="periods"),
        )

    def _finding(self, rows: Sequence[ExposureRow]) -> str:
        worst = max(rows, key=lambda row: (row.exposed or Amount()).fte_days)
        if not worst.exposed or not worst.exposed.days:
            return _("No exposure in this period")
        return _("Most FTE-days: %(period)s (%(fte_days)s)") % {
            "period": worst.label,
            "fte_days": formats.text(worst.exposed.fte_days, "fte"),
        }

    def headline(self) -> list[str]:
        """Return the findings as sentences."""
        amount = exposure.total(self.told, self.is_lacking)
        exposed = [row for row in self.told if row.amount(self.is_lacking).days]
        said = {
            "count": len(exposed),
            "days": formats.number(amount.days),
            "fte_days": formats.text(amount.fte_days, "fte"),
            "letter": self.letter,
        }
        if self.letter:
            sentence = ngettext(
                "Officers served on %(count)s JFO while no arrangement that covered it held clause %(letter)s: "
                "%(days)s days, %(fte_days)s FTE-days.",
                "Officers served on %(count)s JFOs while no arrangement that covered them held clause %(letter)s: "
                "%(days)s days, %(fte_days)s FTE-days.",
                len(exposed),
            )
        else:
            sentence = ngettext(
                "Officers served on %(count)s JFO while no arrangement in force covered it: "
                "%(days)s days, %(fte_days)s FTE-days.",
                "Officers served on %(count)s JFOs while no arrangement in force covered them: "
                "%(days)s days, %(fte_days)s FTE-days.",
                len(exposed),
            )
        return [sentence % said, *self._coming()]

    def _coming(self) -> list[str]:
        coming = [row for row in self.forecast_rows if row.begins and row.begins > self.days_ahead.first]
        if not coming:
            return []
        first = min(row.begins for row in coming if row.begins)
        return [
            ngettext(
                "In the next 12 months %(count)s more JFO loses its arrangement, on %(day)s.",
                "In the next 12 months %(count)s more JFOs lose their arrangement, the first on %(day)s.",
                len(coming),
            )
            % {"count": len(coming), "day": formats.long_day(first)}
        ]

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Gap report"), keeping_day(reverse("gap-report"), self.day))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {
            "filters": self.filterset.form,
            "has_as_of": True,
            "chips": self.chips(),
            "formats": exports.FORMATS,
            "page_sizes": PAGE_SIZES,
            "page_size": page_size(self.request.GET),
            "days": self.days,
            "days_ahead": self.days_ahead,
            "is_cut": self.is_cut,
            "is_narrow_reader": not self.reader.sees_everything,
            "letter": self.letter,
            "is_empty": not self.found,
            "everything": keeping_day(self.request.path, self.day),
        }
        if not self.found:
            return context
        table = self.jfo_table()
        page = Paginator(table.rows, page_size(self.request.GET)).get_page(self.request.GET.get("page"))
        forecast = self.forecast_table()
        coming = Paginator(forecast.rows, page_size(self.request.GET)).get_page(self.request.GET.get("coming"))
        has_spells = bool(self.asked.get("jfo")) and len(self.told) == 1
        return context | {
            "headline": self.headline(),
            "spells": self.spell_table() if has_spells else None,
            "page": page,
            "jfos": Table(table.columns, list(page)),
            "jfo_count": page.paginator.count,
            "regions": self.region_table(),
            "partners": self.partner_table(),
            "clauses": self.clause_table(),
            "chart": self.chart(),
            "coming": coming,
            "forecast": Table(forecast.columns, list(coming)),
            "gap_report": f"{reverse('gap-report')}?{urlencode(self._gap_query())}",
        }

    def _gap_query(self) -> dict[str, str]:
        asked = {"region": self.asked.get("region"), "as_of": str(self.day) if self.is_read_only else ""}
        return {name: value for name, value in asked.items() if value}
