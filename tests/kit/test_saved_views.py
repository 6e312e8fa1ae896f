"""A view of a list by a name: saved, opened, shared, the default of a role, changed, removed; and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.models import SavedView
from registry.models import Role, User
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]


@pytest.fixture
def que(client_of: SignIn, que_manager: User) -> Client:
    return client_of(que_manager)


@pytest.fixture
def gta(client_of: SignIn, gta_manager: User) -> Client:
    return client_of(gta_manager)


@pytest.fixture
def admin(client_of: SignIn, administrator: User) -> Client:
    return client_of(administrator)


def view(
    owner: User, query: str = "function=IA", *, page: str = "assignments", name: str = "Mine", **more: str
) -> SavedView:
    return SavedView(page=page, name=name, query=query, owner=owner, **more).save_as(owner)


def default(owner: User, role: Role, query: str, page: str = "assignments") -> SavedView:
    return view(owner, query, page=page, name=f"For {role}", role=role)


# Saving


def test_what_the_list_shows_is_saved_and_opens_again(que: Client, que_manager: User) -> None:
    shown = "/en/assignments/?function=IA&region=&sort=-start&cols=fte&cols=start&per=25&page=2"
    page = body(que.get(shown))
    save = "/en/views/new/assignments/?function=IA&amp;sort=-start&amp;cols=fte&amp;cols=start&amp;per=25"
    assert f'href="{save}"' in page
    form = que.get(save.replace("&amp;", "&"))
    for part in ("Assignments", "Function: Intelligence Analyst (IA)", "Columns:", "Sorted by First day", "25 rows"):
        assert part in words(form)
    saved = que.post(save.replace("&amp;", "&"), {"name": "  Analysts,  latest first "}, follow=True)
    row = SavedView.objects.get(owner=que_manager)
    assert (row.name, row.page) == ("Analysts, latest first", "assignments")
    assert "Saved: the view “Analysts, latest first”" in words(saved)
    opened = que.get(reverse("view", args=[row.pk]))
    assert opened.status_code == 302
    assert opened.url == f"/en/assignments/?function=IA&sort=-start&cols=fte&cols=start&per=25&view={row.pk}"  # type: ignore[attr-defined]
    assert "View: Analysts, latest first" in words(que.get(opened.url))  # type: ignore[attr-defined]


def test_a_saved_view_is_undone_in_one_click_and_the_list_stays(que: Client) -> None:
    que.post("/en/views/new/assignments/?function=IA", {"name": "Analysts"})
    change = ChangeSet.objects.first()
    assert change
    back = que.post(reverse("undo", args=[change.pk]), follow=True)
    assert not SavedView.objects.exists()
    assert back.redirect_chain[0][0].startswith("/en/assignments/?function=IA")
    assert "Its filters still hold" in words(back)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("colour=red", "“colour” is no filter, column or order"),
        ("function=XX", "Function: Select a valid choice"),
        ("cols=wage", "no column “wage”"),
        ("sort=wage", "no order “wage”"),
        ("per=7", "25, 50, 100 rows, not “7”"),
        ("q=" + "a" * 3000, "too long to be kept"),
    ],
)
def test_what_is_none_of_the_list_is_said_and_not_saved(que: Client, query: str, sentence: str) -> None:
    address = f"/en/views/new/assignments/?{query}"
    assert sentence in words(que.get(address))
    refused = que.post(address, {"name": "Mine"})
    assert sentence in words(refused)
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("", "required"), ("   ", "required"), ("a" * 81, "at most 80 characters"), ("a\0b", "Null characters")],
)
def test_a_name_that_is_none_is_said(que: Client, name: str, sentence: str) -> None:
    assert sentence in words(que.post("/en/views/new/assignments/", {"name": name}))


def test_a_name_given_twice_is_said(que: Client, gta: Client, que_manager: User) -> None:
    view(que_manager)
    assert "already have a view of this list with this name" in words(
        que.post("/en/views/new/assignments/?function=IO", {"name": "Mine"})
    )
    # Another list's, and another reader's, may bear it.
    que.post("/en/views/new/jfos/", {"name": "Mine"})
    gta.post("/en/views/new/assignments/", {"name": "Mine"})
    assert SavedView.objects.count() == 3


@pytest.mark.parametrize("page", ["home", "jfo", "nothing", "view-new", "report", "gap-report", "row-history"])
def test_only_a_list_has_views(que: Client, page: str) -> None:
    assert que.get(f"/en/views/new/{page}/").status_code == 404


def test_a_list_that_the_reader_may_not_open_has_none_for_them(que: Client, administrator: User) -> None:
    row = view(administrator, "", page="imports")
    SavedView.objects.filter(pk=row.pk).update(is_shared=True)
    assert que.get("/en/views/new/imports/").status_code == 403
    assert que.get(reverse("view", args=[row.pk])).status_code == 403
    assert que.get("/en/imports/").status_code == 403
    assert "Mine" not in words(que.get("/en/views/"))


def test_as_much_as_can_be_kept_is_kept(que: Client, que_manager: User) -> None:
    query = "q=" + "a" * 1900
    assert que.post(f"/en/views/new/assignments/?{query}", {"name": "Long"}).status_code == 302
    assert SavedView.objects.get(owner=que_manager).query == query


# The date


def test_the_date_is_kept_or_left_out(que: Client, que_manager: User) -> None:
    address = "/en/views/new/assignments/?function=IA&as_of=2010-06-30"
    assert "Keep the date 2010-06-30" in words(que.get(address))
    que.post(address, {"name": "Then", "keeps_day": "on"})
    que.post(address, {"name": "Now"})
    queries = dict(SavedView.objects.filter(owner=que_manager).values_list("name", "query"))
    assert queries == {"Then": "function=IA&as_of=2010-06-30", "Now": "function=IA"}
    then = que.get(reverse("view", args=[SavedView.objects.get(name="Then").pk]), follow=True)
    assert "You are looking at June 30, 2010. Nothing can be changed" in body(then)


def test_a_date_that_cannot_be_read_is_not_saved(que: Client) -> None:
    said = words(que.post("/en/views/new/assignments/?as_of=30/06/2010", {"name": "Then"}))
    assert "is not a date" in said
    assert not SavedView.objects.exists()


# Whose it is


def test_a_view_is_its_owners_until_it_is_shared(que: Client, gta: Client, que_manager: User) -> None:
    row = view(que_manager)
    where = reverse("view", args=[row.pk])
    assert gta.get(where).status_code == 404
    assert "Mine" not in words(gta.get("/en/assignments/"))
    que.post(reverse("view-edit", args=[row.pk]), {"name": "Analysts", "is_shared": "on"})
    opened = gta.get(where, follow=True)
    assert "View: Analysts" in words(opened)
    # Shared are the filters; the rows are each reader's own.
    assert "GTA" in {
        line["Region"] for line in csv_rows(gta.get(f"{opened.redirect_chain[0][0]}&format=csv&cols=region"))
    }
    for name in ("view-edit", "view-remove"):
        assert gta.get(reverse(name, args=[row.pk])).status_code == 404


def test_the_list_and_the_home_page_name_the_readers_views(que: Client, gta: Client, que_manager: User) -> None:
    row = view(que_manager, name="Analysts")
    where = reverse("view", args=[row.pk])
    for address in ("/en/", "/en/assignments/", "/en/views/"):
        assert f'href="{where}"' in body(que.get(address)), address
        assert f'href="{where}"' not in body(gta.get(address)), address
    assert f'href="{where}"' not in body(que.get("/en/jfos/"))


def test_the_present_view_can_be_made_what_the_list_shows(que: Client, que_manager: User) -> None:
    row = view(que_manager)
    same = que.get(f"/en/assignments/?function=IA&view={row.pk}")
    assert "Save the changes" not in words(same)
    changed = que.get(f"/en/assignments/?function=IA&sort=start&view={row.pk}")
    assert "View: Mine (changed)" in words(changed)
    edit = f"/en/views/{row.pk}/edit/?function=IA&sort=start"
    assert edit.replace("&", "&amp;") in body(changed)
    que.post(edit, {"name": "Mine"})
    row.refresh_from_db()
    assert row.query == "function=IA&sort=start"


def test_what_the_list_has_by_itself_is_no_change_of_a_view(que: Client, que_manager: User) -> None:
    """Whoever pressed “Apply” was told that the view was changed, since the form sends every column."""
    row = view(que_manager)
    page = que.get(f"/en/assignments/?function=IA&view={row.pk}")
    columns = [name for name, _label, is_shown in page.context["choosable"] if is_shown]
    sent: dict[str, Any] = {"function": "IA", "q": "", "per": "50", "cols": columns, "view": row.pk}
    assert "(changed)" not in words(que.get("/en/assignments/", sent))
    assert "(changed)" in words(que.get("/en/assignments/", sent | {"cols": columns[1:]}))


def test_a_renamed_view_shows_what_it_showed(que: Client, que_manager: User) -> None:
    row = view(que_manager)
    que.post(reverse("view-edit", args=[row.pk]), {"name": "Analysts"})
    row.refresh_from_db()
    assert (row.name, row.query, row.is_shared) == ("Analysts", "function=IA", False)


def test_a_removed_view_comes_back_at_its_address(que: Client, que_manager: User) -> None:
    row = view(que_manager)
    where = reverse("view", args=[row.pk])
    gone = que.post(reverse("view-remove", args=[row.pk]), follow=True)
    assert "Removed: the view “Mine”" in words(gone)
    assert que.get(where).status_code == 404
    change = ChangeSet.objects.first()
    assert change
    assert "Undone" in words(que.post(reverse("undo", args=[change.pk]), follow=True))
    assert que.get(where).status_code == 302


def test_nobody_else_undoes_what_is_somebodys_own(que: Client, admin: Client, que_manager: User) -> None:
    que.post(reverse("view-remove", args=[view(que_manager).pk]))
    change = ChangeSet.objects.first()
    assert change
    for name in ("undo", "act"):
        assert admin.get(reverse(name, args=[change.pk])).status_code == 404
        assert que.get(reverse(name, args=[change.pk])).status_code == 200


@pytest.mark.parametrize("named", ["999999", "x", "-1", "9" * 40, "\0", ""])
def test_a_view_that_is_not_there_is_said_and_the_list_opens(que: Client, named: str) -> None:
    page = que.get("/en/assignments/", {"function": "IA", "view": named})
    assert page.status_code == 200
    assert "was removed, or is not shared" in words(page)
    assert "Function: Intelligence Analyst" in words(page)


def test_a_view_of_a_list_that_is_no_more_is_not_found(que: Client, que_manager: User) -> None:
    row = view(que_manager, page="gone")
    for name in ("view", "view-edit"):
        assert que.get(reverse(name, args=[row.pk])).status_code == 404
    assert que.get("/en/views/").status_code == 200
    assert que.get("/en/").status_code == 200


# The default of a role


def test_only_an_administrator_sets_the_default_of_a_role(que: Client, admin: Client) -> None:
    assert "Default of a role" not in words(que.get("/en/views/new/assignments/"))
    que.post("/en/views/new/assignments/?function=IA", {"name": "Mine", "role": "regional_manager"})
    assert SavedView.objects.get().role == ""
    admin.post("/en/views/new/assignments/?function=IO", {"name": "Officers", "role": "regional_manager"})
    assert SavedView.objects.get(name="Officers").role == "regional_manager"
    second = admin.post("/en/views/new/assignments/?function=IA", {"name": "Other", "role": "regional_manager"})
    assert "already has a default view of this list" in words(second)
    unknown = admin.post("/en/views/new/assignments/", {"name": "Other", "role": "king"})
    assert "Select a valid choice" in words(unknown)


def test_a_default_has_no_date(admin: Client) -> None:
    address = "/en/views/new/assignments/?as_of=2010-06-30"
    sent = {"name": "Then", "role": "auditor", "keeps_day": "on"}
    assert "opens as of today" in words(admin.post(address, sent))
    assert admin.post(address, sent | {"keeps_day": ""}).status_code == 302


def test_the_list_opens_in_the_default_of_the_readers_role_alone(
    que: Client, client_of: SignIn, auditor: User, administrator: User
) -> None:
    row = default(administrator, Role.REGIONAL_MANAGER, "function=IA")
    opened = que.get("/en/assignments/")
    assert opened.status_code == 302
    assert opened.url == f"/en/assignments/?function=IA&view={row.pk}"  # type: ignore[attr-defined]
    assert client_of(auditor).get("/en/assignments/").status_code == 200
    assert que.get("/en/assignments/?view=none").status_code == 200
    assert que.get("/en/assignments/?format=csv").status_code == 200


def test_leaving_a_default_leads_to_the_bare_list(que: Client, administrator: User) -> None:
    row = default(administrator, Role.REGIONAL_MANAGER, "function=IA")
    page = body(que.get(f"/en/assignments/?function=IA&view={row.pk}"))
    assert 'href="/en/assignments/?view=none">Clear all' in page
    assert "Open the list without a view" in page
    # Without its last filter, and back from another day, a list is bare too.
    assert 'href="?view=none"' in body(que.get("/en/assignments/?function=IA"))
    assert 'href="?view=none">Return to today' in body(que.get("/en/assignments/?as_of=2010-06-30"))


def test_a_count_leads_to_the_list_it_counts_whatever_the_default(
    que: Client, client_of: SignIn, nhq_reviewer: User, administrator: User
) -> None:
    for role in (Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER):
        default(administrator, role, "function=IA")
        default(administrator, role, "kind=national", "jfos")
        default(administrator, role, "function=IA", "officers")
    for client in (que, client_of(nhq_reviewer)):
        for figure in client.get("/en/").context["figures"]:
            assert client.get(figure.href).status_code == 200, figure.href


def test_a_default_is_changed_by_administrators_alone(
    que: Client, admin: Client, que_manager: User, administrator: User
) -> None:
    row = default(administrator, Role.REGIONAL_MANAGER, "function=IA")
    assert que.get(reverse("view-edit", args=[row.pk])).status_code == 404
    assert reverse("view-edit", args=[row.pk]) in body(admin.get("/en/views/"))
    # An administrator who left is no hindrance to the next one.
    SavedView.objects.filter(pk=row.pk).update(owner=que_manager)
    assert que.get(reverse("view-edit", args=[row.pk])).status_code == 404
    assert admin.post(reverse("view-remove", args=[row.pk])).status_code == 302
    assert que.get("/en/assignments/").status_code == 200


# Both languages, and the budget


def test_the_pages_speak_french(que: Client, que_manager: User) -> None:
    row = view(que_manager)
    for address in ("/fr/views/", "/fr/views/new/assignments/?function=IA", f"/fr/views/{row.pk}/edit/"):
        page = que.get(address)
        assert page.status_code == 200
        assert "Vues" in words(page) or "vue" in words(page), address


def test_views_cost_a_list_one_query(
    que: Client, que_manager: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(10):
        view(que_manager, name=f"View {n}")
    que.get("/en/reviews/")
    with django_assert_num_queries(1):
        list(SavedView.objects.visible_to(que_manager).filter(page="assignments").select_related("owner"))
    for address in ("/en/assignments/", "/en/jfos/?view=none", "/en/views/"):
        assert que.get(address).status_code == 200
