"""Where the evaluation contradicts itself: what one part of it says, and what another."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.bilingual import in_language
from jfo_portal.kit.reports import Parameters, Report, register
from jfo_portal.kit.tables import Column
from performance.models import Discrepancy


@register
class Contradictions(Report):
    """Every place where the evaluation contradicts itself, each with both sources and what the portal does.

    The list is of the document, whatever the day, the fiscal year and the region.
    """

    slug = "contradictions"
    title = _("Where the evaluation contradicts itself")
    description = _(
        "Each place where one part of the evaluation says something else than another, with both sources, and what the "
        "portal does about it. A computed figure that differs for one of these reasons is right."
    )
    uses = ()
    columns = (
        Column("code", _("Number"), is_header=True),
        Column("subject", _("About")),
        Column("first_source", _("One place")),
        Column("first_says", _("It says")),
        Column("second_source", _("Another place")),
        Column("second_says", _("That says")),
        Column("followed", _("What the portal does")),
    )

    def rows(self, reader: Reader, parameters: Parameters) -> list[dict[str, Any]]:
        """Return a row for each contradiction, in the active language; one query."""
        names = [column.name for column in self.columns[1:]]
        return [
            {"code": found.code} | {name: in_language(found, name) for name in names}
            for found in Discrepancy.objects.visible_to(reader)
        ]

    def notes(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> list[str]:
        return [
            gettext(
                "Numbers are those of the explanations beside the exhibits' figures; letters tell apart the places "
                "under one number."
            )
        ]
