"""What performance puts on the home page: the activity on record for NHQ; for managers the officers on a JFO of whom
IMS has had no entry."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.tables import Link
from registry.models import MANAGERS, Assignment, Officer
from registry.needs import Figure, Found, Line, Need, Rows

from .freshness import ims_span
from .models import ImsFile

# An officer on a JFO throughout so many days, without an entry in any of them, is worth a question.
SILENT_DAYS = 60

OFFICERS = Rows("officers", lambda reader: Officer.objects.visible_to(reader).with_names())


def figures(reader: Reader, day: date) -> Sequence[Figure]:
    """Return the files of the day's fiscal year for those who see them all; one query."""
    if not reader.sees_everything:
        return []
    year = FiscalYear.of(day)
    files = ImsFile.objects.visible_to(reader).of_year(year).count()
    label = _("IMS files opened in %(year)s") % {"year": year}
    return [Figure(formats.number(files), label, reverse("performance"))]


def counted_to(day: date) -> date | None:
    """Return the last day up to which IMS files can be counted: the newest file's, where the data stop before the
    day; None without files."""
    span = ims_span()
    return None if span is None else min(day, span[1])


def silent(reader: Reader, day: date) -> QuerySet:
    """Return the officers who on the day are on a JFO, were at the beginning and the end of the last 60 days on record,
    and opened no IMS file in them."""
    officers = Officer.objects.visible_to(reader).as_of(day)
    last = counted_to(day)
    if last is None:
        return officers.none()
    first = last - timedelta(days=SILENT_DAYS - 1)
    serving = Assignment.objects.filter(officer=OuterRef("pk"))
    opened = ImsFile.objects.filter(officer=OuterRef("pk"), opened_on__range=(first, last))
    return officers.filter(~Exists(opened), *(Exists(serving.as_of(on)) for on in {first, last, day}))


def _silent(found: Found, _reader: Reader, _day: date) -> Line:
    row = found.row
    return Line(
        when=_("%(days)s days") % {"days": SILENT_DAYS},
        what=_("%(name)s, %(function)s, %(number)s")
        % {"name": row.name, "function": row.function_short, "number": row.number},
        href=row.get_absolute_url(),
        acts=[Link(_("Open"), row.get_absolute_url(), row.number)],
    )


def _counted(day: date) -> str:
    """Return to which day the files are counted, where that is not the day itself."""
    last = counted_to(day)
    return "" if last in (None, day) else _("Counted to %(day)s, the day of the newest IMS file.") % {"day": last}


NEEDS = [
    Need(
        "no-ims",
        gettext_lazy("Officers on a JFO without IMS entries for 60 days"),
        OFFICERS,
        silent,
        _silent,
        order=("number",),
        readers=MANAGERS,
        note=_counted,
    ),
]
