"""Views of lists that somebody saved under a name: the filters, columns, order and date of an address."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .access import Reader
from .history import Tracked, TrackedQuerySet


class SavedViewQuerySet(TrackedQuerySet):
    """Saved views: a reader sees their own, those that were shared, and the default of their role."""

    def visible_to(self, reader: Reader) -> Self:
        """Return the views the reader may open."""
        if not reader.is_authenticated:
            return self.none()
        return self.filter(Q(owner=reader) | Q(is_shared=True) | Q(role=reader.role))

    def editable_by(self, reader: Reader) -> Self:
        """Return the views the reader may change: their own."""
        return self.filter(owner=reader) if reader.is_authenticated else self.none()


class SavedView(Tracked):
    """One view of one list, by name."""

    page = models.CharField(_("list"), max_length=60, help_text=_("The name of the list’s address."))
    name = models.CharField(_("name"), max_length=80)
    query = models.TextField(_("query"), blank=True, help_text=_("What the address says after the question mark."))
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.CASCADE)
    is_shared = models.BooleanField(_("shared"), default=False, help_text=_("Whether everybody may open it."))
    role = models.CharField(
        _("default of the role"), max_length=20, blank=True, help_text=_("The role for which the list opens so.")
    )

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["page", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "page", "name"],
                name="kit_savedview_once",
                violation_error_message=_("You already have a view of this list with this name."),
            ),
            models.UniqueConstraint(
                fields=["page", "role"],
                condition=~Q(role=""),
                name="kit_savedview_one_default",
                violation_error_message=_("This role already has a default view of this list."),
            ),
        ]

    def __str__(self) -> str:
        return self.name
