"""The documents of arrangements: their versions, what they hold, their text, and who took a copy."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.scoping import ScopedQuerySet
from registry.models import Role

from .arrangements import Arrangement, Coverage


class DocumentKind(models.TextChoices):
    """What was uploaded, by its content and never by its name."""

    PDF = "pdf", _("PDF")
    DOCX = "docx", _("Word document (DOCX)")
    PLAIN = "plain", _("Plain text")


LANGUAGES = [("en", _("English")), ("fr", _("French"))]


class DocumentQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Documents: a manager reads those of arrangements that name a JFO of own regions; NHQ reviewers add versions.

    A version stays as it is: nobody changes it.
    """

    write_roles = frozenset({Role.NHQ_REVIEWER})

    def visible_to(self, reader: Reader) -> Self:
        rows = super().visible_to(reader)
        if reader.sees_everything or not reader.is_authenticated:
            return rows
        named = Coverage.objects.filter(arrangement=OuterRef("arrangement"), jfo__region__in=reader.scope_ids)
        return rows.filter(Exists(named))

    def editable_by(self, reader: Reader) -> Self:
        return self.none()


class Document(Tracked):
    """One version of an arrangement's document in one language, as it was uploaded.

    A version never changes and is never removed, nor is the log of who took a copy.

    Versions are counted for each language: two texts of one number say the same in two languages.
    """

    is_never_removed = True

    arrangement = models.ForeignKey(
        Arrangement, verbose_name=_("arrangement"), on_delete=models.CASCADE, related_name="documents"
    )
    version = models.PositiveSmallIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    file_name = models.CharField(_("file"), max_length=255)
    kind = models.CharField(_("type"), max_length=5, choices=DocumentKind)
    size = models.PositiveIntegerField(_("size"), help_text=_("In bytes."))
    sha256 = models.CharField(
        _("SHA-256"), max_length=64, help_text=_("Two files with the same content have the same one.")
    )
    is_draft = models.BooleanField(_("draft"), default=False, help_text=_("Not the text that the parties signed."))
    uploaded_on = models.DateField(_("uploaded on"))
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("uploaded by"), on_delete=models.PROTECT, related_name="documents"
    )

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["arrangement", "-version", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["arrangement", "version", "language"],
                name="wca_document_one_version",
                violation_error_message=_("The arrangement already has this version in this language."),
            ),
            models.UniqueConstraint(
                fields=["arrangement", "sha256"],
                name="wca_document_one_content",
                violation_error_message=_("The arrangement already holds this very file."),
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(arrangement)s, version %(version)s (%(language)s)") % {
            "arrangement": self.arrangement,
            "version": self.version,
            "language": self.get_language_display(),
        }

    def get_absolute_url(self) -> str:
        # The history knows of the arrangement only its words, which are its reference.
        return reverse("document", args=[str(self.arrangement), self.pk])


class DocumentContent(models.Model):
    """The file itself, and its text place by place; apart from the document, so that lists need not load it.

    `places` is a list of objects with `place`, such as "p. 4", and `text`; empty where no text could be read, such as
    in a scan.
    """

    document = models.OneToOneField(
        Document, verbose_name=_("document"), on_delete=models.CASCADE, related_name="content", primary_key=True
    )
    data = models.BinaryField(_("file"))
    places: Any = models.JSONField(_("text by place"), default=list)

    class Meta:
        verbose_name = _("content of a document")
        verbose_name_plural = _("contents of documents")

    def __str__(self) -> str:
        return str(self.document)


class DownloadQuerySet(models.QuerySet):
    """Downloads: NHQ and auditors see them."""

    def visible_to(self, reader: Reader) -> Self:
        return self if reader.sees_everything else self.none()


class Download(models.Model):
    """One copy of a document that somebody took, or read on screen."""

    document = models.ForeignKey(
        Document, verbose_name=_("document"), on_delete=models.CASCADE, related_name="downloads"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("who"), on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("when"), auto_now_add=True)
    is_text = models.BooleanField(_("text on screen"), default=False)

    objects = DownloadQuerySet.as_manager()

    class Meta:
        verbose_name = _("download")
        verbose_name_plural = _("downloads")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.document} {self.by} {self.at:%Y-%m-%d %H:%M}"
