"""Which officers are on a JFO whose program requires a course, and who lacks it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from jfo_portal.kit.grouping import grouped
from registry.models import Assignment, Course, Training
from registry.models.people import OfficerQuerySet


@dataclass(frozen=True)
class Requirement:
    """A course that an officer's program requires, and the day of the latest completion; None while it is lacking."""

    course: Course
    completed_on: date | None

    @property
    def is_lacking(self) -> bool:
        return self.completed_on is None


def _required(officer: OuterRef, day: date) -> QuerySet:
    """Return the courses that the programs of the officer's posts of the day require."""
    post = "program__jfos__assignments"
    begun = Q(**{f"{post}__officer": officer, f"{post}__start__lte": day})
    return Course.objects.filter(begun & (Q(**{f"{post}__end__gte": day}) | Q(**{f"{post}__end": None})))


def needing_courses(officers: OfficerQuerySet, day: date) -> OfficerQuerySet:
    """Return those of the officers who are, on the day, on a JFO whose program requires a course.

    Each is annotated with `lacks_course`: whether one of them was not completed by the day.
    """
    done = Training.objects.filter(course=OuterRef("pk"), officer=OuterRef(OuterRef("pk")), completed_on__lte=day)
    required = _required(OuterRef("pk"), day)
    return officers.filter(Exists(required)).annotate(lacks_course=Exists(required.filter(~Exists(done))))


def requirements(
    posts: Iterable[Assignment], courses: Iterable[Course], training: Iterable[Training]
) -> dict[int, list[Requirement]]:
    """Return, by officer, what the programs of the posts require, by the course's code; no query.

    `posts` come with their JFOs; `training` is what was completed by the day, `courses` are all of them.
    """
    by_program = grouped(courses, lambda course: course.program_id)
    done = grouped(training, lambda row: (row.officer_id, row.course_id))
    found: dict[int, dict[int, Requirement]] = {}
    for post in posts:
        of_officer = found.setdefault(post.officer_id, {})
        for course in by_program.get(post.jfo.program_id, ()):
            days = [row.completed_on for row in done.get((post.officer_id, course.pk), ())]
            of_officer[course.pk] = Requirement(course, max(days, default=None))
    return {officer: sorted(rows.values(), key=lambda row: row.course.code) for officer, rows in found.items()}


def lacking(rows: Sequence[Requirement]) -> list[Course]:
    """Return the courses that were not completed."""
    return [row.course for row in rows if row.is_lacking]
