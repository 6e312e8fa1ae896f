"""The JFOs: the list, one JFO's page and its printed brief."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from django.db.models import Count, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import changes, formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage, headings_of, rows_of
from registry import panels, parts
from registry.filters import JFOFilters
from registry.measures.strength import Strength, level_on, with_strength
from registry.measures.tenure import current_since
from registry.models import (
    JFO,
    ActionItem,
    Assignment,
    Contact,
    ContactFunction,
    Establishment,
    Meeting,
    Participation,
    ParticipationReview,
    ParticipationRole,
    RiskCoverage,
    Role,
)
from registry.models.jfos import JFOQuerySet, RiskLevel
from registry.tables import jfo_columns, jfo_officer_columns, keeping_day, sees_officers_of

# How many versions the history part shows.
VERSIONS = 20

# How many of a JFO's assignments its page shows, now and earlier; the list of assignments has them all.
SHOWN = 10


class JFOList(ListPage):
    """The JFOs that exist on the day, with who takes part and how many officers the CBSA has there."""

    template_name = "registry/jfos.html"
    title = gettext_lazy("JFOs")
    section = "jfos"
    filterset_class = JFOFilters
    ordering = ("code",)
    file_name = "jfos"
    import_kind = "jfos"
    has_as_of = True

    def get_queryset(self) -> Any:
        jfos = JFO.objects.visible_to(self.reader).as_of(self.day).with_names()
        return with_strength(jfos, self.reader, self.day)

    def get_columns(self) -> Sequence[Column]:
        return jfo_columns(self.reader, self.day)

    def completed(self, rows: list[Any]) -> list[Any]:
        taking_part = (
            Participation.objects.visible_to(self.reader)
            .as_of(self.day)
            .filter(jfo__in=rows)
            .select_related("agency")
            .order_by("agency__key")
        )
        agencies = grouped(taking_part, lambda row: (row.jfo_id, row.role))
        for jfo in rows:
            jfo.leads = [row.agency.short for row in agencies.get((jfo.pk, ParticipationRole.LEAD), [])]
            jfo.partners = [row.agency.short for row in agencies.get((jfo.pk, ParticipationRole.PARTNER), [])]
        for added in panels.columns():
            added.load(rows, self.reader, self.day)
        return rows

    def caption(self, count: int) -> str:
        return ngettext("%(count)s JFO", "%(count)s JFOs", count) % {"count": formats.number(count)}


@dataclass(frozen=True)
class Tab:
    """One part of a JFO's page: the overview, rows that hang on the JFO, a panel that stands by itself, the history."""

    name: str
    title: str | Promise


@dataclass(frozen=True)
class ShownPanel:
    """A panel with what its template reads."""

    title: str | Promise
    template: str
    data: Any


@dataclass(frozen=True)
class Seats:
    """The FTE that the CBSA agreed to give on the day beside that assigned; None where it is not known, or not told."""

    agreed: Decimal | None
    assigned: Decimal | None

    @property
    def vacant(self) -> Decimal | None:
        """What is agreed and not assigned; None where nothing is vacant, or one of the two is not known."""
        if self.agreed is None or self.assigned is None or self.assigned >= self.agreed:
            return None
        return self.agreed - self.assigned

    @property
    def beyond(self) -> Decimal | None:
        """What is assigned beyond what is agreed; None where nothing is, or one of the two is not known."""
        if self.agreed is None or self.assigned is None or self.assigned <= self.agreed:
            return None
        return self.assigned - self.agreed


OVERVIEW = Tab("", gettext_lazy("Overview"))
PARTNERS = Tab("partners", gettext_lazy("Partners and contacts"))
MEETINGS = Tab("meetings", gettext_lazy("Meetings and reviews"))
HISTORY = Tab("history", gettext_lazy("History"))


def _with_agreed(jfos: JFOQuerySet, day: date) -> Any:
    """Annotate each JFO with its `agreed` FTE on the day; null where none is recorded."""
    agreed = Establishment.objects.as_of(day).filter(jfo=OuterRef("pk")).order_by("-start").values("fte")[:1]
    return jfos.annotate(agreed=Subquery(agreed))


def _by_function(jfo: JFO, reader: Reader, day: date) -> list[tuple[str, list[Contact]]]:
    """Return the contacts of the day by function, every function among them, the primary one first; one query."""
    contacts = Contact.objects.visible_to(reader).as_of(day).filter(jfo=jfo)
    by_function = grouped(contacts.order_by("-is_primary", "name"), lambda row: row.function)
    return [(str(function.label), by_function.get(function, [])) for function in ContactFunction]


def _risks(jfo: JFO, reader: Reader) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """Return the risks that the JFO answers: each edition with its levels, high first, and their names; one query."""
    rows = RiskCoverage.objects.visible_to(reader).filter(jfo=jfo).select_related("risk")
    editions = grouped([row.risk for row in rows.order_by("-risk__edition", "risk__pk")], lambda risk: risk.edition)
    return [
        (
            edition,
            [
                (str(level.label), names)
                for level in RiskLevel
                if (names := [risk.name for risk in risks if risk.level == level])
            ],
        )
        for edition, risks in editions.items()
    ]


class _OneJFO(RowPage):
    """A page about one JFO on a day."""

    section = "jfos"
    row_field = "code"

    def get_queryset(self) -> Any:
        jfos = with_strength(JFO.objects.visible_to(self.reader).with_names(), self.reader, self.day)
        return _with_agreed(jfos, self.day)

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("JFOs"), keeping_day(reverse("jfos"), self.day))]

    @property
    def seats(self) -> Seats:
        fte = None if self.row.fte is None else formats.rounded(self.row.fte, 2)
        return Seats(self.row.agreed, fte)

    def taking_part(self) -> Any:
        """Return the participations of the day, leads first; one query."""
        rows = Participation.objects.visible_to(self.reader).as_of(self.day).filter(jfo=self.row)
        return rows.select_related("agency").order_by("role", "agency__key")


class JFOPage(_OneJFO):
    """One JFO on a day, in parts (`?part=`), so that the database is asked for what is shown alone."""

    template_name = "registry/jfo.html"

    def get_queryset(self) -> Any:
        items = ActionItem.objects.open_on(self.day).filter(meeting__jfo=OuterRef("pk")).order_by()
        counted = items.values("meeting__jfo").annotate(n=Count("pk")).values("n")
        return (
            super()
            .get_queryset()
            .annotate(
                open_items=Coalesce(Subquery(counted), 0),
                overdue_items=Coalesce(Subquery(counted.filter(due_on__lt=self.day)), 0),
            )
        )

    def get_title(self) -> str:
        return _("%(code)s: %(name)s") % {"code": self.row.code, "name": self.row.name}

    @cached_property
    def tabs(self) -> list[Tab]:
        added = [Tab(panel.part, panel.title) for panel in panels.panels() if panel.part]
        return [OVERVIEW, PARTNERS, MEETINGS, *added, HISTORY]

    @cached_property
    def tab(self) -> Tab:
        """The part asked for; 404 where there is none of that name."""
        asked = self.request.GET.get("part", "")
        for tab in self.tabs:
            if tab.name == asked:
                return tab
        raise Http404

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {
            "tabs": self.tabs,
            "tab": self.tab,
            "is_active": self.row.holds_on(self.day),
            "may_assign": self.reader.role == Role.REGIONAL_MANAGER and not self.is_read_only,
            "may_edit": not self.is_read_only and parts.may_edit(self.row, self.reader),
            "panels": [
                ShownPanel(panel.title, panel.template, panel.load(self.row, self.reader, self.day))
                for panel in panels.panels()
                if panel.part == self.tab.name
            ],
            "sections": [
                parts.section(part, self.row, self.reader, self.day)
                for part in parts.parts()
                if part.tab == self.tab.name and self.tab in (PARTNERS, MEETINGS)
            ],
        }
        if self.tab is OVERVIEW:
            return context | self._overview()
        if self.tab is HISTORY:
            return context | {"versions": self._versions()}
        return context

    def _overview(self) -> dict[str, Any]:
        reviews = ParticipationReview.objects.visible_to(self.reader).filter(jfo=self.row, reviewed_on__lte=self.day)
        return {
            "participations": self.taking_part(),
            "contacts": _by_function(self.row, self.reader, self.day),
            "risks": _risks(self.row, self.reader),
            "seats": self.seats,
            "last_review": reviews.order_by("-reviewed_on").first(),
            **self._officers(),
        }

    def _versions(self) -> list[changes.Version]:
        """Return the latest versions of the JFO and of what belongs to it, its meetings' action items among it."""
        latest = list(changes.versions(self.reader, about=[(JFO, [self.row.pk])])[:VERSIONS])
        meetings = Meeting.history.filter(jfo=self.row).values_list("id", flat=True).distinct()
        latest += changes.versions(self.reader, of={"actionitem"}, about=[(Meeting, list(meetings))])[:VERSIONS]
        latest.sort(key=lambda key: (key["history_date"], key["history_id"]), reverse=True)
        return changes.in_words(latest[:VERSIONS])

    def _officers(self) -> dict[str, Any]:
        """Return the first assignments of the day and of those before it, as far as the reader may see them, and how
        many there are in all; four queries, whatever their number."""
        rows = Assignment.objects.visible_to(self.reader).filter(jfo=self.row, start__lte=self.day)
        on_day = Q(end=None) | Q(end__gte=self.day)
        counted = rows.aggregate(
            assignments=Count("pk", filter=on_day),
            officers=Count("officer", distinct=True, filter=on_day),
            fte=Sum("fte", filter=on_day),
            earlier=Count("pk", filter=Q(end__lt=self.day)),
        )
        now: list[Any] = list(
            rows.filter(on_day).select_related("officer__region").order_by("officer__number", "start")[:SHOWN]
        )
        # Of the officers shown alone: the spells, which a tenure joins, and the level.
        begun = rows.filter(officer__in=[row.officer_id for row in now]).annotate(level=level_on(self.day))
        spells = grouped(
            begun.order_by("start").values_list("officer_id", "start", "end", "level"), lambda spell: spell[0]
        )
        for row in now:
            held = spells[row.officer_id]
            row.since = current_since([(start, end) for _id, start, end, _level in held], self.day)
            row.level = held[0][-1]
        past = list(rows.filter(end__lt=self.day).select_related("officer").order_by("-end", "officer__number")[:SHOWN])
        columns = jfo_officer_columns(self.day)
        earlier = [column for column in columns if column.name in ("officer", "number", "fte", "start", "end")]
        shown = Strength(counted["officers"], formats.rounded(counted["fte"] or 0, 2))
        is_known = sees_officers_of(self.row, self.reader)
        everybody = Strength(self.row.officers, formats.rounded(self.row.fte, 2)) if is_known else shown
        address = keeping_day(reverse("assignments"), self.day)
        query = f"{'&' if '?' in address else '?'}jfo={quote(self.row.code)}"
        return {
            "is_known": is_known,
            "has_unseen": everybody != shown,
            "everybody": _in_words(everybody),
            "officer_headings": headings_of(columns),
            "officer_rows": rows_of(columns, now),
            "officer_caption": _in_words(shown) if counted["assignments"] <= SHOWN else _first_of(shown),
            "officers_href": address + query if counted["assignments"] > SHOWN else None,
            "earlier_headings": headings_of(earlier),
            "earlier_rows": rows_of(earlier, past),
            "earlier_caption": _earlier_in_words(counted["earlier"]),
            "earlier_href": f"{address}{query}&state=ended" if counted["earlier"] > SHOWN else None,
        }


def _in_words(strength: Strength) -> str:
    return ngettext("%(count)s officer, %(fte)s FTE", "%(count)s officers, %(fte)s FTE", strength.officers) % {
        "count": formats.number(strength.officers),
        "fte": formats.text(strength.fte, "fte"),
    }


def _first_of(strength: Strength) -> str:
    return _("The first %(shown)s of %(strength)s") % {"shown": SHOWN, "strength": _in_words(strength)}


def _earlier_in_words(count: int) -> str:
    words = ngettext("%(count)s earlier assignment", "%(count)s earlier assignments", count) % {
        "count": formats.number(count)
    }
    return words if count <= SHOWN else _("%(rows)s, the latest %(shown)s first") % {"rows": words, "shown": SHOWN}


# The printed brief


# How much of each list fits on the one page of the brief.
BRIEF_OFFICERS, BRIEF_ACTIONS, BRIEF_CONTACTS = 8, 5, 2


@dataclass(frozen=True)
class Some:
    """The first rows of a list, and how many more there are."""

    rows: list[Any]
    more: int


def _some(rows: Any, number: int) -> Some:
    """Return the first rows; a query, and one more where there are more."""
    first = list(rows[: number + 1])
    return Some(first[:number], rows.count() - number if len(first) > number else 0)


class JFOBrief(_OneJFO):
    """What somebody needs to know of a JFO on a day, on one printed page."""

    template_name = "registry/jfo_brief.html"

    def get_queryset(self) -> Any:
        reviews = ParticipationReview.objects.filter(jfo=OuterRef("pk"), reviewed_on__lte=self.day)
        last = reviews.order_by("-reviewed_on").values(
            said=JSONObject(reviewed_on="reviewed_on", decision="decision", reasons="reasons")
        )
        return super().get_queryset().annotate(last_review=Subquery(last[:1]))

    def get_title(self) -> str:
        return _("Brief: %(code)s, %(name)s") % {"code": self.row.code, "name": self.row.name}

    def crumbs(self) -> Sequence[Crumb]:
        return [*super().crumbs(), Crumb(self.row.code, keeping_day(self.row.get_absolute_url(), self.day))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        officers = Assignment.objects.visible_to(self.reader).as_of(self.day).filter(jfo=self.row)
        items = ActionItem.objects.visible_to(self.reader).filter(meeting__jfo=self.row).open_on(self.day)
        open_items = _some(items.order_by(F("due_on").asc(nulls_last=True), "pk"), BRIEF_ACTIONS)
        return super().get_context_data(**kwargs) | {
            "is_active": self.row.holds_on(self.day),
            "participations": self.taking_part(),
            "contacts": [
                (function, Some(people[:BRIEF_CONTACTS], max(0, len(people) - BRIEF_CONTACTS)))
                for function, people in _by_function(self.row, self.reader, self.day)
            ],
            "is_known": sees_officers_of(self.row, self.reader),
            "seats": self.seats,
            "officers": _some(
                officers.select_related("officer").annotate(level=level_on(self.day)).order_by("officer__number"),
                BRIEF_OFFICERS,
            ),
            "risks": _risks(self.row, self.reader),
            "actions": [(row, parts.action_state(row, self.day)) for row in open_items.rows],
            "more_actions": open_items.more,
            "last_review": self._last_review(),
            "panels": [
                ShownPanel(panel.title, panel.template, panel.load(self.row, self.reader, self.day))
                for panel in panels.briefs()
            ],
            "printed_at": timezone.now(),
        }

    def _last_review(self) -> ParticipationReview | None:
        """Return the latest review by the day, unsaved, or None; it came with the JFO."""
        said = self.row.last_review
        return None if said is None else ParticipationReview(**said)
