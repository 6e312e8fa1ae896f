"""What a trial of one file is: the file, and what has to come of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from registry.models import JFO, Assignment, Officer

HEADERS = ("Officer number", "JFO", "FTE", "First day")


@dataclass(frozen=True)
class Trial:
    """A file, and what has to come of it, in the words in which `files.played` tells what came of it.

    They are `refused <code of the reader>`; `asks missing … doubled … unknown …` of its columns, by name or place;
    `errors <rows> in <columns>`; `saved <new> <changed> <unchanged>`. Where `holds` is given, the new records hold
    just that, as `_texts_of` of files.py tells them; `notices` are the codes of what is said of the file.
    """

    name: str
    content: bytes | Callable[[], bytes]
    expected: str
    slug: str = "assignments"
    user: str = "admin"
    file_name: str = "trial.xlsx"
    holds: Sequence[tuple[str, ...]] | None = None
    notices: frozenset[str] | None = None
    # The labels of the columns that the preview says it changes.
    changes: Sequence[str] | None = None
    # Sent and confirmed once more; what comes of that is told after “again”.
    is_twice: bool = False


@dataclass(frozen=True)
class Facts:
    """What of the demonstration the files name: officers without an assignment, two JFOs, and an officer with all the
    time on one."""

    officers: Sequence[str]
    jfos: Sequence[str]
    full: Assignment

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """Two rows that are new and right: officer, JFO, FTE and first day."""
        return [
            (self.officers[0], self.jfos[0], 0.5, date(2011, 1, 3)),
            (self.officers[1], self.jfos[0], 0.25, date(2011, 2, 1)),
        ]

    @property
    def table(self) -> list[tuple[Any, ...]]:
        """The headers, and the rows."""
        return [HEADERS, *self.rows]

    @property
    def held(self) -> list[tuple[str, ...]]:
        """What is held where the rows were saved."""
        return [held(row) for row in self.rows]


def held(row: Iterable[Any]) -> tuple[str, ...]:
    """Return what an assignment of the row holds, as texts."""
    officer, jfo, fte, start = row
    return str(officer), str(jfo), f"{fte:.2f}", start.isoformat()


def facts() -> Facts:
    """Return the facts, the same on each database."""
    day = date(2010, 4, 1)
    officers = Officer.objects.filter(end=None, assignments=None, start__lt=day).order_by("number")
    jfos = JFO.objects.filter(end=None, start__lt=day).order_by("code")
    full = Assignment.objects.filter(end=None, fte=1, officer__end=None).select_related("officer", "jfo")
    return Facts(
        list(officers.values_list("number", flat=True)[:6]),
        list(jfos.values_list("code", flat=True)[:4]),
        full.order_by("officer__number")[0],
    )


def text(rows: Iterable[Iterable[Any]], delimiter: str = ",", comma: bool = False, end: str = "\r\n") -> str:
    """Return the rows as the lines of a text file; `comma` writes 0,5."""
    lines = []
    for row in rows:
        cells = ["" if value is None else str(value) for value in row]
        if comma:
            cells = [
                text.replace(".", ",") if isinstance(value, float) else text
                for text, value in zip(cells, row, strict=True)
            ]
        lines.append(delimiter.join(cells))
    return end.join(lines) + end
