"""The home page: its figures, what needs the reader, and the lists behind them."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from registry.models import User
from tests.pages import words

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]


def test_a_managers_figures_open_lists_of_as_many(client_of: SignIn, que_manager: User) -> None:
    """“8 active JFOs” opened the 52 of every region, and “8 officers” a list of nine assignments."""
    client = client_of(que_manager)
    jfos, officers, _fte, covered, *_others = client.get("/en/").context["figures"]
    assert (jfos.value, jfos.href) == ("8", "/en/jfos/?region=QUE")
    assert "8 JFOs" in words(client.get(jfos.href))
    assert officers.value == "8"
    assert "8 officers" in words(client.get(officers.href))
    assert covered.value == "4 of 8"
    assert "4 of 8 JFOs are covered" in words(client.get(covered.href))


@pytest.mark.parametrize("username", ["que.manager", "gta.manager", "atl.manager", "nhq.reviewer", "admin", "auditor"])
def test_a_groups_count_is_that_of_its_list(client_of: SignIn, username: str) -> None:
    client = client_of(User.objects.get(username=username))
    for group in client.get("/en/").context["groups"]:
        assert re.search(rf"\b{group.count} (assignment|arrangement|JFO)", words(client.get(group.href))), group.title


def test_home_is_of_today_whatever_day_the_address_names(client_of: SignIn, que_manager: User) -> None:
    """It offered to change assignments under a banner that nothing can be changed."""
    response = client_of(que_manager).get("/en/", {"as_of": "2004-02-15"})
    assert response.context["day"] == date(2011, 3, 31)
    assert not response.context["is_read_only"]


def test_a_manager_without_a_region_is_told_so(client_of: SignIn, outsider: User) -> None:
    """“Home: every region”, it said, above nothing at all."""
    said = words(client_of(outsider).get("/en/"))
    assert "every region" not in said
    assert "No region has been given to you yet" in said
