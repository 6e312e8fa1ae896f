"""What every test can ask for: the report's demonstration data, the people of the portal, a client of each.

The demonstration is loaded once. An ordinary test is rolled back; after one that commits
(`django_db(transaction=True)`, a live server) the database is put back as it was, not flushed.
"""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client, TransactionTestCase
from django.utils import translation
from pytest_django.plugin import DjangoDbBlocker

from registry.models import Role, User

from . import snapshot


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Load the demonstration into the tests' database, once."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        call_command("load_demo", facts_only=True, verbosity=0)
        snapshot.take()
        # Django's own way flushes every table, and the next test would find no demonstration.
        patch.setattr(TransactionTestCase, "_fixture_teardown", snapshot.put_back)
        yield


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> None:
    """What an earlier test left in the process's cache, or the language of its last page, is nobody's business."""
    cache.clear()
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture
def que_manager(db: None) -> User:
    """A regional manager in Québec."""
    return User.objects.get(username="que.manager")


@pytest.fixture
def gta_manager(db: None) -> User:
    """A regional manager in the Greater Toronto Area."""
    return User.objects.get(username="gta.manager")


@pytest.fixture
def atl_manager(db: None) -> User:
    """A regional manager in the Atlantic region."""
    return User.objects.get(username="atl.manager")


@pytest.fixture
def nhq_reviewer(db: None) -> User:
    """A reviewer at National Headquarters."""
    return User.objects.get(username="nhq.reviewer")


@pytest.fixture
def administrator(db: None) -> User:
    return User.objects.get(username="admin")


@pytest.fixture
def auditor(db: None) -> User:
    return User.objects.get(username="auditor")


@pytest.fixture
def outsider(db: None) -> User:
    """Somebody who may sign in but answers for no region."""
    return User.objects.create_user("outsider", role=Role.REGIONAL_MANAGER)


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A function that returns a client signed in as the user."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
