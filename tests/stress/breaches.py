"""What is wrong after a round: looked for in the rows themselves, with none of the registry's own rules."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.models import Import, ImportState
from registry.models import Assignment

from .acts import Outcome, Task

# The versions that an act leaves: of so many a new row, a changed one.
_WRITTEN = {
    "assign": "+",
    "extend": "~",
    "end": "~",
    "transfer": "+~",
    "change FTE": "+~",
    "split": "++~",
    # For each row:
    "extend together": "~",
    "end together": "~",
    "transfer together": "+~",
}
_MOVES = {"transfer", "transfer together"}
# What a form must not write over unseen.
_FIELDS = ("end", "fte", "jfo_id", "start")


def found(officers: Sequence[int], outcomes: Sequence[Outcome], since: int) -> list[str]:
    """Return a sentence for each breach of a round on the officers; `since` is the last change set before it."""
    rows = list(Assignment.objects.filter(officer__in=officers).order_by("officer", "start"))
    versions = list(Assignment.history.filter(officer_id__in=officers).order_by("history_id"))
    return [
        *(f"{outcome.task.name}: {outcome.breach}" for outcome in outcomes if outcome.breach),
        *_above_full_time(rows),
        *_overlaps(rows),
        *_without_history(rows, versions),
        *_half_done(outcomes, versions, since),
        *_lost(outcomes, versions),
    ]


def _said(row: Any) -> str:
    return f"{row.fte} of JFO {row.jfo_id} from {row.start} to {row.end}"


def _holds(row: Any, day: date) -> bool:
    return bool(row.start <= day and (row.end is None or day <= row.end))


def _above_full_time(rows: Sequence[Assignment]) -> Iterator[str]:
    # A sum of periods rises only where one starts.
    for officer, day in sorted({(row.officer_id, row.start) for row in rows}):
        held = [row for row in rows if row.officer_id == officer and _holds(row, day)]
        total = sum((row.fte for row in held), Decimal(0))
        if total > 1:
            yield f"officer {officer} has {total} FTE on {day}: {'; '.join(map(_said, held))}"


def _overlaps(rows: Sequence[Assignment]) -> Iterator[str]:
    for row in rows:
        for other in rows:
            is_same = (row.officer_id, row.jfo_id) == (other.officer_id, other.jfo_id)
            if row.pk < other.pk and is_same and (_holds(row, other.start) or _holds(other, row.start)):
                yield f"officer {row.officer_id} is twice on one JFO: {_said(row)}; {_said(other)}"


def _without_history(rows: Sequence[Assignment], versions: Sequence[Any]) -> Iterator[str]:
    """Yield rows whose last version is not what they are, and versions of rows that are gone unrecorded."""
    last = {version.id: version for version in versions}
    first = {version.id: version for version in reversed(versions)}
    for row in rows:
        version = last.pop(row.pk, None)
        if version is None or first[row.pk].history_type != "+":
            yield f"assignment {row.pk} has no first version: {_said(row)}"
            continue
        names = [field.attname for field in type(version).tracked_fields]
        if version.history_type == "-" or any(getattr(row, name) != getattr(version, name) for name in names):
            yield f"assignment {row.pk} is {_said(row)}, and its last version {_said(version)} ({version.history_type})"
    for version in last.values():
        if version.history_type != "-":
            yield f"assignment {version.id} is gone without a version: {_said(version)}"


def _half_done(outcomes: Sequence[Outcome], versions: Sequence[Any], since: int) -> Iterator[str]:
    """Yield acts that did not write all that they had to, or wrote something though they were refused."""
    written: dict[int, list[Any]] = {}
    for version in versions:
        written.setdefault(version.change_set_id, []).append(version)
    changes = {str(change.token): change for change in ChangeSet.objects.filter(pk__gt=since)}
    imports = Import.objects.select_related("change_set")
    files = imports.in_bulk([outcome.import_id for outcome in outcomes if outcome.import_id])
    claimed: set[int] = set()
    for outcome in outcomes:
        task = outcome.task
        file = files.get(outcome.import_id or 0)
        if file is not None and outcome.is_done and file.state != ImportState.APPLIED:
            yield f"import: said to be done, and it is {file.state}"
        change = changes.get(task.token) if file is None else file.change_set
        if change is None:
            if outcome.is_done and not task.name.startswith("ORM"):
                yield f"{task.name}: said to be done, and there is no change set of it"
            continue
        claimed.add(change.pk)
        kinds = Counter(version.history_type for version in written.get(change.pk, []))
        # An undo writes as many versions as what it undoes.
        undone = len(written.get(task.undoes, []))
        wanted = _wanted(task) if file is None else Counter("+" * file.new + "~" * file.changed)
        if (kinds.total() != undone) if wanted is None else (kinds != wanted):
            yield f"{task.name}: half done: wrote {dict(kinds)} and not {undone if wanted is None else dict(wanted)}"
        if task.name in _MOVES:
            yield from _gaps(task.name, written.get(change.pk, []))
    for change in changes.values():
        if change.pk not in claimed:
            yield f"change set {change.pk} belongs to no act that was done"


def _wanted(task: Task) -> Counter[str] | None:
    """Return how many versions of each kind the act leaves; None for an undo."""
    return None if task.name == "undo" else Counter(_WRITTEN[task.name] * (len(task.rows) if task.is_batch else 1))


def _gaps(name: str, written: Sequence[Any]) -> Iterator[str]:
    """Yield transfers whose two halves do not meet."""
    ended = sorted((version.officer_id, version.end) for version in written if version.history_type == "~")
    begun = sorted((version.officer_id, version.start) for version in written if version.history_type == "+")
    for (officer, last), (other, first) in zip(ended, begun, strict=False):
        if officer != other or last is None or (first - last).days != 1:
            yield f"{name}: officer {officer} leaves on {last}, and officer {other} begins on {first}"


def _lost(outcomes: Sequence[Outcome], versions: Sequence[Any]) -> Iterator[str]:
    """Yield what a form wrote over though its writer had not seen it."""
    tokens = {outcome.task.token: outcome for outcome in outcomes if outcome.is_done and outcome.seen}
    written = ChangeSet.objects.filter(token__in=tokens)
    by_change = {change.pk: tokens[str(change.token)] for change in written}
    before: dict[int, Any] = {}
    numbers = {version.history_id: version for version in versions}
    for version in versions:
        outcome, previous = by_change.get(version.change_set_id), before.get(version.id)
        before[version.id] = version
        if outcome is None or previous is None or outcome.seen is None:
            continue
        seen = numbers.get(outcome.seen.get(version.id, 0))
        if seen is None:
            continue
        for name in _FIELDS:
            was, theirs, ours = (getattr(one, name) for one in (seen, previous, version))
            if was != theirs != ours:
                yield f"{outcome.task.name}: wrote {name} {ours} over {theirs}, having seen {was}"
