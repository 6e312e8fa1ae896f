"""So many at once on one machine, whichever process they are in: a turn is held by a lock on a file.

The operating system gives a lock back when its holder dies, however it dies.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAUSE_SECONDS = 0.05


@contextmanager
def turn(name: str, places: int, seconds: float) -> Iterator[bool]:
    """Wait for one of so many places, and hold it; False where none was free in time."""
    held = _waited_for(name, places, time.monotonic() + seconds)
    try:
        yield held is not None
    finally:
        if held is not None:
            os.close(held)


def _waited_for(name: str, places: int, until: float) -> int | None:
    while True:
        for place in range(places):
            if (held := _locked(name, place)) is not None:
                return held
        if time.monotonic() >= until:
            return None
        time.sleep(_PAUSE_SECONDS)


def _locked(name: str, place: int) -> int | None:
    path = Path(tempfile.gettempdir()) / f"jfo-portal-{os.getuid()}-{name}-{place}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
