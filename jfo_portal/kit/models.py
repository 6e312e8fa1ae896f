"""The tables of the kit itself: imports, from the file that was sent to what it changed; change sets; saved views."""

from functools import cached_property
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .access import Reader
from .changesets import ChangeSet
from .exportlog import Export
from .imports.cells import of_text
from .imports.preview import Counts, Said
from .imports.reading import Options, Sheet
from .savedviews import SavedView

__all__ = [
    "ChangeSet",
    "Export",
    "Import",
    "ImportPapers",
    "ImportProgress",
    "ImportState",
    "Job",
    "JobState",
    "Phase",
    "RememberedChoice",
    "RememberedMapping",
    "SavedView",
]


# Stands beside the corrections of a row that is left out, with what the row is about.
OUT = "out"


class ImportState(models.TextChoices):
    DRAFT = "draft", _("Waiting for confirmation")
    APPLIED = "applied", _("Imported")
    ABANDONED = "abandoned", _("Abandoned")
    EXPIRED = "expired", _("Expired")


class Job(models.TextChoices):
    """What of an import is done in the background."""

    NONE = "", _("nothing")
    PREVIEW = "preview", _("The file is compared with the records")
    SAVE = "save", _("The rows are saved")
    UNDO = "undo", _("The import is taken back")


class JobState(models.TextChoices):
    """How far a job is; where nobody works on one that is queued or running any more, it was interrupted."""

    NONE = "", _("none")
    QUEUED = "queued", _("Waiting its turn")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class ImportQuerySet(models.QuerySet):
    """Imports: each belongs to who sent the file."""

    def visible_to(self, reader: Reader) -> Self:
        """Return the reader's own imports; none for a visitor who has not signed in."""
        return self.filter(by=reader) if reader.is_authenticated else self.none()


class Import(models.Model):
    """One file that somebody sent to be imported, what they said of it, and what became of it.

    What its rows would change is worked out anew at each step, since the records change meanwhile.
    """

    entity = models.SlugField(_("what it holds"), max_length=50, help_text=_("The kind of record that the file holds."))
    file_name = models.CharField(_("file"), max_length=255)
    file_hash = models.CharField(
        _("SHA-256 of the file"), max_length=64, help_text=_("Two files with the same content have the same one.")
    )
    size = models.PositiveIntegerField(_("rows"), default=0, help_text=_("Rows of the sheet that is read."))
    reading = models.JSONField(
        _("reading"),
        default=dict,
        help_text=_("How the file is read, where a person said so (imports.reading.Options)."),
    )
    mapping = models.JSONField(
        _("mapping"), default=dict, help_text=_("What the columns hold, by place; empty for one to leave out.")
    )
    choices = models.JSONField(
        _("choices"), default=dict, help_text=_("What values stand for, by column and folded spelling.")
    )
    fixes = models.JSONField(
        _("corrections"), default=dict, help_text=_("Cells corrected in the page, by line and place of the column.")
    )
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

    job = models.CharField(_("job"), max_length=10, choices=Job, blank=True, default=Job.NONE)
    job_state = models.CharField(
        _("state of the job"), max_length=10, choices=JobState, blank=True, default=JobState.NONE
    )
    job_said = models.JSONField(
        _("said to the job"), default=dict, help_text=_("What the job needs to know: the language, what was confirmed.")
    )
    told = models.TextField(_("told"), blank=True, help_text=_("Why the job failed, in the language of who began it."))
    job_at = models.DateTimeField(_("since"), null=True, blank=True, help_text=_("When the job came to its state."))

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
    def options(self) -> Options:
        """How the file is read."""
        return Options(**self.reading)

    @property
    def said(self) -> Said:
        """What was said of the columns and of values."""
        return Said({int(place): name for place, name in self.mapping.items()}, self.choices)

    @cached_property
    def sheet(self) -> Sheet:
        """The sheet as it was read from the file, with the corrections made in the page and without the rows left out
        there; one query."""
        sheet = Sheet.unpacked(bytes(self.papers.sheet))
        if corrections := self.corrections:
            sheet = sheet.corrected({place: of_text(text) for place, text in corrections.items()})
        if left_out := self.left_out:
            sheet = sheet.at([position for position, line in enumerate(sheet.lines) if line not in left_out])
        return sheet

    @property
    def corrections(self) -> dict[tuple[int, int], str]:
        """The cells that were corrected in the page, by line and place of the column, but those of rows left out."""
        return {
            (int(line), int(place)): text
            for line, cells in self.fixes.items()
            if OUT not in cells
            for place, text in cells.items()
        }

    @property
    def left_out(self) -> dict[int, str]:
        """What each row that was left out in the page is about, in words, by line."""
        return dict(sorted((int(line), cells[OUT]) for line, cells in self.fixes.items() if OUT in cells))

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
        return same.exclude(pk=self.pk).exclude(change_set__is_undone=True).first()


class ImportPapers(models.Model):
    """What an import needs until it is finished, and no longer: the file, the sheet read from it, the last preview."""

    of_import = models.OneToOneField(Import, primary_key=True, on_delete=models.CASCADE, related_name="papers")
    content = models.BinaryField(_("file"), help_text=_("As it was sent."))
    sheet = models.BinaryField(_("sheet"), help_text=_("As it was read (imports.reading.Sheet.packed)."))
    preview = models.BinaryField(
        _("preview"), null=True, help_text=_("Of a large file (imports.preview.StoredPreview.packed).")
    )

    class Meta:
        verbose_name = _("papers of an import")
        verbose_name_plural = _("papers of imports")

    def __str__(self) -> str:
        return str(self.of_import_id)


class Phase(models.TextChoices):
    """What a job is doing."""

    WAITING = "waiting", _("Waiting its turn")
    READING = "reading", _("The rows are read")
    COMPARING = "comparing", _("The rows are compared with the records")
    CHECKING = "checking", _("The rules are checked")
    SAVING = "saving", _("The rows are saved")


class ImportProgress(models.Model):
    """How far a job is, and whether it was told to stop: apart from the import, which the job holds still."""

    of_import = models.OneToOneField(Import, primary_key=True, on_delete=models.CASCADE, related_name="progress")
    phase = models.CharField(_("phase"), max_length=10, choices=Phase, default=Phase.WAITING)
    is_cancelled = models.BooleanField(_("cancelled"), default=False, help_text=_("Whether the job was told to stop."))

    class Meta:
        verbose_name = _("progress of an import")
        verbose_name_plural = _("progress of imports")

    def __str__(self) -> str:
        return f"{self.of_import_id}: {self.phase}"


class RememberedMapping(models.Model):
    """What the columns of a sheet with such headers held when somebody last imported one."""

    entity = models.SlugField(max_length=50)
    headers = models.CharField(max_length=64, help_text=_("SHA-256 of the headers, folded."))
    mapping = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("remembered mapping")
        verbose_name_plural = _("remembered mappings")
        constraints = [models.UniqueConstraint(fields=["entity", "headers"], name="kit_mapping_of_headers")]

    def __str__(self) -> str:
        return f"{self.entity} {self.headers[:8]}"


class RememberedChoice(models.Model):
    """What a value that matches nothing stood for when somebody last imported one."""

    entity = models.SlugField(max_length=50)
    column = models.CharField(max_length=50)
    spelling = models.CharField(max_length=300, help_text=_("The value, folded."))
    choice = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("remembered choice")
        verbose_name_plural = _("remembered choices")
        constraints = [models.UniqueConstraint(fields=["entity", "column", "spelling"], name="kit_choice_of_spelling")]

    def __str__(self) -> str:
        return f"{self.entity}.{self.column}: {self.spelling}"
