"""What hangs on a JFO and the managers of its region keep: one class a kind of row, and the pages come with it.

A part says how its rows are found, shown and typed; registry.views.parts lists, adds, corrects and
removes rows of any of them, and the JFO's page shows the first ones. Other apps register theirs when
they are ready.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import Case, Count, F, Q, Value, When
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.periods import today
from jfo_portal.kit.scoping import ScopedQuerySet
from jfo_portal.kit.tables import Cell, Column, Link
from jfo_portal.kit.views import Heading, headings_of, rows_of

from . import part_forms
from .models import (
    JFO,
    ActionItem,
    CoLocation,
    Contact,
    Establishment,
    Meeting,
    Participation,
    ParticipationReview,
    RiskCoverage,
    Role,
    SystemAccess,
)
from .models.jfos import page_of
from .tables import keeping_day

# How many rows of a part the JFO's page shows.
SHOWN = 25


class Part:
    """One kind of row that hangs on a JFO.

    `slug` is its word in addresses, `tab` the part of the JFO's page that shows it, `to_jfo` the look-up from
    a row to its JFO. `closing` names the date that ends a row or a task, and `closing_label` the act.
    A part without a `form` has pages of its own for that.
    """

    slug: ClassVar[str]
    tab: ClassVar[str]
    model: ClassVar[type[models.Model]]
    form: ClassVar[type[part_forms.RowForm] | None] = None
    to_jfo: ClassVar[str] = "jfo"
    closing: ClassVar[str] = ""
    closing_label: ClassVar[str | Promise] = ""
    empty: ClassVar[str | Promise] = gettext_lazy("Nothing is recorded.")

    @property
    def title(self) -> str:
        return capfirst(str(self.model._meta.verbose_name_plural))

    @property
    def kind(self) -> str:
        """What one row is called."""
        return str(self.model._meta.verbose_name)

    def columns(self, day: date) -> Sequence[Column]:
        """Return what the tables show of a row as of the day."""
        raise NotImplementedError

    def of(self, jfo: JFO, reader: Reader) -> Any:
        """Return the rows of the JFO that the reader may see."""
        rows: ScopedQuerySet = self.model._default_manager.all()  # type: ignore[assignment]
        return rows.visible_to(reader).filter(**{self.to_jfo: jfo})

    def shown(self, jfo: JFO, reader: Reader, day: date) -> Any:
        """Return the rows as the tables show them, in their order; on a past day those that were known."""
        raise NotImplementedError

    def new(self, jfo: JFO) -> Any:
        """Return a new row of the JFO, unsaved."""
        return self.model(jfo=jfo)

    def is_open(self, row: Any, day: date) -> bool:
        """Say whether the row can be ended, or the task done, on the day."""
        return bool(self.closing) and getattr(row, self.closing) is None

    def goes_with(self, row: Any, jfo: JFO) -> str:
        """Return a sentence on what is removed with the row, or stays; nothing for most."""
        return ""

    def remove(self, row: Any, jfo: JFO, change: ChangeSet) -> None:
        """Remove the row from the JFO as part of the change."""
        change.delete_row(row)

    def new_address(self, jfo: JFO) -> str:
        """Return where a row is added."""
        return reverse("jfo-part-new", args=[jfo.code, self.slug])

    def acts(self, row: Any, jfo: JFO, day: date) -> list[Link]:
        """Return the links to what a manager can do to the row."""
        address, about = reverse("jfo-part-row", args=[jfo.code, self.slug, row.pk]), str(row)
        links = [
            Link(_("Correct"), address, about),
            Link(_("Remove"), reverse("jfo-part-remove", args=[jfo.code, self.slug, row.pk]), about),
        ]
        if self.is_open(row, day):
            links.insert(0, Link(str(self.closing_label), f"{address}?fill={self.closing}", about))
        return links


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    """Add a part; its slug is its own."""
    _parts[part.slug] = part


def parts() -> list[Part]:
    """Return every part, in the order of registration."""
    return list(_parts.values())


def named(slug: str) -> Part | None:
    """Return the part of that slug; None if there is none."""
    return _parts.get(slug)


def may_edit(jfo: JFO, reader: Reader) -> bool:
    """Say whether the reader keeps what hangs on the JFO: a manager of its region."""
    return reader.role == Role.REGIONAL_MANAGER and jfo.region_id in reader.scope_ids


def acts_column(part: Part, jfo: JFO, day: date) -> Column:
    """Return the column of links for those who may change the rows."""
    return Column("acts", gettext_lazy("Actions"), links=lambda row: part.acts(row, jfo, day))


@dataclass(frozen=True)
class Section:
    """The first rows of a part on a page: a table, the way to all of them and to a new one."""

    part: Part
    caption: str
    headings: list[Heading]
    rows: list[list[Cell]]
    new_href: str | None
    all_href: str | None

    @property
    def new_label(self) -> str:
        return _("Add: %(kind)s") % {"kind": self.part.kind}


def section(part: Part, jfo: JFO, reader: Reader, day: date, rows: Any = None) -> Section:
    """Return the first 25 of the part's rows, or of those given; a query, and one more where there are more rows."""
    rows = part.shown(jfo, reader, day) if rows is None else rows
    shown = list(rows[: SHOWN + 1])
    count = rows.count() if len(shown) > SHOWN else len(shown)
    columns = list(part.columns(day))
    is_editor = day == today() and may_edit(jfo, reader)
    if is_editor:
        columns.append(acts_column(part, jfo, day))
    said = {"rows": part.title, "count": formats.number(count), "shown": formats.number(SHOWN)}
    return Section(
        part,
        _("%(rows)s: the first %(shown)s of %(count)s") % said if count > SHOWN else _("%(rows)s: %(count)s") % said,
        headings_of(columns),
        rows_of(columns, shown[:SHOWN]),
        part.new_address(jfo) if is_editor else None,
        keeping_day(reverse("jfo-part", args=[jfo.code, part.slug]), day) if count > SHOWN else None,
    )


# Facts that hold from a day to a day


class DatedPart(Part):
    """Rows with a first and a last day: those that hold come first, then those to come, then those that are over."""

    tab = "partners"
    closing = "end"
    closing_label = gettext_lazy("End")
    order: ClassVar[tuple[str, ...]] = ()
    related: ClassVar[tuple[str, ...]] = ()

    def shown(self, jfo: JFO, reader: Reader, day: date) -> Any:
        rows = self.of(jfo, reader)
        if day < today():
            rows = rows.filter(start__lte=day)
        if self.related:
            rows = rows.select_related(*self.related)
        rank = Case(When(start__gt=day, then=Value(1)), When(end__lt=day, then=Value(2)), default=Value(0))
        return rows.annotate(rank=rank).order_by("rank", *self.order, F("end").desc(nulls_first=True), "-start", "pk")

    def is_open(self, row: Any, day: date) -> bool:
        return row.end is None and row.start <= day

    @staticmethod
    def dates(day: date) -> list[Column]:
        """Return the columns of the first and the last day, and of how the row stands on the day."""

        def state(row: Any) -> str:
            if row.start > day:
                return pgettext("period", "to come")
            return pgettext("period", "over") if row.end is not None and row.end < day else pgettext("period", "now")

        return [
            Column("start", gettext_lazy("First day"), "date"),
            Column("end", gettext_lazy("Last day"), "date"),
            Column("state", gettext_lazy("State"), value=state),
        ]


def agency_in_words(row: Any) -> str:
    """Return the row's agency by short form and name."""
    agency = row.agency
    if agency.short == agency.name:
        return str(agency.short)
    return _("%(short)s, %(name)s") % {"short": agency.short, "name": agency.name}


class Participations(DatedPart):
    slug = "partners"
    model = Participation
    form = part_forms.ParticipationForm
    order = ("role", "agency__key")
    related = ("agency", "jfo")

    def columns(self, day: date) -> Sequence[Column]:
        return [
            Column("agency", gettext_lazy("Agency"), value=agency_in_words, is_header=True),
            Column("role", gettext_lazy("Part"), value=lambda row: row.get_role_display()),
            *self.dates(day),
        ]


class Contacts(DatedPart):
    slug = "contacts"
    model = Contact
    form = part_forms.ContactForm
    order = ("function", "-is_primary", "name")
    related = ("jfo",)

    def columns(self, day: date) -> Sequence[Column]:
        return [
            Column("name", gettext_lazy("Name"), is_header=True),
            Column("function", gettext_lazy("Function"), value=lambda row: row.get_function_display()),
            Column("is_primary", gettext_lazy("Primary contact"), "yes_no"),
            Column("email", gettext_lazy("E-mail"), href=lambda row: f"mailto:{row.email}" if row.email else None),
            *self.dates(day),
        ]


class CoLocations(DatedPart):
    slug = "co-locations"
    model = CoLocation
    form = part_forms.CoLocationForm
    order = ("agency__key",)
    related = ("agency", "jfo")

    def columns(self, day: date) -> Sequence[Column]:
        return [
            Column("agency", gettext_lazy("Whose premises"), value=agency_in_words, is_header=True),
            Column("place", gettext_lazy("Place")),
            *self.dates(day),
        ]


class SystemAccesses(DatedPart):
    slug = "systems"
    model = SystemAccess
    form = part_forms.SystemAccessForm
    order = ("system",)
    related = ("agency", "jfo")

    def columns(self, day: date) -> Sequence[Column]:
        return [
            Column("system", gettext_lazy("System"), is_header=True),
            Column("agency", gettext_lazy("Partner"), value=agency_in_words),
            Column("direction", gettext_lazy("Direction"), value=lambda row: row.get_direction_display()),
            *self.dates(day),
        ]


class Establishments(DatedPart):
    slug = "seats"
    model = Establishment
    form = part_forms.EstablishmentForm
    related = ("jfo",)

    def columns(self, day: date) -> Sequence[Column]:
        first, *others = self.dates(day)
        return [
            Column(first.name, first.label, first.kind, is_header=True),
            Column("fte", gettext_lazy("Agreed FTE"), "fte"),
            *others,
        ]


# How the JFO is steered


class Risks(Part):
    """The risks that the JFO answers: who looked when, and how much of its effort each takes."""

    slug = "risks"
    tab = ""
    model = RiskCoverage
    form = part_forms.RiskForm
    empty = gettext_lazy("No risk is recorded for this JFO.")

    def shown(self, jfo: JFO, reader: Reader, day: date) -> Any:
        rows = self.of(jfo, reader).select_related("risk", "jfo")
        return rows.order_by("-risk__edition", "risk__pk")

    def columns(self, day: date) -> Sequence[Column]:
        return [
            Column("risk", gettext_lazy("Risk"), value=lambda row: row.risk.name, is_header=True),
            Column("level", gettext_lazy("Level"), value=lambda row: row.risk.get_level_display()),
            Column("edition", gettext_lazy("Edition"), value=lambda row: row.risk.edition),
            Column("confirmed_on", gettext_lazy("Confirmed on"), "date"),
            Column("weight", gettext_lazy("Weight"), "decimal"),
        ]


class ActionItems(Part):
    slug = "actions"
    tab = "meetings"
    model = ActionItem
    form = part_forms.ActionItemForm
    to_jfo = "meeting__jfo"
    closing = "done_on"
    closing_label = gettext_lazy("Mark as done")

    def new(self, jfo: JFO) -> ActionItem:
        return ActionItem(meeting=jfo.meetings.order_by("-held_on").first())

    def shown(self, jfo: JFO, reader: Reader, day: date) -> Any:
        """Return those of the meetings held by the day: the open ones first, by the day they are due."""
        done = Case(When(done_on__lte=day, then=Value(1)), default=Value(0))
        rows = self.of(jfo, reader).filter(meeting__held_on__lte=day).select_related("meeting").annotate(done=done)
        return rows.order_by("done", F("due_on").asc(nulls_last=True), "-meeting__held_on", "pk")

    def columns(self, day: date) -> Sequence[Column]:
        return [
            Column("what", gettext_lazy("What is to be done"), is_header=True),
            Column("owner", gettext_lazy("Who does it")),
            Column("due_on", gettext_lazy("Due on"), "date"),
            Column("state", gettext_lazy("State"), value=lambda row: action_state(row, day)),
            Column("held_on", gettext_lazy("Meeting of"), "date", value=lambda row: row.meeting.held_on),
        ]


def action_state(row: ActionItem, day: date) -> str:
    """Return how the action item stands on the day, in words: done, overdue or open."""
    if row.is_done_on(day):
        return pgettext("action item", "done on %(day)s") % {"day": row.done_on}
    return pgettext("action item", "overdue") if row.is_overdue_on(day) else pgettext("action item", "open")


class Meetings(Part):
    slug = "meetings"
    tab = "meetings"
    model = Meeting
    form = part_forms.MeetingForm

    def shown(self, jfo: JFO, reader: Reader, day: date) -> Any:
        rows = self.of(jfo, reader).filter(held_on__lte=day).select_related("jfo")
        to_do = Q(action_items__done_on=None) | Q(action_items__done_on__gt=day)
        return rows.annotate(
            items=Count("action_items"), to_do=Count("action_items", filter=to_do & Q(action_items__isnull=False))
        ).order_by("-held_on")

    def columns(self, day: date) -> Sequence[Column]:
        return [
            Column("held_on", gettext_lazy("Held on"), "date", is_header=True),
            Column("decisions", gettext_lazy("Decisions")),
            Column("items", gettext_lazy("Action items"), "integer"),
            Column("to_do", gettext_lazy("To be done"), "integer"),
        ]

    def acts(self, row: Any, jfo: JFO, day: date) -> list[Link]:
        adding = f"{reverse('jfo-part-new', args=[jfo.code, ActionItems.slug])}?meeting={row.pk}"
        return [Link(_("Add an action item"), adding, str(row)), *super().acts(row, jfo, day)]

    def goes_with(self, row: Any, jfo: JFO) -> str:
        count = row.action_items.count()
        if not count:
            return ""
        return ngettext(
            "Its action item is removed with it.", "Its %(count)s action items are removed with it.", count
        ) % {"count": count}


class Reviews(Part):
    """The participation reviews; their form is a page of its own."""

    slug = "reviews"
    tab = "meetings"
    model = ParticipationReview
    empty = gettext_lazy("The CBSA’s part in this JFO was never reviewed.")

    def shown(self, jfo: JFO, reader: Reader, day: date) -> Any:
        return self.of(jfo, reader).filter(reviewed_on__lte=day).select_related("jfo").order_by("-reviewed_on")

    def columns(self, day: date) -> Sequence[Column]:
        return [
            Column("reviewed_on", gettext_lazy("Reviewed on"), "date", is_header=True),
            Column("decision", gettext_lazy("Decision"), value=lambda row: row.get_decision_display()),
            Column("fte", gettext_lazy("Agreed FTE"), "fte"),
            Column("effective_on", gettext_lazy("Effective on"), "date"),
            Column("reasons", gettext_lazy("Reasons")),
        ]

    def new_address(self, jfo: JFO) -> str:
        return reverse("review-new", args=[jfo.code])

    def acts(self, row: Any, jfo: JFO, day: date) -> list[Link]:
        about = str(row)
        return [
            Link(_("Correct"), reverse("review-edit", args=[row.pk]), about),
            Link(_("Remove"), reverse("review-remove", args=[row.pk]), about),
        ]


for _part in (
    Participations,
    Contacts,
    CoLocations,
    SystemAccesses,
    Establishments,
    Risks,
    ActionItems,
    Meetings,
    Reviews,
):
    register(_part())


def address_of(part: Part, jfo: JFO) -> str:
    """Return the part of the JFO's page that shows the rows."""
    return page_of(jfo, part.tab)
