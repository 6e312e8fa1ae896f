"""The data version is the same as long as nothing that it is of was written, and another after every write."""

from collections.abc import Callable

import pytest

from jfo_portal.kit.dataversion import data_version
from jfo_portal.kit.models import SavedView
from registry.models import Agency, AgencyAlias, Region, User

pytestmark = pytest.mark.django_db

WRITES: dict[str, Callable[[], object]] = {
    "added": lambda: AgencyAlias(agency=Agency.objects.get(key="RCMP"), alias="The Force").save_as(None),
    "changed": lambda: Region.objects.get(code="QUE").save_as(None),
    "changed in bulk": lambda: Region.objects.filter(code="QUE").update(name_en="Elsewhere"),
    "deleted": lambda: AgencyAlias.objects.filter(agency__key="RCMP").delete(),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_write_makes_another_version(write: str) -> None:
    before = data_version()
    assert data_version() == before
    WRITES[write]()
    assert data_version() != before


def test_what_is_somebodys_own_or_left_out_makes_none(auditor: User) -> None:
    before = data_version(without=[Region])
    SavedView(page="jfos", name="Mine", query="", owner=auditor).save_as(auditor)
    Region.objects.get(code="QUE").save_as(None)
    assert data_version(without=[Region]) == before


def test_a_write_that_took_its_number_earlier_and_came_later_makes_another_version() -> None:
    """Of two transactions, the one with the lower number may commit last: the newest number stays what it was."""
    history = Region.history.model
    newest = Region.objects.get(code="QUE")
    for _one in range(2):
        newest.save_as(None)
    late, last = history.objects.order_by("-history_id")[1], history.objects.latest("history_id")
    values = {field.attname: getattr(late, field.attname) for field in history._meta.concrete_fields}
    late.delete()
    before = data_version()
    history.objects.bulk_create([history(**values)])
    assert history.objects.latest("history_id") == last
    assert data_version() != before


def test_it_is_one_query(django_assert_num_queries: Callable) -> None:
    with django_assert_num_queries(1):
        assert len(data_version()) == 64
