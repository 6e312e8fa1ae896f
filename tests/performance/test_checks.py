"""Each rule on activity, published figures and history finds what breaks it, and nothing in the demonstration."""

from collections.abc import Callable
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import QuerySet

from performance import checks
from performance.models import Explanation, ImsFile, PublishedFigure
from registry.models import Officer, User
from tests import rows

pytestmark = pytest.mark.django_db

ALL = (checks.files_belong_to_service, checks.published_figures_have_a_report, checks.every_row_has_history)


@pytest.mark.parametrize("check", ALL)
def test_the_demonstration_keeps_the_rule(check: Callable):
    assert list(check()) == []


def test_the_command_finds_nothing_in_the_demonstration():
    out = StringIO()
    call_command("check_registry", stdout=out)
    assert out.getvalue().endswith("breaches 0\n")


def test_the_command_exits_with_1_and_a_line_for_a_breach():
    row = rows.file(rows.officer(start=date(2010, 4, 1)), date(2010, 4, 1))
    QuerySet.update(ImsFile.objects.filter(pk=row.pk), opened_on=date(2010, 3, 31), fiscal_year=2009)
    out = StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command("check_registry", stdout=out)
    assert exit_.value.code == 1
    assert f"rule 10: IMS file {row.number}: opened on 2010-03-31, outside the service of" in out.getvalue()


def test_figures_of_an_exhibit_nobody_computes_are_found():
    PublishedFigure(exhibit="exhibit-9", row="a", measure="b", value="1").save_as(None)
    assert list(checks.published_figures_have_a_report()) == [
        ("published figures of exhibit-9", "no report computes them")
    ]


def test_an_explanation_of_nothing_published_is_found():
    words = {"explanation_en": "So", "explanation_fr": "Ainsi"}
    Explanation(number=99, exhibit="exhibit-7", row="nobody", measure="*", **words).save_as(None)
    assert list(checks.published_figures_have_a_report()) == [
        ("explanation 99 exhibit-7 nobody *", "no such figure was published")
    ]


@pytest.mark.parametrize("model", [Officer, User])
def test_a_row_written_past_history_is_found(model: Any):
    row = model.objects.order_by("pk")[0]
    model.history.filter(id=row.pk).delete()
    assert list(checks.every_row_has_history()) == [(model._meta.label, "rows of which history knows nothing: 1")]
