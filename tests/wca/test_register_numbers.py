"""The numbers of arrangements: issued once, whoever asks, and never used again."""

from typing import Any

import pytest

from jfo_portal.kit import changesets
from registry.models import User
from tests.simultaneous import at_once
from wca.models import Arrangement
from wca.numbering import issue

pytestmark = pytest.mark.django_db


def arrangement(reference: str) -> Arrangement:
    return Arrangement(reference=reference, title_en="New", title_fr="Neuf").save_as(None)


def test_each_kind_and_year_counts_for_itself() -> None:
    issued = [issue("wca", 2031), issue("mou", 2031), issue("wca", 2031), issue("other", 2031), issue("wca", 2032)]
    assert issued == ["WCA-2031-0001", "MOU-2031-0001", "WCA-2031-0002", "AGR-2031-0001", "WCA-2032-0001"]


def test_a_number_that_came_by_import_or_by_hand_counts_as_issued() -> None:
    arrangement("WCA-2031-0007")
    arrangement("WCA-2031-X")
    assert issue("wca", 2031) == "WCA-2031-0008"
    # The demonstration's arrangements of the year.
    assert issue("wca", 2004) == "WCA-2004-0006"


def test_the_number_of_an_arrangement_that_is_gone_is_not_issued_again() -> None:
    arrangement("WCA-2031-0007").delete()
    assert issue("wca", 2031) == "WCA-2031-0008"


def test_the_number_of_an_addition_that_was_undone_is_not_issued_again(nhq_reviewer: User) -> None:
    with changesets.act(nhq_reviewer) as change:
        number = issue("wca", 2031)
        change.save_row(Arrangement(reference=number, title_en="New", title_fr="Neuf"))
    changesets.undo(change, by=nhq_reviewer)
    assert not Arrangement.objects.filter(reference=number).exists()
    assert issue("wca", 2031) == "WCA-2031-0002"


def test_after_9999_the_number_grows_longer() -> None:
    arrangement("WCA-2031-9999")
    assert [issue("wca", 2031), issue("wca", 2031)] == ["WCA-2031-10000", "WCA-2031-10001"]


@pytest.mark.django_db(transaction=True)
def test_of_those_who_ask_at_once_each_gets_a_number_of_its_own() -> None:
    def one() -> Any:
        return issue("wca", 2031)

    assert sorted(at_once(one, one, one, one)) == [f"WCA-2031-000{number}" for number in (1, 2, 3, 4)]
