"""What the pages of figures share: parameters in the address, a refusal in words, each chart as a file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import cached_property

from jfo_portal.kit import exports, reports
from jfo_portal.kit.access import Reader
from jfo_portal.kit.charts import SVG, Chart
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.periods import today
from jfo_portal.kit.reports import Parameters, Report
from jfo_portal.kit.views import FilePage
from performance.charts import Figure, Places
from performance.freshness import ims_span
from performance.navigation import pages
from registry.models import Region


def report_named(slug: str, reader: Reader) -> Report:
    """Return the report; 404 for an unknown one, 403 for one the reader may not read."""
    try:
        report = reports.get(slug)
    except KeyError:
        raise Http404 from None
    if not report.readable_by(reader):
        raise PermissionDenied
    return report


@dataclass(frozen=True)
class Choice:
    """One entry of a select."""

    value: str
    label: str
    is_chosen: bool


class FiguresPage(FilePage):
    """A page of figures about the day, the fiscal year and the region in its address.

    A value that cannot be read is answered 400, on the same page, with a sentence that says what
    would do. `?chart=NAME&format=csv` and `svg` are the files of a chart.
    """

    error = ""
    parameters: Parameters
    # How many past fiscal years can always be chosen.
    past_years: ClassVar[int] = 5

    def read_parameters(self, data: Mapping[str, str]) -> Parameters:
        """Return the parameters asked for; ValueError, in the reader's language, for a wrong one."""
        return Parameters.from_query(data)

    def figures(self) -> dict[str, Figure]:
        """Return the page's charts by the name they have in addresses."""
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.parameters = self.read_parameters(request.GET)
        except ValueError as error:
            return self.refuse(str(error))
        if "chart" in request.GET:
            return self.chart_file(request.GET["chart"], request.GET.get("format", ""))
        return self.answer()

    def answer(self) -> HttpResponseBase:
        """Return what was asked for with parameters that could be read."""
        return self.render_to_response(self.get_context_data(**self.kwargs))

    def refuse(self, sentence: str) -> HttpResponseBase:
        """Return the page with the sentence in place of figures."""
        self.error = sentence
        self.parameters = self.read_parameters({})
        return self.render_to_response(self.get_context_data(**self.kwargs), status=400)

    @cached_property
    def day(self) -> date:
        """The day asked for; a fiscal year alone asks for no day."""
        return self.parameters.as_of if self.request.GET.get("as_of", "").strip() else today()

    @property
    def year(self) -> FiscalYear:
        return self.parameters.fiscal_year

    @cached_property
    def regions(self) -> dict[str, Region]:
        """Every region by its code; one query."""
        return {region.code: region for region in Region.objects.visible_to(self.reader)}

    @cached_property
    def places(self) -> Places:
        return Places(self.regions, self.year)

    def chart_file(self, name: str, file_format: str) -> HttpResponseBase:
        """Return a chart's data or drawing as a file; 404 for a name or format there is not."""
        figure = self.figures().get(name)
        if figure is None or file_format not in {"csv", "svg"}:
            raise Http404
        if file_format == "csv":
            return self.file("csv", self.file_name(name), figure.columns, figure.rows)
        headers = exports.download_headers(f"{self.file_name(name)}.svg", SVG)
        return HttpResponse(figure.chart.svg_file(), headers=headers)

    def file_name(self, name: str) -> str:
        """Return what a file of the page is called, without its suffix."""
        parts = [name, str(self.year), *([self.parameters.region] if self.parameters.region else [])]
        return "-".join(parts).lower()

    def charts(self) -> dict[str, Chart]:
        """Return the charts with the addresses of their files."""
        return {
            name: replace(figure.chart, csv_href=self.file_href(name, "csv"), svg_href=self.file_href(name, "svg"))
            for name, figure in self.figures().items()
        }

    def file_href(self, chart: str, file_format: str) -> str:
        data = self.request.GET.copy()
        data["chart"], data["format"] = chart, file_format
        return f"?{data.urlencode()}"

    @property
    def url_name(self) -> str:
        """The name of the address that is shown."""
        match = self.request.resolver_match
        return match.url_name or "" if match else ""

    def year_choices(self) -> list[Choice]:
        """Return the fiscal years to choose from, the latest first: the last ones, any with files, the one shown."""
        now = FiscalYear.of(today()).start_year
        span = ims_span()
        first = min([now - self.past_years, *([FiscalYear.of(span[0]).start_year] if span else [])])
        years = {*map(FiscalYear, range(first, now + 1)), self.year}
        return [Choice(str(year), str(year), year == self.year) for year in sorted(years, reverse=True)]

    def region_choices(self) -> list[Choice]:
        """Return the regions to choose from."""
        return [Choice(code, self.places.label(code), code == self.parameters.region) for code in self.regions]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "error": self.error,
            "year": self.year,
            "years": self.year_choices(),
            "pages": pages(self.url_name, self.year) if self.section == "performance" else [],
        }
