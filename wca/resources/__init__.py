"""The imports of arrangements: the register, the JFOs it covers, and what an assessment found."""

from .arrangements import ArrangementResource
from .coverage import CoverageResource
from .fields import AgencyField
from .findings import FindingResource

__all__ = ["AgencyField", "ArrangementResource", "CoverageResource", "FindingResource"]
