"""Many random programmes go out as a file and come in again without a difference."""

import argparse
import io
import random
from typing import Any

from django.core.exceptions import ValidationError

from jfo_portal.kit import exports
from jfo_portal.kit.imports import resources
from jfo_portal.kit.imports.reading import read
from registry.models import Program, User
from registry.models.jfos import Kind

# What a name is made of: letters of both languages, signs that spreadsheets mistake, spaces of all kinds.
_SIGNS = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789éèêëàâçîïôùûüÿœæÉÈÀÇŒ «»“”’'\"-–—_.,;:!?()[]{}"
    "/\\|&%$#@*+=<>~^`°²½€£日本語Ω∑√😀\u00a0\u202f\u2009"
)
_BEGINNINGS = (
    "",
    "",
    "",
    "=",
    "+",
    "-",
    "@",
    "'",
    "''=",
    "0",
    "00",
    "1e5",
    "1/2",
    "TRUE",
    "=cmd|' /C calc'!A0",
    "#N/A ",
)


def made(count: int, seed: int) -> int:
    """Save so many random programmes; return how many."""
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        names = ["".join(rng.choices(_SIGNS, k=rng.randint(1, 60))) for _language in ("en", "fr")]
        row = Program(
            code=f"TRY-{number:05}",
            name_en=f"{rng.choice(_BEGINNINGS)}{names[0]} {number}".strip(),
            name_fr=f"{rng.choice(_BEGINNINGS)}{names[1]} {number}".strip(),
            kind=rng.choice(Kind.values),
        )
        try:
            row.full_clean()
        except ValidationError:
            continue
        rows.append(row)
    Program.objects.bulk_create(rows)
    return len(rows)


def played(options: argparse.Namespace) -> int:
    """Print a line for each kind of file; return how many did not come back as they went."""
    count = made(options.programmes, options.seed)
    user = User.objects.get(username="admin")
    failed = 0
    for file_format in ("csv", "csv-fr", "xlsx"):
        resource: Any = resources.get("programs", user)
        response: Any = exports.response(file_format, "programs", resource.columns(), resource.importable())
        sheet = read(io.BytesIO(b"".join(response)), resource.headers())
        preview = resource.preview(sheet)
        is_same = preview.counts.unchanged == len(sheet) == Program.objects.count()
        failed += not is_same
        print(
            f"{options.database}, {count} random programmes by {file_format}: "
            f"{'no difference' if is_same else f'DIFFERENT {preview.counts}'}",
            flush=True,
        )
    Program.objects.filter(code__startswith="TRY-").delete()
    return failed
