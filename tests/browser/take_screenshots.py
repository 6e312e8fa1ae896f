"""The README's screenshots, taken anew of the demonstration; `make screenshots`, not part of the tests."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page

FOLDER = Path(settings.BASE_DIR) / "docs" / "screenshots"


@pytest.mark.parametrize(
    ("name", "user", "address"),
    [
        ("home", "que.manager", "/en/"),
        ("gap-report", "nhq.reviewer", "/en/arrangements/gaps/"),
        ("dashboard", "nhq.reviewer", "/fr/performance/regions/QUE/"),
    ],
)
def test_take(signed_in: Callable[[str], Page], name: str, user: str, address: str) -> None:
    page = signed_in(user)
    page.set_viewport_size({"width": 1280, "height": 960})
    page.goto(address)
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}.png")
