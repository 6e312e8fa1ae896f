"""How the columns of a file to be imported are headed: in one language, in both, and the column of errors."""

from collections.abc import Sequence

from .cells import fold
from .fields import ImportField

# The column of a file that comes back with its errors; it says itself that it is to be left out.
ERRORS = "Error / Erreur"


def bilingual(field: ImportField) -> str:
    """Return the header in both languages, such as “Number / Numéro”; once where they are the same."""
    return " / ".join(dict.fromkeys(field.labels.values()))


def told(headers: Sequence[str], fields: dict[str, ImportField]) -> dict[int, str]:
    """Return what headers in both languages say of their columns, by place; "" for the column of errors."""
    by_header = {fold(bilingual(field)): name for name, field in fields.items()} | {fold(ERRORS): ""}
    found: dict[int, str] = {}
    for place, header in enumerate(headers):
        name = by_header.get(fold(header))
        if name is not None and (not name or name not in found.values()):
            found[place] = name
    return found
