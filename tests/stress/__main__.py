"""`make stress`: 500 rounds of two and 500 of eight simultaneous writers on each database.

The last line says how many rounds were played and how many breaches were found. The exit code is 1
when there were breaches, or fewer rounds than asked for.
"""

import argparse
import logging
import os
import subprocess
import sys
import time
from collections import Counter

from .. import postgres

DATABASES = ("sqlite", "postgresql")
SIZES = (2, 8)
# A breach is told in full so many times.
TOLD = 20


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="for each number of writers on each database")
    parser.add_argument("--database", choices=DATABASES, help="on this one alone")
    parser.add_argument("--writers", type=int, choices=SIZES, help="so many at once alone")
    parser.add_argument("--seed", type=int, default=1, help="of the first round; the next has the next number")
    parser.add_argument(
        "--without-guards",
        action="store_true",
        help="take the database's own guards away first: a deliberate fault, which must be found",
    )
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds: at least one")
    return options


def main() -> int:
    options = arguments()
    rounds = breaches = 0
    for database in [options.database] if options.database else DATABASES:
        rounds_there, found = played(options) if options.database else started(database)
        rounds, breaches = rounds + rounds_there, breaches + found
    wanted = options.rounds * (1 if options.writers else len(SIZES)) * (1 if options.database else len(DATABASES))
    print(f"rounds {rounds}, breaches {breaches}", flush=True)
    return int(breaches > 0 or rounds < wanted)


def started(database: str) -> tuple[int, int]:
    """Play on the database in a process of its own, whose settings name it; return its rounds and breaches."""
    if database == "postgresql" and postgres.programs() is None:
        print(postgres.MISSING)
        return 0, 0
    command = [sys.executable, "-m", "tests.stress", *sys.argv[1:], "--database", database]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    last = ""
    for line in process.stdout or ():
        if last:
            print(last, flush=True)
        last = line.rstrip("\n")
    process.wait()
    words = last.replace(",", "").split()
    if words[:1] != ["rounds"]:
        print(last)
        return 0, 0
    return int(words[1]), int(words[3])


def played(options: argparse.Namespace) -> tuple[int, int]:
    """Play the rounds on the one database, and return how many there were, and how many breaches."""
    os.environ |= {"JFO_TEST_DATABASE": options.database, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from registry import guards

    from .rounds import Company, play

    # Refusals are what is looked for.
    logging.getLogger("django.request").setLevel(logging.CRITICAL)
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    call_command("load_demo", verbosity=0)
    if options.without_guards:
        with connection.schema_editor() as editor:
            guards.uninstall(None, editor)
    sizes = (options.writers,) if options.writers else SIZES
    company = Company(sizes)
    rounds = breaches = 0
    for size in sizes:
        began, told = time.monotonic(), 0
        for tally in play(company, size, iter(range(options.seed, options.seed + options.rounds))):
            for breach in tally.breaches[told:TOLD]:
                print(f"BREACH --database {options.database} {breach}", flush=True)
            told = len(tally.breaches)
            if tally.rounds % 100 == 0:
                print(
                    f"{options.database}, {size} writers: {tally.rounds} rounds, {time.monotonic() - began:.0f} s",
                    flush=True,
                )
        rounds, breaches = rounds + tally.rounds, breaches + len(tally.breaches)
        print(f"{options.database}, {size} writers, done of tried: {told_by_act(tally.done, tally.tried)}", flush=True)
    company.close()
    return rounds, breaches


def told_by_act(done: Counter[str], tried: Counter[str]) -> str:
    """Return how many of each act were done, and how many tried."""
    return ", ".join(f"{name} {done[name]}/{number}" for name, number in sorted(tried.items()))


if __name__ == "__main__":
    sys.exit(main())
