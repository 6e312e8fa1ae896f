"""Reports frozen as a reader was shown them, and run again later as the same reader."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _

from jfo_portal.kit import formats, frozen, reports
from jfo_portal.kit.access import Reader
from jfo_portal.kit.changesets import ChangeSet, act
from jfo_portal.kit.dataversion import data_version
from jfo_portal.kit.frozen import Reading
from jfo_portal.kit.reports import Parameters, Report
from jfo_portal.kit.tables import Column
from registry.models import Region, User

from .charts import Places
from .models import Snapshot
from .models.snapshots import scope_of

# How often a report is read anew where somebody writes meanwhile.
_TRIES = 3


def read(report: Report, reader: Reader, parameters: Parameters) -> Reading:
    """Return what the report gives the reader."""
    rows = report.rows(reader, parameters)
    return Reading(
        rows,
        report.totals(rows, reader, parameters),
        report.notes(rows, reader, parameters),
        report.comparison(rows, reader, parameters),
    )


def as_shown(
    report: Report,
    reader: Reader,
    parameters: Parameters,
    reading: Reading | None = None,
    places: Places | None = None,
) -> dict[str, Any]:
    """Return the report as its page shows it to the reader, in the active language, for good (kit.frozen).

    A page that has read the report gives what it read; otherwise it is read here, with one query for the regions.
    """
    reading = reading or read(report, reader, parameters)
    places = places or _places(reader, parameters)
    return frozen.content(
        report,
        parameters,
        reading,
        columns=[_as_on_page(column, places) for column in report.columns],
        totals=[
            (
                str(report.column(name).label),
                report.why_none(name, reading.totals, reader, parameters)
                if value is None
                else formats.text(value, report.column(name).kind),
            )
            for name, value in reading.totals.items()
        ],
    )


def _places(reader: Reader, parameters: Parameters) -> Places:
    return Places({region.code: region for region in Region.objects.visible_to(reader)}, parameters.fiscal_year)


def _as_on_page(column: Column, places: Places) -> Column:
    """Return the column as the page of a report prints it: a region in words."""
    if column.name != "region":
        return column
    return replace(column, text=lambda row: places.label(row["region"]))


def digest(shown: frozen.Content) -> str:
    """Return the SHA-256 of what a page shows, by which it is known whether that is what is frozen."""
    return frozen.digest(frozen.as_text(shown))


def version() -> str:
    """Return the data version of what reports rest on: on no snapshot, and on nothing that is somebody's own."""
    return data_version(without=[Snapshot])


def freeze(
    report: Report,
    parameters: Parameters,
    *,
    by: User,
    note: str = "",
    shown: str = "",
    within: ChangeSet | None = None,
) -> Snapshot:
    """Freeze the report as the user is shown it now, in the active language, and return the snapshot.

    `shown` is the SHA-256 of what the user looked at. ValidationError where the report says something else by now,
    where the user is not given it, or where others write so much that no reading lies between two writes.
    """
    if refusal := report.refusal(by, parameters):
        raise ValidationError(refusal)
    with act(by, within=within) as change:
        for _try in range(_TRIES):
            before = version()
            text = frozen.as_text(as_shown(report, by, parameters))
            if version() == before:
                break
        else:
            raise ValidationError(_("The records are being written just now. Try again in a minute."))
        sha256 = frozen.digest(text)
        if shown and shown != sha256:
            raise ValidationError(
                _("The report says something else than when you opened it. Look at it as it is now, then freeze it.")
            )
        return change.save_row(
            Snapshot(
                report=report.slug,
                title=str(report.title),
                language=translation.get_language() or "",
                parameters=parameters.as_dict(),
                content=text,
                sha256=sha256,
                data_version=before,
                seen=scope_of(by),
                note=note,
                taken_by=by,
            )
        )


def is_whole(snapshot: Snapshot) -> bool:
    """Say whether the content is what it was when it was frozen, by its SHA-256."""
    return frozen.digest(snapshot.content) == snapshot.sha256


@dataclass(frozen=True)
class Again:
    """What came of running the report of a snapshot again: what differs, or why it cannot be run.

    `is_same_version` says whether no record was written in between; `has_other_rights` that who took it sees other
    regions by now, so that some of what differs may be for that.
    """

    differences: Sequence[frozen.Difference] = ()
    obstacle: str = ""
    is_same_version: bool = False
    has_other_rights: bool = False


def again(snapshot: Snapshot, then: frozen.Content) -> Again:
    """Run the report again as who took the snapshot, with its parameters and in its language, and compare."""
    reader = snapshot.taken_by
    try:
        report = reports.get(snapshot.report)
    except KeyError:
        return Again(obstacle=_("There is no report “%(slug)s” any more.") % {"slug": snapshot.report})
    if not report.readable_by(reader):
        return Again(obstacle=_("Who took the snapshot may not read the report any more."))
    asked = {name: str(value) for name, value in snapshot.parameters.items() if value is not None}
    try:
        parameters = report.parameters(asked)
    except ValueError as error:
        return Again(obstacle=_("The parameters are not read any more: %(why)s") % {"why": error})
    read_now = {name: str(value) for name, value in parameters.as_dict().items() if value is not None}
    if unread := sorted(name for name, value in asked.items() if read_now.get(name) != value):
        return Again(
            obstacle=_("The report does not read these parameters any more: %(names)s.") % {"names": ", ".join(unread)}
        )
    if refusal := report.refusal(reader, parameters):
        return Again(obstacle=refusal)
    with translation.override(snapshot.language):
        now = as_shown(report, reader, parameters)
    return Again(
        frozen.differences(then, now),
        is_same_version=version() == snapshot.data_version,
        has_other_rights=scope_of(reader) != snapshot.seen,
    )
