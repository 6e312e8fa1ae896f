"""The capacity of the regions on a day: the pool, what JFOs hold of it, what is free, and the seats agreed."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, rows_of
from registry.figure_tables import capacity_columns
from registry.measures.capacity import Capacity, capacity_on, regions_on
from registry.measures.privacy import too_few_note
from registry.models import Region
from registry.tables import keeping_day


class CapacityList(ListPage):
    """A row for each region of the day and their sum. A manager sees own regions in full, and of the others the sums
    that do not tell about a few people."""

    template_name = "registry/capacity.html"
    title = gettext_lazy("Capacity")
    section = "officers"
    ordering = ("code",)
    file_name = "capacity"
    has_as_of = True
    total: Capacity | None = None

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Officers"), keeping_day(reverse("officers"), self.day))]

    def get_queryset(self) -> Any:
        return Region.objects.visible_to(self.reader).filter(regions_on(self.day))

    def get_columns(self) -> Sequence[Column]:
        return capacity_columns(self.reader, self.day)

    def completed(self, rows: list[Any]) -> list[Any]:
        *regions, self.total = capacity_on(rows, self.reader, self.day)
        return regions

    def notes(self) -> list[tuple[str, str]]:
        return [*super().notes(), *((_("Note"), note) for note in self.said())]

    def said(self) -> list[str]:
        """Return how the figures were made, in sentences."""
        return [
            _("In service: the officers of the region on this day. Free FTE: 1.00 for each, less the FTE on JFOs."),
            _(
                "Seats are the FTE agreed for the region’s JFOs, whichever region employs their officers; unfilled is "
                "what each JFO lacks of it."
            ),
            *([] if self.reader.sees_everything else [_("* %(note)s") % {"note": too_few_note(self.day)}]),
        ]

    def caption(self, count: int) -> str:
        regions = ngettext("%(count)s region", "%(count)s regions", count) % {"count": formats.number(count)}
        return _("%(regions)s, %(day)s") % {"regions": regions, "day": formats.long_day(self.day)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        # One page holds every region, so the sum of the rows is that of the page.
        totals = rows_of(self.shown_columns, [self.total])[0] if self.total and context["objects"] else None
        return context | {"totals": totals, "page_sizes": (), "said": self.said()}
