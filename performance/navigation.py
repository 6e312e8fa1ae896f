"""The pages of performance, beside one another on each of them."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear

# The name of the address, and what the page is called; in the order in which they stand.
PAGES: list[tuple[str, str | Promise]] = [
    ("performance", _("Overview")),
    ("performance-files", _("Files in IMS")),
    ("performance-comparison", _("Comparison")),
    ("performance-quality", _("Data quality")),
    ("performance-costs", _("Costs")),
    ("performance-outcomes", _("Outcomes")),
    ("performance-expectations", _("Expectations")),
    ("performance-risks", _("Risks")),
    ("performance-overlap", _("Overlap")),
]


@dataclass(frozen=True)
class PageLink:
    """A page of performance, at the fiscal year of the page that it is on."""

    label: str
    href: str
    is_current: bool


def pages(current: str, year: FiscalYear) -> list[PageLink]:
    """Return every page; `current` is the name of the address that is shown."""
    return [PageLink(str(label), f"{reverse(name)}?fy={year}", name == current) for name, label in PAGES]
