"""Processes killed at any moment: the web server, the worker, the database. All rows are there afterwards or none, what
the portal tells is so, nothing stays locked, and the same file can be imported then."""

import argparse
import io
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError, connection
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from jfo_portal.kit import checks
from jfo_portal.kit.imports import actions, jobs, resources
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.models import Import, ImportState, Job, JobState
from performance.models import ImsFile
from registry.models import Officer, User

ROWS = 3_000
# How long the dead may keep what they held, in seconds.
_PATIENCE = 180
# How long each undisturbed work took.
_spent: list[float] = []


def played(options: argparse.Namespace) -> int:
    """Print a line for each kind of process; return at how many moments something was not as it had to be."""
    rng = random.Random(options.seed)
    kinds: dict[str, Callable[[str, float], str]] = {"web": _kill_web, "worker": _kill_worker}
    if options.database == "postgresql":
        kinds["database"] = _kill_database
    failed = 0
    for name, kill in kinds.items():
        length = _length(kill)
        told: list[str] = []
        landed = {"all": 0, "none": 0}
        for point in range(options.points):
            moment = rng.uniform(0, length)
            try:
                problem = kill(f"KILL-{name[:2]}{point}", moment)
            except Exception as error:
                problem = f"{error!r}"
            if problem in landed:
                landed[problem] += 1
            else:
                told.append(f"after {moment:.2f} s: {problem}")
        failed += len(told)
        print(
            f"{options.database}, {name} killed at {options.points} moments of {length:.1f} s: "
            f"all rows {landed['all']}, none {landed['none']}, wrong {len(told)} {told or ''}",
            flush=True,
        )
    if options.database == "sqlite":
        print("sqlite, database: it has no process of its own; the web server and the worker are its processes")
    breaches = len(list(checks.breaches()))
    print(f"{options.database}, rules of the domain broken afterwards: {breaches}", flush=True)
    return failed + breaches


def _length(kill: Callable[[str, float], str]) -> float:
    """Return how long the work takes that is to be killed, in seconds, by letting it come to its end."""
    prefix = f"KILL-{kill.__name__[6:8]}"
    if kill(prefix, -1) != "all" or _settled(prefix) != "all":
        raise RuntimeError(f"{kill.__name__}: not even undisturbed were the rows saved")
    # A little more than the work took, so that some come after it.
    return 1.1 * _spent[-1]


def _text(prefix: str) -> bytes:
    numbers = list(Officer.objects.filter(end=None).order_by("number").values_list("number", flat=True)[:40])
    lines = "".join(f"{prefix}-{row},{numbers[row % len(numbers)]},Case,2010-10-01\n" for row in range(ROWS))
    return f"File number,Officer number,Kind,Opened on\n{lines}".encode()


def _admin() -> User:
    return User.objects.get(username="admin")


def _staged(prefix: str) -> Import:
    resource: Any = resources.get("ims-files", _admin())
    return actions.stage(io.BytesIO(_text(prefix)), f"{prefix}.csv", resource, by=_admin())


def _settled(prefix: str) -> str:
    """Wait until the state told is so and the rows are all there or none; return which, or what is wrong."""
    last = "nothing could be asked"
    for _attempt in range(_PATIENCE * 2):
        try:
            rows = ImsFile.objects.filter(number__startswith=f"{prefix}-").count()
            made = Import.objects.filter(file_name=f"{prefix}.csv").order_by("-pk").first()
            is_applied = made is not None and made.state == ImportState.APPLIED
            if rows not in (0, ROWS):
                return f"{rows} of {ROWS} rows"
            if is_applied != (rows == ROWS):
                # Between the two questions it may have come to its end; asked again it has not.
                last = f"{rows} rows, told {made.state if made else 'nothing'}"
            elif made is not None and made.job_state == JobState.RUNNING and not jobs.is_interrupted(made):
                last = "told to be running, and held"
            else:
                return "all" if rows else "none"
        except DatabaseError as error:
            last = repr(error)
            connection.close()
        time.sleep(0.5)
    return last


def _works_again(prefix: str) -> str:
    """Import the same file as if nothing had been; return what is wrong, or ""."""
    resource: Any = resources.get("ims-files", _admin())
    for _attempt in range(_PATIENCE):
        try:
            staged = _staged(prefix)
            preview = actions.preview(staged, resource)
            actions.confirm(staged, resource, by=_admin(), confirmed=preview.digest, reason="again")
        except (ImportRefused, DatabaseError) as error:
            problem = repr(error)
            connection.close()
            time.sleep(1)
            continue
        rows = ImsFile.objects.filter(number__startswith=f"{prefix}-").count()
        return "" if rows == ROWS else f"{rows} rows the second time"
    return f"the second time: {problem}"


def _outcome(prefix: str) -> str:
    found = _settled(prefix)
    if found not in ("all", "none"):
        return found
    return _works_again(prefix) or found


# The worker


def _kill_worker(prefix: str, moment: float) -> str:
    staged = _staged(prefix)
    resource: Any = resources.get("ims-files", _admin())
    digest = actions.preview(staged, resource).digest
    with _process("manage.py", "jobs") as worker:
        jobs.begin(staged, Job.SAVE, by=_admin(), confirmed=digest, reason="trial", agreed_to_warnings=False)
        _wait_until(lambda: Import.objects.get(pk=staged.pk).job_state not in ("", JobState.QUEUED))
        if moment < 0:
            began = time.monotonic()
            _wait_until(lambda: Import.objects.get(pk=staged.pk).state == ImportState.APPLIED)
            _spent.append(time.monotonic() - began)
            return "all"
        time.sleep(moment)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    found = _settled(prefix)
    if found not in ("all", "none"):
        return found
    if found == "none":
        # The next worker takes up what this one left.
        with _process("manage.py", "jobs", "--once") as worker:
            worker.wait(timeout=_PATIENCE)
        after = _settled(prefix)
        if after != "all":
            return f"the next worker left {after}"
    return _works_again(prefix) or found


def _wait_until(is_so: Callable[[], bool]) -> None:
    for _attempt in range(_PATIENCE * 50):
        if is_so():
            return
        time.sleep(0.02)
    raise TimeoutError("it did not come to that")


# The database


def _kill_database(prefix: str, moment: float) -> str:
    staged = _staged(prefix)
    resource: Any = resources.get("ims-files", _admin())
    digest = actions.preview(staged, resource).digest
    with _process("manage.py", "jobs") as worker:
        jobs.begin(staged, Job.SAVE, by=_admin(), confirmed=digest, reason="trial", agreed_to_warnings=False)
        _wait_until(lambda: Import.objects.get(pk=staged.pk).job_state not in ("", JobState.QUEUED))
        if moment < 0:
            began = time.monotonic()
            _wait_until(lambda: Import.objects.get(pk=staged.pk).state == ImportState.APPLIED)
            _spent.append(time.monotonic() - began)
            return "all"
        time.sleep(moment)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            pids = [pid for (pid,) in cursor.fetchall()]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        connection.close()
        time.sleep(1)
        worker.terminate()
        with suppress(subprocess.TimeoutExpired):
            worker.wait(timeout=20)
    return _outcome(prefix)


# The web server


def _kill_web(prefix: str, moment: float) -> str:
    port = _free_port()
    command = ["-m", "gunicorn", "jfo_portal.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    with _process(*command, "--threads", "2", "--no-control-socket", "--log-level", "critical") as server:
        browser = _Browser(port)
        browser.wait()
        page = browser.send("imports/new/", {"entity": "ims-files"}, (f"{prefix}.csv", _text(prefix)))
        confirm = re.sub(r"/(review|columns|file|values)/$|(?<=\d)/$", "/confirm/", page)
        form = browser.form(confirm)
        if moment < 0:
            began = time.monotonic()
            browser.post(confirm, form)
            _spent.append(time.monotonic() - began)
            return "all"
        thread = threading.Thread(target=browser.post, args=(confirm, form), daemon=True)
        thread.start()
        time.sleep(moment)
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        thread.join(timeout=10)
    return _outcome(prefix)


class _Browser:
    """Asks the portal as somebody who signed in."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/en/"
        session = SessionStore()
        user = _admin()
        session["_auth_user_id"] = str(user.pk)
        session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
        session["_auth_user_hash"] = user.get_session_auth_hash()
        session.create()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        self._cookie = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; csrftoken={'a' * 32}"

    def ask(self, path: str, data: bytes | None = None, kind: str = "") -> Any:
        address = path if path.startswith("http") else self._base + path
        headers = {"Cookie": self._cookie, "X-CSRFToken": "a" * 32}
        request = urllib.request.Request(address, data=data, headers=headers)
        if kind:
            request.add_header("Content-Type", kind)
        return self._opener.open(request, timeout=_PATIENCE)

    def wait(self) -> None:
        for _attempt in range(_PATIENCE * 5):
            try:
                self.ask("sign-in/")
            except (OSError, urllib.error.URLError):
                time.sleep(0.2)
            else:
                return
        raise TimeoutError("the web server does not answer")

    def send(self, path: str, values: dict[str, str], file: tuple[str, bytes]) -> str:
        """Send a form with a file, and return the address that it led to."""
        upload = io.BytesIO(file[1])
        upload.name = file[0]
        with self.ask(path, encode_multipart(BOUNDARY, {**values, "file": upload}), MULTIPART_CONTENT) as answer:
            return str(answer.geturl())

    def form(self, address: str) -> dict[str, str]:
        """Return what the page's form would send."""
        with self.ask(address) as answer:
            page = answer.read().decode()
        fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
        return {**dict(fields), "reason": "trial"}

    def post(self, address: str, values: dict[str, str]) -> None:
        with suppress(OSError, urllib.error.URLError):
            self.ask(address, encode_multipart(BOUNDARY, values), MULTIPART_CONTENT).read()


@contextmanager
def _process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of the portal in a group of its own, which is gone afterwards."""
    process = subprocess.Popen(
        [sys.executable, *command],
        env=os.environ | {"JFO_IMPORT_MOST_AT_ONCE": "100000"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
