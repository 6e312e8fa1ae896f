"""The clauses an arrangement must hold, as versioned bilingual data."""

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.bilingual import Named, in_language
from jfo_portal.kit.history import Tracked
from jfo_portal.kit.scoping import OpenQuerySet


class ClauseSet(Named, Tracked):
    """One version of a set of clauses; a new wording makes a new version and past assessments keep theirs."""

    code = models.SlugField(_("code"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"))

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("clause set")
        verbose_name_plural = _("clause sets")
        ordering = ["code", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "version"],
                name="wca_clauseset_one_version",
                violation_error_message=_("This version of the set already exists."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("clause-set", args=[self.code, self.version])


class Wording(models.Model):
    """A wording in both languages."""

    wording_en = models.TextField(_("wording in English"))
    wording_fr = models.TextField(_("wording in French"))

    class Meta:
        abstract = True

    @property
    def wording(self) -> str:
        """The wording in the active language."""
        return in_language(self, "wording")


class Clause(Wording, Tracked):
    """One of the information-sharing conditions (a to g) of the Customs Enforcement Manual."""

    clause_set = models.ForeignKey(
        ClauseSet, verbose_name=_("clause set"), on_delete=models.PROTECT, related_name="clauses"
    )
    letter = models.CharField(_("letter"), max_length=2)
    title_en = models.CharField(_("title in English"), max_length=120)
    title_fr = models.CharField(_("title in French"), max_length=120)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("clause")
        verbose_name_plural = _("clauses")
        ordering = ["clause_set", "letter"]
        constraints = [
            models.UniqueConstraint(
                fields=["clause_set", "letter"],
                name="wca_clause_one_letter",
                violation_error_message=_("The set already has a clause of this letter."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.letter})"

    @property
    def title(self) -> str:
        """The title in the active language."""
        return in_language(self, "title")


class ClausePart(Wording, Tracked):
    """One part of a clause that can be checked on its own."""

    clause = models.ForeignKey(Clause, verbose_name=_("clause"), on_delete=models.PROTECT, related_name="parts")
    number = models.PositiveSmallIntegerField(_("number"))

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("clause part")
        verbose_name_plural = _("clause parts")
        ordering = ["clause", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["clause", "number"],
                name="wca_clausepart_one_number",
                violation_error_message=_("The clause already has a part of this number."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.clause} {self.number}"


class EvidenceTerm(Tracked):
    """A word or phrase that speaks for a part of a clause, or against it, in a text of one language.

    The evidence finder (wca.evidence) adds the weights of those it finds near each other and proposes the passage; it
    never decides.
    """

    part = models.ForeignKey(ClausePart, verbose_name=_("clause part"), on_delete=models.PROTECT, related_name="terms")
    language = models.CharField(_("language"), max_length=2, choices=[("en", _("English")), ("fr", _("French"))])
    term = models.CharField(_("term"), max_length=80, help_text=_("Folded: without accents, in small letters."))
    weight = models.DecimalField(
        _("weight"), max_digits=3, decimal_places=1, help_text=_("How much it speaks for the part; negative: against.")
    )

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("evidence term")
        verbose_name_plural = _("evidence terms")
        ordering = ["part", "language", "term"]
        constraints = [
            models.UniqueConstraint(
                fields=["part", "language", "term"],
                name="wca_evidenceterm_once",
                violation_error_message=_("The part already has this term."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.part} {self.language} {self.term}"
