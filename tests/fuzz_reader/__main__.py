"""`python -m tests.fuzz_reader`: broken files, read as an import reads them, several at a time on one processor.

Each good file is broken at random and read by a real reading process. The last lines say how many files there were,
how many were refused with which sentence and how many read, and the crashes, hangs and leaks. The exit code is 1 when
there were any. The minutes are those of the processor, of this process and its children; with --state they are kept
for each version of the reader, so that a run goes on where the last one stopped.
"""

import argparse
import ctypes
import gc
import hashlib
import io
import json
import logging
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from .mutations import broken
from .seeds import HEADERS, all_seeds

BASE_DIR = Path(__file__).parents[2]
AT_ONCE = 4
BATCH = 200
MAX_RSS = 200 * 1024 * 1024
# The machine has other work: what counts is the processor's time, and that a process ends.
WALL_SECONDS = 120
# How much more than after the first batch the parent may hold.
GROWTH = 150 * 1024 * 1024
_SOURCES = ("cells", "gate", "reader", "reading", "survey", "turns")


class _Watched(subprocess.Popen):
    """A reading process whose end is looked at."""

    local = threading.local()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.usage: Any = None
        super().__init__(*arguments, **options)
        self.local.process = self

    def _waited(self, pid: int, flags: int) -> tuple[int, int]:
        pid, status, usage = os.wait4(pid, flags)
        if pid:
            self.usage = usage
        return pid, status

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        try:
            return self._waited(self.pid, wait_flags)
        except ChildProcessError:
            return self.pid, 0

    def _internal_poll(self, _deadstate: Any = None, **_options: Any) -> Any:
        return super()._internal_poll(_deadstate, self._waited)  # type: ignore[misc]


class _Said(logging.Handler):
    """What the reading process wrote about its errors, by thread."""

    local = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        self.local.text = record.getMessage()


@dataclass
class Tally:
    """What came of the files."""

    files: int = 0
    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    damaged: Counter[str] = field(default_factory=Counter)
    largest: int = 0
    slowest: float = 0
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """All that must not be."""
        return self.crashes + self.hangs + self.leaks


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_reader", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1, help="of the processor")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, help="a file that keeps the minutes of each version of the reader")
    parser.add_argument("--keep", type=Path, help="a folder for the files that were found")
    parser.add_argument("--only", type=int, help="the one file of that number, once more")
    return parser.parse_args()


def case(seed: int, number: int, seeds: dict[str, bytes]) -> tuple[str, bytes, dict[str, Any]]:
    """Return the name, the content and the options of a broken file; the same for the same numbers."""
    rng = random.Random(f"{seed}:{number}")
    name = rng.choice(sorted(seeds))
    options: dict[str, Any] = {}
    if rng.random() < 0.15:
        options["header_line"] = rng.choice((1, 2, 5, 10_000_000))
    if rng.random() < 0.1:
        options["sheet"] = rng.choice(("Notes", "Officers", "no such", "\0"))
    if rng.random() < 0.1:
        options["encoding"] = rng.choice(("utf-8", "utf-16", "cp1252", "mac_roman", "rot13"))
    if rng.random() < 0.1:
        options["delimiter"] = rng.choice((",", ";", "\t", "|", "x"))
    return f"{number} ({name})", broken(seeds[name], rng), options


def tried(name: str, data: bytes, options: dict[str, Any], tally: Tally, lock: threading.Lock) -> bool:
    """Read the file, note what came of it, and say whether it is as it must be."""
    _Watched.local.process = _Said.local.text = None
    started = time.monotonic()
    outcome, fault = read(data, options)
    seconds = time.monotonic() - started
    process, said = _Watched.local.process, _Said.local.text or ""
    with lock:
        tally.files += 1
        tally.read += not outcome
        tally.refused[outcome[:70]] += bool(outcome)
        tally.damaged[said[32:110]] += bool(said)
        before = len(tally.faults)
        if fault:
            tally.crashes.append(f"{name}: {fault}")
        if process is not None and process.usage is not None:
            judge(name, process, seconds, said, tally)
        return len(tally.faults) == before


def read(data: bytes, options: dict[str, Any]) -> tuple[str, str]:
    """Return the sentence of the refusal, "" if the file is read, and what is wrong with what came of it, or ""."""
    from jfo_portal.kit.imports import cells, reading

    try:
        sheet = reading.read(io.BytesIO(data), HEADERS, reading.Options(**options))
    except reading.ImportRefused as refusal:
        return str(refusal), ""
    except Exception as error:
        return "", f"the parent raised {error!r}"
    if any(len(column) != len(sheet) for column in sheet.columns) or len(sheet.headers) != len(sheet.columns):
        return "", "a sheet of uneven columns"
    if reading.Sheet.unpacked(sheet.packed()) != sheet:
        return "", "a sheet that does not survive being put away"
    for column in sheet.columns:
        for value in set(column):
            cells.unpack(value)
    return "", "" if all(str(notice) for notice in sheet.notices) else "a notice that says nothing"


def judge(name: str, process: _Watched, seconds: float, said: str, tally: Tally) -> None:
    """Note what the reading process cost, and whether it ended as it may: by itself, or by one of its limits."""
    from jfo_portal.kit.imports import reader

    cpu, rss = process.usage.ru_utime + process.usage.ru_stime, process.usage.ru_maxrss * 1024
    # A process begins with the memory of its parent, which counts as its largest.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    tally.slowest = max(tally.slowest, cpu)
    tally.largest = max(tally.largest, rss if rss > own else 0)
    by_time = process.returncode == -9 and cpu > reader.CPU_SECONDS - 0.5
    by_memory = process.returncode == -6 and "memory allocation" in said
    if seconds > WALL_SECONDS or cpu > reader.CPU_SECONDS + 1 or (process.returncode == -9 and not by_time):
        tally.hangs.append(f"{name}: {seconds:.1f} s, {cpu:.1f} s of the processor")
    elif process.returncode and not by_time and not by_memory:
        tally.crashes.append(f"{name}: exit {process.returncode}: {said[-300:]}")
    if rss > max(MAX_RSS, own):
        tally.leaks.append(f"{name}: {rss // 1024 // 1024} MB")


def used_seconds() -> float:
    """Return the processor's time of this process and its children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def held() -> tuple[int, int, int]:
    """Return this process's memory, open files and threads; memory that was given back and only kept at hand by the C
    library is no leak."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize(), sum(1 for _file in Path("/proc/self/fd").iterdir()), threading.active_count()


def has_children() -> bool:
    """Say whether any process is left that nobody waited for."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def version() -> str:
    """Return what tells this version of the reader from others."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update((BASE_DIR / "jfo_portal" / "kit" / "imports" / f"{name}.py").read_bytes())
    return digest.hexdigest()[:12]


def set_up() -> None:
    """Make the reader work without the portal, and its processes looked at."""
    if not settings.configured:
        settings.configure(BASE_DIR=BASE_DIR, IMPORT_MAX_BYTES=10 * 1024 * 1024, USE_I18N=False)
    from jfo_portal.kit.imports import reading

    reading.WALL_SECONDS = WALL_SECONDS
    reading.READERS = AT_ONCE
    reading.WAIT_SECONDS = 10 * WALL_SECONDS
    subprocess.Popen = _Watched  # type: ignore[misc]
    logger = logging.getLogger(reading.__name__)
    logger.addHandler(_Said())
    logger.propagate = False


def played(options: argparse.Namespace, state: dict[str, Any]) -> Tally:
    seeds, tally, lock = all_seeds(), Tally(), threading.Lock()
    number, spent = state.get("next", 0), state.get("seconds", 0.0)
    numbers = [options.only] if options.only is not None else None
    base: tuple[int, int, int] | None = None
    last = used_seconds()
    told, printed = time.monotonic(), 0

    def one(number: int) -> None:
        name, data, how = case(options.seed, number, seeds)
        if not tried(name, data, how, tally, lock) and options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f"{options.seed}-{number}.bin").write_bytes(data)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        while True:
            list(pool.map(one, numbers or range(number, number + BATCH)))
            number += BATCH
            # An alarm that was called off takes a moment to go.
            time.sleep(0.5)
            now = held()
            base = base or now
            if now[0] > base[0] + GROWTH or now[1] > base[1] or now[2] > base[2] or has_children():
                tally.leaks.append(f"after file {number}: memory, files, threads {now}, at first {base}")
                base = now
            spent, last = spent + used_seconds() - last, used_seconds()
            state |= {"next": number, "seconds": spent, "files": state.get("files", 0) + BATCH}
            state["faults"] = state.get("faults", []) + tally.faults[printed:]
            for fault in tally.faults[printed:]:
                print(fault, flush=True)
            printed = len(tally.faults)
            if options.state:
                kept = json.loads(options.state.read_text()) if options.state.exists() else {}
                options.state.write_text(json.dumps(kept | {version(): state}, indent=1))
            if time.monotonic() - told > 60:
                told = time.monotonic()
                print(f"{spent / 60:.1f} minutes, {number} files, faults {len(tally.faults)}", flush=True)
            if numbers or spent >= options.minutes * 60:
                return tally


def main() -> int:
    options = arguments()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    state = {}
    if options.state and options.state.exists():
        state = json.loads(options.state.read_text()).get(version(), {})
    with tempfile.TemporaryDirectory() as folder:
        # The turns of the machine's other readers are not to be taken.
        tempfile.tempdir = folder
        set_up()
        tally = played(options, state)
    print(f"version {version()}, {state['seconds'] / 60:.1f} minutes of the processor")
    for sentence, count in (+tally.refused).most_common():
        print(f"{count:8} refused: {sentence}")
    for sentence, count in (+tally.damaged).most_common(25):
        print(f"{count:8} said: {sentence}")
    print(f"the slowest {tally.slowest:.1f} s, the largest {tally.largest // 1024 // 1024} MB")
    print(
        f"files {tally.files}, refused {tally.refused.total()}, read {tally.read}, crashes {len(tally.crashes)}, "
        f"hangs {len(tally.hangs)}, leaks {len(tally.leaks)}",
        flush=True,
    )
    return int(bool(tally.faults))


if __name__ == "__main__":
    sys.exit(main())
