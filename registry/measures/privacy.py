"""The words in place of sums over officers that a reader is not shown (which those are, `publication` decides)."""

from datetime import date

from django.conf import settings
from django.utils.translation import gettext

from .publication import last_shown_day, shown_year


def too_few(day: date | None = None) -> str:
    """Return what stands in place of a figure about too few people; or of any on other regions, of a day that ends no
    fiscal year."""
    if day is not None and shown_year(day) is None:
        return gettext("Not shown")
    return gettext("Too few to show")


def too_few_note(day: date | None = None) -> str:
    """Return the sentence on figures that are not shown; of a day that ends no fiscal year, on all of other regions."""
    if day is not None and shown_year(day) is None:
        return gettext(
            "Figures that count officers of other regions are shown for fiscal years that have ended, and for the last "
            "day of each: the latest until this page’s day is %(day)s."
        ) % {"day": last_shown_day(day)}
    return gettext(
        "Figures that rest on fewer than %(number)s officers outside your regions are not shown, "
        "nor are those from which they could be worked out."
    ) % {"number": settings.SMALL_GROUP}
