"""The Government of Canada's fiscal year: 1 April to 31 March, written 2010-2011."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Self

from django.utils.translation import gettext as _

_LABEL = re.compile(r"(\d{4})-(\d{4})", re.ASCII)


@dataclass(frozen=True, order=True)
class FiscalYear:
    """One fiscal year, known by the calendar year it starts in."""

    start_year: int

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the fiscal year that holds the day."""
        return cls(day.year if day.month >= 4 else day.year - 1)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the fiscal year written as 2010-2011; ValueError, in the reader's language, for anything else."""
        match = _LABEL.fullmatch(text.strip())
        if match is None or int(match[2]) != int(match[1]) + 1 or not 1900 <= int(match[1]) <= 2998:
            raise ValueError(
                _("“%(text)s” is not a fiscal year. Write it as two years in a row, for example 2010-2011.")
                % {"text": text}
            )
        return cls(int(match[1]))

    @property
    def first_day(self) -> date:
        return date(self.start_year, 4, 1)

    @property
    def last_day(self) -> date:
        return date(self.start_year + 1, 3, 31)

    @property
    def days(self) -> int:
        """365, or 366 when the February within has 29 days."""
        return (self.last_day - self.first_day).days + 1

    @property
    def previous(self) -> Self:
        return type(self)(self.start_year - 1)

    @property
    def next(self) -> Self:
        return type(self)(self.start_year + 1)

    def __str__(self) -> str:
        return f"{self.start_year}-{self.start_year + 1}"
