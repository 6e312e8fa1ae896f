"""The imports of results, a module for each part of them."""

from . import contributions, expectations, ims, outcomes, pay

__all__ = ["contributions", "expectations", "ims", "outcomes", "pay"]
