"""The rows behind results: activity, pay, outcomes and who had a part in them, expectations, mandates, and the figures
that documents printed."""

from .activity import COLUMNS, ActivityCount, Filed, ImsKind, ImsStatus, number_of
from .contributions import Attribution, Contribution, ContributionKind, ReportedOutcome
from .expectations import Expectation, Indicator, Unlock
from .ims import ImsFile, ImsFileQuerySet
from .mandates import Aspect, Coordination, Mandate, MandateTerm
from .outcomes import Claim, OutcomeEvent, OutcomeKind, Side
from .pay import BenefitRate, ClosedRate, SalaryRate, YearClosing
from .published import Discrepancy, Explanation, PublishedFigure
from .snapshots import Snapshot

__all__ = [
    "COLUMNS",
    "ActivityCount",
    "Aspect",
    "Attribution",
    "BenefitRate",
    "Claim",
    "ClosedRate",
    "Contribution",
    "ContributionKind",
    "Coordination",
    "Discrepancy",
    "Expectation",
    "Explanation",
    "Filed",
    "ImsFile",
    "ImsFileQuerySet",
    "ImsKind",
    "ImsStatus",
    "Indicator",
    "Mandate",
    "MandateTerm",
    "OutcomeEvent",
    "OutcomeKind",
    "PublishedFigure",
    "ReportedOutcome",
    "SalaryRate",
    "Side",
    "Snapshot",
    "Unlock",
    "YearClosing",
    "number_of",
]
