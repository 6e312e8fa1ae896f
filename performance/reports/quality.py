"""The quality of the IMS data as a report: region by region, of the officers and files that the reader may see."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.reports import Parameters, Report, register
from jfo_portal.kit.tables import Column
from registry.models import Officer, Region

from ..measures.quality import Quality, caveats, late_caveats, qualities
from ..models import ImsFile
from .exhibits import Row, Table, figure_column


def _late_label() -> str:
    days = settings.IMS_LATE_DAYS
    return ngettext("Entered more than %(days)s day late", "Entered more than %(days)s days late", days) % {
        "days": days
    }


def own_regions_note(reader: Reader) -> list[str]:
    """Return the sentence that says whose figures a manager is shown; nothing for those who see everything."""
    if reader.sees_everything:
        return []
    return [
        gettext(
            "Figures of your regions: the officers whom they employ, or employed on the last day of a year that has "
            "ended, and their files."
        )
    ]


@register
class DataQuality(Report):
    """Who has no entry, which files carry no status, which came late; a manager's own regions alone."""

    slug = "data-quality"
    title = _("Data quality of IMS")
    description = _(
        "Officers in service without entries, files without a status and files entered late, region by region."
    )
    uses = ("fy", "region")
    columns = (
        Column("region", _("Region"), is_header=True),
        figure_column("jfo_officers", _("JFO officers"), "integer"),
        figure_column("jfo_without", _("JFO officers without an entry"), "integer"),
        figure_column("other_officers", _("Other officers"), "integer"),
        figure_column("other_without", _("Other officers without an entry"), "integer"),
        figure_column("share_without", _("Share of officers without an entry"), "percent"),
        figure_column("files", _("Files"), "integer"),
        figure_column("unspecified", _("Files without a status"), "integer"),
        figure_column("late", lazy(_late_label, str)(), "integer"),
        figure_column("unknown", _("Day of entry not known"), "integer"),
        figure_column("share_late", _("Share late, of those known"), "percent"),
    )

    def regions(self) -> list[str]:
        return list(Region.objects.order_by("code").values_list("code", flat=True))

    def rows(self, reader: Reader, parameters: Parameters) -> Table:
        officers = Officer.objects.employed_by(reader, parameters.fiscal_year.last_day)
        files = ImsFile.objects.of_officers(officers, reader)
        rows, total = qualities(files, officers, parameters.fiscal_year, parameters.region)
        return Table([_row(row) for row in rows], _row(total) if rows else {}, _notes(reader, total))

    def totals(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> Row:
        totals = dict(self._as_table(rows, reader, parameters).totals)
        # A share without officers or files to take it of is no total.
        return {name: value for name, value in totals.items() if name != "region" and value is not None}

    def notes(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> list[str]:
        return list(self._as_table(rows, reader, parameters).notes)

    def _as_table(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> Table:
        return rows if isinstance(rows, Table) else self.rows(reader, parameters)


def _row(quality: Quality) -> Row:
    late_files = quality.lateness
    return {
        "region": quality.region,
        "jfo_officers": quality.jfo,
        "jfo_without": quality.jfo_without,
        "other_officers": quality.others,
        "other_without": quality.others_without,
        "share_without": _share(quality.without, quality.officers),
        "files": quality.files,
        "unspecified": quality.unspecified,
        "late": late_files.late,
        "unknown": late_files.unknown,
        "share_late": _share(late_files.late, late_files.known),
    }


def _share(part: int, whole: int) -> Decimal | None:
    return round(Decimal(part) / whole, 4) if whole else None


def _notes(reader: Reader, total: Quality) -> list[str]:
    by_group = [
        {"group": "jfo", "officers": total.jfo - total.jfo_without, "without_files": total.jfo_without},
        {"group": "non_jfo", "officers": total.others - total.others_without, "without_files": total.others_without},
        {"group": "all", "files": total.files, "unspecified": total.unspecified},
    ]
    return [
        *own_regions_note(reader),
        *caveats(by_group),
        *late_caveats(total.lateness),
        gettext(
            "Officers with files count in the region of the files; those without, in the region that employs them."
        ),
    ]
