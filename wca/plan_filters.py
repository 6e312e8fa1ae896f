"""The filters of the plan of remedies."""

from datetime import date
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from registry.filters import ByNeed, offer, region_choices
from registry.models import Region, User

from .measures.coverage import latest_clauses
from .models import ActionState, Coverage, RemediationAction
from .remediation import person


class PlanFilters(ByNeed):
    """Actions by how they stand on the day shown, whose they are, and what they are about."""

    address = "plan"

    state = django_filters.ChoiceFilter(
        label=_("State"),
        method="in_state",
        choices=[("unsettled", _("To be done or verified")), *ActionState.choices],
        empty_label=_("All"),
    )
    owner = django_filters.ChoiceFilter(label=_("Owner"), field_name="owner__username", empty_label=_("All"))
    region = django_filters.ChoiceFilter(label=_("Region"), method="in_region", empty_label=_("All"))
    arrangement = django_filters.CharFilter(
        label=_("Arrangement (reference)"), field_name="arrangement__reference", lookup_expr="iexact"
    )
    jfo = django_filters.CharFilter(label=_("JFO (code)"), method="of_jfo")
    clause = django_filters.ChoiceFilter(label=_("Clause"), field_name="clause__letter", empty_label=_("All"))

    class Meta:
        model = RemediationAction
        fields: list[str] = []

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = self.request.user
        owners = RemediationAction.objects.visible_to(reader).order_by().values("owner")
        offer(
            self,
            owner=[(user.username, person(user)) for user in User.objects.filter(pk__in=owners).order_by("last_name")],
            region=region_choices(Region.objects.visible_to(reader)),
            clause=[(clause.letter, f"{clause.letter}) {clause.title}") for clause in latest_clauses()],
        )

    def in_state(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        if value == "unsettled":
            return rows.filter(state__in=[ActionState.OPEN, ActionState.OVERDUE, ActionState.DONE])
        return rows.filter(state=value)

    def in_region(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(Q(jfo__region__code=value) | self._naming(jfo__region__code=value))

    def of_jfo(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(Q(jfo__code__iexact=value) | self._naming(jfo__code__iexact=value))

    def _naming(self, **jfo: str) -> Exists:
        """Return the condition that the action's arrangement names such a JFO on the day."""
        coverage = Coverage.objects.visible_to(self.request.user).as_of(self.day)
        return Exists(coverage.filter(arrangement=OuterRef("arrangement"), **jfo))
