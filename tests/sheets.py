"""Sheets for the tests of imports: typed rows, the samples of fixtures/, and what a resource exports."""

import io
from typing import Any

from django.db import models

from jfo_portal.kit import checks, exports
from jfo_portal.kit.imports import resources
from jfo_portal.kit.imports.preview import Counts, Preview
from jfo_portal.kit.imports.reading import Sheet, read
from jfo_portal.kit.imports.resources import Resource
from jfo_portal.kit.imports.views import SAMPLES
from registry.models import User

Row = dict[str, Any]


def resource(slug: str, user: User) -> Resource:
    """Return the resource of that slug, as registered, for the user."""
    found = resources.get(slug, user)
    assert found is not None
    return found


def sheet(of: Resource, *rows: Row) -> Sheet:
    """Return the rows as a file would hold them, from line 2 on; a column that no row names is not in the file."""
    names = [name for name in of.fields if any(name in row for row in rows)]
    lines = enumerate([[row.get(name) for name in names] for row in rows], 2)
    return Sheet.of_rows([of.fields[name].label for name in names], lines, name="Sheet1")


def sample(of: Resource, name: str) -> Sheet:
    """Return the sample file of that name, read as an import reads it."""
    with (SAMPLES / name).open("rb") as file:
        return read(file, of.headers())


def exported(of: Resource, records: models.QuerySet, file_format: str = "xlsx") -> Sheet:
    """Return what is read back from the records' export in the active language."""
    response: Any = exports.response(file_format, of.slug, of.columns(), records)
    return read(io.BytesIO(b"".join(response)), of.headers())


def edited(of: Resource, made: Sheet, line: int, name: str, cell: Any) -> Sheet:
    """Return the sheet with another value in one cell."""
    return made.corrected({(line, of.match(made).places[name]): cell})


def errors(made: Preview) -> list[tuple[int, str, str]]:
    """Return the line, the column's label and the sentence of each error."""
    return [(error.line, error.label, error.sentence) for row in made.rows for error in row.errors]


def warnings(made: Preview) -> list[tuple[int, str, str]]:
    """Return the line, the column's label and the sentence of each warning."""
    return [(warning.line, warning.label, warning.sentence) for row in made.rows for warning in row.warnings]


def save(of: Resource, made: Sheet, reason: str = "the sheet of May") -> Counts:
    """Import the sheet as a person does who confirms what the preview shows, its warnings read."""
    return of.apply(made, confirmed=of.preview(made).digest, reason=reason, agreed_to_warnings=True)


def breaches() -> list[str]:
    """Return, in words, every rule of the domain that the database breaks."""
    return [str(breach) for breach in checks.breaches()]
