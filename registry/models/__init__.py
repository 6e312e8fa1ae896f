"""The registry's rows, by noun."""

from .assignments import Assignment, EndReason
from .jfos import JFO, Contact, ContactFunction, Kind, Participation, ParticipationRole, Program, Risk, RiskCoverage
from .partners import Agency, AgencyAlias, AgencyLevel
from .people import Level, Officer, OfficerFunction, OfficerLevel, Role, User
from .places import Region

__all__ = [
    "JFO",
    "Agency",
    "AgencyAlias",
    "AgencyLevel",
    "Assignment",
    "Contact",
    "ContactFunction",
    "EndReason",
    "Kind",
    "Level",
    "Officer",
    "OfficerFunction",
    "OfficerLevel",
    "Participation",
    "ParticipationRole",
    "Program",
    "Region",
    "Risk",
    "RiskCoverage",
    "Role",
    "User",
]
