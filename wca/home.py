"""What the arrangements put on the home page: the share of JFOs covered, those without, and what lapses soon."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.tables import Link
from registry.models import JFO, Role
from registry.needs import SHOWN, Figure, Need, NeedGroup, in_own_region

from .measures import coverage_count, coverage_on
from .models import Arrangement, Coverage

READERS = frozenset({Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER})


def figures(reader: Reader, day: date) -> Sequence[Figure]:
    """Return how many of the reader's JFOs an arrangement covers on the day."""
    rows = coverage_on(JFO.objects.visible_to(reader).of_own_regions(reader), day)
    count = coverage_count(rows)
    return [
        Figure(
            _("%(covered)s of %(jfos)s")
            % {"covered": formats.number(count.covered), "jfos": formats.number(count.jfos)},
            _("JFOs with an arrangement in force"),
            in_own_region(reverse("gap-report"), reader, (row.jfo.region.code for row in rows)),
        )
    ]


def needs(reader: Reader, day: date) -> Sequence[NeedGroup]:
    """Return the reader's JFOs without an arrangement, and the arrangements that end within 180 days."""
    if reader.role not in READERS:
        return []
    jfos = JFO.objects.visible_to(reader).of_own_regions(reader)
    rows = coverage_on(jfos, day)
    uncovered = [row.jfo for row in rows if not row.is_covered]
    named = Coverage.objects.visible_to(reader).as_of(day).filter(arrangement=OuterRef("pk"), jfo__in=jfos)
    lapsing = list(
        Arrangement.objects.visible_to(reader).lapsing_after(day).filter(Exists(named)).order_by("expiry", "reference")
    )
    regions = {row.jfo.region.code for row in rows}
    return [
        NeedGroup(
            title=_("JFOs that share information without an arrangement"),
            count=len(uncovered),
            href=in_own_region(reverse("gap-report"), reader, regions) + "#without",
            needs=[
                Need(
                    when=jfo.region.short,
                    what=_("%(code)s: %(name)s") % {"code": jfo.code, "name": jfo.name},
                    href=jfo.get_absolute_url(),
                )
                for jfo in uncovered[:SHOWN]
            ],
        ),
        NeedGroup(
            title=_("Arrangements that end within 180 days"),
            count=len(lapsing),
            href=in_own_region(f"{reverse('arrangements')}?status=lapsing", reader, regions),
            needs=[
                Need(
                    when=str(row.expiry),
                    what=_("%(reference)s: %(title)s") % {"reference": row.reference, "title": row.title},
                    href=row.get_absolute_url(),
                    acts=[Link(_("Open"), row.get_absolute_url(), row.reference)],
                )
                for row in lapsing[:SHOWN]
            ],
        ),
    ]
