"""The filters of the register of arrangements and of the gap report."""

from datetime import date, timedelta
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from registry.filters import ByNeed, DayFilter, OwnJFOs, matching, offer, region_choices
from registry.models import JFO, Kind, Region

from .measures.coverage import INFORMATION_SHARING
from .measures.gaps import clause_sets
from .models import Arrangement, ArrangementKind, Coverage, SecurityLevel, Signatory
from .models.arrangements import Status

# The choice of those that do not say.
NONE = "none"
# How near the day of a review is that is due soon.
SOON = timedelta(days=90)


class _ByRegion(django_filters.FilterSet):
    """A filter set with a choice of region, by code; its choices are read once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, region=region_choices(Region.objects.visible_to(self.request.user)))


class ArrangementFilters(ByNeed, _ByRegion):
    """Arrangements by what they are, where they stand on the day shown, and the regions of the JFOs they name then."""

    address = "arrangements"

    q = django_filters.CharFilter(label=_("Reference, title, party or JFO"), method="saying")
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=ArrangementKind.choices, empty_label=_("All"))
    status = django_filters.ChoiceFilter(
        label=_("Status"),
        method="in_status",
        choices=[
            ("in_force", _("In force")),
            ("lapsing", _("Ending within 180 days")),
            ("not_in_force", _("Not in force")),
            *((status.value, status.label) for status in Status if status != Status.IN_FORCE),
        ],
        empty_label=_("All"),
    )
    region = django_filters.ChoiceFilter(label=_("Region of a JFO"), method="naming_a_jfo_of", empty_label=_("All"))
    jfo = django_filters.CharFilter(label=_("JFO code"), method="naming_the_jfo")
    security = django_filters.ChoiceFilter(
        label=_("Security level"),
        method="of_level",
        choices=[*SecurityLevel.choices, (NONE, _("It does not say"))],
        empty_label=_("All"),
    )
    office = django_filters.CharFilter(label=_("Office of primary interest"), method="kept_by")
    review = django_filters.ChoiceFilter(
        label=_("Review due"),
        method="in_review",
        choices=[
            ("overdue", _("Overdue")),
            ("soon", _("Within 90 days")),
            (NONE, _("No day set")),
        ],
        empty_label=_("All"),
    )

    class Meta:
        model = Arrangement
        fields: list[str] = []

    day: date

    def saying(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        arrangements = rows.order_by().values_list("pk", "reference", "title_en", "title_fr")
        reader = self.request.user
        signatories = Signatory.objects.visible_to(reader).order_by()
        parties = signatories.values_list(
            "arrangement_id",
            "agency__key",
            "agency__short_en",
            "agency__short_fr",
            "agency__name_en",
            "agency__name_fr",
        )
        coverage = Coverage.objects.visible_to(reader).as_of(self.day)
        jfos = coverage.order_by().values_list("arrangement_id", "jfo__code")
        return rows.filter(pk__in=matching(arrangements, value) | matching(parties, value) | matching(jfos, value))

    def in_status(self, rows: Any, _name: str, value: str) -> QuerySet:
        if value == "lapsing":
            return rows.lapsing_after(self.day)
        if value in Status and value != Status.IN_FORCE:
            return rows.with_status_on(self.day).filter(standing=value)
        in_force = Arrangement.objects.visible_to(self.request.user).in_force_on(self.day)
        return rows.filter(pk__in=in_force) if value == "in_force" else rows.exclude(pk__in=in_force)

    def naming_a_jfo_of(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        naming = Coverage.objects.visible_to(self.request.user).as_of(self.day)
        return rows.filter(Exists(naming.filter(arrangement=OuterRef("pk"), jfo__region__code=value)))

    def naming_the_jfo(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        naming = Coverage.objects.visible_to(self.request.user).as_of(self.day)
        return rows.filter(Exists(naming.filter(arrangement=OuterRef("pk"), jfo__code__iexact=value.strip())))

    def kept_by(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=matching(rows.order_by().values_list("pk", "office"), value))

    def of_level(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(security_level="" if value == NONE else value)

    def in_review(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        if value == NONE:
            return rows.filter(review_due=None)
        if value == "overdue":
            return rows.filter(review_due__lt=self.day)
        return rows.filter(review_due__range=(self.day, self.day + SOON))


class GapFilters(_ByRegion, OwnJFOs):
    """The JFOs that the gap report is about."""

    region = django_filters.ChoiceFilter(label=_("Region"), field_name="region__code", empty_label=_("All"))
    kind = django_filters.ChoiceFilter(
        label=_("Kind of JFO"), field_name="program__kind", choices=Kind.choices, empty_label=_("All")
    )
    set = django_filters.ChoiceFilter(label=_("Clauses of the matrix"), method="unchanged", empty_label=None)

    class Meta:
        model = JFO
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The conditions of information sharing come first, and are meant where nothing is asked for.
        sets = sorted(clause_sets(), key=lambda one: one.code != INFORMATION_SHARING)
        offer(self, set=[("" if one.code == INFORMATION_SHARING else one.code, one.name) for one in sets])

    def unchanged(self, rows: QuerySet, _name: str, _value: str) -> QuerySet:
        return rows


class LapseFilters(_ByRegion, OwnJFOs):
    """The JFOs that the page of what will lapse is about; the day by which is the page's."""

    lapse_by = DayFilter(label=_("Lapsing by (YYYY-MM-DD)"), method="unchanged")
    region = django_filters.ChoiceFilter(label=_("Region"), field_name="region__code", empty_label=_("All"))
    kind = django_filters.ChoiceFilter(
        label=_("Kind of JFO"), field_name="program__kind", choices=Kind.choices, empty_label=_("All")
    )

    class Meta:
        model = JFO
        fields: list[str] = []

    def unchanged(self, rows: QuerySet, _name: str, _value: date) -> QuerySet:
        return rows
