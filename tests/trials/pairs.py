"""Two imports at once: of the same rows, or of rows that get in each other's way; each is saved whole or not at all."""

import argparse
import io
import multiprocessing
import random
from datetime import date
from multiprocessing.synchronize import Barrier
from typing import Any

from django.db import DatabaseError, connections

from jfo_portal.kit import checks
from jfo_portal.kit.imports import actions, resources
from jfo_portal.kit.imports.reading import ImportRefused
from jfo_portal.kit.models import Import, ImportState
from performance.models import ImsFile
from registry.models import JFO, Assignment, Officer, User

ROWS = 40


def played(options: argparse.Namespace) -> int:
    """Print a line for each kind of round; return how many rounds did not come out as they had to."""
    context = multiprocessing.get_context("fork")
    rng = random.Random(options.seed)
    failed = 0
    for kind in ("the same file", "the same files changed in two ways", "one officer's time"):
        wrong = 0
        outcomes: dict[str, int] = {}
        for number in range(options.rounds):
            texts, entity = _sheets(kind, number, rng)
            barrier, queue = context.Barrier(2), context.Queue()
            connections.close_all()
            processes = [context.Process(target=_one, args=(entity, text, barrier, queue)) for text in texts]
            for process in processes:
                process.start()
            told = sorted(queue.get(timeout=120) for _process in processes)
            for process in processes:
                process.join()
            outcomes["; ".join(told)] = outcomes.get("; ".join(told), 0) + 1
            wrong += _is_wrong(kind, number, told)
        breaches = len(list(checks.breaches()))
        failed += wrong + breaches
        print(
            f"{options.database}, two at once, {kind}: {options.rounds} rounds, wrong {wrong}, breaches {breaches}, "
            f"{outcomes}",
            flush=True,
        )
    return failed


def _sheets(kind: str, number: int, rng: random.Random) -> tuple[list[str], str]:
    officers = list(Officer.objects.filter(end=None).order_by("number").values_list("number", flat=True))
    if kind == "one officer's time":
        # Half a file fits beside the officer's other assignments; both do not.
        jfos = rng.sample(list(JFO.objects.filter(end=None).values_list("code", flat=True)), 2)
        officer = Officer.objects.filter(end=None, assignments=None).order_by("number")[number]
        header = "Officer number,JFO,FTE,First day\n"
        return [f"{header}{officer.number},{jfo},0.60,2011-01-01\n" for jfo in jfos], "assignments"
    header = "File number,Officer number,Kind,Opened on\n"
    kinds = ("Case", "Case") if kind == "the same file" else ("Case", "Project")
    return [
        header + "".join(f"PAIR-{number}-{row},{officers[row % 20]},{word},2010-10-01\n" for row in range(ROWS))
        for word in kinds
    ], "ims-files"


def _one(entity: str, text: str, barrier: Barrier, queue: Any) -> None:
    """Send the file and confirm it, at the same moment as the other; tell what came of it."""
    try:
        user = User.objects.get(username="admin")
        resource: Any = resources.get(entity, user)
        staged = actions.stage(io.BytesIO(text.encode()), "pair.csv", resource, by=user)
        digest = actions.preview(staged, resource).digest
        barrier.wait(timeout=60)
        actions.confirm(staged, resource, by=user, confirmed=digest, reason="trial", agreed_to_warnings=True)
        queue.put("saved")
    except ImportRefused:
        queue.put("refused")
    except DatabaseError as error:
        queue.put("busy" if "lock" in str(error) else f"FAILED {error!r}")
    except Exception as error:
        queue.put(f"FAILED {error!r}")
    finally:
        connections.close_all()


def _is_wrong(kind: str, number: int, told: list[str]) -> bool:
    if kind == "one officer's time":
        rows = Assignment.objects.filter(start=date(2011, 1, 1), fte="0.60").count()
        Assignment.objects.filter(start=date(2011, 1, 1), fte="0.60").delete()
        return rows != 1 or "saved" not in told or any(one.startswith("FAILED") for one in told)
    files = ImsFile.objects.filter(number__startswith=f"PAIR-{number}-")
    kinds = set(files.values_list("kind", flat=True))
    is_applied = Import.objects.filter(state=ImportState.APPLIED, file_name="pair.csv").exists()
    return (
        files.count() != ROWS
        or len(kinds) != 1
        or not is_applied
        or "saved" not in told
        or any(one.startswith("FAILED") for one in told)
    )
