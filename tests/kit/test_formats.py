"""How values read in either language."""

from datetime import date

from django.utils import translation

from jfo_portal.kit import formats


def test_the_first_of_a_month_is_premier_in_french() -> None:
    with translation.override("fr"):
        assert formats.long_day(date(2010, 4, 1)) == "1er avril 2010"
        assert formats.long_day(date(2010, 4, 2)) == "2 avril 2010"
    assert formats.long_day(date(2010, 4, 1)) == "April 1, 2010"
