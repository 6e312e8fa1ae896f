"""Those who read the pages of performance."""

from collections.abc import Callable

import pytest
from django.test import Client

from registry.models import User


@pytest.fixture
def reviewer(client_of: Callable[[User], Client], nhq_reviewer: User) -> Client:
    """A client of a reviewer at headquarters, who sees everything."""
    return client_of(nhq_reviewer)


@pytest.fixture
def manager(client_of: Callable[[User], Client], que_manager: User) -> Client:
    """A client of the manager in Québec."""
    return client_of(que_manager)
