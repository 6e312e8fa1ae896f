"""What the arrangements put on the home page: the share of JFOs covered, those without, and what lapses soon."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.tables import Link
from registry.home import JFOS, about_jfo, own_jfos
from registry.models import MANAGERS, STEERING, Role
from registry.needs import Coming, Figure, Found, Line, Need, Rows, in_own_region

from .measures.coverage import covered_on, with_expiry
from .models import Arrangement, Coverage

# How near the expiry of a JFO's arrangement asks its manager for the next one.
SOON = timedelta(days=90)

ARRANGEMENTS = Rows("arrangements", Arrangement.objects.visible_to)


def figures(reader: Reader, day: date) -> Sequence[Figure]:
    """Return how many of the reader's JFOs an arrangement covers on the day; one query."""
    found = own_jfos(reader, day).aggregate(
        jfos=Count("pk"),
        covered=Count("pk", filter=Q(pk__in=covered_on(day))),
        first=Min("region__code"),
        last=Max("region__code"),
    )
    return [
        Figure(
            _("%(covered)s of %(jfos)s")
            % {"covered": formats.number(found["covered"]), "jfos": formats.number(found["jfos"])},
            _("JFOs with an arrangement in force"),
            in_own_region(reverse("gap-report"), reader, (found["first"], found["last"])),
        )
    ]


def _gaps(found: Found) -> Link:
    address = f"{reverse('gap-report')}?region={found.row.region.code}#without"
    return Link(_("Open the gap report"), address, found.row.code)


def uncovered(reader: Reader, day: date) -> QuerySet:
    """Return the reader's JFOs that no arrangement in force covers on the day."""
    return own_jfos(reader, day).exclude(pk__in=covered_on(day))


def lapsing(reader: Reader, day: date) -> QuerySet:
    """Return the reader's JFOs with an arrangement in force whose expiry comes within 90 days; each has `expiry`."""
    return with_expiry(own_jfos(reader, day), day).filter(expiry__lte=day + SOON)


def ending(reader: Reader, day: date) -> QuerySet:
    """Return the arrangements that name a JFO of the reader's and lapse within 180 days."""
    named = Coverage.objects.visible_to(reader).as_of(day)
    named = named.filter(arrangement=OuterRef("pk"), jfo__in=own_jfos(reader, day))
    return Arrangement.objects.visible_to(reader).lapsing_after(day).filter(Exists(named))


def _uncovered(found: Found, _reader: Reader, _day: date) -> Line:
    return about_jfo(found, found.row.region.short, _gaps(found))


def _lapses(found: Found, _reader: Reader, _day: date) -> Line:
    return about_jfo(found, _("on %(day)s") % {"day": found.pressing}, _gaps(found))


def _ends(found: Found, _reader: Reader, _day: date) -> Line:
    row = found.row
    return Line(
        when=_("on %(day)s") % {"day": row.expiry},
        what=_("%(reference)s: %(title)s") % {"reference": row.reference, "title": row.title},
        href=row.get_absolute_url(),
        acts=[Link(_("Open"), row.get_absolute_url(), row.reference)],
    )


NEEDS = [
    Need(
        "uncovered",
        gettext_lazy("JFOs that share information without an arrangement"),
        JFOS,
        uncovered,
        _uncovered,
        order=("code",),
        readers=STEERING,
    ),
    Need(
        "lapsing",
        gettext_lazy("JFOs whose arrangement expires within 90 days"),
        JFOS,
        lapsing,
        _lapses,
        order=("expiry", "code"),
        pressing="expiry",
        readers=MANAGERS,
    ),
    Need(
        "arrangements-ending",
        gettext_lazy("Arrangements that end within 180 days"),
        ARRANGEMENTS,
        ending,
        _ends,
        order=("expiry", "reference"),
        readers=frozenset({Role.NHQ_REVIEWER}),
    ),
]


def coming(reader: Reader, day: date) -> Sequence[Coming]:
    """Return the next expiry among the arrangements that name the reader's JFOs; one query."""
    named = Coverage.objects.visible_to(reader).as_of(day)
    named = named.filter(arrangement=OuterRef("pk"), jfo__in=own_jfos(reader, day))
    rows = Arrangement.objects.visible_to(reader).in_force_on(day).filter(Exists(named), expiry__gt=day)
    row = rows.order_by("expiry", "reference").first()
    if row is None or row.expiry is None:
        return []
    return [Coming(row.expiry, _("%(what)s expires") % {"what": row.reference}, row.get_absolute_url())]
