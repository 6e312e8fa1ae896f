"""Awkward and hostile files, each sent as its user would, and what came of each beside what had to come of it."""

import argparse
import io
import re
import resource
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from unittest import mock

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from jfo_portal.kit.imports import actions, jobs, reading, resources
from jfo_portal.kit.imports.preview import Preview
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.models import Import, ImportState
from registry.models import User

from . import documents, hostile, records, sheets, texts
from .trial import Facts, Trial, facts, text

LANGUAGES = ("en", "fr")
# What no file may cost: processor time of the process that reads it, and its memory.
MOST_SECONDS = 5.5
MOST_MEMORY = 200 * 1024 * 1024
_APPS = ("registry", "wca", "performance")


def all_trials(known: Facts) -> list[Trial]:
    """Return every trial, named for its kind and itself."""
    made = [trial for module in (texts, sheets, documents, hostile, records) for trial in module.trials(known)]
    twice = [name for name, count in Counter(trial.name for trial in made).items() if count > 1]
    if twice:
        raise ValueError(f"Two trials go by one name: {', '.join(twice)}")
    return made


def played(options: argparse.Namespace) -> list[int]:
    """Print a line for each trial; return how many files there were, came out as expected, were saved in part, and how
    many times the portal failed."""
    known = facts()
    counts = [0, 0, 0, 0]
    slowest: tuple[float, str] = 0, ""
    dearest: tuple[float, str] = 0, ""
    largest: tuple[int, str] = 0, ""
    for trial in all_trials(known):
        if options.only not in trial.name:
            continue
        played = _Played(trial)
        with transaction.atomic():
            played.go()
            transaction.set_rollback(True)
        _good_file(known, played)
        is_expected = played.came == trial.expected and not played.complaints
        counts[0] += 1
        counts[1] += is_expected
        counts[2] += played.is_in_part
        counts[3] += played.server_errors
        slowest = max(slowest, (played.wall, trial.name))
        dearest = max(dearest, (played.processor, trial.name))
        largest = max(largest, (played.memory, trial.name))
        words = "as expected" if is_expected else f"EXPECTED {trial.expected}"
        print(
            f"{options.database}, {trial.name}: {played.came}, {words}"
            f"{''.join(f'; {complaint}' for complaint in played.complaints)}",
            flush=True,
        )
    print(
        f"{options.database}, what the dearest file cost: {slowest[0]:.1f} s until the next page ({slowest[1]}), "
        f"{dearest[0]:.1f} s of processor to read ({dearest[1]}), "
        f"{largest[0] // 1024 // 1024} MB to read ({largest[1]})",
        flush=True,
    )
    return counts


@dataclass
class _Played:
    """One trial as it goes."""

    trial: Trial
    came: str = ""
    complaints: list[str] = field(default_factory=list)
    is_in_part: bool = False
    server_errors: int = 0
    wall: float = 0
    processor: float = 0
    memory: int = 0

    def go(self) -> None:
        self.user = User.objects.get(username=self.trial.user)
        self.client = Client(raise_request_exception=False)
        self.client.force_login(self.user)
        found = resources.get(self.trial.slug, self.user)
        assert found is not None
        self.resource = found
        before, known = _counts(), set(found.model._base_manager.values_list("pk", flat=True))
        self.came = self._sent()
        new, changed = _saved(self.came)
        if self.trial.is_twice and self.came.startswith("saved"):
            self.came += f"; again {self._sent()}"
        after = _counts()
        table = found.model._meta.label
        written = {label: after[label] - count for label, count in before.items() if after[label] != count}
        if written.get(table, 0) != new or (not new and not changed and written):
            self.is_in_part = True
            self.complaints.append(f"saved in part: {written}")
        if self.trial.holds is not None and self.came.startswith("saved"):
            made = found.model._base_manager.exclude(pk__in=known)
            holds = sorted(_texts_of(found, made))
            if holds != sorted(self.trial.holds):
                self.complaints.append(f"it holds {holds}, not {sorted(self.trial.holds)}")

    # The way through the pages

    def _sent(self) -> str:
        content = self.trial.content if isinstance(self.trial.content, bytes) else self.trial.content()
        with _watched() as watch:
            response = self._upload(content, "en")
        self.wall, self.processor, self.memory = watch.wall, watch.processor, watch.memory
        if self.processor > MOST_SECONDS or self.memory > MOST_MEMORY:
            self.complaints.append(f"it cost {self.processor:.1f} s and {self.memory // 1024 // 1024} MB")
        if response.status_code >= 500:
            return "a server error"
        if response.status_code == 302:
            return self._staged(int(response.url.rstrip("/").split("/")[-2]), response.url)
        said = {"en": _refusal(response)}
        said["fr"] = _refusal(self._upload(content, "fr"))
        codes = {language: _code(said[language], language) for language in LANGUAGES}
        self._sentence(said)
        if codes["en"] != codes["fr"] or not codes["en"]:
            return f"refused in words: {said['en'] or said['fr']}"
        return f"refused {codes['en']}"

    def _staged(self, pk: int, address: str) -> str:
        staged = Import.objects.get(pk=pk)
        self._get(address)
        self._get(reverse("import-file", args=[pk]))
        self._get(reverse("import-columns", args=[pk]))
        notices = {notice.code for notice in staged.sheet.notices}
        if self.trial.notices is not None and notices != self.trial.notices:
            self.complaints.append(f"the notices are {sorted(notices)}")
        told = {}
        for language in LANGUAGES:
            with override(language):
                told[language] = [str(notice) for notice in staged.sheet.notices]
        for words in zip(told["en"], told["fr"], strict=True):
            self._sentence(dict(zip(LANGUAGES, words, strict=True)))
        matching = self.resource.matching(staged.sheet, staged.said.mapping)
        if matching.missing or matching.doubled or matching.unknown:
            self._get(reverse("import-review", args=[pk]))
            self._not_saved(staged, "")
            asked = {
                "missing": ", ".join(matching.missing),
                "doubled": ", ".join(name for name, _place in matching.doubled),
                "unknown": ", ".join(map(staged.sheet.column_letter, matching.unknown)),
            }
            return "asks " + "; ".join(f"{word} {names}" for word, names in asked.items() if names)
        if jobs.is_large(staged):
            # The page says that it is worked out; what would be is worked out here.
            self._get(reverse("import-review", args=[pk]))
            Import.objects.filter(pk=pk).update(job_state="", job="")
            staged.refresh_from_db()
        return self._reviewed(staged)

    def _reviewed(self, staged: Import) -> str:
        previews: dict[str, Preview] = {}
        for language in LANGUAGES:
            with override(language):
                previews[language] = actions.preview(staged, resources.get(self.trial.slug, self.user) or self.resource)
        made = previews["en"]
        if made.digest != previews["fr"].digest:
            self.complaints.append("the digest is another in French")
        if not jobs.is_large(staged):
            for page in ("values", "review", "errors", "confirm"):
                self._get(reverse(f"import-{page}", args=[staged.pk]))
            for asked in ("1", "1000000000", "\0"):
                self._get(f"{reverse('import-review', args=[staged.pk])}?show=error&page={asked}")
        if made.counts.error:
            self._sentences(previews)
            self._not_saved(staged, made.digest)
            names = {error.name or "row" for position in made.batch.errors for error in made.batch.errors[position]}
            return f"errors {made.counts.error} in {', '.join(sorted(names))}"
        return self._confirmed(staged, made)

    def _confirmed(self, staged: Import, made: Preview) -> str:
        counts = made.counts
        changes = {made.batch.labels[name] for names in made.batch.changed.values() for name in names}
        if self.trial.changes is not None and changes != set(self.trial.changes):
            self.complaints.append(f"it changes {sorted(changes)}")
        said = f"saved {counts.new} {counts.changed} {counts.unchanged}"
        if jobs.is_large(staged):
            try:
                with transaction.atomic():
                    actions.confirm(
                        staged,
                        self.resource,
                        by=self.user,
                        confirmed=made.digest,
                        reason="a trial",
                        agreed_to_warnings=True,
                    )
            except ImportRefused as refusal:
                return f"not saved: {refusal}"
            return said
        response = self.client.post(
            f"/en{_plain(reverse('import-confirm', args=[staged.pk]))}",
            {"confirmed": made.digest, "reason": "a trial", "agreed": "on"},
        )
        self._look_at(response)
        staged.refresh_from_db()
        if staged.state != ImportState.APPLIED:
            return f"not saved: {_refusal(response)}"
        self._get(reverse("import-result", args=[staged.pk]))
        return said

    def _not_saved(self, staged: Import, digest: str) -> None:
        """Confirm what may not be confirmed, by the page and past it; nothing may come of either."""
        response = self.client.post(
            f"/en{_plain(reverse('import-confirm', args=[staged.pk]))}",
            {"confirmed": digest, "reason": "a trial", "agreed": "on"},
        )
        self._look_at(response)
        try:
            actions.confirm(
                staged, self.resource, by=self.user, confirmed=digest, reason="a trial", agreed_to_warnings=True
            )
        except ImportRefused:
            return
        self.complaints.append("it could be confirmed with errors")

    def _upload(self, content: bytes, language: str) -> Any:
        file = SimpleUploadedFile(self.trial.file_name, content)
        response = self.client.post(
            f"/{language}{_plain(reverse('import-new'))}", {"entity": self.trial.slug, "file": file}
        )
        self._look_at(response)
        return response

    def _get(self, address: str) -> None:
        for language in LANGUAGES:
            self._look_at(self.client.get(f"/{language}{_plain(address)}"))

    def _look_at(self, response: Any) -> None:
        if response.status_code >= 500:
            self.server_errors += 1
            error = response.exc_info[1] if getattr(response, "exc_info", None) else ""
            self.complaints.append(f"{response.status_code} {response.request['PATH_INFO']} {error!r}"[:300])

    # What is said

    def _sentences(self, previews: dict[str, Preview]) -> None:
        batches = {language: previews[language].batch.errors for language in LANGUAGES}
        if set(batches["en"]) != set(batches["fr"]):
            self.complaints.append("other rows have errors in French")
            return
        for position in list(batches["en"])[:200]:
            for pair in zip(batches["en"][position], batches["fr"][position], strict=False):
                self._sentence({language: error.sentence for language, error in zip(LANGUAGES, pair, strict=True)})

    def _sentence(self, said: dict[str, str]) -> None:
        """Complain of what is no sentence, or the same in both languages."""
        for sentence in said.values():
            if not _SENTENCE.fullmatch(sentence) or _NO_SENTENCE.search(sentence):
                self.complaints.append(f"“{sentence[:200]}” is no sentence")
        if said["en"] == said["fr"]:
            self.complaints.append(f"“{said['en'][:200]}” is the same in both languages")


_SENTENCE = re.compile(r"[^a-z].{15,}[.?!]", re.S)
_NO_SENTENCE = re.compile(r"%\(|Traceback|Error\(|Exception|object at 0x|<class|\bNone\b|Errno")


def _saved(came: str) -> tuple[int, int]:
    """Return how many records were added and changed."""
    words = came.split()
    return (int(words[1]), int(words[2])) if words[0] == "saved" else (0, 0)


def _plain(address: str) -> str:
    """Return the address without its language."""
    return re.sub(r"^/(en|fr)(?=/)", "", address)


def _refusal(response: Any) -> str:
    """Return what the form of the page says against what was sent."""
    summary = _SUMMARY.search(response.content.decode())
    said = _ITEM.findall(summary[1]) if summary else []
    return " ".join(" ".join(unescape(re.sub(r"<[^>]+>", " ", one)).split()) for one in said)


_SUMMARY = re.compile(r"error-summary.*?<ul>(.*?)</ul>", re.S)
_ITEM = re.compile(r"<li>(?:\s*<a [^>]*>[^<]*</a>[\s\xa0:]*)?(.*?)</li>", re.S)


def _code(sentence: str, language: str) -> str:
    """Return the reader's code for the sentence; "" for none of its."""
    with override(language):
        for code, template in {**reading._SENTENCES, "damaged": reading._OTHERWISE}.items():
            pattern = re.sub(r"%\\?\((\w+)\\?\)s", ".*?", re.escape(" ".join(str(template).split())))
            if re.fullmatch(pattern, sentence, re.S):
                return code
    return "larger" if re.search(r"10\s?(MB|Mo)", sentence) else ""


def _texts_of(of: Any, made: models.QuerySet) -> Iterator[tuple[str, ...]]:
    """Yield the new records as texts: of an assignment officer, JFO, FTE and first day; else the model's own texts."""
    if of.slug == "assignments":
        for record in made.select_related("officer", "jfo"):
            yield record.officer.number, record.jfo.code, f"{record.fte:.2f}", record.start.isoformat()
    else:
        names = [name for name in of.fields if of.fields[name].model_field is not None]
        for record in made:
            yield tuple(str(getattr(record, name)) for name in names)


def _counts() -> dict[str, int]:
    """Return how many records each table of the portal's own has."""
    return {
        model._meta.label: model._base_manager.count()
        for name in _APPS
        for model in apps.get_app_config(name).get_models()
    }


def _good_file(known: Facts, played: _Played) -> None:
    """Complain where the next good file does not work."""
    user = User.objects.get(username="admin")
    found: Any = resources.get("assignments", user)
    with transaction.atomic():
        try:
            content = text(known.table).encode()
            staged = actions.stage(io.BytesIO(content), "good.csv", found, by=user)
            made = actions.preview(staged, found)
            counts = actions.confirm(
                staged, found, by=user, confirmed=made.digest, reason="a trial", agreed_to_warnings=True
            )
            if counts.new != len(known.rows):
                played.complaints.append(f"the next good file came to {counts}")
        except ImportRefused as refusal:
            played.complaints.append(f"the next good file was refused: {refusal}")
        transaction.set_rollback(True)


# What it costs


@dataclass
class _Watch:
    wall: float = 0
    processor: float = 0
    memory: int = 0


@contextmanager
def _watched() -> Iterator[_Watch]:
    """Measure what the processes that read a file cost; where the system does not tell, their memory is 0."""
    watch = _Watch()

    class Watched(subprocess.Popen[Any]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            threading.Thread(target=_look, args=(self, watch), daemon=True).start()

    def spent() -> float:
        # The most that all children together had counts the portal's own memory too: they begin as copies of it.
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    started, before = time.perf_counter(), spent()
    with mock.patch.object(subprocess, "Popen", Watched):
        yield watch
    watch.wall, watch.processor = time.perf_counter() - started, spent() - before


_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def _look(process: Any, watch: _Watch) -> None:
    status = Path(f"/proc/{process.pid}/status")
    while process.returncode is None:
        try:
            peak = _PEAK.search(status.read_text())
        except OSError:
            return
        if peak is None:
            return
        watch.memory = max(watch.memory, int(peak[1]) * 1024)
        time.sleep(0.004)
