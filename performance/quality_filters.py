"""The filters of the officers without an entry: in a fiscal year, or in a month of it."""

from datetime import date
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from registry.models import Officer
from registry.models.people import posting_on

from .file_filters import OfActivity
from .measures.quality import without_entries


class SilentOfficerFilters(OfActivity):
    """Officers in service who opened no file in the year, or in the month asked for, by who employed them on its last
    day."""

    month = django_filters.ChoiceFilter(label=_("Month"), method="as_they_are", empty_label=_("The whole year"))

    officer_path = "pk"

    class Meta:
        model = Officer
        fields: list[str] = []

    @property
    def month_asked(self) -> date | None:
        """The first day of the month asked for."""
        asked = self.form.cleaned_data.get("month")
        return date.fromisoformat(f"{asked}-01") if asked else None

    def in_region(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(posting__region__code=value)

    def filter_queryset(self, queryset: Any) -> QuerySet:
        rows = super().filter_queryset(queryset.annotate(posting=posting_on(self.year.last_day)))
        return without_entries(rows, self.year, self.month_asked)
