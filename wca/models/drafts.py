"""Drafts of arrangements: the fragments they are composed of, and the paragraphs of each draft."""

from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.bilingual import in_language
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.scoping import OpenQuerySet, ScopedQuerySet
from registry.models import JFO, Role

from .arrangements import Arrangement, SecurityLevel


class FragmentQuerySet(OpenQuerySet):
    """Fragments: everybody who signed in reads them, NHQ reviewers write them."""

    write_roles = frozenset({Role.NHQ_REVIEWER})


class Fragment(Tracked):
    """One version of a paragraph written for the portal, in both languages, with places to fill in such as {jfos}.

    It holds the parts of clauses that it names. A new wording makes a new version, and drafts keep theirs. Until Legal
    Services has signed off every fragment of a draft, the draft carries a watermark.
    """

    code = models.SlugField(_("code"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    position = models.PositiveSmallIntegerField(_("position"), help_text=_("Where in a draft it stands."))
    heading_en = models.CharField(_("heading in English"), max_length=120)
    heading_fr = models.CharField(_("heading in French"), max_length=120)
    text_en = models.TextField(_("text in English"))
    text_fr = models.TextField(_("text in French"))
    # Keys of clause parts, such as "information-sharing.c.2": those of every version of the set.
    holds: Any = models.JSONField(_("clause parts that it holds"), default=list, blank=True)
    signed_off_on = models.DateField(
        _("signed off on"), null=True, blank=True, help_text=_("When Legal Services agreed to the wording.")
    )
    signed_off_by = models.CharField(_("signed off by"), max_length=120, blank=True)

    objects = FragmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("fragment")
        verbose_name_plural = _("fragments")
        ordering = ["position", "code", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "version"],
                name="wca_fragment_one_version",
                violation_error_message=_("This version of the fragment already exists."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"

    def get_absolute_url(self) -> str:
        return reverse("fragment", args=[self.code])

    @property
    def heading(self) -> str:
        """The heading in the active language."""
        return in_language(self, "heading")

    @property
    def text(self) -> str:
        """The text in the active language, its places not filled in."""
        return in_language(self, "text")


class DraftQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Drafts: everybody who signed in reads them, NHQ reviewers compose them."""

    write_roles = frozenset({Role.NHQ_REVIEWER})


class Draft(Tracked):
    """A draft composed for one or several JFOs, of fragments with what was filled in; an arrangement may grow of it."""

    arrangement = models.ForeignKey(
        Arrangement,
        verbose_name=_("arrangement"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="drafts",
        help_text=_("The one that it is the draft of; empty while there is none."),
    )
    title_en = models.CharField(_("title in English"), max_length=200)
    title_fr = models.CharField(_("title in French"), max_length=200)
    security_level = models.CharField(_("security level"), max_length=12, choices=SecurityLevel)
    retention_years = models.PositiveSmallIntegerField(
        _("retention"), help_text=_("After how many years information is returned or destroyed.")
    )
    # What it was composed of: parties and authorities in words of both languages.
    filled_in: Any = models.JSONField(_("filled in"), default=dict)
    composed_on = models.DateField(_("composed on"))
    composed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("composed by"), on_delete=models.PROTECT, related_name="+"
    )

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        ordering = ["-composed_on", "-pk"]

    def __str__(self) -> str:
        return gettext("Draft %(number)s: %(title)s") % {"number": self.pk, "title": self.title}

    def get_absolute_url(self) -> str:
        return reverse("draft", args=[self.pk])

    @property
    def title(self) -> str:
        """The title in the active language."""
        return in_language(self, "title")


class DraftJFO(Tracked):
    """A JFO that a draft is for."""

    draft = models.ForeignKey(Draft, verbose_name=_("draft"), on_delete=models.CASCADE, related_name="jfos")
    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.CASCADE, related_name="drafts")

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("JFO of a draft")
        verbose_name_plural = _("JFOs of drafts")
        ordering = ["draft", "jfo"]
        constraints = [models.UniqueConstraint(fields=["draft", "jfo"], name="wca_draftjfo_once")]

    def __str__(self) -> str:
        return f"{self.draft} {self.jfo}"


class ParagraphQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Paragraphs, seen and changed like their draft."""

    write_roles = frozenset({Role.NHQ_REVIEWER})


class DraftParagraph(Tracked):
    """One paragraph of a draft: a fragment with its places filled in."""

    draft = models.ForeignKey(Draft, verbose_name=_("draft"), on_delete=models.CASCADE, related_name="paragraphs")
    fragment = models.ForeignKey(Fragment, verbose_name=_("fragment"), on_delete=models.PROTECT)
    position = models.PositiveSmallIntegerField(_("position"))
    text_en = models.TextField(_("text in English"))
    text_fr = models.TextField(_("text in French"))

    objects = ParagraphQuerySet.as_manager()

    class Meta:
        verbose_name = _("paragraph")
        verbose_name_plural = _("paragraphs")
        ordering = ["draft", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "position"],
                name="wca_draftparagraph_one_position",
                violation_error_message=_("The draft already has a paragraph there."),
            )
        ]

    def __str__(self) -> str:
        return gettext("%(draft)s, paragraph “%(fragment)s”") % {"draft": self.draft, "fragment": self.fragment}

    def get_absolute_url(self) -> str:
        return reverse("draft", args=[self.draft_id])

    @property
    def text(self) -> str:
        """The text in the active language."""
        return in_language(self, "text")
