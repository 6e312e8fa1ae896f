"""The figures that documents printed, and why computed ones differ."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.bilingual import in_language
from jfo_portal.kit.history import Tracked
from jfo_portal.kit.scoping import OpenQuerySet


class PublishedFigure(Tracked):
    """A figure as a document printed it, kept apart from what the portal computes (domain rule 12)."""

    exhibit = models.SlugField(_("exhibit"), max_length=40, help_text=_("The report's slug, such as exhibit-5."))
    row = models.CharField(_("row"), max_length=60)
    measure = models.CharField(_("measure"), max_length=40)
    value = models.CharField(_("value"), max_length=120)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("published figure")
        verbose_name_plural = _("published figures")
        ordering = ["exhibit", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["exhibit", "row", "measure"],
                name="performance_publishedfigure_once",
                violation_error_message=_("This figure is already there."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.exhibit} {self.row} {self.measure}"


class Explanation(Tracked):
    """Why a computed figure differs from the published one: a place where the document contradicts itself."""

    number = models.PositiveSmallIntegerField(_("number"), help_text=_("Rows of one number tell one contradiction."))
    exhibit = models.SlugField(_("exhibit"), max_length=40)
    row = models.CharField(_("row"), max_length=60, help_text=_("The row's key, or * for all."))
    measure = models.CharField(_("measure"), max_length=40, help_text=_("The measure, or * for all."))
    explanation_en = models.TextField(_("explanation in English"))
    explanation_fr = models.TextField(_("explanation in French"))

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("explanation")
        verbose_name_plural = _("explanations")
        ordering = ["number", "pk"]

    def __str__(self) -> str:
        return f"{self.number} {self.exhibit} {self.row} {self.measure}"

    @property
    def explanation(self) -> str:
        """The explanation in the active language."""
        return in_language(self, "explanation")


class Discrepancy(Tracked):
    """A place where the evaluation contradicts itself: what one part of it says, and what another."""

    code = models.CharField(_("code"), max_length=5, unique=True, help_text=_("The contradiction's number and letter."))
    number = models.PositiveSmallIntegerField(_("number"), help_text=_("The number of what explains the figures."))
    subject_en = models.CharField(_("subject in English"), max_length=120)
    subject_fr = models.CharField(_("subject in French"), max_length=120)
    first_source_en = models.CharField(_("first source in English"), max_length=120)
    first_source_fr = models.CharField(_("first source in French"), max_length=120)
    first_says_en = models.CharField(_("what the first says in English"), max_length=200)
    first_says_fr = models.CharField(_("what the first says in French"), max_length=200)
    second_source_en = models.CharField(_("second source in English"), max_length=120)
    second_source_fr = models.CharField(_("second source in French"), max_length=120)
    second_says_en = models.CharField(_("what the second says in English"), max_length=200)
    second_says_fr = models.CharField(_("what the second says in French"), max_length=200)
    followed_en = models.TextField(_("what the portal does in English"))
    followed_fr = models.TextField(_("what the portal does in French"))

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("contradiction")
        verbose_name_plural = _("contradictions")
        ordering = ["number", "code"]

    def __str__(self) -> str:
        return self.code
