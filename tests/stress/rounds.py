"""Rounds: officers made, tasks dealt by a seed, writers let go at once, breaches looked for.

Writers are processes forked from the conductor's, so Django must be ready, and the database's connection closed.
"""

import multiprocessing
import random
import traceback
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

from django.db import connection, connections, models

from jfo_portal.kit import changesets
from jfo_portal.kit.changesets import ChangeSet
from registry import actions
from registry.models import JFO, Assignment, Officer, OfficerRegion, Region, User

from . import breaches
from .acts import ACTS, Outcome, Task, Writer

CODES = ("SPVM-JFO", "FAE", "NPET-QUE", "INSET-QUE", "CFSEU-QUE")
TODAY = date(2011, 3, 31)
# Of eight writers each door has one at least; the others are drawn from all.
DOORS = (
    ("assign", "extend", "end", "transfer", "change FTE", "split"),
    ("extend together", "end together", "transfer together"),
    ("import",),
    ("undo",),
    ("ORM save", "ORM create", "ORM save_as", "ORM update", "ORM bulk_update", "ORM bulk_create"),
)
# How often a writer sends the very form of the writer before.
TWICE = 0.1
_PATIENCE = 120
_numbers = count(1)


@dataclass
class Stage:
    """What a round is played with."""

    officers: list[int]
    rows: list[int]
    undoables: list[int]


@dataclass
class Tally:
    """What came of some rounds."""

    rounds: int = 0
    breaches: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)


class Company:
    """The writers, waiting for their tasks."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        context = multiprocessing.get_context("fork")
        barriers = {size: context.Barrier(size) for size in sizes}
        self._pipes: list[Connection] = []
        self._processes = []
        connections.close_all()
        for _number in range(max(sizes)):
            ours, theirs = context.Pipe()
            process = context.Process(target=_write, args=(theirs, barriers), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def act(self, tasks: list[Task]) -> list[Outcome]:
        """Let as many writers as there are tasks act at once, and return what came of each."""
        pipes = self._pipes[: len(tasks)]
        for pipe, task in zip(pipes, tasks, strict=True):
            pipe.send((len(tasks), task))
        outcomes = []
        for pipe, task in zip(pipes, tasks, strict=True):
            if not pipe.poll(_PATIENCE):
                raise TimeoutError(f"{task.name} did not come back in {_PATIENCE} s")
            outcomes.append(pipe.recv())
        return outcomes

    def close(self) -> None:
        """End the writers."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.send(None)
            process.join()


def _write(pipe: Connection, barriers: dict[int, Barrier]) -> None:
    """Be a writer: prepare each task that comes, wait for the others, act, and send what came of it."""
    writer = Writer()
    while (told := pipe.recv()) is not None:
        size, task = told
        failed = ""
        act = writer.begin(task)
        try:
            next(act)
        except Exception:
            failed = f"could not be prepared: {traceback.format_exc(limit=-3)}"
        barriers[size].wait(_PATIENCE)
        pipe.send(Outcome(task, breach=failed) if failed else _finished(act, task))


def _finished(act: Any, task: Task) -> Outcome:
    try:
        next(act)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    except Exception:
        return Outcome(task, breach=traceback.format_exc(limit=-3))
    raise AssertionError("An act yields once.")


def play(company: Company, size: int, seeds: Iterator[int]) -> Iterator[Tally]:
    """Play a round for each seed, yielding the tally so far after each."""
    tally = Tally()
    manager = User.objects.get(username="que.manager")
    jfos = dict(JFO.objects.filter(code__in=CODES).values_list("code", "pk"))
    for seed in seeds:
        chance = random.Random(f"{seed} {size}")
        stage = _set(manager)
        since = ChangeSet.objects.order_by("-pk").values_list("pk", flat=True)[0]
        outcomes = company.act(_dealt(size, stage, list(jfos.values()), chance))
        tally.rounds += 1
        for outcome in outcomes:
            tally.tried[outcome.task.name] += 1
            tally.done[outcome.task.name] += outcome.is_done
        for breach in breaches.found(stage.officers, outcomes, since):
            told = "; ".join(
                f"{outcome.task.name}: {'done' if outcome.is_done else outcome.sentence[:80]}" for outcome in outcomes
            )
            tally.breaches.append(f"--writers {size} --seed {seed} --rounds 1: {breach}\n    writers: {told}")
        _clear(stage)
        yield tally


def _set(manager: User) -> Stage:
    """Make two officers with assignments, and two acts of the manager's that can be undone."""
    region = Region.objects.get(code="QUE")
    officers = [
        Officer(
            number=f"S-{next(_numbers):06}",
            family_name="Essai",
            given_name="Ana",
            function="IO",
            region=region,
            start=date(2001, 1, 1),
        ).save_as(None)
        for _n in range(2)
    ]
    jfos = {jfo.code: jfo for jfo in JFO.objects.filter(code__in=CODES)}
    first, second = officers
    rows = [
        Assignment(officer=officer, jfo=jfos[code], fte=Decimal(fte), start=date(2010, 6, 1), end=end).save_as(None)
        for officer, code, fte, end in (
            (first, "SPVM-JFO", "0.50", date(2011, 5, 31)),
            (first, "FAE", "0.20", None),
            (second, "SPVM-JFO", "0.60", date(2011, 9, 30)),
        )
    ]
    with changesets.act(manager) as extension:
        actions.extend(rows[0], by=manager, end=date(2011, 6, 30), day=TODAY, within=extension)
    with changesets.act(manager) as assignment:
        new = actions.assign(
            by=manager,
            officer=second,
            jfo=jfos["NPET-QUE"],
            fte=Decimal("0.20"),
            start=date(2011, 4, 1),
            within=assignment,
        )
    return Stage([one.pk for one in officers], [row.pk for row in (*rows, new)], [extension.pk, assignment.pk])


def _dealt(size: int, stage: Stage, jfos: list[int], chance: random.Random) -> list[Task]:
    names = [chance.choice(door) for door in DOORS] if size >= len(DOORS) else []
    names += chance.choices(list(ACTS), k=size - len(names))
    chance.shuffle(names)
    tasks: list[Task] = []
    for name in names:
        if tasks and chance.random() < TWICE:
            tasks.append(tasks[-1])
            continue
        tasks.append(
            Task(
                name=name,
                token=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
                rows=_rows(name, stage, chance),
                officers=tuple(chance.sample(stage.officers, 2)),
                jfos=tuple(chance.sample(jfos, 2)),
                day=TODAY + timedelta(days=chance.randrange(1, 60)),
                fte=Decimal(chance.randrange(1, 9)) / 10,
                undoes=chance.choice(stage.undoables),
            )
        )
    return tasks


def _rows(name: str, stage: Stage, chance: random.Random) -> tuple[int, ...]:
    """Return what a task is about: the first officer's first assignment more often than another."""
    if name.endswith(" together"):
        # All three, or those of the two officers on one JFO, which can go to another together.
        return tuple(chance.choice([stage.rows[:3], stage.rows[:3:2]]))
    return tuple(chance.choices(stage.rows, weights=(4, 2, 2, 2)))


def _clear(stage: Stage) -> None:
    """Take the round's officers away, so that the next round finds the lists as short as this one did."""
    for model, lookup in ((Assignment, "officer__in"), (OfficerRegion, "officer__in"), (Officer, "pk__in")):
        rows: models.QuerySet = models.QuerySet(model).filter(**{lookup: stage.officers})
        rows._raw_delete(connection.alias)
