"""Fiscal years."""

from datetime import date

import pytest
from django.utils import translation

from jfo_portal.kit.fiscal import FiscalYear


@pytest.mark.parametrize(
    ("day", "label"),
    [(date(2010, 4, 1), "2010-2011"), (date(2011, 3, 31), "2010-2011"), (date(2011, 4, 1), "2011-2012")],
)
def test_a_day_belongs_to_the_year_that_starts_in_april(day: date, label: str) -> None:
    assert str(FiscalYear.of(day)) == label


def test_a_year_with_a_leap_day_has_366_days() -> None:
    assert FiscalYear(2011).days == 366
    assert FiscalYear(2010).days == 365


@pytest.mark.parametrize("text", ["2010", "2010-2012", "10-11", "2010–2011", "٢٠١٠-٢٠١١", "", "9999-10000"])
def test_anything_but_two_years_in_a_row_is_refused_in_both_languages(text: str) -> None:
    with pytest.raises(ValueError, match="for example 2010-2011"):
        FiscalYear.parse(text)
    with translation.override("fr"), pytest.raises(ValueError, match="par exemple 2010-2011"):
        FiscalYear.parse(text)
