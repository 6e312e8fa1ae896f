"""The steps of an import: the file is staged, what it holds is said, then it is confirmed or abandoned."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import timedelta
from io import BytesIO
from typing import IO, Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ..changesets import act
from ..dataversion import data_version
from ..history import Door
from ..models import OUT, Import, ImportPapers, ImportState, JobState, RememberedChoice, RememberedMapping
from . import headings, liveness
from .cells import fold, unpack
from .preview import Counts, Preview, StoredPreview
from .reading import AS_TOLD, ImportRefused, Options, Sheet, fingerprint, read
from .resources import Resource, header_of


def stage(file: IO[bytes], file_name: str, resource: Resource, *, by: Any, options: Options = AS_TOLD) -> Import:
    """Read the file and keep it for review, with what was said of such a file before; ImportRefused if it cannot be
    read.

    The same file of the same person that still waits is taken up again.
    """
    file_hash = fingerprint(file)
    waiting = Import.objects.visible_to(by).filter(entity=resource.slug, file_hash=file_hash, state=ImportState.DRAFT)
    if (staged := waiting.first()) is not None:
        return staged
    sheet = read(file, _known_headers(resource), options)
    file.seek(0)
    with transaction.atomic():
        staged = Import(entity=resource.slug, file_name=file_name[:255], file_hash=file_hash, by=by)
        _take(staged, sheet, options, resource)
        staged.save()
        ImportPapers.objects.create(of_import=staged, content=file.read(), sheet=sheet.packed())
    return staged


def reread(staged: Import, resource: Resource, options: Options, *, by: Any) -> None:
    """Read the file again in another way; what was said of its columns and cells is forgotten.

    ImportRefused if it cannot be read so, and nothing has changed then.
    """
    content = bytes(staged.papers.content)
    sheet = read(BytesIO(content), _known_headers(resource), options)
    with _waiting(staged, by) as waiting:
        _take(waiting, sheet, options, resource)
        waiting.job_state = JobState.NONE
        waiting.save()
        ImportPapers.objects.filter(of_import=waiting).update(sheet=sheet.packed(), preview=None)


def say(
    staged: Import,
    *,
    by: Any,
    mapping: Mapping[int, str] | None = None,
    choices: Mapping[str, Mapping[str, str]] | None = None,
    fixes: Mapping[int, Mapping[int, str | None]] | None = None,
    left_out: Mapping[int, str | None] | None = None,
) -> None:
    """Note what the columns hold, what values stand for (added to what was said), other texts for cells (added too), or
    that rows are left out, by line with what each is about (added too).

    An empty choice, a fix that is None and a row left out as None are forgotten. ImportRefused if the import is
    finished.
    """
    with _waiting(staged, by) as waiting:
        if mapping is not None:
            waiting.mapping = {str(place): name for place, name in mapping.items()}
        for name, spellings in (choices or {}).items():
            said = {**waiting.choices.get(name, {}), **spellings}
            waiting.choices[name] = {spelling: choice for spelling, choice in said.items() if choice}
        told = {line: {str(place): text for place, text in cells.items()} for line, cells in (fixes or {}).items()}
        for line, words in (left_out or {}).items():
            told.setdefault(line, {})[OUT] = words
        for line, cells in told.items():
            row = {**waiting.fixes.get(str(line), {}), **cells}
            waiting.fixes[str(line)] = {place: text for place, text in row.items() if text is not None}
        # How an earlier job ended is of no interest any more.
        waiting.job_state = JobState.NONE
        waiting.save()
        ImportPapers.objects.filter(of_import=waiting).update(preview=None)


def preview(staged: Import, resource: Resource) -> Preview:
    """Return what the import would do as things are; ImportRefused where a column is missing or doubled."""
    return resource.preview(staged.sheet, staged.said)


def kept_preview(staged: Import, resource: Resource) -> StoredPreview:
    """Return of `preview` what the review shows, with what the resource itself says of its effects."""
    # First: what is written meanwhile makes another version.
    version = data_version()
    made = preview(staged, resource)
    return replace(made.kept(), effects=resource.effects(made), version=version)


def confirm(
    staged: Import, resource: Resource, *, by: Any, confirmed: str, reason: str, agreed_to_warnings: bool = False
) -> Counts:
    """Save the import whole, in one transaction; ImportRefused, and nothing saved, where it cannot be.

    `confirmed` is the digest of the preview that was seen; where it was kept, what stays as it is need not be looked at
    again. An import that is saved already is not saved again.
    """
    # Two copies of a large sheet are one too many.
    staged.__dict__.pop("sheet", None)
    with _waiting(staged, by, is_at_work=True) as waiting:
        sheet = waiting.sheet
        matching = resource.matching(sheet, waiting.said.mapping)
        if matching.unknown:
            raise ImportRefused(
                _("Nothing was saved. Nobody has said what these columns hold: %(columns)s. Say so, or leave them out.")
                % {"columns": ", ".join(header_of(sheet, place) for place in matching.unknown)}
            )
        kept = waiting.papers.preview
        said = f"{waiting.number} ({waiting.file_name}): {reason}"
        with act(by, reason=said, door=Door.IMPORT) as change:
            resource.change = change
            counts = resource.apply(
                sheet,
                waiting.said,
                confirmed=confirmed,
                reason=said,
                agreed_to_warnings=agreed_to_warnings,
                kept=StoredPreview.unpacked(bytes(kept)) if kept else None,
            )
            change.href = reverse("import-result", args=[waiting.pk])
            change.save(update_fields=["href"])
        waiting.change_set = change
        waiting.state, waiting.reason = ImportState.APPLIED, reason
        waiting.ignored = [header_of(sheet, place) for place in matching.left_out]
        waiting.new, waiting.changed, waiting.unchanged = counts.new, counts.changed, counts.unchanged
        waiting.finished_at = timezone.now()
        waiting.choices = _used(waiting.choices, sheet, matching.places, resource)
        # Of a job that saves, that it is done is saved with the rows.
        waiting.job_state, waiting.job_at = JobState.DONE if waiting.job else JobState.NONE, timezone.now()
        waiting.save()
        _remember(waiting, sheet)
        # The sheet goes, and what its columns were headed with it.
        waiting.mapping = {name: header_of(sheet, place) for name, place in matching.places.items()}
        waiting.save(update_fields=["mapping"])
        ImportPapers.objects.filter(of_import=waiting).delete()
        return counts


def abandon(staged: Import, *, by: Any, state: ImportState = ImportState.ABANDONED) -> None:
    """Give the import up and forget its rows; one that is saved stays as it is."""
    with transaction.atomic():
        waiting = Import.objects.visible_to(by).filter(pk=staged.pk, state=ImportState.DRAFT)
        if waiting.update(state=state, choices={}, fixes={}, finished_at=timezone.now()):
            ImportPapers.objects.filter(of_import=staged).delete()


def expire() -> list[Import]:
    """Give up the imports that have waited for too long, and return them."""
    late = Import.objects.filter(state=ImportState.DRAFT, created_at__lt=timezone.now() - KEPT_FOR)
    expired = list(late.select_related("by"))
    for staged in expired:
        abandon(staged, by=staged.by, state=ImportState.EXPIRED)
    return expired


@contextmanager
def _waiting(staged: Import, by: Any, *, is_at_work: bool = False) -> Iterator[Import]:
    """Yield the import, held still in a transaction; ImportRefused if it does not wait any more, or a job that is at
    work on it would be passed by."""
    with transaction.atomic():
        waiting = Import.objects.visible_to(by).select_for_update(of=("self",)).get(pk=staged.pk)
        if waiting.state != ImportState.DRAFT:
            raise ImportRefused(_("This import is finished already. Look at its result."))
        is_running = waiting.job_state == JobState.RUNNING and liveness.is_held(waiting.pk)
        if not is_at_work and (is_running or waiting.job_state == JobState.QUEUED):
            raise ImportRefused(_("This import is being worked on. Wait for that, or cancel it."))
        yield waiting


def _take(staged: Import, sheet: Sheet, options: Options, resource: Resource) -> None:
    """Set what is known of a sheet that was just read: what was said of one with such headers, and of its values."""
    told = headings.told(sheet.headers, resource.fields)
    staged.mapping = {str(place): name for place, name in {**told, **remembered(sheet, resource)}.items()}
    staged.choices = {}
    for one in RememberedChoice.objects.filter(entity=resource.slug, column__in=resource.fields):
        staged.choices.setdefault(one.column, {})[one.spelling] = one.choice
    staged.fixes = {}
    staged.size = len(sheet)
    staged.reading = {name: value for name, value in asdict(options).items() if value}


def remembered(sheet: Sheet, resource: Resource) -> dict[int, str]:
    """Return what the columns of a sheet with such headers held when somebody last imported one, by place."""
    kept = RememberedMapping.objects.filter(entity=resource.slug, headers=_headers_hash(sheet)).first()
    places = range(len(sheet.headers))
    return {
        int(place): name
        for place, name in (kept.mapping.items() if kept is not None else ())
        if int(place) in places and (not name or name in resource.fields)
    }


def _known_headers(resource: Resource) -> list[str]:
    return [*resource.headers(), *map(headings.bilingual, resource.fields.values())]


def _headers_hash(sheet: Sheet) -> str:
    return hashlib.sha256(json.dumps([fold(header) for header in sheet.headers]).encode()).hexdigest()


def _used(
    choices: Mapping[str, Mapping[str, str]], sheet: Sheet, places: Mapping[str, int], resource: Resource
) -> dict[str, dict[str, str]]:
    """Return those of the choices whose value stands in the sheet: of the others this import says nothing."""
    used = {}
    for name, spellings in choices.items():
        column = set(sheet.columns[places[name]]) if name in places else set()
        names = (resource.fields[name].names_in(unpack(packed)) for packed in column if packed is not None)
        there = {fold(text) for texts in names for text in texts}
        used[name] = {spelling: choice for spelling, choice in spellings.items() if spelling in there}
    return {name: spellings for name, spellings in used.items() if spellings}


def _remember(saved: Import, sheet: Sheet) -> None:
    """Keep what was said, for the next sheet with such headers and the next value so spelled."""
    if saved.mapping:
        RememberedMapping.objects.update_or_create(
            entity=saved.entity,
            headers=_headers_hash(sheet),
            defaults={"mapping": saved.mapping, "by": saved.by},
        )
    # In one order: of two who remember the same, neither waits for the other in a circle.
    for column, spellings in sorted(saved.choices.items()):
        for spelling, choice in sorted(spellings.items()):
            if len(spelling) <= _LONGEST and len(choice) <= _LONGEST:
                RememberedChoice.objects.update_or_create(
                    entity=saved.entity, column=column, spelling=spelling, defaults={"choice": choice, "by": saved.by}
                )


# How long an import waits to be finished.
KEPT_FOR = timedelta(days=30)
# How long a value may be to be remembered.
_LONGEST = 300
