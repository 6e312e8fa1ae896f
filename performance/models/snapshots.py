"""Reports frozen as they were."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.scoping import ScopedQuerySet


class SnapshotQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Snapshots: what somebody was shown. Their own, and for those who see everything all of them."""

    def visible_to(self, reader: Reader) -> Self:
        """Return the reader's own snapshots, or all."""
        if not reader.is_authenticated:
            return self.none()
        return self.all() if reader.sees_everything else self.filter(taken_by=reader)

    def may_be_written_by(self, reader: Reader) -> bool:
        return reader.is_authenticated


class Snapshot(Tracked):
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
    taken_at = models.DateTimeField(_("when"), auto_now_add=True)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering = ["-taken_at", "-pk"]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """How the snapshot is called: S-0003."""
        return f"S-{self.pk:04d}"
