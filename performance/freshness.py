"""How far the IMS files reach: asked of the database at most once a minute."""

from datetime import date

from django.core.cache import cache
from django.db.models import Max, Min

from .models import ImsFile

_KEY = "performance.ims_span"
_SECONDS = 60


def ims_span() -> tuple[date, date] | None:
    """Return the days on which the first and the last of all IMS files were opened; None without files.

    Up to a minute old; one query otherwise.
    """
    return cache.get_or_set(_KEY, _ask, _SECONDS)


def _ask() -> tuple[date, date] | None:
    first, last = ImsFile.objects.aggregate(first=Min("opened_on"), last=Max("opened_on")).values()
    return None if first is None else (first, last)
