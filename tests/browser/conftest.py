"""What a journey can ask for: a page of the running portal, somebody signed in, what axe finds.

`page.goto("/en/")` opens the portal. A journey fails at its end if the browser's console showed an
error or the page asked another host for anything.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import ConsoleMessage, Page, Request
from pytest_django.live_server_helper import LiveServer

from registry.models import User

from . import MISSING, chromium

# Playwright's loop runs in this thread, and Django would take every query here for a mistake.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

# Most of them keep Chromium from looking for anything outside this machine.
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE_OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every journey, and skip them all where there is no browser, unless everything is required."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if chromium() is None and not os.environ.get("JFO_REQUIRE_ALL"):
                item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    if (path := chromium()) is None:
        pytest.fail(MISSING)
    return {"executable_path": path, "args": SWITCHES}


@pytest.fixture(scope="session")
def static_files() -> None:
    """The style sheets and scripts, where the portal under test serves them from."""
    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session")
def base_url(static_files: None, live_server: LiveServer) -> str:
    return live_server.url


@pytest.fixture
def page(page: Page, live_server: LiveServer) -> Iterator[Page]:
    """A page of the portal, watched for errors and for requests to other hosts."""
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        # A page that answers 403 or 404 on purpose is an error to the console too.
        if message.type == "error" and message.location["url"] != page.url:
            problems.append(f"{message.text} ({message.location['url']})")

    def on_request(request: Request) -> None:
        if not request.url.startswith((live_server.url, "data:", "blob:")):
            problems.append(f"asked another host: {request.url}")

    page.set_default_timeout(10_000)
    page.on("console", on_console)
    page.on("request", on_request)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    assert not problems


@pytest.fixture
def signed_in(page: Page, live_server: LiveServer) -> Callable[[str], Page]:
    """A function that signs in the user of that name, as the sign-in page would, and returns the page."""

    def sign_in(username: str) -> Page:
        client = Client()
        client.force_login(User.objects.get(username=username))
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": live_server.url}]
        )
        return page

    return sign_in


@pytest.fixture
def violations() -> Callable[[Page], list[str]]:
    """A function that returns what axe finds wrong with the page: a line for each rule, with the elements."""

    def look(page: Page) -> list[str]:
        # A click returns when the next page is on its way: without its style sheet all contrast is wrong.
        page.wait_for_load_state()
        found = Axe().run(page, options=AXE_OPTIONS).response["violations"]
        return [
            f"{rule['id']}: {rule['help']}: " + "; ".join(str(node["target"]) for node in rule["nodes"])
            for rule in found
        ]

    return look
