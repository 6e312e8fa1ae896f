"""A regional manager puts a line of the home page off, and withdraws from a JFO after a look at what that ends."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from registry.models import JFO, Snooze

pytestmark = pytest.mark.django_db(transaction=True)

SignedIn = Callable[[str], Page]
Violations = Callable[[Page], list[str]]


def test_a_manager_puts_a_line_off_and_brings_it_back(signed_in: SignedIn, violations: Violations) -> None:
    page = signed_in("que.manager")
    page.goto("/en/")
    assert violations(page) == []
    section = page.get_by_role("region", name="Assignments ending within 90 days")
    lines = section.get_by_role("listitem").count()
    section.get_by_role("link", name="Put off").first.click()
    page.get_by_label("Why it can wait").fill("Decided in May.")
    assert violations(page) == []
    page.get_by_role("button", name="Put off").click()
    expect(section.get_by_role("listitem")).to_have_count(lines - 1)
    section.get_by_role("link", name="1 put off").click()
    expect(page.get_by_role("main")).to_contain_text("Decided in May.")
    assert violations(page) == []
    page.get_by_role("button", name="Bring back").click()
    expect(section.get_by_role("listitem")).to_have_count(lines)
    assert not Snooze.objects.exists()


def test_a_groups_count_opens_as_many_lines_in_french(signed_in: SignedIn) -> None:
    page = signed_in("que.manager")
    page.goto("/fr/")
    section = page.get_by_role("region", name="Examens de la participation à faire")
    count = section.get_by_role("listitem").count()
    section.get_by_role("heading").get_by_role("link").click()
    expect(page.get_by_role("main")).to_contain_text(f"{count} OPC")
    expect(page.get_by_role("main")).to_contain_text("Demande votre attention")


def test_a_manager_withdraws_from_a_jfo_and_undoes_it(signed_in: SignedIn, violations: Violations) -> None:
    page = signed_in("que.manager")
    page.goto("/en/jfos/NPET-QUE/reviews/new/")
    page.get_by_label("Decision").select_option("withdraw")
    page.get_by_label("Effective on").fill("2011-04-30")
    page.get_by_label("Reasons").fill("Needed at the ports of entry.")
    page.get_by_role("button", name="Record the review").click()
    expect(page.get_by_role("main")).to_contain_text("Nothing is saved yet")
    assert violations(page) == []
    # The way back keeps what was typed.
    page.get_by_role("button", name="Back to the form").click()
    expect(page.get_by_label("Reasons")).to_have_value("Needed at the ports of entry.")
    page.get_by_role("button", name="Record the review").click()
    page.get_by_role("button", name="Withdraw").click()
    assert JFO.objects.get(code="NPET-QUE").end is not None
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_role("main")).to_contain_text("Undone")
    assert JFO.objects.get(code="NPET-QUE").end is None
