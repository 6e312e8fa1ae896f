"""The plan of remedies: which gaps an address names, and how much was planned and closed by each month."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet

from jfo_portal.kit.access import Reader
from jfo_portal.kit.periods import ONE_DAY
from registry.models import JFO
from wca.models import Arrangement, ClauseSet, Verdict
from wca.remediation import Gap

from .coverage import INFORMATION_SHARING, clause_matrix, covered_on, latest_clauses

# The verdicts that leave a gap.
GAPS = (Verdict.NOT_MET, Verdict.PARTIAL)
# How far before and after the day the months reach.
_BEFORE, _AFTER = timedelta(days=5 * 365), timedelta(days=3 * 365)


@dataclass(frozen=True)
class NamedGap:
    """What an address names, with the verdict on the clause; None for a JFO, which is a gap while none covers it."""

    gap: Gap
    verdict: Verdict | None
    is_gap: bool


def named_gaps(names: Iterable[str], reader: Reader, day: date) -> tuple[list[NamedGap], list[str]]:
    """Return what the names stand for on the day, clauses first, each in order, and the names of nothing that is there.

    A name is that of `Gap.key`; without a clause set it is the information-sharing conditions. The number of queries
    depends on how many sets are named, and on nothing else.
    """
    asked = {name: _parsed(name) for name in dict.fromkeys(names)}
    sets = {one[1] for one in asked.values() if one is not None}
    found = [
        one for code in sorted(sets) for one in _clauses([pair for pair in asked.values() if pair], code, reader, day)
    ]
    found += _jfos({name.removeprefix("jfo:") for name in asked if name.startswith("jfo:")}, reader, day)
    keys = {one.gap.key for one in found}
    return found, [name for name, pair in asked.items() if name not in keys and _key(pair) not in keys]


Pair = tuple[str, str, str]


def _parsed(name: str) -> Pair | None:
    """Return the reference, the clause set and the letter that the name is made of; None for a JFO's."""
    if name.startswith("jfo:"):
        return None
    reference, _colon, clause = name.rpartition(":")
    code, _dot, letter = clause.rpartition(".")
    return _sound(reference), _sound(code) or INFORMATION_SHARING, letter


def _key(pair: Pair | None) -> str:
    return f"{pair[0]}:{pair[1]}.{pair[2]}" if pair else ""


def _clauses(pairs: Sequence[Pair], code: str, reader: Reader, day: date) -> list[NamedGap]:
    """Return the named clauses of one set."""
    latest = ClauseSet.objects.filter(code=code).order_by("-version").first()
    if latest is None:
        return []
    clauses = latest_clauses(code)
    for clause in clauses:
        clause.clause_set = latest
    arrangements = Arrangement.objects.visible_to(reader).filter(reference__in={pair[0] for pair in pairs})
    matrix = clause_matrix(arrangements.order_by("reference"), day, clause_set=code, clauses=clauses)
    wanted = {(reference, letter) for reference, of, letter in pairs if of == code}
    return [
        NamedGap(Gap(row.arrangement, clause), verdict := row.verdicts[clause.letter], verdict in GAPS)
        for row in matrix.rows
        for clause in matrix.clauses
        if (row.arrangement.reference, clause.letter) in wanted
    ]


def _jfos(codes: Iterable[str], reader: Reader, day: date) -> list[NamedGap]:
    codes = {_sound(code) for code in codes}
    if not codes:
        return []
    jfos = JFO.objects.visible_to(reader).as_of(day).filter(code__in=codes).select_related("region").order_by("code")
    covered = set(
        JFO.objects.visible_to(reader).filter(code__in=codes, pk__in=covered_on(day)).values_list("pk", flat=True)
    )
    return [NamedGap(Gap(jfo=jfo), None, jfo.pk not in covered) for jfo in jfos]


def _sound(text: str) -> str:
    # PostgreSQL takes no NUL in a text.
    return text.replace("\0", "")


@dataclass(frozen=True)
class Month:
    """How many actions fell due by the end of a month, and how many were verified by then; None for a month to come."""

    first: date
    last: date
    planned: int
    closed: int | None


def progress(actions: QuerySet, day: date) -> list[Month]:
    """Return the months from the first due or verified action, or five years before the day, to the last due one, or
    three years after it, each counting all that came before; one query."""
    dates = list(actions.order_by().values_list("due_on", "verified_on"))
    if not dates:
        return []
    due = [due_on for due_on, _verified in dates]
    verified = [verified_on for _due, verified_on in dates if verified_on is not None and verified_on <= day]
    first = max(min([*due, *verified, day]), day - _BEFORE).replace(day=1)
    last = min(max([*due, day]), day + _AFTER)
    months = []
    while first <= last:
        end = _last_day(first)
        closed = sum(one <= end for one in verified) if first <= day else None
        months.append(Month(first, end, sum(one <= end for one in due), closed))
        first = end + ONE_DAY
    return months


def _last_day(first: date) -> date:
    """Return the last day of the month that begins on the day."""
    return (first + timedelta(days=31)).replace(day=1) - ONE_DAY
