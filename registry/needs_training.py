"""What the home page says of training: officers on a JFO whose program requires a course that they lack."""

from datetime import date

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.access import Reader

from .measures.training import lacking, needing_courses, requirements
from .models import MANAGERS, Assignment, Officer
from .needs import Found, Line, Need, Rows
from .tables import record_link


def _officers(reader: Reader) -> QuerySet:
    """Return the officers with their training, their assignments, and what the programs of those require."""
    assignments = Assignment.objects.select_related("jfo__program").prefetch_related("jfo__program__courses")
    return Officer.objects.visible_to(reader).prefetch_related("training", Prefetch("assignments", assignments))


def _lacks(reader: Reader, day: date) -> QuerySet:
    return needing_courses(Officer.objects.visible_to(reader), day).filter(lacks_course=True)


def _line(found: Found, reader: Reader, day: date) -> Line:
    officer = found.row
    posts = [row for row in officer.assignments.all() if row.holds_on(day)]
    courses = {course for post in posts for course in post.jfo.program.courses.all()}
    done = [row for row in officer.training.all() if row.completed_on <= day]
    missing = lacking(requirements(posts, courses, done).get(officer.pk, []))
    programs = {course.program_id for course in missing}
    jfos = sorted({post.jfo.code for post in posts if post.jfo.program_id in programs})
    return Line(
        when=", ".join(jfos),
        what=_("%(officer)s: %(courses)s is lacking")
        % {"officer": officer.name, "courses": "; ".join(course.name for course in missing)},
        href=officer.get_absolute_url(),
        acts=[record_link(officer, course) for course in missing] if reader.role in MANAGERS else (),
    )


NEEDS = [
    Need(
        "training",
        gettext_lazy("Officers on an IBET, or another JFO, without its course"),
        Rows("training", _officers),
        _lacks,
        _line,
        order=("number",),
        readers=MANAGERS,
    )
]
