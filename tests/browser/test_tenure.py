"""Tenure, capacity and two days compared, as a manager walks through them."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

SignedIn = Callable[[str], Page]


def test_from_the_assignments_to_an_officer_past_policy_and_the_act(signed_in: SignedIn) -> None:
    page = signed_in("que.manager")
    page.goto("/en/assignments/")
    page.get_by_role("link", name="Tenure and rotation").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tenure and rotation")
    page.get_by_role("link", name="Extend O-0001").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Extend")


def test_a_region_and_a_day_are_chosen_and_kept(signed_in: SignedIn) -> None:
    page = signed_in("que.manager")
    page.goto("/en/tenure/")
    page.select_option("[name=region]", "QUE")
    page.fill("[name=as_of]", "2010-06-30")
    page.locator("#apply").click()
    expect(page.get_by_text("You are looking at June 30, 2010")).to_be_visible()
    expect(page.get_by_role("link", name="Extend")).to_have_count(0)
    page.get_by_role("link", name="Capacity").click()
    expect(page.get_by_text("You are looking at June 30, 2010")).to_be_visible()


def test_two_days_of_a_jfo_are_compared(signed_in: SignedIn) -> None:
    page = signed_in("que.manager")
    page.goto("/en/jfos/SPVM-JFO/")
    page.get_by_role("link", name="Compare two days").click()
    page.fill("[name=from]", "2010-06-13")
    page.fill("[name=to]", "2010-06-14")
    page.get_by_role("button", name="Compare").click()
    officers = page.locator("#officers")
    expect(officers.get_by_role("row", name="O-0101")).to_contain_text("Left")
    expect(officers.get_by_role("row", name="O-0179")).to_contain_text("Arrived")
    officers.get_by_role("link", name="Arrived").click()
    expect(officers.get_by_role("row", name="O-0101")).to_have_count(0)
    expect(officers.get_by_role("row", name="O-0179")).to_have_count(1)
