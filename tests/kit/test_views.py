"""Lists as their readers use them: the filter form, and what it sends back."""

from collections.abc import Callable

import pytest
from django.test import Client

from registry.models import User

pytestmark = pytest.mark.django_db

LISTS = ["/en/jfos/", "/en/officers/", "/en/assignments/", "/en/arrangements/"]


@pytest.mark.parametrize("address", LISTS)
def test_applying_the_filters_keeps_the_columns(
    client_of: Callable[[User], Client], que_manager: User, address: str
) -> None:
    """Columns with a value of their own stood unchecked in the form: the next filter took them off the table."""
    context = client_of(que_manager).get(address).context
    checked = [label for _name, label, is_checked in context["choosable"] if is_checked]
    assert [str(label) for label in checked] == [heading.label for heading in context["headings"]][1:]
