"""The rules of the domain over the whole database: each app registers its own, one command runs them all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Breach:
    """One place where a rule does not hold."""

    rule: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"rule {self.rule}: {self.where}: {self.what}"


Check = Callable[[], Iterator[tuple[str, str]]]
_checks: list[tuple[str, Check]] = []


def rule(number: str) -> Callable[[Check], Check]:
    """Register a function that yields (where, what) for each breach of the rule."""

    def register(check: Check) -> Check:
        _checks.append((number, check))
        return check

    return register


def rules() -> list[str]:
    """Return the numbers of the rules that are looked at, in order."""
    return sorted({number for number, _check in _checks}, key=int)


def breaches() -> Iterator[Breach]:
    """Yield every breach of every registered rule, rule by rule."""
    for number, check in sorted(_checks, key=lambda pair: int(pair[0])):
        for where, what in check():
            yield Breach(number, where, what)
