"""The assessments of an arrangement, as a section of its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from registry.models import Role
from registry.tables import keeping_day

from . import assessing
from .models import Arrangement, Assessment, Document
from .sections import Section, register


class State(models.TextChoices):
    """How an assessment stands."""

    DRAFT = "draft", _("Draft")
    RETURNED = "returned", _("Returned to its author")
    SUBMITTED = "submitted", _("Waits for approval")
    APPROVED = "approved", _("Approved")


def state_on(row: Assessment, day: date) -> State:
    """Return how the assessment stands on the day."""
    if row.approved_on is not None and row.approved_on <= day:
        return State.APPROVED
    if row.submitted_on is not None and row.submitted_on <= day:
        return State.SUBMITTED
    return State.RETURNED if row.returned_note else State.DRAFT


def name_of(user: Any) -> str:
    """Return the person's name, or the name they sign in with."""
    return user.get_full_name() or str(user.username)


@dataclass(frozen=True)
class Listed:
    """An assessment as lists show it; the one that stands of its clauses, or not."""

    row: Assessment
    author: str
    state: State
    href: str
    is_own: bool
    is_standing: bool
    is_outdated: bool


def assessments_of(
    arrangement: Arrangement, reader: Reader, day: date, *, newest: Document | None, is_past: bool = False
) -> list[Listed]:
    """Return the assessments of the arrangement, newest first; on a past day those approved by then; one query."""
    rows = Assessment.objects.visible_to(reader).filter(arrangement=arrangement, assessed_on__lte=day)
    if is_past:
        rows = rows.filter(approved_on__lte=day)
    found = list(
        rows.select_related("author", "approved_by", "clause_set", "document").order_by(
            "clause_set__code", "-assessed_on", "-pk"
        )
    )
    standing: dict[str, Assessment] = {}
    for row in sorted((row for row in found if state_on(row, day) == State.APPROVED), key=_approved):
        standing[row.clause_set.code] = row
    outdated = assessing.outdated(standing.values(), newest)
    return [
        Listed(
            row,
            name_of(row.author),
            state_on(row, day),
            keeping_day(reverse("assessment", args=[arrangement.reference, row.pk]), day),
            row.author_id == getattr(reader, "pk", None),
            standing.get(row.clause_set.code) is row,
            row.pk in outdated,
        )
        for row in found
    ]


def _approved(row: Assessment) -> tuple[date, int]:
    return (row.approved_on or date.max, row.pk)


def of_arrangement(arrangement: Arrangement, reader: Reader, day: date, is_read_only: bool) -> Mapping[str, Any]:
    """Return the assessments, and the way to begin one; two queries."""
    newest = assessing.newest_document(arrangement, day)
    rows: Sequence[Listed] = assessments_of(arrangement, reader, day, newest=newest, is_past=is_read_only)
    return {
        "assessments": rows,
        "newest": newest,
        "may_assess": not is_read_only and reader.role == Role.NHQ_REVIEWER,
        "start_href": reverse("assessment-new", args=[arrangement.reference]),
    }


register(
    Section("assessments", _("Assessments"), "wca/assessments_section.html", of_arrangement, 30, part="assessments")
)
