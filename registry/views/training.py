"""Training: who is on a JFO whose program requires a course and has it or lacks it, and recording one."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.editing import EditPage, FormPage, undoable
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, ListPage, RowPage
from registry.filters import TrainingFilters
from registry.forms import ReasonedForm, TrainingForm
from registry.measures.training import needing_courses, requirements
from registry.models import MANAGERS, Assignment, Course, Officer, Training
from registry.tables import training_columns


class TrainingList(ListPage):
    """The officers on a JFO whose program requires a course on the day: who has it, and who lacks it."""

    title = gettext_lazy("Training")
    section = "officers"
    template_name = "registry/training.html"
    filterset_class = TrainingFilters
    ordering = ("-lacks_course", "number")
    file_name = "training"
    has_as_of = True
    empty = gettext_lazy("No officer is on a JFO whose program requires a course.")

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Officers"), f"{reverse('officers')}{self.on_day}")]

    def get_queryset(self) -> Any:
        return needing_courses(Officer.objects.visible_to(self.reader).with_names(), self.day)

    def get_columns(self) -> Sequence[Column]:
        return training_columns(self.day, may_act=self.reader.role in MANAGERS and not self.is_read_only)

    def completed(self, rows: list[Any]) -> list[Any]:
        posts = Assignment.objects.visible_to(self.reader).as_of(self.day).filter(officer__in=rows).with_names()
        posts_of = grouped(posts.order_by("jfo__code"), lambda row: row.officer_id)
        courses = Course.objects.visible_to(self.reader)
        done = Training.objects.visible_to(self.reader).filter(officer__in=rows, completed_on__lte=self.day)
        required = requirements([post for some in posts_of.values() for post in some], courses, done)
        for officer in rows:
            officer.posts = posts_of.get(officer.pk, [])
            officer.requirements = required.get(officer.pk, [])
        return rows

    def caption(self, count: int) -> str:
        missing = self.filtered.filter(lacks_course=True).count()
        return ngettext("%(count)s officer, %(missing)s without", "%(count)s officers, %(missing)s without", count) % {
            "count": formats.number(count),
            "missing": formats.number(missing),
        }


class _Form(FormPage):
    """A form about the training of an officer of the reader's regions."""

    section = "officers"
    readers = MANAGERS

    @property
    def officer(self) -> Officer:
        raise NotImplementedError

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Officers"), reverse("officers")), Crumb(self.officer.name, self.officer.get_absolute_url())]

    def saved(self, sentence: str, row: Training) -> str:
        """Leave the message, and return the officer's page."""
        said = {"officer": self.officer.name, "course": row.course.name, "day": row.completed_on}
        undoable(self.request, sentence % said, self.change)
        return self.officer.get_absolute_url()


class Record(_Form):
    """A course that an officer completed; `?course=`, a code, fills the form beforehand."""

    title = gettext_lazy("Record training")
    submit_label = gettext_lazy("Record")

    @cached_property
    def officer(self) -> Officer:
        found: Officer = RowPage.found(Officer.objects.visible_to(self.reader), number=self.kwargs["number"])
        return found

    def get_form(self, data: Mapping[str, Any] | None = None) -> TrainingForm:
        # PostgreSQL takes no NUL in a text, and no code has one.
        code = self.request.GET.get("course", "").replace("\0", "")
        course = Course.objects.visible_to(self.reader).filter(code=code).first()
        return TrainingForm(data, reader=self.reader, day=today(), initial={"course": course, "completed_on": today()})

    def save(self, form: TrainingForm) -> str:
        values = form.cleaned_data
        row = Training(officer=self.officer, course=values["course"], completed_on=values["completed_on"])
        self.change.save_row(row)
        return self.saved(_("Recorded: %(officer)s completed %(course)s on %(day)s."), row)


class _OfTraining(_Form):
    """A form about one record of training; 404 for another region's."""

    @cached_property
    def row(self) -> Training:
        rows = Training.objects.editable_by(self.reader).select_related("officer", "course")
        found: Training = RowPage.found(rows, pk=self.kwargs["pk"])
        return found

    @property
    def officer(self) -> Officer:
        return self.row.officer


class Correct(_OfTraining, EditPage):
    title = gettext_lazy("Correct training")
    model = Training

    @property
    def row_queryset(self) -> Any:
        return Training.objects.select_related("officer", "course").filter(pk=self.row.pk)

    def get_form(self, data: Mapping[str, Any] | None = None) -> TrainingForm:
        initial = {"course": self.row.course, "completed_on": self.row.completed_on}
        return TrainingForm(data, reader=self.reader, day=today(), initial=initial)

    def save(self, form: TrainingForm) -> str:
        self.row.course, self.row.completed_on = form.cleaned_data["course"], form.cleaned_data["completed_on"]
        self.change.save_row(self.row)
        return self.saved(_("Saved: %(officer)s completed %(course)s on %(day)s."), self.row)


class Remove(_OfTraining):
    """Takes a record of training away; the history keeps it."""

    title = gettext_lazy("Remove training")
    template_name = "registry/training_remove.html"
    submit_label = gettext_lazy("Remove")

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return ReasonedForm(data)

    def save(self, form: ReasonedForm) -> str:
        address = self.saved(_("Removed: %(course)s of %(officer)s, completed on %(day)s."), self.row)
        self.change.delete_row(self.row)
        return address

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"row": self.row}
