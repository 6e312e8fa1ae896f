"""One side of a comparison: a process with a scratch database of its own, which times the pages it is asked for."""

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Timing:
    """What one request or job took, in milliseconds: CPU time of the portal and of the database's backend, and wall
    time; `backend` is how much of the first the backend's is."""

    cpu: float
    wall: float
    backend: float

    def times(self, factor: float) -> "Timing":
        """Return what so many times as much work takes at this rate."""
        return Timing(self.cpu * factor, self.wall * factor, self.backend * factor)


class Side:
    """A process that serves the portal from a database of a size, filled by the module `made_by` of this folder."""

    def __init__(self, database_url: str, size: int, made_by: str = "made_up") -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, database_url, size, made_by), daemon=True)
        self._process.start()
        theirs.close()

    def wait(self) -> float:
        """Return how many seconds it took to make the database."""
        seconds: float = self._pipe.recv()
        return seconds

    def ask(self, what: str, *arguments: Any) -> Any:
        """Return what the process answers to a question of `_Answers`."""
        self._pipe.send((what, arguments))
        answer = self._pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """End the process; the database is deleted by who made it."""
        self._pipe.close()
        self._process.join()


def _serve(pipe: Connection, database_url: str, size: int, made_by: str) -> None:
    os.environ |= {"DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
    import django

    django.setup()

    began = time.perf_counter()
    _create_database()
    import_module(f"benchmarks.{made_by}").fill(size)
    pipe.send(time.perf_counter() - began)
    answers = _Answers()
    while True:
        try:
            what, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(getattr(answers, what)(*arguments))
        except Exception as error:
            pipe.send(RuntimeError(f"{what}{arguments}: {type(error).__name__}: {error}"))


def _create_database() -> None:
    from django.core.management import call_command
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{connection.settings_dict["NAME"]}"')
    call_command("migrate", verbosity=0)


class _Answers:
    """What the process can be asked; the readers are clients signed in as users of the demonstration."""

    def __init__(self) -> None:
        from django.test import Client

        from registry.models import User

        self.clients: dict[str, Client] = {}
        for name in ("nhq.reviewer", "que.manager"):
            self.clients[name] = Client()
            self.clients[name].force_login(User.objects.get(username=name))
        self._find_backend()

    def rows(self) -> dict[str, int]:
        """Return how many officers, assignments and IMS files there are, and breaches of the domain rules."""
        from django.core.management import call_command

        from performance.models import ImsFile
        from registry.models import Assignment, Officer

        call_command("check_registry")
        return {model.__name__: model.objects.count() for model in (Officer, Assignment, ImsFile)}

    def address(self, url_name: str, arguments: list[str]) -> str | None:
        """Return the address of that name; None if there is none."""
        from django.urls import NoReverseMatch, reverse

        try:
            return reverse(url_name, args=arguments)
        except NoReverseMatch:
            return None

    def queries(self, reader: str, address: str) -> int:
        """Return how many queries the page takes, its session's and user's among them, when asked a second time."""
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        self._get(reader, address)
        with CaptureQueriesContext(connection) as captured:
            self._get(reader, address)
        return len(captured)

    def time(self, reader: str, address: str) -> Timing:
        """Return what one request of the page takes."""
        return self._timed(partial(self._get, reader, address))

    def says(self, function: str, *arguments: Any) -> Any:
        """Return what a job gives: `function` is one of this folder's, with its module, that prepares the job."""
        return _job(function, *arguments)()

    def work(self, function: str, *arguments: Any) -> Timing:
        """Return what such a job takes, once it is prepared."""
        job = _job(function, *arguments)
        self._find_backend()
        return self._timed(job)

    def _timed(self, job: Callable[[], object]) -> Timing:
        backend, cpu, wall = self._backend_ms(), _cpu_ms(), time.perf_counter()
        job()
        wall, cpu, backend = time.perf_counter() - wall, _cpu_ms() - cpu, self._backend_ms() - backend
        return Timing(cpu + backend, wall * 1000, backend)

    def _get(self, reader: str, address: str) -> bytes:
        response = self.clients[reader].get(address)
        if response.status_code != 200:
            raise RuntimeError(f"{address} answered {response.status_code}")
        return response.content

    def _find_backend(self) -> None:
        """Note which process serves the connection, which may be a new one."""
        from django.db import connection

        self.backend = ""
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.backend = f"/proc/{cursor.fetchone()[0]}/schedstat"

    def _backend_ms(self) -> float:
        """Return the CPU time of the database's own process so far; 0 on SQLite, whose work is the portal's own."""
        return int(Path(self.backend).read_text(encoding="ascii").split()[0]) / 1_000_000 if self.backend else 0.0


def _job(function: str, *arguments: Any) -> Callable[[], Any]:
    module, _dot, name = function.partition(".")
    job: Callable[[], Any] = getattr(import_module(f"benchmarks.{module}"), name)(*arguments)
    return job


def _cpu_ms() -> float:
    """Return the CPU time so far of the process, and of those it started that have ended: what reads an import."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (time.process_time() + ended.ru_utime + ended.ru_stime) * 1000
