"""The import of IMS files: its columns, and that a file lies inside its officer's service."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cached_property

from django.db.models import Max, Min
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.imports.fields import ChoiceField, CodeField, DateField, ForeignKeyField
from jfo_portal.kit.imports.preview import Batch, PreviewRow, as_would_be
from jfo_portal.kit.imports.resources import Resource, chunks, lock_table, register
from jfo_portal.kit.periods import today
from registry.models import Officer, OfficerRegion, Role
from registry.models.people import region_then
from registry.resources import Held, touches, within_service

from ..models import ImsFile


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
    """IMS files; the region is the officer's, and the fiscal year that, of the day on which it was opened."""

    class Meta:
        model = ImsFile
        slug = "ims-files"
        title = pgettext_lazy("title", "IMS files")
        key = ("number",)
        roles = frozenset({Role.ADMINISTRATOR})
        is_large = True

    number = CodeField(
        label_en="File number",
        label_fr="Numéro de dossier",
        example="IMS-2010-00042",
        help_text=gettext_lazy("It tells which file the row is about, and never changes."),
    )
    officer = ForeignKeyField(
        label_en="Officer number",
        label_fr="Numéro de l’agent",
        names="officer",
        lookup="number",
        required=True,
        example="O-0042",
        help_text=gettext_lazy("The file counts for the region that employed the officer when it was opened."),
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

    def complete_all(self, batch: Batch, positions: Sequence[int]) -> None:
        years, regions = batch.derive("fiscal_year"), batch.derive("region_id")
        officers, days = batch.values["officer"], batch.values["opened_on"]
        year_of = {day: FiscalYear.of(day).start_year for day in batch.different("opened_on")}
        region = batch.stored_names["region_id"]
        for position in positions:
            officer, day, pk = officers[position], days[position], batch.ids[position]
            if officer is None or day is None:
                # A cell cannot be taken: the row is not written.
                continue
            years[position] = year_of[day]
            # The region that employed the officer on that day; a file keeps it unless it turns out to be another's.
            if pk is None or "officer" in batch.changed[position]:
                regions[position] = region_then(self._postings.get(officer.pk, ()), day) or officer.region_id
            else:
                regions[position] = batch.stored[pk][region]

    @cached_property
    def _postings(self) -> dict[int, list[tuple[date, int]]]:
        """Since when each officer was in which region; one query, asked once."""
        return OfficerRegion.objects.by_officer()

    def check_all(self, batch: Batch, positions: Sequence[int]) -> None:
        officers, days = batch.values["officer"], batch.values["opened_on"]
        entered = batch.values.get("entered_on") or [None] * batch.size
        now = today()
        for position in positions:
            officer, day, entry = officers[position], days[position], entered[position]
            is_inside = (
                officer is None or day is None or (officer.start <= day and (officer.end is None or day <= officer.end))
            )
            if not is_inside and touches(batch.row(position), "officer", "opened_on"):
                _refuse_opening(batch.row(position), officer, day)
            if entry is not None and entry > now and touches(batch.row(position), "entered_on"):
                batch.row(position).refuse(
                    _(
                        "%(day)s is still to come: a file cannot have been entered then. "
                        "Correct the day, or leave the cell empty."
                    )
                    % {"day": entry},
                    "entered_on",
                )

    def lock(self) -> None:
        super().lock()
        # The officers' dates and regions hold still too; assignments go on meanwhile.
        lock_table(Officer, "SHARE")
        lock_table(OfficerRegion, "SHARE")

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        """Save also what follows from the columns, many thousands at once."""
        attribution = self.attribution(reason)
        if changed:
            ImsFile.objects.update_rows(_WRITTEN, as_would_be(changed, ["id", *_WRITTEN]), **attribution)
        if new:
            names = ["number", *_WRITTEN]
            ImsFile.objects.insert_rows(names, as_would_be(new, names), **attribution)


def _refuse_opening(row: PreviewRow, officer: Officer, day: date) -> None:
    """Refuse a file that was opened outside its officer's service."""
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
    else:
        row.refuse(
            _(
                "Officer %(number)s ends on %(end)s: the file cannot be opened later. "
                "Correct the day, or the officer number."
            )
            % values,
            "opened_on",
        )


# What an import writes of a file that is there.
_WRITTEN = ["officer_id", "region_id", "kind", "status", "opened_on", "entered_on", "fiscal_year"]
