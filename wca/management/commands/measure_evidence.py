"""Print how well the evidence finder does on texts of which it is known what they hold."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from wca.measures.evidence import GROUPS, LABELS, LANGUAGES, Trial, score, trials

_LINE = "{:<10} {:<8} {:<12} {:>6} {:>6} {:>6} {:>7} {:>9} {:>6} {:>10}"


class Command(BaseCommand):
    help = (
        "Print the recall and precision of the evidence finder by label and language, on the labelled agreements of "
        "fixtures/evidence_corpus, the documents of the demonstration and the fragments of drafts. Reads no database."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--errors", choices=GROUPS, help="print what was missed and what was wrongly proposed in these texts"
        )

    def handle(self, *args: Any, errors: str | None = None, **options: Any) -> None:
        every = trials()
        if errors:
            self._errors(trial for trial in every if trial.group == errors)
            return
        names = ("texts", "language", "label", "parts", "held", "found", "recall", "proposals", "right")
        self.stdout.write(_LINE.format(*names, "precision"))
        for group in GROUPS:
            of_group = [trial for trial in every if trial.group == group]
            for language in LANGUAGES:
                spoken = [trial for trial in of_group if trial.language == language]
                if not spoken:
                    continue
                for label in LABELS:
                    if labelled := [trial for trial in spoken if trial.label == label]:
                        self._line(group, language, label, labelled)
                self._line(group, language, "all", spoken)
            self._line(group, "both", "all", of_group)
        self._line("all", "both", "all", every)

    def _line(self, group: str, language: str, label: str, some: list[Trial]) -> None:
        got = score(some)
        counts = (got.trials, got.held, got.found, _percent(got.recall), got.proposals, got.right)
        self.stdout.write(_LINE.format(group, language, label, *counts, _percent(got.precision)))

    def _errors(self, some: Iterable[Trial]) -> None:
        for trial in some:
            name = f"{trial.agreement} {trial.part[0]} {trial.part[2]}.{trial.part[3]} {trial.label}"
            missed = trial.places - {place for proposal in trial.proposals for place in proposal.places}
            for place in sorted(missed):
                self.stdout.write(f"{name}: missed {place}")
            for proposal in trial.proposals:
                if trial.places.isdisjoint(proposal.places):
                    why = ", ".join(f"{term} {weight}" for term, weight in proposal.why)
                    self.stdout.write(f"{name}: wrong {proposal.place} ({proposal.score}: {why})")


def _percent(share: Decimal | None) -> str:
    return "-" if share is None else f"{100 * share:.0f}%"
