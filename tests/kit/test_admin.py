"""The Django admin: small reference tables for administrators, by the roles, rules and imports of the pages."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.http import QueryDict
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from jfo_portal.kit import changesets, exports
from jfo_portal.kit.history import Door
from jfo_portal.kit.imports import resources
from jfo_portal.kit.models import Import, ImportState
from performance.models import BenefitRate, SalaryRate, YearClosing
from registry.models import Agency, Course, Program, Region, Risk, RiskEdition, User
from tests.pages import body, csv_rows, words

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]

WRITTEN: list[Any] = [Program, SalaryRate, BenefitRate]
IMPORTED = [*WRITTEN, Agency]
LOOKED_AT = [Region, Risk, RiskEdition, Course]
IBET = {
    "name_en": "Integrated Border Enforcement Team",
    "name_fr": "Équipe intégrée de la police des frontières (EIPF)",
    "kind": "binational",
    "is_single_risk_line": "on",
}


@pytest.fixture
def client(client_of: SignIn, administrator: User) -> Client:
    return client_of(administrator)


def address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def ibet() -> Program:
    return Program.objects.get(code="IBET")


def sent(client: Client, model: Any, row: Any, **data: Any) -> Any:
    """Open the row's form, and send it with the data."""
    there = address(model, "change", row.pk)
    version = re.search(r'name="version" value="(\d+)"', body(client.get(there)))
    assert version is not None
    return client.post(there, {"version": version[1], **data}, follow=True)


# Which tables


def test_only_small_reference_tables_are_there() -> None:
    assert set(admin.site._registry) == {*IMPORTED, *LOOKED_AT}


@pytest.mark.parametrize("model", [*IMPORTED, *LOOKED_AT], ids=lambda model: model.__name__)
def test_a_table_is_to_be_looked_at_in_both_languages(client: Client, model: Any) -> None:
    row = model.objects.first()
    for page in (address(model, "changelist"), address(model, "change", row.pk)):
        english = client.get(page)
        french = client.get(page.replace("/en/", "/fr/", 1))
        assert "UNCLASSIFIED" in body(english)
        assert "NON CLASSIFIÉ" in body(french)
        assert '<html lang="fr"' in body(french)
        for language, answer in (("en", english), ("fr", french)):
            with override(language):
                assert str(model._meta.verbose_name).casefold() in words(answer).casefold()


def test_the_portal_leads_administrators_there_and_nobody_else(
    client: Client, client_of: SignIn, auditor: User
) -> None:
    assert 'href="/en/admin/"' in body(client.get("/en/"))
    assert "/admin/" not in body(client_of(auditor).get("/en/"))


def test_there_is_no_second_way_to_sign_in() -> None:
    for name in ("login", "logout", "password_change"):
        assert Client().get(f"/en/admin/{name}/").status_code == 404
    answer = Client().get("/en/admin/registry/program/?q=IBET")
    assert answer.url == "/en/sign-in/?next=/en/admin/registry/program/%3Fq%3DIBET"  # type: ignore[attr-defined]


@pytest.mark.parametrize("username", ["que.manager", "nhq.reviewer", "auditor"])
def test_nobody_else_sees_changes_imports_or_exports_anything(client_of: SignIn, username: str) -> None:
    client = client_of(User.objects.get(username=username))
    row = ibet()
    for page in (address(Program, "changelist"), address(Program, "change", row.pk), address(Program, "export")):
        assert client.get(page).status_code == 403
        assert client.post(page, IBET | {"name_en": "Taken over"}).status_code == 403
    assert client.post(address(Program, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert client.get(address(Program, "import")).status_code == 403
    assert ibet().name_en == row.name_en


def test_even_a_superuser_who_is_no_administrator_is_refused(client_of: SignIn, auditor: User) -> None:
    User.objects.filter(pk=auditor.pk).update(is_staff=True, is_superuser=True)
    assert client_of(User.objects.get(pk=auditor.pk)).get("/en/admin/").status_code == 403


@pytest.mark.parametrize("model", [Agency, *LOOKED_AT], ids=lambda model: model.__name__)
def test_what_has_a_page_or_rules_of_its_own_is_only_looked_at(client: Client, model: Any) -> None:
    row = model.objects.first()
    before = model.objects.values().get(pk=row.pk)
    there = address(model, "change", row.pk)
    assert 'type="submit" value="Save"' not in body(client.get(there))
    assert client.post(there, {"name_en": "Another", "code": "X"}).status_code == 405
    for page in ("add/", f"{row.pk}/delete/"):
        assert client.post(address(model, "changelist") + page, {"post": "yes"}).status_code in {404, 405}
    assert model.objects.values().get(pk=row.pk) == before


def test_lists_take_a_fixed_number_of_queries(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(address(Program, "changelist")).status_code == 200
        return len(captured)

    first = queries()
    for number in range(20):
        Program(code=f"P-{number}", name_en="A", name_fr="B", kind="regional").save_as(None)
    assert queries() == first <= 15


# Changes and their history


def test_a_change_says_who_when_why_and_through_which_door_and_is_undone(client: Client, administrator: User) -> None:
    was = ibet().name_en
    answer = sent(client, Program, ibet(), **IBET | {"name_en": "Border Teams", "reason": "Renamed"})
    assert ibet().name_en == "Border Teams"
    version = ibet().history.latest()
    assert (version.history_user, version.history_change_reason, version.door) == (
        administrator,
        "Renamed",
        Door.SCREEN,
    )
    change = version.change_set
    assert (change.by, change.reason) == (administrator, "Renamed")
    undo = reverse("undo", args=[change.pk])
    assert f'action="{undo}"' in body(answer)
    client.post(undo)
    assert ibet().name_en == was
    assert ibet().history.latest().change_set.undoes == change


def test_another_administrator_undoes_it_too(client: Client, client_of: SignIn) -> None:
    """A program's change could be undone by nobody but who had made it."""
    was = ibet().name_en
    sent(client, Program, ibet(), **IBET | {"name_en": "Border Teams"})
    other = client_of(User.objects.create_user("other.admin", role="administrator"))
    other.post(reverse("undo", args=[ibet().history.latest().change_set.pk]))
    assert ibet().name_en == was


def test_a_change_that_does_not_say_of_which_version_it_is_is_refused(client: Client) -> None:
    """It would have been saved over what somebody changed meanwhile."""
    was, versions = ibet().name_en, ibet().history.count()
    for version in ({}, {"version": ""}):
        answer = client.post(address(Program, "change", ibet().pk), IBET | {"name_en": "Border Teams"} | version)
        assert "somebody may have changed it meanwhile. Nothing was saved." in words(answer)
    assert (ibet().name_en, ibet().history.count()) == (was, versions)


def test_the_history_of_a_row_is_the_portals_own(client: Client) -> None:
    sent(client, Program, ibet(), **IBET | {"name_en": "Border Teams", "reason": "Renamed"})
    page = client.get(address(Program, "history", ibet().pk), follow=True)
    assert page.redirect_chain == [(reverse("row-history", args=["program", ibet().pk]), 302)]
    assert "Renamed" in words(page)
    assert not LogEntry.objects.exists()


def test_a_new_row_is_one_act_that_can_be_undone(client: Client) -> None:
    data = {"code": "NEW", "name_en": "New", "name_fr": "Nouveau", "kind": "regional", "reason": "Founded"}
    client.post(address(Program, "add"), data)
    change = Program.objects.get(code="NEW").history.latest().change_set
    changesets.undo(change, by=change.by)
    assert not Program.objects.filter(code="NEW").exists()


def test_saving_what_is_the_same_leaves_no_version(client: Client) -> None:
    row = ibet()
    versions = row.history.count()
    data = {"name_en": row.name_en, "name_fr": row.name_fr, "kind": row.kind, "reason": "No reason"}
    answer = sent(client, Program, row, **data | ({"is_single_risk_line": "on"} if row.is_single_risk_line else {}))
    assert "Nothing was different, so nothing was saved." in body(answer)
    assert row.history.count() == versions


def test_a_rule_of_the_model_is_a_sentence_on_the_form(client: Client) -> None:
    data = {"fiscal_year": "2009-2010", "level": "FB-04", "amount": "70000.00"}
    answer = client.post(address(SalaryRate, "add"), data)
    assert "This level already has a salary for the fiscal year." in words(answer)
    data = {"fiscal_year": "2009-2011", "level": "FB-04", "amount": "-1"}
    answer = client.post(address(SalaryRate, "add"), data)
    assert answer.status_code == 200
    assert len(answer.context["errors"]) == 2


def test_what_only_the_database_refuses_is_a_sentence_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise IntegrityError("registry_program_code_key")

    monkeypatch.setattr(changesets.ChangeSet, "save_row", refuse)
    answer = sent(client, Program, ibet(), **IBET | {"name_en": "Border Teams"})
    assert answer.status_code == 200
    assert "Somebody changed these rows at the same moment" in words(answer)
    assert 'value="Border Teams"' in body(answer)
    assert not changesets.ChangeSet.objects.filter(reason="").exclude(by=None).filter(href="").exists()


def test_nobody_saves_over_what_somebody_else_changed_meanwhile(client: Client) -> None:
    there = address(Program, "change", ibet().pk)
    version = re.search(r'name="version" value="(\d+)"', body(client.get(there)))
    assert version is not None
    row = ibet()
    row.name_fr = "Équipes de la frontière"
    row.save_as(None)
    answer = client.post(there, IBET | {"name_en": "Border Teams", "version": version[1]})
    assert "Somebody changed this row since you opened the form" in words(answer)
    assert (ibet().name_fr, ibet().name_en) == ("Équipes de la frontière", row.name_en)


def test_the_key_of_a_row_never_changes(client: Client) -> None:
    sent(client, Program, ibet(), **IBET | {"name_en": "Border Teams", "code": "OTHER"})
    assert ibet().name_en == "Border Teams"
    rate = SalaryRate.objects.get(fiscal_year=2009, level="FB-04")
    sent(client, SalaryRate, rate, fiscal_year="1999-2000", level="FB-03", amount="70000.00")
    rate.refresh_from_db()
    assert (rate.fiscal_year, rate.level, str(rate.amount)) == (2009, "FB-04", "70000.00")


def test_a_rate_is_typed_as_the_language_writes_it(client: Client) -> None:
    rate = BenefitRate.objects.get(fiscal_year=2009)
    there = address(BenefitRate, "change", rate.pk).replace("/en/", "/fr/", 1)
    page = body(client.get(there))
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    assert 'value="0,2' in page
    client.post(there, {"rate": "0,25", "version": version[1]})
    rate.refresh_from_db()
    assert str(rate.rate) == "0.2500"


def test_the_rate_of_a_closed_year_says_that_no_figure_moves(client: Client, administrator: User) -> None:
    YearClosing(fiscal_year=2009, closed_on="2010-05-01").save_as(administrator)
    rate = BenefitRate.objects.get(fiscal_year=2009)
    answer = sent(client, BenefitRate, rate, rate="0.25")
    assert "2009-2010 was closed on 2010-05-01: its figures stay as they are." in words(answer)


# Removing


def test_what_is_in_use_is_not_removed_and_the_page_names_what_uses_it(client: Client) -> None:
    there = address(Program, "delete", ibet().pk)
    page = client.get(there)
    assert "IBET-QUE-1" in words(page)
    assert 'name="post"' not in body(page)
    answer = client.post(there, {"post": "yes", "reason": "Not needed"})
    assert answer.status_code == 200
    assert ibet()


def test_what_is_free_is_removed_with_a_reason_and_comes_back(client: Client) -> None:
    Program(code="FREE", name_en="Free", name_fr="Libre", kind="regional").save_as(None)
    row = Program.objects.get(code="FREE")
    client.post(address(Program, "delete", row.pk), {"post": "yes", "reason": "Founded by mistake"})
    version = Program.history.filter(code="FREE").latest()
    assert (version.history_type, version.history_change_reason) == ("-", "Founded by mistake")
    changesets.undo(version.change_set, by=version.change_set.by)
    assert Program.objects.filter(code="FREE").exists()


def test_many_rows_are_never_removed_at_once(client: Client) -> None:
    data = {"action": "delete_selected", "_selected_action": [ibet().pk], "post": "yes"}
    assert client.post(address(Program, "changelist"), data).status_code == 405
    assert all(not site.get_actions(_request(client)) for site in admin.site._registry.values())


def _request(client: Client) -> Any:
    request = RequestFactory().get("/")
    request.user = User.objects.get(username="admin")
    return request


# Import and export


def upload(client: Client, text: str) -> Any:
    """Follow the import button, and send the file where it leads."""
    page = client.get(address(Program, "import"), follow=True)
    ((there, _code),) = page.redirect_chain
    assert f'<option value="{QueryDict(there.partition("?")[2])["kind"]}" selected' in body(page)
    file = SimpleUploadedFile("programs.csv", text.encode())
    return client.post(there, {"entity": "programs", "file": file}, follow=True)


def digest(client: Client, made: Import) -> str:
    return str(client.get(reverse("import-review", args=[made.pk])).context["digest"])


def test_a_good_file_goes_through_the_portals_import(client: Client, administrator: User) -> None:
    text = "Code,Name in English,Name in French,Kind\nIBET,Border Teams,Équipes,Bi-national\nNEW,New,Neuf,Regional\n"
    upload(client, text)
    made = Import.objects.latest("pk")
    data = {"confirmed": digest(client, made), "reason": "The list of May"}
    client.post(reverse("import-confirm", args=[made.pk]), data)
    made.refresh_from_db()
    assert (made.state, made.new, made.changed) == (ImportState.APPLIED, 1, 1)
    version = ibet().history.latest()
    assert (version.door, version.history_user, ibet().name_en) == (Door.IMPORT, administrator, "Border Teams")
    assert made.change_set is not None
    changesets.undo(made.change_set, by=administrator)
    assert not Program.objects.filter(code="NEW").exists()


def test_a_bad_file_is_refused_whole_with_the_sentences_of_the_wizard(client: Client) -> None:
    before = list(Program.objects.values())
    upload(
        client, "Code,Name in English,Name in French,Kind\nIBET,Border Teams,Équipes,Bi-national\nNEW,,Neuf,Planetary\n"
    )
    made = Import.objects.latest("pk")
    page = client.get(reverse("import-review", args=[made.pk]))
    assert page.context["counts"].error == 1
    client.post(reverse("import-confirm", args=[made.pk]), {"confirmed": page.context["digest"], "reason": "Anyway"})
    made.refresh_from_db()
    assert made.state == ImportState.DRAFT
    assert list(Program.objects.values()) == before


def test_nothing_of_the_packages_own_import_is_left(client: Client, administrator: User) -> None:
    step = "/en/admin/registry/program/process_import/"
    assert client.post(step, {"import_file_name": "/etc/passwd"}).status_code == 404
    assert client.post(address(Program, "import"), {"format": "0"}).status_code == 405
    for model in IMPORTED:
        of: Any = admin.site._registry[model]
        found: Any
        (found,) = of.get_import_resource_classes(_request(client))
        assert of.get_export_resource_classes(_request(client)) == [found]
        assert isinstance(resources.get(of.slug, administrator), found)
        with pytest.raises(NotImplementedError):
            found(administrator).import_data(None)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx"])
@pytest.mark.parametrize("model", IMPORTED, ids=lambda model: model.__name__)
def test_what_is_exported_comes_back_unchanged(client: Client, model: Any, file_format: str, language: str) -> None:
    of: Any = admin.site._registry[model]
    there = address(model, "export").replace("/en/", f"/{language}/", 1)
    page = client.get(there)
    assert f"?format={file_format}" in body(page)
    taken = client.get(there, {"format": file_format})
    content = b"".join(taken.streaming_content) if taken.streaming else taken.content  # type: ignore[attr-defined]
    file = SimpleUploadedFile(f"table.{exports.FORMATS[file_format].suffix}", content)
    client.post(reverse("import-new"), {"entity": of.slug, "file": file})
    made = Import.objects.latest("pk")
    counts = client.get(reverse("import-review", args=[made.pk])).context["counts"]
    assert (counts.new, counts.changed, counts.error) == (0, 0, 0)
    assert counts.unchanged == model.objects.count()


def test_a_formula_in_a_name_is_text_in_the_file(client: Client) -> None:
    Program(code="EVIL", name_en="=1+1", name_fr="@SUM(A1)", kind="regional").save_as(None)
    (row,) = [
        row for row in csv_rows(client.get(address(Program, "export"), {"format": "csv"})) if row["Code"] == "EVIL"
    ]
    assert not row["Name in English"].startswith("=")
    assert not row["Name in French"].startswith("@")


# Junk


JUNK = ["\0", "é" * 300, "9" * 40, "-1", "0", "1e309", "../../etc/passwd", "_", "_00", "'", "%s"]


@pytest.mark.parametrize("junk", JUNK)
def test_no_junk_breaks_an_address(client: Client, junk: str) -> None:
    for model in [*IMPORTED, *LOOKED_AT]:
        listed = address(model, "changelist")
        names = [
            "q",
            "p",
            "o",
            "all",
            "e",
            "_facets",
            "fy",
            "kind__exact",
            "level__exact",
            "edition",
            "pk",
            "_to_field",
        ]
        names += ["_changelist_filters", "is_group__exact", "fiscal_year", "program__pk__gt", "format", junk]
        answers = {name: client.get(listed, {name: junk}).status_code for name in names}
        answers |= (
            {f"export {name}": client.get(listed + "export/", {name: junk}).status_code for name in names[-2:]}
            if model in IMPORTED
            else {}
        )
        for page in ("change", "delete", "history"):
            there = f"{listed}{junk.replace('%', '%25')}/{page}/"
            answers |= {
                page: client.get(there).status_code,
                f"post {page}": client.post(there, {"x": junk}).status_code,
            }
        assert {name: code for name, code in answers.items() if code >= 500} == {}


@pytest.mark.parametrize("junk", JUNK)
def test_no_junk_breaks_a_form(client: Client, junk: str) -> None:
    names = "code name_en name_fr kind fiscal_year level amount rate reason version _to_field _popup _save post"
    typed = dict.fromkeys(names.split(), junk)
    for model in WRITTEN:
        row = model.objects.first()
        for there in (address(model, "add"), address(model, "change", row.pk), address(model, "delete", row.pk)):
            assert client.post(there, typed).status_code < 500
            assert client.get(there, typed).status_code < 500
            some = {name: value for name, value in typed.items() if name != "_to_field"}
            assert client.post(there, some).status_code < 500


def test_the_admin_brings_no_table_of_another_package() -> None:
    assert not [
        model
        for model in admin.site._registry
        if apps.get_app_config(model._meta.app_label).name not in {"registry", "performance"}
    ]
