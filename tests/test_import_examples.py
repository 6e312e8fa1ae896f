"""Of every import that is registered, each documented example passes, and each documented rule refuses."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from django.utils.translation import override

from jfo_portal.kit.imports import resources
from jfo_portal.kit.imports.cells import Fault
from jfo_portal.kit.imports.fields import (
    ChoiceField,
    DateField,
    DecimalField,
    ForeignKeyField,
    ImportField,
    IntegerField,
    TextField,
    YesNoField,
)
from jfo_portal.kit.imports.resources import Resource
from registry.models import Role, User

from .sheets import Row, errors, exported, sheet

pytestmark = pytest.mark.django_db

LANGUAGES = ("en", "fr")
USERNAMES = {Role.ADMINISTRATOR: "admin", Role.NHQ_REVIEWER: "nhq.reviewer", Role.REGIONAL_MANAGER: "que.manager"}


def _all() -> list[tuple[str, str]]:
    """Return every registered import's slug with the name of somebody of each role that may use it."""
    resources._discover()
    return [
        (slug, USERNAMES[role])
        for slug, resource in sorted(resources._resources.items())
        for role in sorted(resource._meta.roles)
    ]


EVERY = pytest.mark.parametrize(("slug", "username"), _all())

# What says how the cell should be: an example, a range, the values there are, or what to do.
REMEDY = {
    "en": re.compile(
        r"For example: |Did you mean |is not between |is not one of these: |neither yes nor no|not a whole number|"
        r"at most \d+ character|\b(Write|Type|Give|Correct|Check|Round|Open|Choose|Name|Put|Add|Take|Separate)\b"
    ),
    "fr": re.compile(
        r"Par exemple|Vouliez-vous dire|n’est pas (compris|comprise|entre)|n’est pas l’un|n’est pas un nombre entier|"
        r"ni oui ni non|au plus \d+ caractère|plus de \d+ caractère|"
        r"\b(Inscrivez|Écrivez|Tapez|Saisissez|Donnez|Indiquez|Corrigez|Vérifiez|Arrondissez|Ouvrez|Choisissez|Nommez|Ajoutez|Séparez|Retapez)\b"
    ),
}


def _resource(slug: str, username: str) -> Resource:
    found = resources.get(slug, User.objects.get(username=username))
    assert found is not None
    return found


def _example(of: Resource) -> Row:
    return {name: field.example or None for name, field in of.fields.items()}


@EVERY
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_documented_example_passes(slug: str, username: str, language: str) -> None:
    with override(language):
        of = _resource(slug, username)
        assert errors(of.preview(sheet(of, _example(of)))) == []
        for name, field in of.fields.items():
            assert field.example or not field.required, f"{name} is required and has no example"
            assert field.example in field.explanation


def _wrong(field: ImportField) -> Iterator[Any]:
    """Yield cells that break a rule of the column's kind."""
    yield from (Fault("error", "#REF!"), Fault("formula"), Fault("number", "inf"), "a\ufffdb")
    if field.required:
        yield None
    match field:
        case DateField():
            yield from ("13/03/11", "01/02/2011", "2011-02-29", "1899-12-31", "2200-01-01", "soon", 40546)
            yield datetime(2011, 1, 3, 12, 30)  # noqa: DTZ001  (a spreadsheet knows no time zone)
        case DecimalField():
            yield from ("much", "1e3", "½", "٠٫٥", "NaN", True, "1 000,5", str(field.max + 1), str(field.min - 1))
            between = field.min + Decimal(1).scaleb(-field.places - 1)
            yield "0.5" if isinstance(field, IntegerField) and field.min == 0 else str(between)
        case ChoiceField() | ForeignKeyField():
            yield "no such thing 99"
        case YesNoField():
            yield from ("perhaps", 2)


def _too_long(field: ImportField) -> str | None:
    longest = getattr(field.model_field, "max_length", None)
    plain = isinstance(field, TextField) and field.model_field is not None and not field.model_field.is_relation
    return "x" * (longest + 1) if plain and longest else None


def _sentences(of: Resource, name: str, cells: list[Any]) -> list[list[str]]:
    """Return, of a row of the examples with each of the cells in that column, what is said beside it."""
    preview = of.preview(sheet(of, *({**_example(of), name: cell} for cell in cells)))
    return [[error.sentence for error in row.errors if error.name == name] for row in preview.rows]


@EVERY
def test_every_rule_of_a_column_refuses_beside_the_cell_with_a_remedy(slug: str, username: str) -> None:
    of = _resource(slug, username)
    faults = []
    for name, field in of.fields.items():
        wrong = list(_wrong(field))
        said: dict[str, list[list[str]]] = {}
        for language in LANGUAGES:
            with override(language):
                said[language] = _sentences(of, name, wrong)
                if (text := _too_long(field)) is not None:
                    said[language] += _sentences(of, name, [text])
        cells = [*wrong, *([text] if text is not None else [])]
        for cell, english, french in zip(cells, said["en"], said["fr"], strict=True):
            place = f"{slug}.{name} of {str(cell)[:40]!r}"
            if not english or len(english) != len(french):
                faults.append(f"{place}: {english} {french}")
            for one, other in zip(english, french, strict=False):
                if one == other or not REMEDY["en"].search(one) or not REMEDY["fr"].search(other):
                    faults.append(f"{place}: “{one}” “{other}”")
    assert faults == []


# Refused by every column.
_UNREADABLE = "a\ufffdb"


@EVERY
def test_of_a_new_record_with_a_wrong_cell_nothing_is_told_but_that(slug: str, username: str) -> None:
    of = _resource(slug, username)
    for name in of.fields:
        told = errors(of.preview(sheet(of, {**_example(of), name: _UNREADABLE})))
        # What cannot be read without that column says so itself.
        known = {field.label for other, field in of.fields.items() if name in field.reads_also or other == name}
        assert of.fields[name].label in {label for _line, label, _sentence in told}
        assert {label for _line, label, _sentence in told} <= known, name


@pytest.mark.parametrize(("slug", "username"), [pair for pair in _all() if pair[1] == "admin"])
def test_of_records_with_wrong_cells_nothing_is_told_but_those(slug: str, username: str) -> None:
    of = _resource(slug, username)
    others = [name for name in of.fields if name not in of.key and not of.fields[name].reads_also]
    wrong = [*combinations(others, 1), *combinations(others, 2)]
    made = exported(of, of.importable().order_by("pk")[: len(wrong)])
    places = of.match(made).places
    broken = dict(zip(made.lines, wrong, strict=False))
    made = made.corrected({(line, places[name]): _UNREADABLE for line, names in broken.items() for name in names})
    told: dict[int, set[str]] = {}
    for row in of.preview(made).rows:
        for error in row.errors:
            if not of.fields[error.name].reads_also:
                told.setdefault(row.line, set()).add(error.name)
    assert told == {line: set(names) for line, names in broken.items()}


@pytest.mark.parametrize(
    ("slug", "wrong", "names"),
    [
        ("ims-files", {"officer": "nobody", "entered_on": "2030-01-01"}, {"officer", "entered_on"}),
        ("outcomes", {"jfos": "nowhere", "fiscal_year": None, "occurred_on": "2030-01-01"}, {"jfos", "occurred_on"}),
        ("contributions", {"share": "9", "confirmed_on": "2030-01-01"}, {"share", "confirmed_on"}),
        ("expectations", {"expected": "much", "fiscal_year": "1995-1996"}, {"expected", "fiscal_year"}),
        ("officers", {"family_name": None, "level": None}, {"family_name", "level"}),
        ("levels", {"level": "none", "end": "1999-01-01"}, {"level", "end"}),
        ("jfos", {"region": "nowhere", "leads": None}, {"region", "leads"}),
        ("agencies", {"level": "none", "name_en": "Royal Canadian Mounted Police"}, {"level", "name_en"}),
        ("arrangements", {"kind": "none", "required_parties": "CBSA (2030-01-01)"}, {"kind", "required_parties"}),
        ("participations", {"role": "none", "end": "2000-01-01"}, {"role", "end"}),
        (
            "coverage",
            {"arrangement": "WCA-2004-0001", "jfo": "IBET-ATL", "start": "2009-06-01", "end": "soon"},
            {"start", "end"},
        ),
    ],
)
def test_a_rule_speaks_beside_a_wrong_cell_that_it_does_not_need(slug: str, wrong: Row, names: set[str]) -> None:
    of = _resource(slug, "admin")
    [row] = of.preview(sheet(of, {**_example(of), **wrong})).rows
    assert {error.name for error in row.errors} == names


@EVERY
def test_a_column_says_its_rule_and_its_example_in_both_languages(slug: str, username: str) -> None:
    of = _resource(slug, username)
    for name, field in of.fields.items():
        said = []
        for language in LANGUAGES:
            with override(language):
                said.append(field.explanation)
                if isinstance(field, DateField | DecimalField | ChoiceField | YesNoField):
                    assert field.rule() in field.explanation, name
                    assert field.rule(), name
        assert said[0] != said[1], f"{slug}.{name}: “{said[0]}” in both languages"


@EVERY
def test_the_key_is_made_of_columns_that_are_needed(slug: str, username: str) -> None:
    of = _resource(slug, username)
    row = _example(of)
    for name in of.key:
        assert of.fields[name].required, name
        with_others = sheet(of, {other: cell for other, cell in row.items() if other != name})
        assert of.matching(with_others).missing == [name]
