"""The column of a fiscal year, which reports write as 2010-2011 and rows keep by the year in which it starts."""

from typing import Any

from django.utils.translation import gettext as _

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.formats import NO_VALUE
from jfo_portal.kit.imports.fields import CellRefused, ImportField, as_text, shown

# The first and the last that the models take.
FIRST, LAST = FiscalYear(1990), FiscalYear(2998)
_DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2212", "------")


class FiscalYearField(ImportField):
    """A fiscal year, as two years in a row; typed, the calendar year in which it starts.

    A lone year is refused: it may be the first of the two, or the second.
    """

    def rule(self) -> str:
        return _("A fiscal year, written as two years in a row.")

    def read(self, cell: Any, *, decimal_comma: bool = False) -> int:
        text = as_text(cell)
        try:
            year = FiscalYear.parse("".join(text.translate(_DASHES).split()))
        except ValueError:
            raise CellRefused(
                _("“%(text)s” is not a fiscal year. Write it as two years in a row, for example 2010-2011.")
                % {"text": shown(text)}
            ) from None
        if not FIRST <= year <= LAST:
            raise CellRefused(
                _("%(value)s is not between %(first)s and %(last)s. Check the year.")
                % {"value": year, "first": FIRST, "last": LAST}
            )
        return year.start_year

    def words(self, value: Any) -> str:
        return NO_VALUE if value is None else str(FiscalYear(value))

    def file_value(self, value: Any) -> str | None:
        return None if value is None else str(FiscalYear(value))
