"""Reports frozen as they were."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.history import Attributed, TrackedQuerySet, Tracking
from jfo_portal.kit.scoping import ScopedQuerySet


def scope_of(reader: Reader) -> str:
    """Return whose rows the reader sees, in one word: all, or the keys of their regions."""
    return "all" if reader.sees_everything else ",".join(map(str, sorted(reader.scope_ids)))


class SnapshotQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Snapshots, each what somebody was shown: one's own while one sees the same regions, or every one."""

    def visible_to(self, reader: Reader) -> Self:
        """Return the reader's own snapshots, or all."""
        if not reader.is_authenticated:
            return self.none()
        return self.all() if reader.sees_everything else self.filter(taken_by=reader, seen=scope_of(reader))

    def may_be_written_by(self, reader: Reader) -> bool:
        return reader.is_authenticated


class Snapshot(Attributed):
    """A report as it was: its parameters, rows and totals, what the data were, by whom and when.

    It never changes: the database refuses it (performance.guards). `sha256` is of `content` as UTF-8, its keys sorted.
    """

    is_never_removed = True

    report = models.SlugField(_("report"), max_length=40)
    title = models.CharField(_("title"), max_length=200)
    language = models.CharField(_("language"), max_length=2)
    parameters = models.JSONField(_("parameters"))
    content = models.TextField(_("content"), help_text=_("The report as JSON."))
    sha256 = models.CharField("SHA-256", max_length=64)
    data_version = models.CharField(
        _("data version"), max_length=64, help_text=_("Two of one version rest on the same records.")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("who"), on_delete=models.PROTECT, related_name="snapshots"
    )
    seen = models.CharField(
        _("regions seen"),
        max_length=200,
        help_text=_("Whose rows its reader saw: all, or the keys of the regions."),
    )
    taken_at = models.DateTimeField(_("when"), auto_now_add=True)

    # The row itself never changes, so that the history need not hold the content once more.
    history: ClassVar[Any] = Tracking(excluded_fields=["content"])
    objects = SnapshotQuerySet.as_manager()

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering = ["-taken_at", "-pk"]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("snapshot", args=[self.pk])

    def clean(self) -> None:
        """Refuse any change of what is frozen."""
        super().clean()
        if self.pk is not None:
            raise ValidationError(gettext("%(row)s is frozen and cannot be changed.") % {"row": self})

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Refuse: what is frozen stays."""
        raise ValidationError(gettext("%(row)s stays: what is of its kind is never removed.") % {"row": self})

    @property
    def number(self) -> str:
        """How the snapshot is called: S-0003."""
        return f"S-{self.pk:04d}" if self.pk else "S-"
