"""The imports of the registry, a module for each kind of row."""

from .agencies import AgencyField, AgencyResource
from .assignments import AssignmentResource, Spell, clashes
from .jfos import JFOResource
from .levels import LevelResource
from .officers import OfficerResource, levels_after
from .participations import ParticipationResource
from .programs import ProgramResource
from .rows import touches
from .service import Held, hold_officers, within_service

__all__ = [
    "AgencyField",
    "AgencyResource",
    "AssignmentResource",
    "Held",
    "JFOResource",
    "LevelResource",
    "OfficerResource",
    "ParticipationResource",
    "ProgramResource",
    "Spell",
    "clashes",
    "hold_officers",
    "levels_after",
    "touches",
    "within_service",
]
