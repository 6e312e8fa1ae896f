"""The filters of the registry's lists."""

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Avg, Case, Exists, OuterRef, Q, QuerySet, When
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_filters.fields import ChoiceField

from jfo_portal.kit import changes
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.forms import DayField
from jfo_portal.kit.history import Door
from jfo_portal.kit.imports.cells import fold
from jfo_portal.kit.periods import ONE_DAY, midnight
from jfo_portal.kit.search import holding
from registry import needs, panels
from registry.measures.steering import review_due
from registry.models import (
    JFO,
    Agency,
    AgencyLevel,
    Assignment,
    Kind,
    Level,
    Officer,
    OfficerFunction,
    OfficerLevel,
    OfficerRegion,
    Participation,
    ParticipationReview,
    ParticipationRole,
    Program,
    Region,
    ReviewDecision,
)
from registry.models.partners import agency_named, bare, names_by_agency


def matching(rows: Iterable[tuple[Any, ...]], words: str) -> set[int]:
    """Return the ids, first in each row, of the rows whose texts hold all the words; accents and case fold.

    “surete” finds Sûreté. It reads every row, since neither database folds accents alike.
    """
    wanted = fold(words).split()
    return {pk for pk, *texts in rows if all(word in fold(" ".join(texts)) for word in wanted)}


YES_OR_NO = [("yes", _("Yes")), ("no", _("No"))]


def offer(filterset: django_filters.FilterSet, **choices: Iterable[tuple[Any, Any]]) -> None:
    """Give the filters of these names their choices, read once: a model's would be read again by the form and by
    each chip."""
    for name, pairs in choices.items():
        filterset.filters[name].extra["choices"] = list(pairs)


class ByNeed(django_filters.FilterSet):
    """The rows of a group of the home page (registry.needs), which leads here; a chip says so.

    `address` is the list's own, by name.
    """

    address: ClassVar[str]
    need = django_filters.ChoiceFilter(label=_("Needs attention"), method="in_need", widget=forms.HiddenInput)
    snoozed = django_filters.ChoiceFilter(
        label=_("Put off by you"), choices=YES_OR_NO, method="in_snoozes", widget=forms.HiddenInput
    )

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.needs = needs.needs_in(self.address)
        offer(self, need=[(name, need.title) for name, need in self.needs.items()])

    def in_need(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=self.needs[value].rows(self.request.user, self.day).order_by().values("pk"))

    def in_snoozes(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        asked = self.form.cleaned_data.get("need")
        is_put_off = needs.put_off([asked] if asked else list(self.needs), self.request.user, self.day)
        return rows.filter(is_put_off if value == "yes" else ~is_put_off)


# Assignments

# A search for a name that more than this part of all officers answer to reads the names of the rows' own officers,
# rather than all: of a few of the rows, and of all of them. What part it is, so many officers say.
FEW_ANSWER, SOME_ANSWER = 0.05, 0.4
SAMPLE = 200


def _own_regions(request: Any) -> QuerySet[Region]:
    """Return the regions whose officers the reader may see."""
    reader = request.user
    regions = Region.objects.visible_to(reader)
    return regions if reader.sees_everything else regions.filter(pk__in=reader.scope_ids)


def region_choices(regions: Iterable[Region]) -> list[tuple[str, str]]:
    """Return the regions by code, in words of the active language."""
    return [(region.code, f"{region.short} – {region.name}") for region in regions]


class AssignmentFilters(ByNeed):
    """Assignments of the day shown, unless another state is asked for."""

    address = "assignments"

    # Looked for by `_named`, when the other filters are in force.
    q = django_filters.CharFilter(label=_("Officer’s name or number"), method="as_they_are")
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
    # For the links of figures, which count by the JFO's region and kind, and by the officer's level and region on the
    # day; `region` is that of today, by which the timeline is grouped.
    jfo_region = django_filters.ChoiceFilter(
        label=_("Region of the JFO"), method="of_jfos", empty_label=_("All"), widget=forms.HiddenInput
    )
    kind = django_filters.ChoiceFilter(
        label=_("Kind of JFO"), choices=Kind.choices, method="of_jfos", empty_label=_("All"), widget=forms.HiddenInput
    )
    level = django_filters.ChoiceFilter(
        label=_("Level"), choices=Level.choices, method="at_level", empty_label=_("All"), widget=forms.HiddenInput
    )
    home = django_filters.ChoiceFilter(
        label=_("Region that employed the officer"),
        method="employed_by",
        empty_label=_("All"),
        widget=forms.HiddenInput,
    )
    # How the page shows the rows, whichever they are; a form of filters keeps them as it keeps the rest.
    group = django_filters.ChoiceFilter(
        label=_("Grouped by"),
        choices=[("jfo", _("JFO")), ("officer", _("Officer")), ("region", _("Region"))],
        method="as_they_are",
        widget=forms.HiddenInput,
    )
    zoom = django_filters.ChoiceFilter(
        label=_("Years shown"),
        choices=[("fy", _("This fiscal year")), ("3fy", _("Three fiscal years"))],
        method="as_they_are",
        widget=forms.HiddenInput,
    )

    class Meta:
        model = Assignment
        fields: list[str] = []

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In the database's order of their codes, as the rows come.
        jfos = JFO.objects.visible_to(self.request.user).with_names().order_by("code")
        self.jfos = list(jfos.defer("objectives_en", "objectives_fr"))
        self.regions = list(_own_regions(self.request).order_by("code"))
        offer(
            self,
            region=region_choices(self.regions),
            home=region_choices(self.regions),
            jfo_region=region_choices({jfo.region.pk: jfo.region for jfo in self.jfos}.values()),
            program=[(code, code) for code in sorted({jfo.program.code for jfo in self.jfos})],
            jfo=[(jfo.code, jfo.code) for jfo in self.jfos],
        )

    def as_they_are(self, rows: QuerySet, _name: str, _value: str) -> QuerySet:
        return rows

    def of_jfos(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        def is_so(jfo: JFO) -> bool:
            return value == (jfo.region.code if name == "jfo_region" else jfo.program.kind)

        # The list tells of the JFOs that are left, of those with a vacancy alone among them.
        self.jfos = [jfo for jfo in self.jfos if is_so(jfo)]
        return rows.filter(jfo__in=self.jfos)

    def at_level(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        levels = OfficerLevel.objects.as_of(self.day).filter(level=value)
        return rows.filter(officer__in=levels.order_by().values("officer"))

    def employed_by(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        postings = OfficerRegion.objects.as_of(self.day).filter(region__code=value)
        return rows.filter(officer__in=postings.order_by().values("officer"))

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

    def filter_queryset(self, _queryset: Any) -> QuerySet:
        return self._named(self._of_any_name, SOME_ANSWER)

    def narrowed(self, condition: Q) -> QuerySet:
        """Return the rows of `qs` that meet the condition too, where those are few."""
        return self._named(self._of_any_name.filter(condition), FEW_ANSWER)

    @cached_property
    def _of_any_name(self) -> QuerySet:
        """The rows but for the search."""
        self.form.is_valid()
        rows = super().filter_queryset(self.queryset.all())
        return rows if self.form.cleaned_data.get("state") else rows.as_of(self.day)

    def _named(self, rows: QuerySet, few: float) -> QuerySet:
        """Return the rows of officers whose names or numbers are searched for. The officers are found first where those
        are few, at most that part of all; otherwise the name of each row's officer is read."""
        words = self._words
        if not words or self._answering == 1:
            return rows
        if self._answering > few:
            return rows.filter(holding("officer__folded", words))
        return rows.filter(officer__in=self._officers.filter(holding("folded", words)).values("pk"))

    @cached_property
    def _answering(self) -> float:
        """What part of all officers answer to the search: as a sample of them says, but 1 only where all of them do.
        One query, or two; the rows are the same whichever it is."""
        answering = holding("folded", self._words)
        answers = Case(When(answering, then=1.0), default=0.0)
        share = self._officers.order_by("pk")[:SAMPLE].aggregate(share=Avg(answers))["share"] or 0.0
        is_of_all = share == 1 and not self._officers.exclude(answering).exists()
        return 1 if is_of_all else min(float(share), 0.99)

    @property
    def is_of_few(self) -> bool:
        """Whether the rows are found by way of the officers whose names are searched for."""
        return bool(self._words) and self._answering <= SOME_ANSWER

    @property
    def _words(self) -> str:
        self.form.is_valid()
        return fold(self.form.cleaned_data.get("q") or "")

    @property
    def _officers(self) -> QuerySet:
        return Officer.objects.visible_to(self.request.user).order_by()


# JFOs


class OwnJFOs(django_filters.FilterSet):
    """The JFOs of the reader's own regions, for links of the home page."""

    own = django_filters.ChoiceFilter(
        label=_("In your regions"), choices=YES_OR_NO, method="in_own_regions", widget=forms.HiddenInput
    )

    def in_own_regions(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        own = JFO.objects.visible_to(self.request.user).of_own_regions(self.request.user).order_by().values("pk")
        return rows.filter(pk__in=own) if value == "yes" else rows.exclude(pk__in=own)


class AgencyChoiceField(ChoiceField):
    """An agency by its key; an old key, of an address that somebody kept, is the agency that it leads to now."""

    def to_python(self, value: Any) -> str:
        text: str = super().to_python(value)
        if not text or self.valid_value(text):
            return text
        agency = agency_named(text)
        return text if agency is None else agency.key


class AgencyFilter(django_filters.ChoiceFilter):
    field_class = AgencyChoiceField


class JFOFilters(ByNeed, OwnJFOs):
    """JFOs by what they are, who takes part on the day shown, and what other apps know of them."""

    address = "jfos"

    q = django_filters.CharFilter(label=_("Code, name or agency"), method="named")
    region = django_filters.ChoiceFilter(label=_("Region"), field_name="region__code", empty_label=_("All"))
    program = django_filters.ChoiceFilter(label=_("Program"), field_name="program__code", empty_label=_("All"))
    kind = django_filters.ChoiceFilter(
        label=_("Kind"), field_name="program__kind", choices=Kind.choices, empty_label=_("All")
    )
    lead = AgencyFilter(label=_("Lead"), method="with_agency", empty_label=_("All"))
    partner = AgencyFilter(label=_("Partner"), method="with_agency", empty_label=_("All"))
    review_due = django_filters.ChoiceFilter(
        label=_("Review due"), choices=YES_OR_NO, method="due_for_review", empty_label=_("All")
    )

    class Meta:
        model = JFO
        fields: list[str] = []

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = self.request.user
        agencies = sorted(Agency.objects.visible_to(reader), key=lambda agency: fold(agency.short))
        offer(
            self,
            region=region_choices(Region.objects.visible_to(reader)),
            program=Program.objects.visible_to(reader).values_list("code", "code"),
            lead=[(agency.key, agency.short) for agency in agencies if not agency.is_group],
            partner=[(agency.key, agency.short) for agency in agencies],
        )
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

    def due_for_review(self, rows: Any, _name: str, value: str) -> QuerySet:
        due = review_due(JFO.objects.visible_to(self.request.user), self.day).order_by().values("pk")
        return rows.filter(pk__in=due) if value == "yes" else rows.exclude(pk__in=due)

    def narrowed(self, rows: Any, name: str, value: str) -> QuerySet:
        choice = next(choice for choice in panels.choices() if choice.name == name)
        return choice.narrow(rows, value == "yes", self.day)


# Officers


class OfficerFilters(ByNeed):
    """Officers by what they are on the day shown; the list sets `posting`, `level` and `fte` on its rows."""

    address = "officers"

    q = django_filters.CharFilter(label=_("Name or number"), method="named")
    region = django_filters.ChoiceFilter(label=_("Region"), field_name="posting__region__code", empty_label=_("All"))
    function = django_filters.ChoiceFilter(label=_("Function"), choices=OfficerFunction.choices, empty_label=_("All"))
    level = django_filters.ChoiceFilter(label=_("Level"), choices=Level.choices, empty_label=_("All"))
    on_jfo = django_filters.ChoiceFilter(label=_("On a JFO"), choices=YES_OR_NO, method="serving", empty_label=_("All"))

    class Meta:
        model = Officer
        fields: list[str] = []

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, region=region_choices(_own_regions(self.request)))

    def named(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(holding("folded", value))

    def serving(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(fte__gt=0) if value == "yes" else rows.filter(fte=None)


class TrainingFilters(ByNeed):
    """Officers whose programs require a course on the day shown; the list sets `lacks_course` on its rows."""

    address = "training"

    q = django_filters.CharFilter(label=_("Officer’s name or number"), method="named")
    state = django_filters.ChoiceFilter(
        label=_("Course"),
        method="in_state",
        choices=[("lacks", _("Lacking")), ("has", _("Completed"))],
        empty_label=_("All"),
    )
    region = django_filters.ChoiceFilter(label=_("Region"), field_name="region__code", empty_label=_("All"))
    program = django_filters.ChoiceFilter(label=_("Program"), method="on_program", empty_label=_("All"))
    jfo = django_filters.ChoiceFilter(label=_("JFO"), method="on_jfo", empty_label=_("All"))

    class Meta:
        model = Officer
        fields: list[str] = []

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = self.request.user
        jfos = JFO.objects.visible_to(reader).filter(program__courses__isnull=False).distinct()
        codes = list(jfos.order_by("code").values_list("code", "program__code"))
        offer(
            self,
            region=region_choices(_own_regions(self.request)),
            program=[(program, program) for program in sorted({program for _code, program in codes})],
            jfo=[(code, code) for code, _program in codes],
        )

    def named(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(holding("folded", value))

    def in_state(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(lacks_course=value == "lacks")

    def _serving(self, **where: str) -> QuerySet:
        return Assignment.objects.visible_to(self.request.user).as_of(self.day).filter(**where).values("officer")

    def on_program(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=self._serving(jfo__program__code=value))

    def on_jfo(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        return rows.filter(pk__in=self._serving(jfo__code=value))


# Agencies


class AgencyFilters(django_filters.FilterSet):
    """Agencies by any spelling, by what they are, and by their part in JFOs on the day shown."""

    q = django_filters.CharFilter(label=_("Any name or spelling"), method="named")
    level = django_filters.ChoiceFilter(
        label=_("Level of government"), choices=AgencyLevel.choices, empty_label=_("All")
    )
    part = django_filters.ChoiceFilter(
        label=_("Part in JFOs"),
        method="taking_part",
        choices=[("lead", _("Leads")), ("partner", _("Partner")), ("none", _("None"))],
        empty_label=_("All"),
    )

    class Meta:
        model = Agency
        fields: list[str] = []

    day: date

    def named(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        wanted = [word for part in value.split() if (word := bare(part))]
        found = {
            agency.pk
            for agency, names in names_by_agency().items()
            if any(all(word in bare(name) for word in wanted) for name in names)
        }
        return rows.filter(pk__in=found)

    def taking_part(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        match value:
            case "lead":
                return rows.filter(leads__gt=0)
            case "partner":
                return rows.filter(partners__gt=0)
            case _:
                return rows.filter(leads=0, partners=0)


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
    agency = django_filters.CharFilter(label=_("Agency"))
    first = DayFilter(label=_("From (YYYY-MM-DD)"))
    last = DayFilter(label=_("To (YYYY-MM-DD)"))
    own = django_filters.ChoiceFilter(label=_("Rows of your regions"), choices=YES_OR_NO, widget=forms.HiddenInput)
    others = django_filters.ChoiceFilter(label=_("By others"), choices=YES_OR_NO, widget=forms.HiddenInput)

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, kind=changes.kinds(self.request.user))

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        asked = {name: value for name, value in self.form.cleaned_data.items() if value}
        where: dict[str, Any] = {}
        if "who" in asked:
            where["who__icontains"] = asked["who"]
        if "door" in asked:
            where["door"] = asked["door"]
        if "first" in asked:
            where["history_date__gte"] = midnight(asked["first"])
        if "last" in asked:
            where["history_date__lt"] = midnight(asked["last"] + ONE_DAY)
        about: list[tuple[Any, list[int]]] = []
        # By the codes a row ever had, so that one that was deleted or renamed is found too.
        if "jfo" in asked:
            about.append((JFO, list(JFO.history.filter(code__iexact=asked["jfo"]).values_list("id", flat=True))))
        if "officer" in asked:
            ids = Officer.history.filter(number__iexact=asked["officer"]).values_list("id", flat=True)
            about.append((Officer, list(ids)))
        if "agency" in asked:
            ids = Agency.history.filter(key__iexact=asked["agency"]).values_list("id", flat=True)
            named = agency_named(asked["agency"])
            about.append((Agency, [*ids, *((named.pk,) if named else ())]))
        kinds = [asked["kind"]] if "kind" in asked else None
        return changes.versions(
            self.request.user,
            of=kinds,
            about=about,
            own=asked.get("own") == "yes",
            not_by=self.request.user if asked.get("others") == "yes" else None,
            **where,
        )


# Participation reviews


class ReviewFilters(django_filters.FilterSet):
    """Reviews by JFO, region, decision and year; “due” leaves the last review of each JFO that is due for another."""

    jfo = django_filters.ChoiceFilter(label=_("JFO"), field_name="jfo__code", empty_label=_("All"))
    region = django_filters.ChoiceFilter(label=_("Region"), field_name="jfo__region__code", empty_label=_("All"))
    decision = django_filters.ChoiceFilter(label=_("Decision"), choices=ReviewDecision.choices, empty_label=_("All"))
    fiscal_year = django_filters.ChoiceFilter(label=_("Fiscal year"), method="in_year", empty_label=_("All"))
    due = django_filters.ChoiceFilter(
        label=_("Due for another"), choices=YES_OR_NO, method="due_again", empty_label=_("All")
    )

    class Meta:
        model = ParticipationReview
        fields: list[str] = []

    day: date

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = self.request.user
        days = ParticipationReview.objects.visible_to(reader).order_by().dates("reviewed_on", "month", order="DESC")
        years = dict.fromkeys(str(FiscalYear.of(day)) for day in days)
        offer(
            self,
            jfo=JFO.objects.visible_to(reader).values_list("code", "code"),
            region=region_choices(Region.objects.visible_to(reader)),
            fiscal_year=[(year, year) for year in years],
        )

    def in_year(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        year = FiscalYear.parse(value)
        return rows.filter(reviewed_on__range=(year.first_day, year.last_day))

    def due_again(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        due = review_due(JFO.objects.visible_to(self.request.user), self.day)
        later = ParticipationReview.objects.done_by(self.day).filter(
            jfo=OuterRef("jfo"), reviewed_on__gt=OuterRef("reviewed_on")
        )
        is_due = Q(jfo__in=due.values("pk")) & ~Exists(later)
        return rows.filter(is_due) if value == "yes" else rows.exclude(pk__in=rows.filter(is_due).values("pk"))
