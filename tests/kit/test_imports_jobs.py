"""A large import is previewed and saved in the background, and whatever ends the work, what the portal tells is so."""

import io
import threading
from collections.abc import Callable
from datetime import date
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils.translation import activate

from jfo_portal.kit import changesets
from jfo_portal.kit.imports import actions, jobs, liveness, resources
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.imports.resources import Resource
from jfo_portal.kit.models import Import, ImportState, Job, JobState
from performance.models import ImsFile, ImsStatus
from registry.models import Officer, User

from ..pages import words
from ..sheets import breaches

ROWS = 60
# The key of an import that is not there.
NOBODYS = 999_999

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _few_is_many(settings: Any) -> None:
    settings.IMPORT_MOST_AT_ONCE = ROWS - 1


@pytest.fixture
def files(administrator: User) -> Resource:
    found = resources.get("ims-files", administrator)
    assert found is not None
    return found


@pytest.fixture
def staged(administrator: User, files: Resource) -> Import:
    number = Officer.objects.filter(end=None).values_list("number", flat=True)[0]
    lines = "".join(f"JOB-{row:04},{number},Case,2010-10-01\n" for row in range(ROWS))
    text = f"File number,Officer number,Kind,Opened on\n{lines}"
    return actions.stage(io.BytesIO(text.encode()), "files.csv", files, by=administrator)


def work() -> None:
    call_command("jobs", once=True)


def saved() -> int:
    return ImsFile.objects.filter(number__startswith="JOB-").count()


def begin_to_save(staged: Import, administrator: User) -> None:
    resource = resources.get("ims-files", administrator)
    assert resource is not None
    kept = jobs.preview_of(staged, resource, by=administrator)
    assert kept is not None
    jobs.begin(staged, Job.SAVE, by=administrator, confirmed=kept.digest, reason="May", agreed_to_warnings=False)


@pytest.fixture
def previewed(staged: Import, files: Resource, administrator: User) -> Import:
    assert jobs.preview_of(staged, files, by=administrator) is None
    work()
    staged.refresh_from_db()
    assert staged.job_state == JobState.DONE
    return staged


def test_a_large_file_is_previewed_and_saved_by_the_worker(
    previewed: Import, files: Resource, administrator: User
) -> None:
    kept = jobs.preview_of(previewed, files, by=administrator)
    assert kept is not None
    assert kept.counts.new == ROWS
    begin_to_save(previewed, administrator)
    assert saved() == 0
    work()
    previewed.refresh_from_db()
    assert (previewed.state, previewed.job_state, previewed.new) == (ImportState.APPLIED, JobState.DONE, ROWS)
    assert saved() == ROWS


def _again(administrator: User, files: Resource, status: str, name: str) -> Import:
    """Return an import of the same rows with the first row's status, previewed."""
    number = Officer.objects.filter(end=None).values_list("number", flat=True)[0]
    lines = "".join(f"JOB-{row:04},{number},Case,{'' if row else status},2010-10-01\n" for row in range(ROWS))
    text = f"File number,Officer number,Kind,Status,Opened on\n{lines}"
    again = actions.stage(io.BytesIO(text.encode()), name, files, by=administrator)
    assert jobs.preview_of(again, files, by=administrator) is None
    work()
    again.refresh_from_db()
    return again


@pytest.mark.parametrize("is_edited_elsewhere", [False, True])
def test_of_a_file_that_is_there_already_what_is_changed_is_saved(
    previewed: Import, files: Resource, administrator: User, is_edited_elsewhere: bool
) -> None:
    begin_to_save(previewed, administrator)
    work()
    versions = ImsFile.history.count()
    again = _again(administrator, files, "Closed", "again.csv")
    if is_edited_elsewhere:
        # It changes nothing of what was previewed.
        Officer.objects.filter(end=None)[0].save_as(administrator)
    begin_to_save(again, administrator)
    work()
    again.refresh_from_db()
    assert again.state == ImportState.APPLIED
    assert (again.new, again.changed, again.unchanged) == (0, 1, ROWS - 1)
    assert ImsFile.objects.get(number="JOB-0000").status == ImsStatus.CLOSED
    assert ImsFile.history.count() == versions + 1


def test_a_row_that_stayed_as_it_was_and_was_edited_meanwhile_is_told(
    previewed: Import, files: Resource, administrator: User
) -> None:
    begin_to_save(previewed, administrator)
    work()
    again = _again(administrator, files, "Closed", "again.csv")
    edited = ImsFile.objects.get(number="JOB-0001")
    edited.status = ImsStatus.ACTIVE
    edited.save_as(administrator)
    begin_to_save(again, administrator)
    work()
    again.refresh_from_db()
    assert (again.state, again.job_state) == (ImportState.DRAFT, JobState.FAILED)
    assert "The preview was remade" in again.told
    assert ImsFile.objects.get(number="JOB-0000").status == ImsStatus.UNSPECIFIED


def test_two_jobs_of_one_import_are_not_begun(staged: Import, administrator: User) -> None:
    jobs.begin(staged, Job.PREVIEW, by=administrator)
    with pytest.raises(ImportRefused, match="is being worked on"):
        jobs.begin(staged, Job.PREVIEW, by=administrator)


def test_what_waits_can_be_stopped_and_begun_again(previewed: Import, administrator: User) -> None:
    begin_to_save(previewed, administrator)
    jobs.cancel(previewed, by=administrator)
    work()
    previewed.refresh_from_db()
    assert (previewed.job_state, saved()) == (JobState.CANCELLED, 0)
    begin_to_save(previewed, administrator)
    work()
    assert saved() == ROWS


def test_what_changed_meanwhile_is_told_and_nothing_is_saved(
    previewed: Import, administrator: User, files: Resource
) -> None:
    begin_to_save(previewed, administrator)
    officer = Officer.objects.filter(end=None)[0]
    ImsFile(
        number="JOB-0001", officer=officer, region=officer.region, kind="project", opened_on=date(2010, 10, 1)
    ).save()
    work()
    previewed.refresh_from_db()
    assert previewed.job_state == JobState.FAILED
    assert "The preview was remade" in previewed.told
    assert saved() == 1
    kept = jobs.preview_of(previewed, files, by=administrator)
    assert kept is not None
    assert (kept.counts.new, kept.counts.changed) == (ROWS - 1, 1)


def test_a_job_whose_process_ended_is_interrupted_and_begun_again(previewed: Import, administrator: User) -> None:
    begin_to_save(previewed, administrator)
    Import.objects.filter(pk=previewed.pk).update(job_state=JobState.RUNNING)
    previewed.refresh_from_db()
    assert jobs.is_interrupted(previewed)
    with liveness.held(previewed.pk) as is_ours:
        assert is_ours
        assert not jobs.is_interrupted(previewed)
    work()
    assert saved() == ROWS


def test_a_job_whose_end_cannot_be_noted_is_seen_as_interrupted(
    previewed: Import,
    administrator: User,
    client_of: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It was given up without a word."""
    update = QuerySet.update

    def fail_to_note(rows: QuerySet, **values: Any) -> int:
        if "told" in values:
            raise OperationalError("the database system is shutting down")
        return update(rows, **values)

    begin_to_save(previewed, administrator)
    monkeypatch.setattr(jobs, "_PATIENCE", 1)
    monkeypatch.setattr("time.sleep", lambda _second: None)
    monkeypatch.setattr(actions, "confirm", Mock(side_effect=ImportRefused("It cannot be.")))
    with monkeypatch.context() as context:
        context.setattr(QuerySet, "update", fail_to_note)
        work()
    assert f"How the job of import {previewed.pk} ended (failed) could not be noted" in caplog.text
    previewed.refresh_from_db()
    assert jobs.is_interrupted(previewed)
    page = client_of(administrator).get(reverse("import-progress", args=[previewed.pk]))
    assert "The work was interrupted before it came to its end. Nothing of it is saved" in words(page)


def test_the_lock_is_one_also_where_it_was_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who ends takes the file of the lock away: who had opened it before locked a file that nobody else would find."""
    waits, holds, may_end = threading.Event(), threading.Event(), threading.Event()

    def sleep(_seconds: float) -> None:
        waits.set()
        may_end.wait(0.05)

    def wait_and_hold() -> None:
        while not holds.is_set():
            with liveness.held(NOBODYS) as is_ours:
                if is_ours:
                    holds.set()
                    may_end.wait(10)
                # SQLite's lock waits a little by itself; PostgreSQL's answers at once.
                waits.set()
        connection.close()

    monkeypatch.setattr("time.sleep", sleep)
    other = threading.Thread(target=wait_and_hold)
    with liveness.held(NOBODYS):
        other.start()
        assert waits.wait(10)
    assert holds.wait(10)
    assert liveness.is_held(NOBODYS)
    may_end.set()
    other.join()
    assert not liveness.is_held(NOBODYS)
    assert not liveness._lock_path(-1).exists()


def test_what_was_said_while_a_preview_is_made_is_not_passed_over(
    staged: Import, files: Resource, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = actions.kept_preview

    def say_meanwhile(row: Import, resource: Resource) -> Any:
        kept = made(row, resource)
        actions.say(row, by=administrator, fixes={2: {0: "JOB-0009"}})
        return kept

    monkeypatch.setattr(actions, "kept_preview", say_meanwhile)
    jobs.begin(staged, Job.PREVIEW, by=administrator)
    work()
    assert bytes(staged.papers.preview or b"") == b""


def test_the_page_tells_how_far_it_is_and_goes_on_by_itself(
    staged: Import, files: Resource, administrator: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(administrator)
    assert jobs.preview_of(staged, files, by=administrator) is None
    page = client.get(reverse("import-progress", args=[staged.pk])).content.decode()
    assert 'http-equiv="refresh"' in page
    assert "Waiting its turn" in page
    french = client.get(f"/fr/imports/{staged.pk}/progress/").content.decode()
    assert "En attente" in french
    activate("en")
    client.post(reverse("import-progress", args=[staged.pk]), {"cancel": "1"})
    page = client.get(reverse("import-progress", args=[staged.pk])).content.decode()
    assert "The work was stopped" in page
    client.post(reverse("import-progress", args=[staged.pk]))
    work()
    response: Any = client.get(reverse("import-progress", args=[staged.pk]))
    assert response.url == reverse("import-review", args=[staged.pk])
    # The page that looks again by itself is told to go there.
    asked_by_script = client.get(reverse("import-progress", args=[staged.pk]), headers={"HX-Request": "true"})
    assert asked_by_script.headers["HX-Redirect"] == reverse("import-review", args=[staged.pk])


def test_the_progress_is_its_owners_alone(
    staged: Import, gta_manager: User, client_of: Callable[[User], Client]
) -> None:
    jobs.begin(staged, Job.PREVIEW, by=staged.by)
    assert client_of(gta_manager).get(reverse("import-progress", args=[staged.pk])).status_code in (403, 404)


def test_an_import_is_taken_back_by_the_worker(
    previewed: Import, administrator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changesets, "_MANY", ROWS - 1)
    begin_to_save(previewed, administrator)
    work()
    jobs.begin(previewed, Job.UNDO, by=administrator, reason="the wrong file")
    work()
    previewed.refresh_from_db()
    assert (previewed.job_state, saved()) == (JobState.DONE, 0)
    assert previewed.is_undone
    assert breaches() == []
    kinds = ImsFile.history.filter(number="JOB-0001").values_list("history_type", "related_words__officer")
    assert [kind for kind, words in kinds if words] == ["-", "+"]
    assert previewed.change_set is not None
    # And done again: what was taken back comes back as it was.
    changesets.undo(previewed.change_set.undone_by, by=administrator)
    assert (saved(), breaches()) == (ROWS, [])


def test_the_result_says_why_an_import_was_not_taken_back(
    previewed: Import, administrator: User, client_of: Callable[[User], Client]
) -> None:
    begin_to_save(previewed, administrator)
    work()
    file = ImsFile.objects.get(number="JOB-0001")
    file.opened_on = date(2010, 10, 2)
    file.save_as(administrator)
    client, result = client_of(administrator), reverse("import-result", args=[previewed.pk])
    jobs.begin(previewed, Job.UNDO, by=administrator, reason="the wrong file")
    work()
    assert "JOB-0001 was changed later" in words(client.get(result))
    Import.objects.filter(pk=previewed.pk).update(job_state=JobState.RUNNING)
    assert "was interrupted before it came to its end, and nothing was taken back" in words(client.get(result))
    assert saved() == ROWS


def test_a_large_import_is_undone_once_a_reason_is_given(
    previewed: Import, administrator: User, client_of: Callable[[User], Client]
) -> None:
    """One press on its result took everything back, without a word."""
    begin_to_save(previewed, administrator)
    work()
    previewed.refresh_from_db()
    assert previewed.change_set is not None
    client, result = client_of(administrator), reverse("import-result", args=[previewed.pk])
    undo = reverse("undo", args=[previewed.change_set.pk])
    assert f'href="{undo}"' in client.get(result).content.decode()
    assert client.post(result).status_code == 405
    page = words(client.get(undo))
    assert f"IMS files: {ROWS} rows that were added would be removed." in page
    response: Any = client.post(undo, {"reason": "the wrong file"})
    assert response.url == reverse("import-progress", args=[previewed.pk])
    work()
    assert "This import was undone" in client.get(result).content.decode()
    assert saved() == 0
    previewed.change_set.refresh_from_db()
    assert previewed.change_set.undone_by.reason == "the wrong file"
