"""The exhibits of the evaluation as reports: each module registers its own."""

from . import activity, arrangements, cost, fte, risks

__all__ = ["activity", "arrangements", "cost", "fte", "risks"]
