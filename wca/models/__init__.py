"""The register of arrangements, the clause sets, and the assessments that bring the two together."""

from .arrangements import Arrangement, ArrangementKind, Coverage, Signatory
from .assessments import Assessment, Finding, Verdict, clause_verdict
from .clauses import Clause, ClausePart, ClauseSet

__all__ = [
    "Arrangement",
    "ArrangementKind",
    "Assessment",
    "Clause",
    "ClausePart",
    "ClauseSet",
    "Coverage",
    "Finding",
    "Signatory",
    "Verdict",
    "clause_verdict",
]
