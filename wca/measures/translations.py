"""Texts that stand in one official language and are missing in the other, and where each is mended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import models
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from jfo_portal.kit.access import Reader
from registry.models import JFO, Agency
from wca.models import (
    Amendment,
    Arrangement,
    Clause,
    ClausePart,
    ClauseSet,
    Finding,
    Fragment,
    Milestone,
    Recommendation,
)

_TEXT = models.TextField()


@dataclass(frozen=True)
class Source:
    """Rows of one kind with bilingual fields: what a row is called, and the address where its texts are mended.

    `key` is the look-up, or what is put together, that names the row there.
    """

    model: type[models.Model]
    fields: Sequence[str]
    key: models.F | Concat | Cast
    address: Callable[[str], str]
    only: Q | None = None

    @property
    def kind(self) -> str:
        return str(self.model._meta.model_name)

    def missing(self, reader: Reader) -> list[QuerySet]:
        """Return, for each field, the rows that have it in one language alone, as values alike in every source."""
        rows = self.model._default_manager.all()
        visible = rows.visible_to(reader).filter(self.only or Q())  # type: ignore[attr-defined]
        return [
            visible.filter(_one_alone(name))
            .order_by()
            .annotate(
                m_kind=Value(self.kind, output_field=models.CharField()),
                m_field=Value(name, output_field=models.CharField()),
                m_key=Cast(self.key, _TEXT),
                m_row=Cast(F("pk"), models.BigIntegerField()),
                m_en=Cast(F(f"{name}_en"), _TEXT),
                m_fr=Cast(F(f"{name}_fr"), _TEXT),
            )
            .values("m_kind", "m_field", "m_key", "m_row", "m_en", "m_fr")
            for name in self.fields
        ]


def _one_alone(name: str) -> Q:
    """Return the condition that the text stands in one language and not in the other."""
    english, french = {f"{name}_en": ""}, {f"{name}_fr": ""}
    return (Q(**english) & ~Q(**french)) | (Q(**french) & ~Q(**english))


def _set_key(prefix: str = "") -> Concat:
    return Concat(F(f"{prefix}code"), Value(" "), Cast(F(f"{prefix}version"), _TEXT), output_field=_TEXT)


def _clause_key(prefix: str = "") -> Concat:
    return Concat(_set_key(f"{prefix}clause_set__"), Value(" "), F(f"{prefix}letter"), output_field=_TEXT)


def _arrangement(key: str) -> str:
    return reverse("arrangement", args=[key.partition(" ")[0]])


def _clause_set(key: str) -> str:
    code, version, *_letter = key.split(" ")
    return reverse("clause-set", args=[code, int(version)])


SOURCES = [
    Source(Arrangement, ["title"], F("reference"), lambda key: reverse("arrangement-edit", args=[key])),
    Source(Amendment, ["summary"], F("arrangement__reference"), _arrangement),
    # An approved assessment never changes: the next one says it in both languages.
    Source(
        Finding,
        ["missing"],
        Concat(F("assessment__arrangement__reference"), Value(" "), F("part__clause__letter"), output_field=_TEXT),
        _arrangement,
        only=Q(assessment__approved_on=None),
    ),
    Source(ClauseSet, ["name"], _set_key(), _clause_set),
    Source(Clause, ["title", "wording"], _clause_key(), _clause_set),
    Source(ClausePart, ["wording"], _clause_key("clause__"), _clause_set),
    Source(Fragment, ["heading", "text"], F("code"), lambda key: reverse("fragment", args=[key])),
    Source(Agency, ["short", "name"], F("key"), lambda key: reverse("agency", args=[key])),
    Source(JFO, ["name", "objectives"], F("code"), lambda key: reverse("jfo", args=[key])),
    Source(Recommendation, ["title"], Cast(F("number"), _TEXT), lambda _key: reverse("plan-milestones")),
    Source(Milestone, ["lead", "what"], Cast(F("pk"), _TEXT), lambda _key: reverse("plan-milestones")),
]
_BY_KIND = {source.kind: source for source in SOURCES}


@dataclass(frozen=True)
class Missing:
    """One text that is missing in a language; `text` is what stands in the other."""

    kind: str
    key: str
    field: str
    language: str
    text: str
    href: str


def missing_texts(reader: Reader) -> QuerySet:
    """Return the texts that the reader may see in one language alone, as a query of plain values; see `read`."""
    branches = [rows for source in SOURCES for rows in source.missing(reader)]
    return branches[0].union(*branches[1:], all=True).order_by("m_kind", "m_key", "m_field", "m_row")


def read(rows: Sequence[dict[str, str]]) -> list[Missing]:
    """Return what the values say, in the active language."""
    return [_missing(row) for row in rows]


def _missing(row: dict[str, str]) -> Missing:
    source = _BY_KIND[row["m_kind"]]
    lacks_english = not row["m_en"]
    lacking = "en" if lacks_english else "fr"
    field = source.model._meta.get_field(f"{row['m_field']}_{lacking}")
    label: str | Promise = field.verbose_name  # type: ignore[union-attr]
    return Missing(
        kind=capfirst(str(source.model._meta.verbose_name)),
        key=row["m_key"],
        field=capfirst(str(label)),
        language=_("English") if lacks_english else _("French"),
        text=row["m_fr"] if lacks_english else row["m_en"],
        href=source.address(row["m_key"]),
    )
