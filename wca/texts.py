"""From an uploaded document to its type and its text place by place, or to a sentence that says what to do about it."""

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import textreader
from .textreader import Place

logger = logging.getLogger(__name__)

_READER = "wca.textreader"
WALL_SECONDS = 8
# What Python may need in order to start; the portal's own variables are not among them.
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")

_OTHERWISE = _("The file is damaged and cannot be read. Open it, save it again as a PDF, and send that.")
# What to tell the person about a file the reading process refused, by its code.
_SENTENCES = {
    "empty": _("The file is empty. Choose the file that holds the document."),
    "old_word": _(
        "The file is a Word document of an older kind. Open it, save it as a Word document (.docx) or a PDF, "
        "and send that."
    ),
    "protected": _("The file is protected by a password. Open it, save it without a password, and send that."),
    "macros": _("The document holds macros. Save it as a Word document (.docx), which keeps none, or a PDF."),
    "doctype": _(
        "The document holds a DOCTYPE declaration, which no word processor writes. Open it, save it again as a Word "
        "document (.docx) or a PDF, and send that."
    ),
    "external": _(
        "The document takes parts of itself from elsewhere, such as a template, a picture or a linked file, and would "
        "not say the same to everybody. Save it as a PDF, and send that."
    ),
    "not_a_document": _("The file is not a document. Send a PDF, a Word document (.docx) or a plain text file."),
    "no_pages": _("The PDF has no pages. Choose the file that holds the document."),
    "too_large_unpacked": _("The document is too large once unpacked. Save it as a PDF without its pictures."),
    "too_deep": _("The document is nested too deeply to be read. Save it as a PDF, and send that."),
    "too_costly": _(
        "The file takes more time or memory to read than a document may use. Open it, save it again as a PDF or as "
        "plain text, and send that."
    ),
    "too_much_text": _(
        "The document holds more than %(limit)s characters of text. Send the arrangement alone, without its annexes."
    ),
}


@dataclass(frozen=True)
class Text:
    """What a file is (a DocumentKind, by its content) and its text place by place; no place where it has no text,
    such as in a scan."""

    kind: str
    places: tuple[Place, ...]


def require_size(size: int) -> None:
    """Refuse a file of more bytes than the setting DOCUMENT_MAX_BYTES."""
    if size > settings.DOCUMENT_MAX_BYTES:
        raise ValidationError(
            gettext(
                "The file is larger than %(limit)s MB. Save it with smaller pictures, or scan it at a lower resolution."
            )
            % {"limit": settings.DOCUMENT_MAX_BYTES // (1024 * 1024)}
        )


def read(data: bytes) -> Text:
    """Return what the file is and says; ValidationError if it cannot be read.

    The work is done in a process of its own, which has little time and memory, opens no file or connection and has
    none of the portal's secrets, so that no file can harm more than its own upload.
    """
    require_size(len(data))
    answer = _answer(data)
    if "refused" in answer:
        raise ValidationError(str(_SENTENCES.get(answer["refused"], _OTHERWISE)) % answer["values"])
    return Text(answer["kind"], tuple(Place(place, text) for place, text in answer["places"]))


def own_text(data: bytes) -> Text:
    """Return what a file of the portal's own says, read here and not in a process of its own."""
    kind, places = textreader.document(data)
    return Text(kind, tuple(places))


def _answer(data: bytes) -> Any:
    """Return what the reading process answers."""
    try:
        done = subprocess.run(
            [sys.executable, "-B", "-m", _READER],
            input=data,
            capture_output=True,
            timeout=WALL_SECONDS,
            cwd=settings.BASE_DIR,
            env={"LC_ALL": "C.UTF-8"} | {name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"refused": "too_costly", "values": {}}
    if done.returncode < 0:
        # Killed by a limit: processor time, or memory that a library could not have.
        return {"refused": "too_costly", "values": {}}
    if done.stderr:
        logger.warning("The reader of documents failed: %s", done.stderr.decode(errors="replace")[-2000:])
    if done.returncode > 0 or not done.stdout:
        return {"refused": "damaged", "values": {}}
    return json.loads(done.stdout)
