"""Values as a reader of the active language writes them."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _

NO_VALUE = "–"
_PLACES = {"integer": 0, "decimal": 1, "fte": 2}


def rounded(value: Decimal | float | int, places: int) -> Decimal:
    """Return the value rounded half up, as a person rounds; a binary float is read as it prints."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def number(value: Decimal | float | int, places: int = 0) -> str:
    """Return the number grouped by thousands with that many decimals: 1,177.5 or 1 177,5."""
    return number_format(rounded(value, places), decimal_pos=places, force_grouping=True)


def money(value: Decimal | float | int, places: int = 0) -> str:
    """Return Canadian dollars: $1,177,110 or 1 177 110 $."""
    text = number(value, places)
    return f"{text}\xa0$" if get_language() == "fr" else f"${text}"


def percent(value: Decimal | float, places: int = 1) -> str:
    """Return a share of one as a percentage: 66.4% or 66,4 %."""
    text = number(Decimal(str(value)) * 100, places)
    return f"{text}\xa0%" if get_language() == "fr" else f"{text}%"


def day(value: date) -> str:
    """Return the date as YYYY-MM-DD, in either language."""
    return value.isoformat()


def long_day(value: date) -> str:
    """Return the date in words: March 31, 2011 or 31 mars 2011; in French the first of a month is 1er."""
    if get_language() == "fr" and value.day == 1:
        return date_format(value, r"j\e\r F Y")
    return date_format(value, "DATE_FORMAT")


def moment(value: datetime) -> str:
    """Return date and time on the portal's clock."""
    return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")


def text(value: Any, kind: str = "text") -> str:
    """Return any value as its column's kind prints it; an en dash where there is none.

    A word in place of a number or a date, such as “restricted”, is printed as it stands.
    """
    if value is None or value == "":
        return NO_VALUE
    if isinstance(value, str | Promise):
        return str(value)
    match kind:
        case "date":
            return day(value)
        case "datetime":
            return moment(value)
        case "integer" | "decimal" | "fte":
            return number(value, _PLACES[kind])
        case "number":
            return number_format(value, force_grouping=True)
        case "money":
            return money(value)
        case "cents":
            return money(value, 2)
        case "percent":
            return percent(value)
        case "yes_no":
            return _("Yes") if value else _("No")
        case _:
            return str(value)
