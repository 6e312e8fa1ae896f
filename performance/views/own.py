"""Pages of figures on the officers and files of the reader's own regions, or of all for who sees everything."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from jfo_portal.kit import reports
from jfo_portal.kit.reports import Parameters, Report, require_region
from registry.models import Officer, Region
from registry.models.people import posting_on

from .figures import FiguresPage


class OwnFiguresPage(FiguresPage):
    """The figures of a report that is scoped to the reader, as a page of performance.

    Another region's figures are refused to a manager in words: Exhibits 7 and 8 hold what may be shown of them.
    """

    section = "performance"
    slug: ClassVar[str]

    @property
    def report(self) -> Report:
        return reports.get(self.slug)

    @cached_property
    def regions(self) -> dict[str, Region]:
        """The regions whose figures the reader may see, by code; one query."""
        if self.reader.sees_everything:
            return super().regions
        return {region.code: region for region in self.user.own_regions}

    def read_parameters(self, data: Mapping[str, str]) -> Parameters:
        parameters = Parameters.from_query(data)
        if parameters.region is None or parameters.region in self.regions:
            return parameters
        if self.reader.sees_everything:
            require_region(parameters, self.regions)
        raise ValueError(
            _(
                "These figures on officers are shown to those who answer for their region, and %(region)s is none of "
                "yours. Exhibits 7 and 8 hold the means of every region that may be shown."
            )
            % {"region": parameters.region}
        )

    @cached_property
    def is_listed(self) -> bool:
        """Whether lists hold the rows of the figures: no officer came to the reader's regions, or left them, since the
        year's last day; one query."""
        if self.reader.sees_everything:
            return True
        then, now = Q(posting__region__in=self.reader.scope_ids), Q(region__in=self.reader.scope_ids)
        officers = Officer.objects.during(self.year.first_day, self.year.last_day)
        moved = officers.annotate(posting=posting_on(self.year.last_day)).filter((then & ~now) | (now & ~then))
        return not moved.exists()

    @property
    def place(self) -> str:
        """What the figures are of, in words."""
        if self.parameters.region is None and not self.reader.sees_everything:
            return _("Your regions")
        return self.places.label(self.parameters.region)

    def address(self, name: str, **parameters: str | None) -> str:
        """Return the address of a list of the year's rows, of the region shown unless another is given."""
        asked = {"fy": str(self.year), "region": self.parameters.region} | parameters
        return f"{reverse(name)}?{urlencode({key: value for key, value in asked.items() if value})}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {"uses": self.report.uses, "regions": self.region_choices()}
        region = {"region": self.parameters.region} if self.parameters.region else {}
        return context | {
            "place": self.place,
            "report": self.report,
            "report_href": f"{reverse('report', args=[self.slug])}?{urlencode({'fy': str(self.year)} | region)}",
        }
