"""Texts folded, so that a search finds them whatever their case and accents: “surete” finds Sûreté."""

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Q

from .imports.cells import fold


class FoldedField(models.CharField):
    """The row's other texts, `of`, folded and joined: what the database looks through and sorts by.

    It is worked out whenever the row is saved or inserted in bulk; a bulk update has to name it, too. It says
    nothing that the others don't, so no version of the row keeps it (kit.history).
    """

    is_derived = True

    def __init__(self, *args: Any, of: Iterable[str] = (), **options: Any) -> None:
        self.of = tuple(of)
        options |= {"editable": False, "default": ""}
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        for settled in ("editable", "default"):
            del options[settled]
        return name, path, args, options | {"of": list(self.of)}

    def folded(self, row: models.Model) -> str:
        """Return what the field holds of the row as it is."""
        return fold(" ".join(str(getattr(row, name)) for name in self.of))[: self.max_length]

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = self.folded(model_instance)
        setattr(model_instance, self.attname, value)
        return value


def holding(field: str, words: str) -> Q:
    """Return the condition that the folded field holds all the words, in any order."""
    found = Q()
    for word in fold(words).split():
        found &= Q(**{f"{field}__contains": word})
    return found
