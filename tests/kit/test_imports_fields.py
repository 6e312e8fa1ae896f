"""What a cell of each kind may hold, and the sentence that says what to do about one that may not."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import models
from django.utils.translation import override

from jfo_portal.kit.imports import constraints
from jfo_portal.kit.imports.cells import Fault
from jfo_portal.kit.imports.fields import (
    CellRefused,
    ChoiceField,
    CodeField,
    DateField,
    DecimalField,
    ImportField,
    IntegerField,
    TextField,
    YesNoField,
)
from registry.models import Assignment, Officer, OfficerFunction

TEXT = TextField(label_en="Note", label_fr="Note")
CODE = CodeField(label_en="Code", label_fr="Code")
DAY = DateField(label_en="Start", label_fr="Début", example="2010-10-01")
FTE = DecimalField(label_en="FTE", label_fr="ETP", min=Decimal("0.01"), max=1, example="0.50")
COUNT = IntegerField(label_en="Files", label_fr="Dossiers", max=100)
FUNCTION = ChoiceField(label_en="Function", label_fr="Fonction", choices=OfficerFunction.choices)
ACTIVE = YesNoField(label_en="Active", label_fr="Actif")


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


def read(field: ImportField, cell: Any, **options: Any) -> Any:
    field.column_name = "column"
    return field.clean({"column": cell}, **options)


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        (TEXT, "Renée Roy", "Renée Roy"),
        (TEXT, 2010, "2010"),
        (TEXT, 0.1 + 0.2, "0.3"),
        (CODE, 101, "101"),
        (CODE, "007", "007"),
        (CODE, "IBET  QUE 1", "IBET QUE 1"),
        (DAY, date(2010, 10, 1), date(2010, 10, 1)),
        (DAY, "2010-10-01", date(2010, 10, 1)),
        (FTE, 1, Decimal("1.00")),
        (FTE, 0.1 + 0.2, Decimal("0.30")),
        (FTE, "0.5", Decimal("0.50")),
        (COUNT, 12, 12),
        (COUNT, "12", 12),
        (FUNCTION, "io", "IO"),
        (FUNCTION, "intelligence officer (IO)", "IO"),
        (FUNCTION, "AR", "IO"),
        (ACTIVE, True, True),
        (ACTIVE, "OUI", True),
        (ACTIVE, "non", False),
        (ACTIVE, 0, False),
        (TEXT, None, None),
    ],
)
def test_a_cell_is_read_as_its_kind(field: ImportField, cell: Any, value: Any) -> None:
    assert read(field, cell) == value


@pytest.mark.parametrize(
    ("field", "cell", "words"),
    [
        (TEXT, "a\ufffdb", "cannot be read"),
        (TEXT, Fault("error", "#REF!"), "#REF!"),
        (TEXT, Fault("formula"), "never calculated"),
        (FTE, Fault("number", "inf"), "cannot be stored"),
        (DAY, "01/02/2011", "Write it as YYYY-MM-DD. For example: 2010-10-01."),
        (DAY, "2011-02-30", "Write it as YYYY-MM-DD"),
        (DAY, 40452, "Write it as YYYY-MM-DD"),
        (DAY, "２０１０-10-01", "Write it as YYYY-MM-DD"),
        (DAY, datetime(2010, 10, 1, 12, 30), "time of day"),  # noqa: DTZ001
        (DAY, date(19, 10, 1), "Check the year"),
        (FTE, "half", "not a number"),
        (FTE, "0,5", "Write a point, or, if the whole file has commas, choose the comma at the step “File”."),
        (FTE, "1,000", "Write digits"),
        (COUNT, "1,5", "Write digits"),
        (FTE, "٠.٥", "not a number"),
        (FTE, "1e-1", "not a number"),
        (FTE, "nan", "not a number"),
        (FTE, True, "not a number"),
        (FTE, 0, "not between 0.01 and 1.00"),
        (FTE, 1e308, "not between 0.01 and 1.00"),
        (FTE, 0.333, "more than 2 decimals"),
        (COUNT, 1.5, "not a whole number"),
        (COUNT, -1, "not between 0 and 100"),
        (FUNCTION, "BSO", "Intelligence Analyst (IA)"),
        (ACTIVE, "perhaps", "neither yes nor no"),
    ],
)
def test_a_cell_that_is_not_of_its_kind_is_refused_with_its_remedy(field: ImportField, cell: Any, words: str) -> None:
    with pytest.raises(CellRefused, match=re.escape(words)):
        read(field, cell)


def test_a_decimal_comma_is_a_number_where_the_semicolon_separates() -> None:
    assert read(FTE, "0,5", decimal_comma=True) == Decimal("0.50")
    with pytest.raises(CellRefused):
        read(FTE, "0.5,0", decimal_comma=True)


def test_a_required_cell_may_not_be_empty() -> None:
    with pytest.raises(CellRefused, match="a value is needed"):
        read(TextField(label_en="Name", label_fr="Nom", required=True), None)


def test_a_choice_is_read_by_its_label_in_either_language_whatever_the_page_speaks() -> None:
    field = ChoiceField(label_en="Function", label_fr="Fonction", choices=OfficerFunction.choices)
    with override("fr"):
        in_french = field.words("IO")
    assert read(field, in_french) == "IO"


@pytest.mark.parametrize("field", [TEXT, CODE, DAY, FTE, COUNT, FUNCTION, ACTIVE])
def test_what_is_written_to_a_file_is_read_back(field: ImportField) -> None:
    value = {"date": date(2010, 10, 1), "decimal": Decimal("0.50"), "integer": 7, "yes_no": True}.get(field.kind, "IO")
    assert read(field, field.file_value(value)) == value


# Check constraints asked without the database


def broken_of(model: type[models.Model], **values: Any) -> list[tuple[list[str], str]]:
    return [(list(one.compared), one.sentence) for one in constraints.of_model(model) if one.is_broken_by(values)]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, []),
        ({"end": date(2010, 1, 1)}, []),
        ({"end": date(2009, 12, 31)}, [["end"]]),
        ({"fte": Decimal("1.01")}, [["fte"]]),
        ({"fte": None}, []),
    ],
)
def test_a_check_constraint_is_told_without_a_query(values: dict[str, Any], names: list[list[str]]) -> None:
    held = {
        "start": date(2010, 1, 1),
        "end": None,
        "fte": Decimal("1.00"),
        "end_reason": "",
        "review_on": None,
        **values,
    }
    assert [found for found, _sentence in broken_of(Assignment, **held)] == names


def test_a_constraint_says_its_own_sentence() -> None:
    told = broken_of(Officer, start=date(2010, 1, 1), end=date(2009, 1, 1))
    assert [sentence for _names, sentence in told] == ["The last day is before the first day."]
