"""What somebody found when they read an arrangement against the clauses, part by part."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.scoping import ScopedQuerySet
from registry.models import Role

from .arrangements import Arrangement
from .clauses import ClausePart, ClauseSet
from .documents import Document


class Verdict(models.TextChoices):
    """Of a clause; a part is met, not met, not assessed or not applicable."""

    MET = "met", _("Met")
    PARTIAL = "partial", _("Partly met")
    NOT_MET = "not_met", _("Not met")
    NOT_ASSESSED = "not_assessed", _("Not assessed")
    NOT_APPLICABLE = "not_applicable", _("Not applicable")


PART_VERDICTS = [choice for choice in Verdict.choices if choice[0] != Verdict.PARTIAL]


def clause_verdict(parts: Iterable[str]) -> Verdict:
    """Return the verdict of a clause from its parts' (domain rule 8).

    All met: met. Some met and some failing: partial. None met: not met. A part not assessed and none
    failing: not assessed. Parts that do not apply are left out; a clause of only those does not apply.
    """
    counted = [part for part in parts if part != Verdict.NOT_APPLICABLE]
    if not counted:
        return Verdict.NOT_APPLICABLE
    if Verdict.NOT_ASSESSED in counted and Verdict.NOT_MET not in counted:
        return Verdict.NOT_ASSESSED
    if all(part == Verdict.MET for part in counted):
        return Verdict.MET
    return Verdict.PARTIAL if Verdict.MET in counted else Verdict.NOT_MET


class AssessmentQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Assessments: everybody who signed in reads the approved ones, with their quotations; NHQ reviewers write them. An
    approved one never changes (domain rule 8), and is neither restored nor undone."""

    write_roles = frozenset({Role.NHQ_REVIEWER})

    def editable_by(self, reader: Reader) -> Self:
        """Return the reader's own drafts; what others do with a submitted one are acts (wca.assessing)."""
        if not self.may_be_written_by(reader):
            return self.none()
        own: dict[str, Any] = {"author": reader}
        return super().editable_by(reader).filter(submitted_on=None, approved_on=None, **own)

    def waiting_for(self, reader: Reader) -> Self:
        """Return the submitted assessments that the reader may approve or return: those of others."""
        if not self.may_be_written_by(reader):
            return self.none()
        own: dict[str, Any] = {"author": reader}
        return self.visible_to(reader).filter(submitted_on__isnull=False, approved_on=None).exclude(**own)

    def visible_to(self, reader: Reader) -> Self:
        rows = super().visible_to(reader)
        return rows if reader.sees_everything else rows.filter(approved_on__isnull=False)

    def undoable_by(self, author: Reader) -> Self:
        return super().undoable_by(author).filter(approved_on=None)

    def standing_on(self, day: date) -> Self:
        """Return, for each arrangement and clause set, the last assessment approved by the day."""
        latest = (
            Assessment.objects.filter(
                arrangement=OuterRef("arrangement"), clause_set__code=OuterRef("clause_set__code"), approved_on__lte=day
            )
            .order_by("-approved_on", "-pk")
            .values("pk")[:1]
        )
        return self.filter(pk=Subquery(latest))


class Assessment(Tracked):
    """One reading of an arrangement against one version of a clause set."""

    arrangement = models.ForeignKey(
        Arrangement, verbose_name=_("arrangement"), on_delete=models.CASCADE, related_name="assessments"
    )
    clause_set = models.ForeignKey(ClauseSet, verbose_name=_("clause set"), on_delete=models.PROTECT)
    document = models.ForeignKey(
        Document,
        verbose_name=_("document"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="assessments",
        help_text=_("The version that was read."),
    )
    assessed_on = models.DateField(_("assessed on"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("author"), on_delete=models.PROTECT, related_name="assessments"
    )
    submitted_on = models.DateField(
        _("submitted on"), null=True, blank=True, help_text=_("From this day on it waits for somebody else's approval.")
    )
    returned_note = models.TextField(
        _("why it was returned"), blank=True, help_text=_("What the approver asks to be looked at again.")
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("approved by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="approved_assessments",
    )
    approved_on = models.DateField(_("approved on"), null=True, blank=True)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        ordering = ["arrangement", "-assessed_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("author")),
                name="wca_assessment_approved_by_another",
                violation_error_message=_("An assessment is approved by somebody other than its author."),
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_on=None)
                | Q(approved_by__isnull=False, approved_on__gte=F("assessed_on")),
                name="wca_assessment_approved_whole",
                violation_error_message=_("An approval has a person and a day, not before the day of the assessment."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.arrangement} {self.assessed_on}"


class FindingQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Findings, seen like their assessment; only its author changes them, until it is submitted."""

    write_roles = frozenset({Role.NHQ_REVIEWER})

    def visible_to(self, reader: Reader) -> Self:
        rows = super().visible_to(reader)
        return rows if reader.sees_everything else rows.filter(assessment__approved_on__isnull=False)

    def editable_by(self, reader: Reader) -> Self:
        if not self.may_be_written_by(reader):
            return self.none()
        own: dict[str, Any] = {"assessment__author": reader}
        rows = super().editable_by(reader)
        return rows.filter(assessment__submitted_on=None, assessment__approved_on=None, **own)

    def undoable_by(self, author: Reader) -> Self:
        return super().undoable_by(author).filter(assessment__submitted_on=None, assessment__approved_on=None)


class Finding(Tracked):
    """What an assessment found of one part of one clause."""

    assessment = models.ForeignKey(
        Assessment, verbose_name=_("assessment"), on_delete=models.CASCADE, related_name="findings"
    )
    part = models.ForeignKey(ClausePart, verbose_name=_("clause part"), on_delete=models.PROTECT)
    verdict = models.CharField(_("verdict"), max_length=15, choices=PART_VERDICTS, default=Verdict.NOT_ASSESSED)
    quotation = models.TextField(_("quotation"), blank=True, help_text=_("The words of the arrangement that meet it."))
    quotation_language = models.CharField(
        _("language of the quotation"), max_length=2, choices=[("en", _("English")), ("fr", _("French"))], default="en"
    )
    place = models.CharField(_("place"), max_length=60, blank=True, help_text=_("Page or section of the quotation."))
    missing_en = models.TextField(_("what is missing, in English"), blank=True)
    missing_fr = models.TextField(_("what is missing, in French"), blank=True)
    note = models.TextField(_("note"), blank=True)
    is_carried = models.BooleanField(
        _("to be confirmed"),
        default=False,
        help_text=_("Taken from the assessment of an earlier version of the document, and not confirmed since."),
    )

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ["assessment", "part"]
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "part"],
                name="wca_finding_once",
                violation_error_message=_("The assessment already has a finding for this part."),
            ),
            models.CheckConstraint(
                condition=~Q(verdict=Verdict.MET) | ~(Q(quotation="") | Q(place="")),
                name="wca_finding_met_is_quoted",
                violation_error_message=_("“Met” needs a quotation and its page or section in the document."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assessment} {self.part}"
