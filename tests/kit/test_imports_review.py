"""What the review offers for a cell, and what a header in both languages says."""

from datetime import date

import pytest

from jfo_portal.kit.imports.headings import ERRORS, bilingual, told
from jfo_portal.kit.imports.review import days_meant
from registry.models import User

from .imports_example import AssignmentResource


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("13/03/2011", [date(2011, 3, 13)]),
        ("04/05/2011", [date(2011, 5, 4), date(2011, 4, 5)]),
        ("2011/3/31", [date(2011, 3, 31)]),
        ("13/03/11", [date(2011, 3, 13), date(2013, 3, 11)]),
        ("05.05.2011", [date(2011, 5, 5)]),
        ("2011-02-30", []),
        ("2010-05-01", []),
        ("31/31/2011", []),
        ("0000-01-01", []),
        ("1/2/345", []),
        ("April 4", []),
        ("", []),
    ],
)
def test_the_days_that_a_text_may_mean_are_offered_and_none_is_guessed(text: str, days: list[date]) -> None:
    assert days_meant(text) == days


def test_a_header_in_both_languages_says_what_its_column_holds() -> None:
    fields = AssignmentResource(User()).fields
    assert bilingual(fields["officer"]) == "Officer / Employé"
    headers = ["officer / employe", "JFO", ERRORS, "FTE / ETP", "FTE / ETP", "Bureau"]
    assert told(headers, fields) == {0: "officer", 2: "", 3: "fte"}
