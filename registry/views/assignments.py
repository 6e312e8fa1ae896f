"""One assignment's page, and what a regional manager does to assignments."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import changes, formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.editing import EditPage, FormPage, undoable
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.periods import ONE_DAY, today
from jfo_portal.kit.views import Crumb, RowPage
from registry import actions
from registry.forms import AssignForm, ChangeFteForm, EndForm, ExtendForm, ReasonedForm, SplitForm, TransferForm
from registry.measures.moves import Move, Place, moves
from registry.models import JFO, MANAGERS, Assignment, EndReason, Officer
from registry.tables import assignment_actions, keeping_day, sees_officers_of

# The button that shows what a form would change, and saves nothing.
CHECK = "_check"


def _to_assignments(day: date) -> Crumb:
    return Crumb(_("Assignments"), keeping_day(reverse("assignments"), day))


# Where and when an action changes the FTE of a JFO; `values` are those of its form.


def extended(row: Assignment, values: Mapping[str, Any]) -> list[Place]:
    """From the day after the earlier of the two last days on."""
    last = min((end for end in (row.end, values["end"]) if end is not None), default=None)
    return [] if last is None else [(row.jfo, last + ONE_DAY)]


def ended(row: Assignment, values: Mapping[str, Any]) -> list[Place]:
    """From the day after the last one on: on the last day the officer still serves."""
    return [(row.jfo, values["end"] + ONE_DAY)]


def moved(row: Assignment, values: Mapping[str, Any]) -> list[Place]:
    """From the first day on the other JFO on, on both."""
    return [(row.jfo, values["start"]), (values["jfo"], values["start"])]


def told(places: Iterable[Place], reader: Reader) -> list[Place]:
    """Return the places whose FTE the reader is told: of another region's JFO a manager is not."""
    return [(jfo, day) for jfo, day in places if sees_officers_of(jfo, reader)]


def in_words(made: Iterable[Move]) -> list[str]:
    """Return a sentence for each change of a JFO's FTE."""
    return [
        _("On %(day)s, %(jfo)s goes from %(before)s to %(after)s FTE.")
        % {
            "day": move.day,
            "jfo": move.jfo.code,
            "before": formats.text(move.before, "fte"),
            "after": formats.text(move.after, "fte"),
        }
        for move in made
    ]


def warnings(made: Iterable[Move], places: Iterable[Place]) -> list[str]:
    """Return what a manager should know of an act that is allowed all the same: an agreed FTE that it passes, an
    earlier fiscal year that it reaches back into."""
    said = [
        _("On %(day)s, %(after)s FTE on %(jfo)s is more than the agreed %(agreed)s.")
        % {
            "day": move.day,
            "jfo": move.jfo.code,
            "after": formats.text(move.after, "fte"),
            "agreed": formats.text(move.agreed, "fte"),
        }
        for move in made
        if move.passes_agreed
    ]
    first = min((day for _jfo, day in places), default=date.max)
    if first < FiscalYear.of(today()).first_day:
        said.append(
            _("This reaches back into the fiscal year %(year)s, and changes its figures.")
            % {"year": FiscalYear.of(first)}
        )
    return said


class _Staffing(FormPage):
    """A form that moves FTE: it says how much of which JFO, when it is saved and, with its second button, before.

    A subclass gives `act(values)`, which returns the assignment to go to, and `places(values)`: where and
    when that changes the FTE of a JFO.
    """

    section = "assignments"
    readers = MANAGERS
    saved: Assignment
    made: Sequence[Move] = ()
    cautions: Sequence[str] = ()

    def act(self, values: Mapping[str, Any]) -> Assignment:
        raise NotImplementedError

    def places(self, values: Mapping[str, Any]) -> list[Place]:
        raise NotImplementedError

    def before_saving(self, form: Any) -> HttpResponse | None:
        """Do it, and show what came of it instead of keeping it where that was asked for."""
        if (answer := super().before_saving(form)) is not None:
            return answer
        values = form.cleaned_data
        places = self.places(values)

        def act() -> None:
            self.saved = self.act(values)

        self.made = moves(told(places, self.reader), act)
        self.cautions = warnings(self.made, places)
        if CHECK not in self.request.POST:
            return None
        return self.render_to_response(self.get_context_data(form=form) | {"is_checked": True})

    def save(self, form: Any) -> str:
        """Leave messages of what was done, the first with a button that undoes it."""
        row = self.saved
        undoable(
            self.request,
            _("Saved: %(officer)s, %(assignment)s.") % {"officer": row.officer.name, "assignment": row.in_words},
            self.change,
        )
        for sentence in in_words(self.made):
            messages.info(self.request, sentence)
        for caution in self.cautions:
            messages.warning(self.request, caution)
        return row.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "is_checked": False,
            "made": in_words(self.made),
            "cautions": self.cautions,
        }


class AssignmentPage(RowPage):
    """One assignment: its facts, what can be done, its history."""

    template_name = "registry/assignment.html"
    section = "assignments"

    def get_queryset(self) -> Any:
        return Assignment.objects.visible_to(self.reader).with_names()

    def crumbs(self) -> Sequence[Crumb]:
        return [_to_assignments(self.day)]

    @property
    def may_act(self) -> bool:
        return self.reader.role in MANAGERS and not self.is_read_only

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "acts": assignment_actions(self.row, every=True) if self.may_act else (),
            "others": Assignment.objects.visible_to(self.reader)
            .filter(officer=self.row.officer)
            .exclude(pk=self.row.pk)
            .select_related("jfo")
            .order_by("-start"),
            "versions": changes.about(self.row, self.reader, of={"assignment"}),
        }


class Assign(_Staffing):
    """A new assignment; `?officer=` and `?jfo=` fill the form beforehand."""

    title = gettext_lazy("New assignment")
    template_name = "registry/assignment_new.html"
    submit_label = gettext_lazy("Assign")

    def crumbs(self) -> Sequence[Crumb]:
        return [_to_assignments(self.day)]

    def get_form(self, data: Mapping[str, Any] | None = None) -> AssignForm:
        # PostgreSQL takes no NUL in a text, and no code has one.
        number, code = (self.request.GET.get(name, "").replace("\0", "") for name in ("officer", "jfo"))
        officer = Officer.objects.visible_to(self.reader).filter(number=number).first()
        jfo = JFO.objects.visible_to(self.reader).filter(code=code).first()
        return AssignForm(
            data,
            reader=self.reader,
            day=today(),
            initial={"officer": officer, "jfo": jfo, "start": today()},
        )

    def places(self, values: Mapping[str, Any]) -> list[Place]:
        return [(values["jfo"], values["start"])]

    def act(self, values: Mapping[str, Any]) -> Assignment:
        return actions.assign(
            by=self.user,
            officer=values["officer"],
            jfo=values["jfo"],
            fte=values["fte"],
            start=values["start"],
            end=values["end"],
            review_on=values["review_on"],
            within=self.change,
        )


class _Change(_Staffing, EditPage):
    """A form about one assignment that the reader may change; 404 for another region's."""

    model = Assignment
    template_name = "registry/assignment_change.html"
    watched: ClassVar[Sequence[str]] = ("jfo", "fte", "start")

    @cached_property
    def row(self) -> Assignment:
        return RowPage.found(Assignment.objects.editable_by(self.reader).with_names(), pk=self.kwargs["pk"])

    @property
    def row_queryset(self) -> Any:
        return Assignment.objects.with_names().filter(pk=self.row.pk)

    @cached_property
    def data(self) -> QueryDict:
        """What was sent, but for the button: what is chosen on the page of a conflict is saved, not checked."""
        data = super().data
        data.pop(CHECK, None)
        return data

    def lock(self) -> None:
        actions.lock_officers([self.row.officer_id])
        if not self.row_queryset.exists():
            raise ValidationError(actions.gone())

    def crumbs(self) -> Sequence[Crumb]:
        return [_to_assignments(self.day), Crumb(str(self.row), self.row.get_absolute_url())]


class Extend(_Change):
    title = gettext_lazy("Extend the assignment")
    submit_label = gettext_lazy("Extend")

    def get_form(self, data: Mapping[str, Any] | None = None) -> ExtendForm:
        return ExtendForm(data, initial={"end": self.row.end, "review_on": self.row.review_on})

    def places(self, values: Mapping[str, Any]) -> list[Place]:
        return extended(self.row, values)

    def act(self, values: Mapping[str, Any]) -> Assignment:
        return actions.extend(
            self.row,
            by=self.user,
            end=values["end"],
            review_on=values["review_on"],
            day=today(),
            within=self.change,
        )


class End(_Change):
    title = gettext_lazy("End the assignment")
    submit_label = gettext_lazy("End")

    def get_form(self, data: Mapping[str, Any] | None = None) -> EndForm:
        return EndForm(data, initial={"end": self.row.end or today()})

    def places(self, values: Mapping[str, Any]) -> list[Place]:
        return ended(self.row, values)

    def act(self, values: Mapping[str, Any]) -> Assignment:
        return actions.end_assignment(
            self.row,
            by=self.user,
            end=values["end"],
            end_reason=EndReason(values["end_reason"]),
            within=self.change,
        )


class ChangeFte(_Change):
    title = gettext_lazy("Change the FTE")
    # The first day that the form asks for is that of the new FTE.
    edited = ("fte",)
    watched = ("jfo", "start", "end")
    submit_label = gettext_lazy("Change the FTE")

    def get_form(self, data: Mapping[str, Any] | None = None) -> ChangeFteForm:
        return ChangeFteForm(data, initial={"fte": self.row.fte, "start": max(self.row.start, today())})

    def places(self, values: Mapping[str, Any]) -> list[Place]:
        return [(self.row.jfo, values["start"])]

    def act(self, values: Mapping[str, Any]) -> Assignment:
        return actions.change_fte(self.row, by=self.user, fte=values["fte"], start=values["start"], within=self.change)


class _Move(_Change):
    """A form that asks for a new assignment, whose fields bear the names of the old one's."""

    edited = ()
    watched = ("jfo", "fte", "start", "end")

    def places(self, values: Mapping[str, Any]) -> list[Place]:
        return moved(self.row, values)


class Split(_Move):
    title = gettext_lazy("Split the assignment between two JFOs")
    submit_label = gettext_lazy("Split")

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return SplitForm(
            data, reader=self.reader, day=today(), initial={"fte": None, "start": max(self.row.start, today())}
        )

    def act(self, values: Mapping[str, Any]) -> Assignment:
        _stays, new = actions.split(
            self.row, by=self.user, jfo=values["jfo"], fte=values["fte"], start=values["start"], within=self.change
        )
        return new


class Transfer(_Move):
    title = gettext_lazy("Transfer the officer")
    submit_label = gettext_lazy("Transfer")

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return TransferForm(data, reader=self.reader, day=today(), initial={"fte": self.row.fte})

    def act(self, values: Mapping[str, Any]) -> Assignment:
        return actions.transfer(
            self.row,
            by=self.user,
            jfo=values["jfo"],
            start=values["start"],
            fte=values["fte"],
            end=values["end"],
            review_on=values["review_on"],
            within=self.change,
        )
