"""The steps of an import: the file is staged, then confirmed or abandoned."""

from typing import IO, Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ..changesets import act
from ..history import Door
from ..models import Import, ImportState
from .preview import Counts
from .reading import ImportRefused, fingerprint, read
from .resources import Resource


def stage(file: IO[bytes], file_name: str, resource: Resource, *, by: Any) -> Import:
    """Read the file and keep its rows for review; ImportRefused if it cannot be read or lacks a column.

    The same file of the same person that still waits is taken up again.
    """
    file_hash = fingerprint(file)
    waiting = Import.objects.visible_to(by).filter(entity=resource.slug, file_hash=file_hash, state=ImportState.DRAFT)
    if (staged := waiting.first()) is not None:
        return staged
    sheet = read(file, resource.headers())
    resource.match(sheet)
    return Import.objects.create(
        entity=resource.slug, file_name=file_name[:255], file_hash=file_hash, sheet_data=sheet.as_json(), by=by
    )


def confirm(
    staged: Import, resource: Resource, *, by: Any, confirmed: str, reason: str, agreed_to_ignore: bool
) -> Counts:
    """Save the import whole, in one transaction; ImportRefused, and nothing saved, where it cannot be.

    `confirmed` is the digest of the preview that was seen. An import that is saved already is not
    saved again.
    """
    with transaction.atomic():
        waiting = Import.objects.visible_to(by).select_for_update().get(pk=staged.pk)
        if waiting.state != ImportState.DRAFT:
            raise ImportRefused(_("This import is finished already. Look at its result."))
        sheet = waiting.sheet
        ignored = resource.match(sheet).ignored
        if ignored and not agreed_to_ignore:
            raise ImportRefused(
                _("Nothing was saved. These columns are not imported: %(columns)s. Agree to leave them out.")
                % {"columns": ", ".join(ignored)}
            )
        said = f"{waiting.number} ({waiting.file_name}): {reason}"
        with act(by, reason=said, door=Door.IMPORT) as change:
            resource.change = change
            counts = resource.apply(sheet, confirmed=confirmed, reason=said)
            change.href = reverse("import-result", args=[waiting.pk])
            change.save(update_fields=["href"])
        waiting.change_set = change
        waiting.state, waiting.reason, waiting.ignored = ImportState.APPLIED, reason, list(ignored)
        waiting.new, waiting.changed, waiting.unchanged = counts.new, counts.changed, counts.unchanged
        waiting.finished_at = timezone.now()
        waiting.save()
        return counts


def abandon(staged: Import, *, by: Any) -> None:
    """Give the import up and forget its rows; one that is saved stays as it is."""
    waiting = Import.objects.visible_to(by).filter(pk=staged.pk, state=ImportState.DRAFT)
    waiting.update(state=ImportState.ABANDONED, sheet_data={}, finished_at=timezone.now())
