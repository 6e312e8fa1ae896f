"""What of a large import is done in the background: its preview, its saving, and taking it back.

A job is queued with the import's own row, so that what a page tells is what is so: a job that is running has a lock
(liveness) that ends with its process, and one without it was interrupted, and nothing of it is saved.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django_tasks import task

from .. import changesets
from ..models import Import, ImportPapers, ImportProgress, ImportState, Job, JobState, Phase
from . import actions, liveness, resources
from .preview import StoredPreview
from .reading import ImportRefused
from .resources import PreviewRemade, Resource

logger = logging.getLogger(__name__)

# For how many seconds a database that does not answer is waited for.
_PATIENCE = 60
# While one of these is so, the job is to come to an end.
UNDER_WAY = (JobState.QUEUED, JobState.RUNNING)


class Cancelled(Exception):
    """The job was told to stop."""


def begin(staged: Import, job: Job, *, by: Any, **said: Any) -> None:
    """Queue the job, with what it has to know; ImportRefused where another of the import is under way."""
    with transaction.atomic():
        waiting = Import.objects.visible_to(by).select_for_update(of=("self",)).get(pk=staged.pk)
        if waiting.job_state in UNDER_WAY and not is_interrupted(waiting):
            raise ImportRefused(_("This import is being worked on. Wait for that, or cancel it."))
        if job != Job.UNDO and waiting.state != ImportState.DRAFT:
            raise ImportRefused(_("This import is finished already. Look at its result."))
        waiting.job, waiting.job_state, waiting.job_at, waiting.told = job, JobState.QUEUED, timezone.now(), ""
        waiting.job_said = {"language": get_language() or "", **said}
        waiting.save()
        ImportProgress.objects.update_or_create(of_import=waiting, defaults={"phase": "waiting", "is_cancelled": False})
        transaction.on_commit(partial(run.enqueue, waiting.pk))


def undone_later(change: changesets.ChangeSet, *, by: Any) -> Import | None:
    """Return the user's import that the change set is of, where it wrote more rows than are taken back while somebody
    waits; one query."""
    applied = Import.objects.visible_to(by).filter(change_set=change).first()
    return applied if applied is not None and applied.new + applied.changed > settings.IMPORT_MOST_AT_ONCE else None


def cancel(staged: Import, *, by: Any) -> None:
    """Tell the job to stop: at once where it waits, else before it begins to save."""
    ImportProgress.objects.filter(of_import=staged, of_import__by=by).update(is_cancelled=True)
    waiting = Import.objects.visible_to(by).filter(pk=staged.pk, job_state=JobState.QUEUED)
    waiting.update(job_state=JobState.CANCELLED, job_at=timezone.now())


def is_interrupted(row: Import) -> bool:
    """Say whether the job that should be running is not: its process ended before it did."""
    if row.job_state != JobState.RUNNING or liveness.is_held(row.pk):
        return False
    # It may have come to its end between the two looks.
    return Import.objects.filter(pk=row.pk, job_state=JobState.RUNNING, job_at=row.job_at).exists()


def resume() -> list[int]:
    """Queue again what was interrupted, and return the imports' keys; for a worker that begins."""
    interrupted = [row for row in Import.objects.filter(job_state=JobState.RUNNING) if is_interrupted(row)]
    for row in interrupted:
        run.enqueue(row.pk)
    return [row.pk for row in interrupted]


@task()
def run(pk: int) -> None:
    """Do the import's job, in its user's language, and leave a state that is true."""
    with liveness.held(pk) as is_ours:
        row = Import.objects.select_related("by").filter(pk=pk, job_state__in=UNDER_WAY).first()
        if row is None or not is_ours:
            return
        waiting = Import.objects.filter(pk=pk, job_state=row.job_state)
        if not waiting.update(job_state=JobState.RUNNING, job_at=timezone.now()):
            # It was stopped in this very moment.
            return
        with override(row.job_said.get("language") or None):
            state, told = _done(row)
        if state is not None:
            _end(pk, state, told)


def _end(pk: int, state: JobState, told: str) -> None:
    """Note how the job ended; a database that is just starting again is waited for.

    One that does not come back is left: the lock ends with the job, so that it is seen as interrupted then.
    """
    for _second in range(_PATIENCE):
        try:
            # Not over what was said of the import meanwhile.
            running = Import.objects.filter(pk=pk, job_state=JobState.RUNNING)
            running.update(job_state=state, told=told, job_at=timezone.now())
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(1)
        else:
            return
    logger.error("How the job of import %s ended (%s) could not be noted", pk, state.value)


def _done(row: Import) -> tuple[JobState | None, str]:
    """Do the job; return how it ended, and why it failed. None where what was saved says so itself."""
    try:
        resource = resources.get(row.entity, row.by)
        if resource is None:
            raise ImportRefused(_("You may not import this any more, and nothing was saved."))
        resource.progress = _teller(row)
        return _JOBS[Job(row.job)](row, resource)
    except Cancelled:
        return JobState.CANCELLED, ""
    except ImportRefused as refusal:
        return JobState.FAILED, str(refusal)
    except changesets.CannotUndo as refusal:
        return JobState.FAILED, " ".join(refusal.messages)
    except DatabaseError:
        logger.exception("The job of import %s failed", row.pk)
        # The connection may be broken; the next statement opens another.
        connection.close()
        return JobState.FAILED, _("The database could not be asked, and nothing was saved. Begin again.")
    except Exception:
        logger.exception("The job of import %s failed", row.pk)
        return JobState.FAILED, _(
            "Something went wrong that should not have, and nothing was saved. "
            "Tell the portal's administrator the number of this import."
        )


def _preview(row: Import, resource: Resource) -> tuple[JobState | None, str]:
    kept = actions.kept_preview(row, resource).packed()
    # Not where something else was said of the import meanwhile, on a page that was open before the job.
    running = Import.objects.filter(pk=row.pk, job_state=JobState.RUNNING)
    ImportPapers.objects.filter(of_import__in=running).update(preview=kept)
    return JobState.DONE, ""


def _save(row: Import, resource: Resource) -> tuple[JobState | None, str]:
    said = row.job_said
    ImportProgress.objects.filter(of_import=row.pk).update(phase=Phase.SAVING)
    try:
        actions.confirm(
            row,
            resource,
            by=row.by,
            confirmed=said["confirmed"],
            reason=said["reason"],
            agreed_to_warnings=said["agreed_to_warnings"],
        )
    except PreviewRemade as remade:
        # What would be done now is shown next to why it was not done.
        _preview(row, resource)
        return JobState.FAILED, str(remade)
    return None, ""


def _undo(row: Import, resource: Resource) -> tuple[JobState | None, str]:
    if row.change_set is None:
        raise ImportRefused(_("Nothing was changed, so there is nothing to undo."))
    with transaction.atomic():
        changesets.undo(row.change_set, by=row.by, reason=row.job_said.get("reason", ""))
        Import.objects.filter(pk=row.pk).update(job_state=JobState.DONE, job_at=timezone.now())
    return None, ""


_JOBS: dict[Job, Callable[[Import, Resource], tuple[JobState | None, str]]] = {
    Job.PREVIEW: _preview,
    Job.SAVE: _save,
    Job.UNDO: _undo,
}


def _teller(row: Import) -> Callable[[str], None]:
    """Return what notes the phase that the job comes to, and raises Cancelled once it was told to stop."""

    def tell(phase: str) -> None:
        progress = ImportProgress.objects.filter(of_import=row.pk)
        if progress.filter(is_cancelled=True).exists():
            raise Cancelled
        if not connection.in_atomic_block:
            progress.update(phase=phase)

    return tell


def preview_of(staged: Import, resource: Resource, *, by: Any) -> StoredPreview | None:
    """Return what the import would do, in the reader's language; None where a job is at work on it, which is begun if
    need be, or where the last one did not come to its end (kit.imports.progress shows which).

    ImportRefused where a column is missing or doubled.
    """
    if not is_large(staged):
        return actions.kept_preview(staged, resource)
    resource.match(staged.sheet, staged.said.mapping)
    if (kept := _kept(staged)) is None and staged.job_state not in (*UNDER_WAY, JobState.FAILED, JobState.CANCELLED):
        begin(staged, Job.PREVIEW, by=by)
    return kept


def _kept(staged: Import) -> StoredPreview | None:
    """Return the preview that a job made of the import, in the reader's language; None where there is none."""
    kept = ImportPapers.objects.filter(of_import=staged).values_list("preview", flat=True).first()
    found = StoredPreview.unpacked(bytes(kept)) if kept else None
    return found if found is not None and found.language == get_language() else None


def is_large(staged: Import) -> bool:
    """Say whether the import has more rows than are looked at while somebody waits."""
    return staged.size > settings.IMPORT_MOST_AT_ONCE
