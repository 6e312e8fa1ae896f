"""The registry's rows, by noun."""

from .assignments import Assignment, EndReason
from .governance import ActionItem, Meeting, ParticipationReview, ReviewDecision
from .jfos import (
    JFO,
    Contact,
    ContactFunction,
    Kind,
    Participation,
    ParticipationRole,
    Program,
    Risk,
    RiskCoverage,
    RiskEdition,
)
from .partners import Agency, AgencyAlias, AgencyLevel
from .people import MANAGERS, STEERING, Level, Officer, OfficerFunction, OfficerLevel, OfficerRegion, Role, User
from .places import Region
from .snoozes import Snooze
from .training import Course, Training
from .workplaces import AccessDirection, CoLocation, Establishment, SystemAccess

__all__ = [
    "JFO",
    "MANAGERS",
    "STEERING",
    "AccessDirection",
    "ActionItem",
    "Agency",
    "AgencyAlias",
    "AgencyLevel",
    "Assignment",
    "CoLocation",
    "Contact",
    "ContactFunction",
    "Course",
    "EndReason",
    "Establishment",
    "Kind",
    "Level",
    "Meeting",
    "Officer",
    "OfficerFunction",
    "OfficerLevel",
    "OfficerRegion",
    "Participation",
    "ParticipationReview",
    "ParticipationRole",
    "Program",
    "Region",
    "ReviewDecision",
    "Risk",
    "RiskCoverage",
    "RiskEdition",
    "Role",
    "Snooze",
    "SystemAccess",
    "Training",
    "User",
]
