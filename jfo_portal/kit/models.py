"""The tables of the kit itself: imports, from the file that was sent to what it changed; change sets; saved views."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .access import Reader
from .changesets import ChangeSet
from .imports.preview import Counts
from .imports.reading import Sheet
from .savedviews import SavedView

__all__ = ["ChangeSet", "Import", "ImportState", "SavedView"]


class ImportState(models.TextChoices):
    DRAFT = "draft", _("Waiting for confirmation")
    APPLIED = "applied", _("Imported")
    ABANDONED = "abandoned", _("Abandoned")


class ImportQuerySet(models.QuerySet):
    """Imports: each belongs to who sent the file."""

    def visible_to(self, reader: Reader) -> Self:
        """Return the reader's own imports; none for a visitor who has not signed in."""
        return self.filter(by=reader) if reader.is_authenticated else self.none()


class Import(models.Model):
    """One file that somebody sent to be imported, and what became of it.

    The rows are kept as they were read; what they would change is worked out anew at each step,
    since the records change meanwhile.
    """

    entity = models.SlugField(_("what it holds"), max_length=50, help_text=_("The kind of record that the file holds."))
    file_name = models.CharField(_("file"), max_length=255)
    file_hash = models.CharField(
        _("SHA-256 of the file"), max_length=64, help_text=_("Two files with the same content have the same one.")
    )
    sheet_data = models.JSONField(_("rows"), help_text=_("The sheet as it was read."))
    ignored = models.JSONField(
        _("ignored columns"), default=list, help_text=_("The headers of the columns that were left out, by agreement.")
    )
    state = models.CharField(_("state"), max_length=10, choices=ImportState, default=ImportState.DRAFT)
    reason = models.TextField(_("reason"), blank=True)
    new = models.PositiveIntegerField(_("new records"), default=0)
    changed = models.PositiveIntegerField(_("changed records"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged records"), default=0)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("who"), on_delete=models.PROTECT, related_name="imports"
    )
    change_set = models.OneToOneField(
        ChangeSet, verbose_name=_("change set"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(_("sent"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["by", "file_hash"], name="kit_import_file")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """How the import is called on pages and in histories: I-0003."""
        return f"I-{self.pk:04d}"

    @property
    def sheet(self) -> Sheet:
        """The sheet as it was read from the file."""
        return Sheet.from_json(self.sheet_data)

    @property
    def counts(self) -> Counts:
        """How many records the import changed; zeros while it waits."""
        return Counts(self.new, self.changed, self.unchanged)

    @property
    def is_undone(self) -> bool:
        """Whether what it wrote was taken back; one query where the change set is not loaded."""
        return self.change_set is not None and self.change_set.is_undone

    def earlier(self) -> Self | None:
        """Return the last import of the same file by the same person that was applied and stands; None without one."""
        same = type(self).objects.filter(
            by=self.by_id, entity=self.entity, file_hash=self.file_hash, state=ImportState.APPLIED
        )
        return same.exclude(pk=self.pk).exclude(change_set__is_undone=True).defer("sheet_data").first()
