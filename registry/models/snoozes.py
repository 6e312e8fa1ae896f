"""What a user put off on the home page, until when and why."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.history import Tracked
from jfo_portal.kit.scoping import PersonalQuerySet


class SnoozeQuerySet(PersonalQuerySet):
    """Snoozes: each belongs to the user who put the line off."""

    owner_field = "user"

    def on(self, day: date) -> Self:
        """Return those that still hold on the day."""
        return self.filter(until__gt=day)


class Snooze(Tracked):
    """One line of somebody's home page, put off until a day."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE)
    need = models.SlugField(_("what needs attention"), max_length=40, help_text=_("The group on the home page."))
    row_id = models.PositiveBigIntegerField(_("row"))
    until = models.DateField(_("until"), help_text=_("The day on which the line comes back."))
    reason = models.CharField(_("why"), max_length=300)

    objects = SnoozeQuerySet.as_manager()

    class Meta:
        verbose_name = _("snooze")
        verbose_name_plural = _("snoozes")
        ordering = ["until"]
        constraints = [
            models.UniqueConstraint(fields=["user", "need", "row_id"], name="registry_snooze_once"),
        ]

    def __str__(self) -> str:
        return f"{self.need} {self.row_id}"
