"""The import of IMS files: its columns, and that a file lies inside its officer's service."""

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Max, Min
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.imports.fields import ChoiceField, CodeField, DateField, ForeignKeyField
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, chunks, lock_table, register
from jfo_portal.kit.periods import today
from registry.models import Officer, Role
from registry.resources import Held, touches, within_service

from .models import ImsFile


@within_service
def _files_held(officer_ids: Collection[int]) -> Mapping[int, Sequence[Held]]:
    """Return the span of days on which each officer opened files."""
    spans = [
        span
        for ids in chunks(officer_ids)
        for span in ImsFile.objects.filter(officer__in=ids)
        .order_by()
        .values_list("officer_id")
        .annotate(Min("opened_on"), Max("opened_on"))
    ]
    return {
        officer_id: [
            Held(first, last, _("IMS files opened from %(first)s to %(last)s") % {"first": first, "last": last})
        ]
        for officer_id, first, last in spans
    }


@register
class ImsFileResource(Resource):
    """IMS files; the region is the officer's when the file comes in, the fiscal year that of the day it was opened."""

    class Meta:
        model = ImsFile
        slug = "ims-files"
        title = pgettext_lazy("title", "IMS files")
        key = ("number",)
        roles = frozenset({Role.ADMINISTRATOR})

    number = CodeField(
        label_en="File number",
        label_fr="Numéro de dossier",
        example="IMS-2010-00042",
        help_text=gettext_lazy("It tells which file the row is about, and never changes."),
    )
    officer = ForeignKeyField(
        label_en="Officer number",
        label_fr="Numéro de l’agent",
        lookup="number",
        required=True,
        example="O-0042",
        help_text=gettext_lazy("The file counts for the region that employs the officer."),
    )
    kind = ChoiceField(label_en="Kind", label_fr="Type", required=True, example="Case")
    status = ChoiceField(
        label_en="Status", label_fr="Statut", help_text=gettext_lazy("Empty where the system does not say.")
    )
    opened_on = DateField(
        label_en="Opened on",
        label_fr="Ouvert le",
        required=True,
        example="2010-10-01",
        help_text=gettext_lazy("A day of the officer's service; it tells the fiscal year."),
    )
    entered_on = DateField(
        label_en="Entered on",
        label_fr="Saisi le",
        example="2010-10-04",
        help_text=gettext_lazy("When the file was entered in the system; empty where it does not say."),
    )

    def complete(self, row: PreviewRow) -> None:
        file = row.instance
        file.fiscal_year = FiscalYear.of(file.opened_on).start_year
        # A file keeps its region when its officer moves; it follows only when it turns out to be another's.
        if row.before is None or row.before.officer_id != file.officer_id:
            file.region_id = file.officer.region_id

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        for row in rows:
            self._check_entry(row)
            if not touches(row, "officer", "opened_on"):
                continue
            officer, day = row.instance.officer, row.instance.opened_on
            values = {"number": officer.number, "start": officer.start, "end": officer.end}
            if day < officer.start:
                row.refuse(
                    _(
                        "Officer %(number)s starts on %(start)s: the file cannot be opened earlier. "
                        "Correct the day, or the officer number."
                    )
                    % values,
                    "opened_on",
                )
            if officer.end is not None and day > officer.end:
                row.refuse(
                    _(
                        "Officer %(number)s ends on %(end)s: the file cannot be opened later. "
                        "Correct the day, or the officer number."
                    )
                    % values,
                    "opened_on",
                )

    def _check_entry(self, row: PreviewRow) -> None:
        """Refuse a day of entry that is still to come; the model refuses one before the opening."""
        day = row.instance.entered_on
        if day is not None and day > today() and touches(row, "entered_on"):
            row.refuse(
                _(
                    "%(day)s is still to come: a file cannot have been entered then. "
                    "Correct the day, or leave the cell empty."
                )
                % {"day": day},
                "entered_on",
            )

    def lock(self) -> None:
        super().lock()
        # The officers' dates hold still too; assignments go on meanwhile.
        lock_table(Officer, "SHARE")

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        """Save also what follows from the columns."""
        attribution = self.attribution(reason)
        fields = ["officer", "region", "kind", "status", "opened_on", "entered_on", "fiscal_year"]
        ImsFile.objects.bulk_update([row.instance for row in changed], fields, **attribution)
        ImsFile.objects.bulk_create([row.instance for row in new], **attribution)
