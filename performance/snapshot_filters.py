"""The filters of the list of snapshots."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import reports
from jfo_portal.kit.periods import ONE_DAY, midnight
from registry.filters import DayFilter, offer

from .models import Snapshot


class SnapshotFilters(django_filters.FilterSet):
    """Snapshots by report, fiscal year, who took them and when."""

    report = django_filters.ChoiceFilter(label=_("Report"), empty_label=_("All"))
    fy = django_filters.ChoiceFilter(label=_("Fiscal year"), field_name="parameters__fy", empty_label=_("All"))
    who = django_filters.ChoiceFilter(label=_("Who"), field_name="taken_by__username", empty_label=_("All"))
    first = DayFilter(label=_("Taken from"), method="taken_from")
    last = DayFilter(label=_("Taken until"), method="taken_until")

    class Meta:
        model = Snapshot
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = self.request.user
        titles = {report.slug: str(report.title) for report in reports.all_for(reader)}
        years, people = set(), {}
        # A report that nobody froze can be asked for too: its page leads here.
        slugs = dict(titles)
        rows = Snapshot.objects.visible_to(reader).order_by()
        for slug, year, username, *names in rows.values_list(
            "report", "parameters__fy", "taken_by__username", "taken_by__first_name", "taken_by__last_name"
        ).distinct():
            slugs[slug] = titles.get(slug, slug)
            people[username] = " ".join(names).strip() or username
            if year:
                years.add(year)
        offer(
            self,
            report=sorted(slugs.items(), key=lambda pair: pair[1]),
            fy=[(year, year) for year in sorted(years, reverse=True)],
            who=sorted(people.items(), key=lambda pair: pair[1]),
        )

    def taken_from(self, rows: QuerySet, _name: str, value: Any) -> QuerySet:
        return rows.filter(taken_at__gte=midnight(value))

    def taken_until(self, rows: QuerySet, _name: str, value: Any) -> QuerySet:
        return rows.filter(taken_at__lt=midnight(value + ONE_DAY))
