"""`make stress` finds what it is there to find, and nothing where nothing is; a few rounds of it."""

import os
import subprocess
import sys

# Simultaneous writers have a database of their own, of the kind that the tests run on.
DATABASE = os.environ.get("JFO_TEST_DATABASE", "sqlite")


def stress(*arguments: str) -> tuple[int, list[str]]:
    """Return the exit code and the lines of some rounds."""
    command = [sys.executable, "-m", "tests.stress", "--database", DATABASE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def test_a_few_rounds_of_two_and_eight_writers_breach_nothing() -> None:
    code, lines = stress("--rounds", "3")
    assert lines[-1] == "rounds 6, breaches 0"
    assert code == 0


def test_a_deliberate_fault_is_found_and_can_be_repeated() -> None:
    code, lines = stress("--rounds", "4", "--writers", "8", "--without-guards")
    found = [line for line in lines if line.startswith("BREACH")]
    assert found
    assert lines[-1] == f"rounds 4, breaches {len(found)}"
    assert code == 1
    assert all(f"--database {DATABASE} --writers 8 --seed " in line for line in found)
    assert any("FTE on" in line or "twice on one JFO" in line for line in found)
