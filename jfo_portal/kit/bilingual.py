"""Names that stand in both official languages on one row."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


def in_language(row: object, field: str) -> str:
    """Return the row's `field` in the active language, or in the other where that one is empty."""
    first, second = ("fr", "en") if get_language() == "fr" else ("en", "fr")
    text: str = getattr(row, f"{field}_{first}") or getattr(row, f"{field}_{second}")
    return text


class Named(models.Model):
    """A row with an English and a French name."""

    name_en = models.CharField(_("name in English"), max_length=200)
    name_fr = models.CharField(_("name in French"), max_length=200)

    class Meta:
        abstract = True

    @property
    def name(self) -> str:
        """The name in the active language."""
        return in_language(self, "name")
