"""The exhibits of the evaluation, and what else is a report: each module registers its own."""

from . import (
    activity,
    arrangements,
    contradictions,
    cost,
    difference,
    expectations,
    fte,
    inventory,
    outcomes,
    quality,
    risks,
    unit_costs,
)

__all__ = [
    "activity",
    "arrangements",
    "contradictions",
    "cost",
    "difference",
    "expectations",
    "fte",
    "inventory",
    "outcomes",
    "quality",
    "risks",
    "unit_costs",
]
