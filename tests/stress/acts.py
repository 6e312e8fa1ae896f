"""What a writer does: each act is prepared, waits for the others at its `yield`, then acts and says what came of it.

Django must be ready before this is imported.
"""

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, OperationalError
from django.test import Client
from django.urls import reverse

from registry.models import JFO, Assignment, Officer, User

# What the pages give their sentences of refusal.
_SENTENCE = re.compile(
    r'class="[^"]*\b(?:alert-danger|alert-warning|invalid-feedback|field-error)\b[^"]*"[^>]*>(.{20,600})', re.S
)
_MAIN = re.compile(r"<main.*?</main>", re.S)


@dataclass(frozen=True)
class Task:
    """One writer's part in a round, by the name of the act; `token` is that of the form."""

    name: str
    token: str
    rows: tuple[int, ...]
    officers: tuple[int, ...]
    jfos: tuple[int, ...]
    day: date
    fte: Decimal
    undoes: int

    @property
    def row(self) -> int:
        """The assignment it is about, where it is about one."""
        return self.rows[0]

    @property
    def is_batch(self) -> bool:
        """Whether it is about all of the rows together."""
        return self.name.endswith(" together")


@dataclass(frozen=True)
class Outcome:
    """What came of a task: done, refused with a sentence, or a breach with its description."""

    task: Task
    is_done: bool = False
    sentence: str = ""
    breach: str = ""
    # The version of each assignment that the writer had seen, by key.
    seen: Mapping[int, int] | None = None
    import_id: int | None = None


Act = Generator[None, None, Outcome]


class Writer:
    """A manager of QUE and an administrator, each with a browser; what every act is done by."""

    def __init__(self) -> None:
        self.manager = User.objects.get(username="que.manager")
        self.browser = self._browser(self.manager)
        self.administrators = self._browser(User.objects.get(username="admin"))

    def _browser(self, user: User) -> Client:
        browser = Client(raise_request_exception=False, SERVER_NAME="localhost")
        browser.force_login(user)
        return browser

    def begin(self, task: Task) -> Act:
        """Return the act, not yet prepared."""
        for browser in (self.browser, self.administrators):
            # What an earlier act said is no sentence of this one.
            browser.cookies.pop("messages", None)
        return ACTS[task.name](self, task)


def _page(response: Any) -> str:
    found = _MAIN.search(response.content.decode())
    return found[0] if found else ""


def _text(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>?", " ", markup)).split())


def _answered(
    task: Task, response: Any, seen: Mapping[int, int] | None = None, import_id: int | None = None
) -> Outcome:
    """Return what a page's answer to a form says: it leads on, or it says why not."""
    status = response.status_code
    if status == 302:
        return Outcome(task, is_done=True, seen=seen, import_id=import_id)
    if status in (200, 409):
        found = _SENTENCE.search(_page(response))
        sentence = _text(found[1]) if found else ""
        breach = "" if sentence else f"answered {status} without a sentence"
        return Outcome(task, sentence=sentence, breach=breach, import_id=import_id)
    # Somebody undid what the form is about before it was sent.
    if status == 404 and task.name != "undo" and not Assignment.objects.filter(pk=task.row).exists():
        return Outcome(task, sentence=_text(_page(response)))
    error = getattr(response, "exc_info", None)
    return Outcome(task, breach=f"answered {status}: {error[1]!r}" if error else f"answered {status}")


def _versions(keys: tuple[int, ...]) -> dict[int, int]:
    """Return the latest version of each assignment, as the pages give it to a form."""
    versions = Assignment.history.filter(id__in=keys).order_by("history_id").values_list("id", "history_id")
    return dict(versions)


# Forms


def _form(url_name: str, typed: Callable[[Task], Mapping[str, Any]]) -> Callable[[Writer, Task], Act]:
    def act(writer: Writer, task: Task) -> Act:
        address = reverse(url_name, args=[task.row])
        seen = _versions((task.row,))
        sent = {**typed(task), "_token": task.token, "_version": seen.get(task.row, 0), "reason": "stress"}
        yield
        return _answered(task, writer.browser.post(address, sent), seen)

    return act


def assign(writer: Writer, task: Task) -> Act:
    sent = {"officer": task.officers[0], "jfo": task.jfos[0], "fte": task.fte, "start": task.day, "_token": task.token}
    yield
    return _answered(task, writer.browser.post(reverse("assignment-new"), sent))


extend = _form("assignment-extend", lambda task: {"end": task.day.replace(year=2012)})
end = _form("assignment-end", lambda task: {"end": task.day, "end_reason": "rotation"})
transfer = _form("assignment-transfer", lambda task: {"jfo": task.jfos[0], "start": task.day, "fte": task.fte})
change_fte = _form("assignment-fte", lambda task: {"start": task.day, "fte": task.fte})
split = _form("assignment-split", lambda task: {"jfo": task.jfos[0], "start": task.day, "fte": task.fte / 2})


def undo(writer: Writer, task: Task) -> Act:
    yield
    return _answered(task, writer.browser.post(reverse("undo", args=[task.undoes]), {"_token": task.token}))


# Bulk changes: the page, its check, and then all of it

_HIDDEN = re.compile(r'<input type="hidden" name="(_\w+)" value="([^"]*)"')


def _batch(job: str, typed: Callable[[Task], Mapping[str, Any]]) -> Callable[[Writer, Task], Act]:
    def act(writer: Writer, task: Task) -> Act:
        address = f"{reverse('assignment-batch')}?do={job}&" + "&".join(f"rows={row}" for row in task.rows)
        seen = _versions(task.rows)
        sent = {**typed(task), "rows": task.rows, "_seen": ",".join(f"{row}:{seen[row]}" for row in task.rows)}
        checked = writer.browser.post(address, sent)
        sent |= dict(_HIDDEN.findall(_page(checked))) | {"_token": task.token, "_apply": "1"}
        yield
        return _answered(task, writer.browser.post(address, sent), seen)

    return act


extend_together = _batch("extend", lambda task: {"end": task.day.replace(year=2012)})
end_together = _batch("end", lambda task: {"end": task.day, "end_reason": "rotation"})
transfer_together = _batch("transfer", lambda task: {"jfo": task.jfos[0], "start": task.day})


# Imports: the file is staged and looked at, then confirmed


def import_file(writer: Writer, task: Task) -> Act:
    """Import a new assignment for one officer, and another FTE of one that is there."""
    row = Assignment.objects.select_related("officer", "jfo").get(pk=task.row)
    number = Officer.objects.get(pk=task.officers[0]).number
    jfo = JFO.objects.get(pk=task.jfos[0])
    lines = [
        "Officer number,JFO,FTE,First day,Last day,Reason for the end,Review date",
        f"{row.officer.number},{row.jfo.code},{task.fte},{row.start},{row.end or ''},,",
        f"{number},{jfo.code},{task.fte / 2},{task.day},,,",
    ]
    file = SimpleUploadedFile("stress.csv", "\n".join(lines).encode())
    staged = writer.administrators.post(reverse("import-new"), {"entity": "assignments", "file": file})
    import_id = int(re.findall(r"\d+", staged.headers["Location"])[-1])
    confirm = reverse("import-confirm", args=[import_id])
    looked_at = re.search(r'name="confirmed" value="([^"]*)"', _page(writer.administrators.get(confirm)))
    sent = {"confirmed": looked_at[1] if looked_at else "", "reason": "stress", "agreed": "on"}
    yield
    answer = writer.administrators.post(confirm, sent)
    if answer.status_code == 302 and not answer.headers["Location"].endswith("/result/"):
        # It leads back to the review, which says what stands against it.
        return Outcome(task, sentence="The review is to be looked at again.", import_id=import_id)
    return _answered(task, answer, import_id=import_id)


# The bare ORM, whose refusals are the database's own or the model's


def _orm(prepare: Callable[[Writer, Task], Callable[[], object]]) -> Callable[[Writer, Task], Act]:
    def act(writer: Writer, task: Task) -> Act:
        write = prepare(writer, task)
        yield
        try:
            write()
        except (IntegrityError, OperationalError, ValidationError) as refusal:
            return Outcome(task, sentence=str(refusal))
        return Outcome(task, is_done=True)

    return act


def _new(task: Task, officer: int, fte: Decimal) -> Assignment:
    return Assignment(officer_id=officer, jfo_id=task.jfos[0], fte=fte, start=task.day)


def _changed(task: Task) -> Assignment:
    """Return the assignment as it was read, with another FTE and last day."""
    row = Assignment.objects.get(pk=task.row)
    row.fte, row.end = task.fte, task.day
    return row


def _update(_writer: Writer, task: Task) -> Callable[[], object]:
    return lambda: Assignment.objects.filter(officer__in=task.officers).update(fte=task.fte)


def _bulk_update(_writer: Writer, task: Task) -> Callable[[], object]:
    rows = list(Assignment.objects.filter(pk__in=task.rows))
    for row in rows:
        row.fte = task.fte
    return lambda: Assignment.objects.bulk_update(rows, ["fte"])


def _bulk_create(_writer: Writer, task: Task) -> Callable[[], object]:
    rows = [_new(task, officer, task.fte) for officer in task.officers]
    return lambda: Assignment.objects.bulk_create(rows)


ACTS: dict[str, Callable[[Writer, Task], Act]] = {
    "assign": assign,
    "extend": extend,
    "end": end,
    "transfer": transfer,
    "change FTE": change_fte,
    "split": split,
    "undo": undo,
    "extend together": extend_together,
    "end together": end_together,
    "transfer together": transfer_together,
    "import": import_file,
    "ORM save": _orm(lambda _writer, task: _changed(task).save),
    "ORM create": _orm(lambda _writer, task: _new(task, task.officers[0], task.fte).save),
    "ORM save_as": _orm(lambda writer, task: lambda: _new(task, task.officers[0], task.fte).save_as(writer.manager)),
    "ORM update": _orm(_update),
    "ORM bulk_update": _orm(_bulk_update),
    "ORM bulk_create": _orm(_bulk_create),
}
