"""The import of agencies, each with every other spelling it goes by, and a column that names one."""

import copy
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.imports.cells import fold
from jfo_portal.kit.imports.fields import (
    CellRefused,
    ChoiceField,
    CodeField,
    ForeignKeyField,
    ImportField,
    TextField,
    YesNoField,
    as_text,
    shown,
)
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, lock_table, register

from ..agencies import broken_by, referring
from ..models import Agency, AgencyAlias, Role
from ..models.partners import names_by_agency
from .rows import require_code, touches

# What stands between the entries of one cell; a line break is what Alt+Enter makes of it.
BETWEEN = re.compile(r"[|\n]")
# Who would go by a folded spelling, each with its row of the file.
Owners = dict[str, list[tuple[Agency, PreviewRow | None]]]
_OWN_NAMES = ("key", "short_en", "short_fr", "name_en", "name_fr")


def entries(cell: Any) -> list[str]:
    """Return the entries of a cell, which | or a line break separates, without the empty ones."""
    return [text for part in BETWEEN.split(as_text(cell)) if (text := " ".join(part.split()))]


def with_spellings(user: Any) -> models.QuerySet:
    """Return the agencies that a file may name, each with its other spellings."""
    return Agency.objects.visible_to(user).prefetch_related("aliases")


class AgencyField(ForeignKeyField):
    """An agency, by its key, its names or any spelling on record."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            lookup="key", also=("short_en", "short_fr", "name_en", "name_fr"), queryset=with_spellings, **options
        )

    def names(self, row: Any) -> list[Any]:
        return [*super().names(row), *(alias.alias for alias in row.aliases.all())]


class SpellingsField(ImportField):
    """The other spellings of an agency, separated by |; typed, a tuple of texts in their order."""

    max_length = AgencyAlias._meta.get_field("alias").max_length or 0

    @property
    def empty(self) -> Any:
        return ()

    def rule(self) -> str:
        return _("Spellings separated by |.")

    def read(self, cell: Any, *, decimal_comma: bool = False) -> tuple[str, ...]:
        spellings = entries(cell)
        for spelling in spellings:
            if len(spelling) > self.max_length:
                raise CellRefused(
                    _("“%(spelling)s” is longer than %(limit)s characters. Separate the spellings by |.")
                    % {"spelling": shown(spelling), "limit": self.max_length}
                )
        for lowered, count in Counter(spelling.lower() for spelling in spellings).items():
            if count > 1:
                twice = next(spelling for spelling in spellings if spelling.lower() == lowered)
                raise CellRefused(
                    _("“%(spelling)s” stands here twice. Keep one of the two.") % {"spelling": shown(twice)}
                )
        return tuple(sorted(spellings))

    def get_value(self, instance: Any) -> tuple[str, ...]:
        return tuple(sorted(_text(alias) for alias in instance.aliases.all()))

    def words(self, value: Any) -> str:
        return super().words(" | ".join(value or ()))

    def file_value(self, value: Any) -> Any:
        return " | ".join(value or ()) or None


@register
class AgencyResource(Resource):
    """Agencies. A row adds spellings and corrects them, and removes none."""

    class Meta:
        model = Agency
        slug = "agencies"
        title = gettext_lazy("Agencies")
        key = ("key",)
        roles = frozenset({Role.ADMINISTRATOR})

    key = CodeField(
        label_en="Key",
        label_fr="Clé",
        example="RNC",
        help_text=gettext_lazy(
            "Capital letters, digits and hyphens. It tells which agency the row is about, and never changes."
        ),
    )
    short_en = TextField(
        label_en="Short form in English", label_fr="Forme abrégée en anglais", required=True, example="RNC"
    )
    short_fr = TextField(
        label_en="Short form in French", label_fr="Forme abrégée en français", required=True, example="FCRTN"
    )
    name_en = TextField(
        label_en="Name in English",
        label_fr="Nom en anglais",
        required=True,
        example="Royal Newfoundland Constabulary",
        help_text=gettext_lazy("No other agency goes by it."),
    )
    name_fr = TextField(
        label_en="Name in French",
        label_fr="Nom en français",
        required=True,
        example="Force constabulaire royale de Terre-Neuve",
        help_text=gettext_lazy("No other agency goes by it."),
    )
    level = ChoiceField(
        label_en="Level of government", label_fr="Ordre de gouvernement", required=True, example="Provincial"
    )
    is_group = YesNoField(
        label_en="Is a group",
        label_fr="Est un groupe",
        example="No",
        help_text=gettext_lazy("A group such as local police takes part, but never leads and never signs. Empty: no."),
    )
    spellings = SpellingsField(
        label_en="Other spellings",
        label_fr="Autres variantes",
        example="R.N.C. | Newfoundland Constabulary",
        help_text=gettext_lazy("As documents and spreadsheets write it; no other agency goes by one of them."),
    )

    def importable(self) -> models.QuerySet:
        return Agency.objects.editable_by(self.user).prefetch_related("aliases").order_by("key")

    def lock(self) -> None:
        # As a merge does (registry.agencies), so that the two never wait for one another.
        list(Agency.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        super().lock()
        lock_table(AgencyAlias)
        # A group leads and signs nothing: nobody lets one do so meanwhile.
        for model in sorted(referring(), key=lambda model: model._meta.db_table):
            if model is not AgencyAlias:
                lock_table(model, "SHARE")

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        owners = self._owners(rows)
        for row in rows:
            require_code(row, "key")
            _check_names(row, owners)
            if touches(row, "spellings") and row.knows("spellings"):
                _check_spellings(row, owners)
        groups = [row for row in rows if not row.is_new and touches(row, "is_group") and row.instance.is_group]
        broken = broken_by([row.instance for row in groups]) if groups else {}
        for row in groups:
            if sentences := broken.get(row.instance.pk):
                row.refuse(
                    _("%(sentences)s Correct that first, or answer no.") % {"sentences": " ".join(sentences)},
                    "is_group",
                )

    def _owners(self, rows: Sequence[PreviewRow]) -> Owners:
        """Return by their folded spelling the agencies that would go by it, each with its row of the file."""
        by_pk = {row.instance.pk: row for row in rows if not row.is_new}
        owners: Owners = {}
        everybody = names_by_agency() if any(_names_change(row) for row in rows) else {}
        after: list[tuple[Agency, PreviewRow | None, Iterable[str]]] = [
            (agency, None, names) for agency, names in everybody.items() if agency.pk not in by_pk
        ]
        after += [(row.instance, row, [*_own_names(row), *spellings_plan(row).after]) for row in rows]
        for agency, row, names in after:
            for spelling in {fold(name) for name in names if name}:
                owners.setdefault(spelling, []).append((agency, row))
        return owners

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        super().write(new, changed, reason=reason)
        written = [(row, spellings_plan(row)) for row in (*new, *changed) if touches(row, "spellings")]
        corrected = [alias for _row, plan in written for alias in plan.corrected]
        added = [AgencyAlias(agency=row.instance, alias=one) for row, plan in written for one in plan.added]
        attribution = self.attribution(reason)
        AgencyAlias.objects.bulk_update(corrected, ["alias"], **attribution)
        AgencyAlias.objects.bulk_create(added, **attribution)

    def refusal(self, error: IntegrityError) -> str:
        for constraint in AgencyAlias._meta.constraints:
            # SQLite names the index of an expression, too.
            if constraint.name in str(error):
                return str(constraint.get_violation_error_message())
        return super().refusal(error)


def _names_change(row: PreviewRow) -> bool:
    return touches(row, *_OWN_NAMES, "spellings")


def _own_names(row: PreviewRow) -> list[str]:
    """Return what the agency would go by without its other spellings, as far as the row's cells can be taken."""
    return list(dict.fromkeys(getattr(row.instance, name) for name in _OWN_NAMES if row.knows(name)))


def _text(alias: AgencyAlias) -> str:
    return " ".join(alias.alias.split())


@dataclass(frozen=True)
class Spellings:
    """What a row makes of its agency's other spellings: those it adds, corrects, and leaves out, and all of them after.

    A spelling of which case, accents or dashes alone differ from one that is left out corrects that one.
    """

    added: Sequence[str]
    corrected: Sequence[AgencyAlias]
    left_out: Sequence[str]
    after: Sequence[str]


def spellings_plan(row: PreviewRow) -> Spellings:
    """Return what becomes of the agency's other spellings; a column that the file lacks leaves them as they are."""
    stored = [] if row.is_new else list(row.before.aliases.all())
    if "spellings" not in row.values:
        return Spellings((), (), (), [_text(alias) for alias in stored])
    wanted: tuple[str, ...] = row["spellings"]
    missing = {_text(alias): alias for alias in stored if _text(alias) not in wanted}
    known = {_text(alias) for alias in stored}
    added, corrected = [], []
    for spelling in wanted:
        if spelling in known:
            continue
        before = next((text for text in missing if fold(text) == fold(spelling)), None)
        if before is None:
            added.append(spelling)
        else:
            alias = copy.copy(missing.pop(before))
            alias.alias = spelling
            corrected.append(alias)
    return Spellings(added, corrected, list(missing), wanted)


def _check_names(row: PreviewRow, owners: Owners) -> None:
    """Refuse a name of its own that another agency would go by."""
    for name in _OWN_NAMES:
        if touches(row, name) and row.knows(name):
            _check_owner(row, name, getattr(row.instance, name), owners)


def _check_spellings(row: PreviewRow, owners: Owners) -> None:
    """Refuse what cannot be another spelling: one that is taken, and the removal of one that documents may use."""
    plan = spellings_plan(row)
    bearing = Counter(map(fold, [*dict.fromkeys(map(fold, _own_names(row))), *plan.after]))
    for spelling in plan.added:
        if bearing[fold(spelling)] > 1:
            row.refuse(
                _("“%(spelling)s” is a spelling of this agency already, case and accents apart. Take it out.")
                % {"spelling": shown(spelling)},
                "spellings",
            )
        else:
            _check_owner(row, "spellings", spelling, owners)
    if plan.left_out:
        row.refuse(
            _(
                "These are spellings of the agency, and the row no longer names them: %(spellings)s. An import "
                "removes none: name them again, and remove them on the agency's page."
            )
            % {"spellings": " | ".join(plan.left_out)},
            "spellings",
        )


def _check_owner(row: PreviewRow, name: str, text: str, owners: Owners) -> None:
    for other, other_row in owners.get(fold(text), ()):
        if other is row.instance or (other.pk is not None and other.pk == row.instance.pk):
            continue
        said = {"spelling": shown(text), "agency": other.key, "name": other.name}
        if other_row is None:
            sentence = _(
                "“%(spelling)s” is a spelling of %(agency)s (%(name)s). Remove it there first, or merge the two."
            )
            row.refuse(sentence % said, name)
        else:
            sentence = _("“%(spelling)s” is a spelling of %(agency)s (%(name)s) too, in row %(line)s. Keep one.")
            row.refuse(sentence % {**said, "line": other_row.line}, name)
        return
