"""The register of arrangements with its documents, the clause sets, the assessments that bring the two together, and
what is done about the gaps."""

from .arrangements import Amendment, Arrangement, ArrangementKind, Coverage, ReferenceCounter, SecurityLevel, Signatory
from .assessments import Assessment, Finding, Verdict, clause_verdict
from .clauses import Clause, ClausePart, ClauseSet, EvidenceTerm
from .documents import Document, DocumentContent, DocumentKind, Download
from .drafts import Draft, DraftJFO, DraftParagraph, Fragment
from .remediation import ActionState, Milestone, Recommendation, RemediationAction
from .stages import Answer, Consultation, Consulted, Event, Notice, ReminderRun, Stage, Step

__all__ = [
    "ActionState",
    "Amendment",
    "Answer",
    "Arrangement",
    "ArrangementKind",
    "Assessment",
    "Clause",
    "ClausePart",
    "ClauseSet",
    "Consultation",
    "Consulted",
    "Coverage",
    "Document",
    "DocumentContent",
    "DocumentKind",
    "Download",
    "Draft",
    "DraftJFO",
    "DraftParagraph",
    "Event",
    "EvidenceTerm",
    "Finding",
    "Fragment",
    "Milestone",
    "Notice",
    "Recommendation",
    "ReferenceCounter",
    "RemediationAction",
    "ReminderRun",
    "SecurityLevel",
    "Signatory",
    "Stage",
    "Step",
    "Verdict",
    "clause_verdict",
]
