"""The columns and filters of the lists of drafts and of fragments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from jfo_portal.kit.tables import Column
from registry.filters import matching
from registry.tables import keeping_day

from .models import Draft, DraftJFO, Fragment


@dataclass(frozen=True)
class DraftRow:
    """A draft, the JFOs it is for, how many clauses it holds, and whether Legal Services agreed to all of it."""

    draft: Draft
    jfos: Sequence[str]
    met: int
    clauses: int
    is_reviewed: bool


def draft_columns(day: date) -> list[Column]:
    """Return the columns of the list of drafts on the day."""
    return [
        Column(
            "title",
            gettext_lazy("Title"),
            value=lambda row: row.draft.title,
            sort="title_fr" if get_language() == "fr" else "title_en",
            href=lambda row: keeping_day(row.draft.get_absolute_url(), day),
            is_header=True,
        ),
        Column("jfos", gettext_lazy("JFOs"), value=lambda row: ", ".join(row.jfos)),
        Column(
            "met",
            gettext_lazy("Clauses held"),
            value=lambda row: _("%(met)s of %(clauses)s") % {"met": row.met, "clauses": row.clauses},
        ),
        Column(
            "reviewed",
            gettext_lazy("Legal Services"),
            value=lambda row: _("signed off") if row.is_reviewed else _("not reviewed"),
        ),
        Column(
            "arrangement",
            gettext_lazy("Arrangement"),
            value=lambda row: row.draft.arrangement and row.draft.arrangement.reference,
            href=lambda row: row.draft.arrangement and keeping_day(row.draft.arrangement.get_absolute_url(), day),
            sort="arrangement__reference",
        ),
        Column(
            "composed_on",
            gettext_lazy("Composed on"),
            "date",
            value=lambda row: row.draft.composed_on,
            sort="composed_on",
        ),
        Column(
            "composed_by",
            gettext_lazy("Composed by"),
            value=lambda row: row.draft.composed_by.get_full_name() or row.draft.composed_by.username,
            extra=True,
        ),
    ]


class DraftFilters(django_filters.FilterSet):
    """Drafts by their words and their JFOs."""

    q = django_filters.CharFilter(label=gettext_lazy("Title or JFO"), method="saying")

    class Meta:
        model = Draft
        fields: list[str] = []

    def saying(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        drafts = rows.order_by().values_list("pk", "title_en", "title_fr")
        jfos = DraftJFO.objects.visible_to(self.request.user).order_by()
        named = jfos.values_list("draft_id", "jfo__code", "jfo__name_en", "jfo__name_fr")
        return rows.filter(pk__in=matching(drafts, value) | matching(named, value))


def fragment_columns() -> list[Column]:
    """Return the columns of the list of fragments."""
    return [
        Column(
            "heading",
            gettext_lazy("Heading"),
            value=lambda row: row.heading,
            sort="heading_fr" if get_language() == "fr" else "heading_en",
        ),
        Column(
            "code",
            gettext_lazy("Fragment"),
            value=lambda row: row.code,
            sort="code",
            href=lambda row: f"{reverse('fragment', args=[row.code])}#version-{row.version}",
            is_header=True,
        ),
        Column("version", gettext_lazy("Version"), "integer", sort="version"),
        Column("position", gettext_lazy("Position"), "integer", sort="position", extra=True),
        Column("text", gettext_lazy("Text"), value=lambda row: row.text, extra=True),
        Column("holds", gettext_lazy("Clause parts"), value=lambda row: ", ".join(row.holds)),
        Column("signed_off_on", gettext_lazy("Signed off on"), "date", sort="signed_off_on"),
        Column("signed_off_by", gettext_lazy("Signed off by"), extra=True),
    ]


class FragmentFilters(django_filters.FilterSet):
    """Fragments by their words, version and sign-off."""

    q = django_filters.CharFilter(label=gettext_lazy("Words"), method="saying")
    versions = django_filters.ChoiceFilter(
        label=gettext_lazy("Versions"),
        method="of_versions",
        choices=[("newest", gettext_lazy("Newest only"))],
        empty_label=gettext_lazy("All"),
    )
    signed_off = django_filters.ChoiceFilter(
        label=gettext_lazy("Signed off"),
        method="that_are_signed_off",
        choices=[("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))],
        empty_label=gettext_lazy("All"),
    )

    class Meta:
        model = Fragment
        fields: list[str] = []

    def saying(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        texts = rows.order_by().values_list("pk", "code", "heading_en", "heading_fr", "text_en", "text_fr")
        return rows.filter(pk__in=matching(texts, value))

    def of_versions(self, rows: QuerySet, _name: str, _value: str) -> QuerySet:
        newer: Any = Fragment.objects.filter(code=OuterRef("code"), version__gt=OuterRef("version"))
        return rows.filter(~Exists(newer))

    def that_are_signed_off(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.exclude(signed_off_on=None) if value == "yes" else rows.filter(signed_off_on=None)
