"""A PostgreSQL server for one run of the tests: on a unix socket alone, gone when the run ends."""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

MISSING = "Not run on PostgreSQL: no server was found (on Debian: apt-get install postgresql)."


def programs() -> Path | None:
    """Return the folder that holds initdb and pg_ctl, the newest if there are several; None if there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    if (found := shutil.which("initdb")) is not None:
        folders.append(Path(found).resolve().parent)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


def _owner() -> pwd.struct_passwd:
    """Return the account that runs the server: ours, or an unprivileged one, as PostgreSQL refuses root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    names = {account.pw_name: account for account in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def start(folder: Path) -> str:
    """Start a server with the programs in the folder and return its DATABASE_URL; it stops when Python exits.

    It promises nothing about its data after a crash, which is what makes it fast.
    """
    owner = _owner()
    # A short path: a unix socket's name may have 107 bytes.
    home = tempfile.mkdtemp(prefix="jfo-pg-", dir="/tmp")
    os.chown(home, owner.pw_uid, owner.pw_gid)
    account: dict[str, Any] = {}
    if os.getuid() == 0:
        account = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}

    def call(program: str, *arguments: str) -> int:
        command = [str(folder / program), "-D", f"{home}/data", *arguments]
        return subprocess.call(command, cwd=home, stdout=subprocess.DEVNULL, **account)

    def stop() -> None:
        call("pg_ctl", "stop", "-m", "immediate")
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)
    # A run that is told to end ends as by Ctrl+C, and so stops its server.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = f"-k {home} -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    if (
        call("initdb", "--username=portal", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync") != 0
        or call("pg_ctl", "start", "-w", "-l", f"{home}/log", "-o", options) != 0
    ):
        raise RuntimeError(f"PostgreSQL of {folder} did not start; what it said is above.")
    return f"postgres://portal@/portal?host={home}"
