"""The rows behind results: activity, pay, the figures that documents printed, outcomes."""

from .ims import ImsFile, ImsFileQuerySet, ImsKind, ImsStatus
from .outcomes import Claim, OutcomeEvent, OutcomeKind
from .pay import BenefitRate, SalaryRate
from .published import Explanation, PublishedFigure

__all__ = [
    "BenefitRate",
    "Claim",
    "Explanation",
    "ImsFile",
    "ImsFileQuerySet",
    "ImsKind",
    "ImsStatus",
    "OutcomeEvent",
    "OutcomeKind",
    "PublishedFigure",
    "SalaryRate",
]
