"""What is done with the documents of arrangements: a version is added, read, and never changed afterwards."""

import hashlib
import re
import unicodedata
from datetime import date
from pathlib import PurePosixPath

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from jfo_portal.kit.changesets import ChangeSet, act
from jfo_portal.kit.history import Door
from jfo_portal.kit.periods import midnight, today
from registry.models import User

from . import texts
from .models import Arrangement, Document, DocumentContent, DocumentKind, Download
from .texts import Text

CONTENT_TYPES = {
    DocumentKind.PDF: "application/pdf",
    DocumentKind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    DocumentKind.PLAIN: "text/plain",
}
_ENDINGS = {DocumentKind.PDF: ".pdf", DocumentKind.DOCX: ".docx", DocumentKind.PLAIN: ".txt"}
_LONGEST_NAME = 200


class SameFile(ValidationError):
    """The arrangement holds this very file already; `document` is the version that has it."""

    def __init__(self, document: Document) -> None:
        super().__init__(
            _(
                "The arrangement already holds this very file, as version %(version)s (%(language)s). "
                "Choose another file."
            )
            % {"version": document.version, "language": document.get_language_display()}
        )
        self.document = document


def same_file(arrangement: Arrangement, data: bytes) -> Document | None:
    """Return the arrangement's version with this very content, if it has one."""
    return Document.objects.filter(arrangement=arrangement, sha256=hashlib.sha256(data).hexdigest()).first()


def add_document(
    arrangement: Arrangement,
    data: bytes,
    name: str,
    language: str,
    *,
    by: User,
    is_draft: bool = False,
    text: Text | None = None,
    reason: str = "",
    door: Door = Door.SCREEN,
    within: ChangeSet | None = None,
) -> Document:
    """Add the file as the arrangement's next version in the language (en or fr); returns it.

    ValidationError with a sentence where the file is too large or cannot be read, and SameFile where the arrangement
    holds it already; nothing is saved then. A scan is accepted: its text is empty. To read takes up to some seconds,
    and within a transaction nobody else can write meanwhile on SQLite: give the `text` where it was read before.
    """
    text = texts.read(data) if text is None else text
    with act(by, reason=reason, door=door, within=within) as change:
        # Of two people who add a version at once, the second adds the one after.
        Arrangement.objects.select_for_update(no_key=True).get(pk=arrangement.pk)
        if (earlier := same_file(arrangement, data)) is not None:
            raise SameFile(earlier)
        versions = Document.objects.filter(arrangement=arrangement, language=language)
        last = versions.aggregate(last=Max("version"))["last"] or 0
        document, content = new_document(
            arrangement, data, name, language, by=by, text=text, day=today(), version=last + 1, is_draft=is_draft
        )
        change.save_row(document)
        content.save(force_insert=True)
        return document


def new_document(
    arrangement: Arrangement,
    data: bytes,
    name: str,
    language: str,
    *,
    by: User,
    text: Text,
    day: date,
    version: int = 1,
    is_draft: bool = False,
) -> tuple[Document, DocumentContent]:
    """Return the document uploaded on the day and its content, both unsaved."""
    document = Document(
        arrangement=arrangement,
        version=version,
        language=language,
        file_name=safe_name(name, text.kind),
        kind=text.kind,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        is_draft=is_draft,
        uploaded_on=day,
        uploaded_by=by,
    )
    places = [place._asdict() for place in text.places]
    return document, DocumentContent(document=document, data=data, places=places)


def read(document: Document, by: User, *, is_text: bool = False) -> DocumentContent:
    """Return what the document holds, and log that `by` took a copy, or, with `is_text`, read its text on screen.

    Somebody who reads the text several times on a day is logged once: a search loads the page anew.
    """
    if not is_text:
        Download.objects.create(document=document, by=by)
        return DocumentContent.objects.get(document=document)
    # The file itself is not loaded.
    content = DocumentContent.objects.defer("data").get(document=document)
    logged = Download.objects.filter(document=document, by=by, is_text=True, at__gte=midnight(timezone.localdate()))
    if not logged.exists():
        Download.objects.create(document=document, by=by, is_text=True)
    return content


def safe_name(name: str, kind: str) -> str:
    """Return the name without folders and control characters, with the ending of what the file really is."""
    name = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    name = re.sub(r"[\x00-\x1f\x7f<>:\"/|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069]", "", name).strip(". ")
    ending = _ENDINGS[DocumentKind(kind)]
    stem = name.removesuffix(name[-len(ending) :]) if name.lower().endswith(ending) else name
    return f"{stem[:_LONGEST_NAME] or 'document'}{ending}"
