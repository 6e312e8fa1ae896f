"""The filters of the registry's lists."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import changes
from jfo_portal.kit.forms import DayField
from jfo_portal.kit.history import Door
from jfo_portal.kit.imports.cells import fold
from registry import panels
from registry.models import (
    JFO,
    Agency,
    Assignment,
    Kind,
    Level,
    Officer,
    OfficerFunction,
    Participation,
    ParticipationRole,
    Program,
    Region,
)


def matching(rows: Iterable[tuple[Any, ...]], words: str) -> set[int]:
    """Return the ids, first in each row, of the rows whose texts hold all the words; accents and case fold.

    “surete” finds Sûreté. It reads every row, since neither database folds accents alike.
    """
    wanted = fold(words).split()
    return {pk for pk, *texts in rows if all(word in fold(" ".join(texts)) for word in wanted)}


# Assignments


def _own_regions(request: Any) -> QuerySet[Region]:
    """Return the regions whose officers the reader may see."""
    reader = request.user
    regions = Region.objects.visible_to(reader)
    return regions if reader.sees_everything else regions.filter(pk__in=reader.scope_ids)


def region_choices(regions: Iterable[Region]) -> list[tuple[str, str]]:
    """Return the regions by code, in words of the active language."""
    return [(region.code, f"{region.short} – {region.name}") for region in regions]


class AssignmentFilters(django_filters.FilterSet):
    """Assignments of the day shown, unless another state is asked for."""

    q = django_filters.CharFilter(label=_("Officer’s name or number"), method="named")
    region = django_filters.ChoiceFilter(label=_("Region"), field_name="officer__region__code", empty_label=_("All"))
    program = django_filters.ChoiceFilter(label=_("Program"), field_name="jfo__program__code", empty_label=_("All"))
    jfo = django_filters.ChoiceFilter(label=_("JFO"), field_name="jfo__code", empty_label=_("All"))
    function = django_filters.ChoiceFilter(
        label=_("Function"), field_name="officer__function", choices=OfficerFunction.choices, empty_label=_("All")
    )
    state = django_filters.ChoiceFilter(
        label=_("State"),
        method="in_state",
        empty_label=_("On the day shown"),
        choices=[
            ("ending", _("Ending within 90 days")),
            ("unreviewed", _("Past the policy period without a review date")),
            ("ended", _("Ended")),
            ("planned", _("Not begun")),
            ("all", _("All")),
        ],
    )

    class Meta:
        model = Assignment
        fields: list[str] = []

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = {
            "region": region_choices(_own_regions(self.request)),
            "program": Program.objects.visible_to(self.request.user).values_list("code", "code"),
            "jfo": JFO.objects.visible_to(self.request.user).values_list("code", "code"),
        }
        for name, pairs in choices.items():
            self.filters[name].extra["choices"] = list(pairs)

    def named(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        names = rows.order_by().values_list("pk", "officer__number", "officer__family_name", "officer__given_name")
        return rows.filter(pk__in=matching(names, value))

    def in_state(self, rows: Any, _name: str, value: str) -> QuerySet:
        match value:
            case "ending":
                return rows.ending_soon(self.day)
            case "unreviewed":
                return rows.past_policy_unreviewed(self.day)
            case "ended":
                return rows.filter(end__lt=self.day)
            case "planned":
                return rows.filter(start__gt=self.day)
            case _:
                return rows

    def filter_queryset(self, queryset: Any) -> QuerySet:
        rows = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("state") else rows.as_of(self.day)


# JFOs

YES_OR_NO = [("yes", _("Yes")), ("no", _("No"))]


class JFOFilters(django_filters.FilterSet):
    """JFOs by what they are, who takes part on the day shown, and what other apps know of them."""

    q = django_filters.CharFilter(label=_("Code, name or agency"), method="named")
    region = django_filters.ChoiceFilter(label=_("Region"), field_name="region__code", empty_label=_("All"))
    program = django_filters.ChoiceFilter(label=_("Program"), field_name="program__code", empty_label=_("All"))
    kind = django_filters.ChoiceFilter(
        label=_("Kind"), field_name="program__kind", choices=Kind.choices, empty_label=_("All")
    )
    lead = django_filters.ChoiceFilter(label=_("Lead"), method="with_agency", empty_label=_("All"))
    partner = django_filters.ChoiceFilter(label=_("Partner"), method="with_agency", empty_label=_("All"))

    class Meta:
        model = JFO
        fields: list[str] = []

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Choices by code, read once: a model's choices are asked for again by the form and by each chip.
        reader = self.request.user
        agencies = sorted(Agency.objects.visible_to(reader), key=lambda agency: fold(agency.short))
        choices = {
            "region": region_choices(Region.objects.visible_to(reader)),
            "program": Program.objects.visible_to(reader).values_list("code", "code"),
            "lead": [(agency.key, agency.short) for agency in agencies if not agency.is_group],
            "partner": [(agency.key, agency.short) for agency in agencies],
        }
        for name, pairs in choices.items():
            self.filters[name].extra["choices"] = list(pairs)
        for choice in panels.choices():
            self.filters[choice.name] = django_filters.ChoiceFilter(
                field_name=choice.name,
                label=choice.label,
                choices=YES_OR_NO,
                method=self.narrowed,
                empty_label=_("All"),
            )

    def named(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        jfos = rows.order_by().values_list("pk", "code", "name_en", "name_fr", "program__name_en", "program__name_fr")
        taking_part = Participation.objects.visible_to(self.request.user).as_of(self.day)
        agencies = taking_part.order_by().values_list(
            "jfo_id", "agency__key", "agency__short_en", "agency__short_fr", "agency__name_en", "agency__name_fr"
        )
        return rows.filter(pk__in=matching(jfos, value) | matching(agencies, value))

    def with_agency(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        role = ParticipationRole.LEAD if name == "lead" else ParticipationRole.PARTNER
        taking_part = Participation.objects.visible_to(self.request.user).as_of(self.day)
        return rows.filter(pk__in=taking_part.filter(role=role, agency__key=value).values("jfo"))

    def narrowed(self, rows: Any, name: str, value: str) -> QuerySet:
        choice = next(choice for choice in panels.choices() if choice.name == name)
        return choice.narrow(rows, value == "yes", self.day)


# Officers


class OfficerFilters(django_filters.FilterSet):
    """Officers by what they are on the day shown; the list sets `level` and `fte` on its rows."""

    q = django_filters.CharFilter(label=_("Name or number"), method="named")
    region = django_filters.ChoiceFilter(label=_("Region"), field_name="region__code", empty_label=_("All"))
    function = django_filters.ChoiceFilter(label=_("Function"), choices=OfficerFunction.choices, empty_label=_("All"))
    level = django_filters.ChoiceFilter(label=_("Level"), choices=Level.choices, empty_label=_("All"))
    on_jfo = django_filters.ChoiceFilter(label=_("On a JFO"), choices=YES_OR_NO, method="serving", empty_label=_("All"))

    class Meta:
        model = Officer
        fields: list[str] = []

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["region"].extra["choices"] = region_choices(_own_regions(self.request))

    def named(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        names = rows.order_by().values_list("pk", "number", "family_name", "given_name")
        return rows.filter(pk__in=matching(names, value))

    def serving(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(fte__gt=0) if value == "yes" else rows.filter(fte=None)


# History


class DayFilter(django_filters.Filter):
    field_class = DayField


class HistoryFilters(django_filters.FilterSet):
    """The keys of versions (kit.changes), over all kinds of row the reader may see."""

    who = django_filters.CharFilter(label=_("User name"))
    kind = django_filters.ChoiceFilter(label=_("Kind of row"), empty_label=_("All"))
    door = django_filters.ChoiceFilter(label=_("Door"), choices=Door.choices, empty_label=_("All"))
    jfo = django_filters.CharFilter(label=_("JFO code"))
    officer = django_filters.CharFilter(label=_("Officer number"))
    first = DayFilter(label=_("From (YYYY-MM-DD)"))
    last = DayFilter(label=_("To (YYYY-MM-DD)"))

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["kind"].extra["choices"] = changes.kinds(self.request.user)

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        asked = {name: value for name, value in self.form.cleaned_data.items() if value}
        where: dict[str, Any] = {}
        if "who" in asked:
            where["who__icontains"] = asked["who"]
        if "door" in asked:
            where["door"] = asked["door"]
        if "first" in asked:
            where["history_date__gte"] = _midnight(asked["first"])
        if "last" in asked:
            where["history_date__lt"] = _midnight(asked["last"] + timedelta(days=1))
        about: list[tuple[Any, list[int]]] = []
        # By the codes a row ever had, so that one that was deleted or renamed is found too.
        if "jfo" in asked:
            about.append((JFO, list(JFO.history.filter(code__iexact=asked["jfo"]).values_list("id", flat=True))))
        if "officer" in asked:
            ids = Officer.history.filter(number__iexact=asked["officer"]).values_list("id", flat=True)
            about.append((Officer, list(ids)))
        kinds = [asked["kind"]] if "kind" in asked else None
        return changes.versions(self.request.user, of=kinds, about=about, **where)


def _midnight(day: date) -> datetime:
    """Return the moment the day begins on the portal's clock."""
    return timezone.make_aware(datetime.combine(day, time.min))
