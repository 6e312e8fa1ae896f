"""What an import of assignments would come to is said in words before it is confirmed."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override

from registry.models import User
from tests import rows, sheets

pytestmark = pytest.mark.django_db


def test_the_confirmation_says_what_the_files_assignments_come_to(administrator: User) -> None:
    officer = rows.officer()
    kept: dict[str, Any] = {"jfo": "SPVM-JFO", "fte": Decimal("0.50"), "start": date(2010, 4, 1)}
    rows.assignment(officer=officer, **kept)
    file = [
        {"officer": officer.number, **kept, "fte": 0.4, "end": date(2011, 9, 30)},
        {"officer": officer.number, "jfo": "IBET-QUE-1", "fte": 0.25, "start": date(2011, 4, 4), "end": None},
    ]
    said = {}
    for language in ("en", "fr"):
        with override(language):
            of = sheets.resource("assignments", administrator)
            said[language] = of.effects(of.preview(sheets.sheet(of, *file)))
    assert said["en"] == [
        "1 assignment ends earlier.",
        "On 2011-04-04 the assignments of the file come to 0.65 FTE, and to 0.50 without it.",
    ]
    assert said["fr"] == [
        "1 affectation se termine plus tôt.",
        "Le 2011-04-04, les affectations du fichier font 0,65 ETP, et 0,50 sans lui.",
    ]
