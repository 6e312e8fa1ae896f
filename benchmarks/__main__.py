"""`make bench`: pages with 20,000 officers and 100,000 assignments beside the same with 200 and 1,000; the gap report
with 5,000 JFOs and 2,000 arrangements beside that of the demonstration, with 52; the exhibits of activity with a
million IMS files beside the same with 10,000, and beside other ways to count them; an import of 10,000 and 100,000 IMS
files beside django-import-export's and beside what the database at best takes. `make bench-full`: five million too.

Writes results.json and prints it as a table; nothing stays of the scratch databases. README.md says how to read it.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import postgres

from .side import Side, Timing

RESULTS = Path(__file__).parent / "results.json"
MOST_QUERIES = 15
MEASURES = ("queries", "CPU ms", "wall ms")
READERS = {"nhq.reviewer": "NHQ reviewer", "que.manager": "regional manager"}
# What is asked for: a URL name, its arguments, the query of the reviewer and of the manager. A list has as many rows
# on both sides: of one region the small side has 25 assignments a day and 125 in all, so that is what a page holds.
PAGES: dict[str, tuple[str, list[str], tuple[str, str]]] = {
    "assignments": ("assignments", [], ("", "?per=25")),
    "assignments of a region": ("assignments", [], ("?region=QUE&per=25", "?region=QUE&per=25")),
    "assignments by JFO": ("assignments", [], ("?group=jfo", "?group=jfo&per=25")),
    "assignments, 100 rows": ("assignments", [], ("?per=100", "?per=100&state=all")),
    "assignments by last day": ("assignments", [], ("?sort=end", "?sort=end&per=25")),
    "assignments by officer": ("assignments", [], ("?group=officer&per=25",) * 2),
    "assignments by region": ("assignments", [], ("?group=region&per=25",) * 2),
    "assignments sorted by officer": ("assignments", [], ("?sort=officer&per=25",) * 2),
    "assignments, latest first": ("assignments", [], ("?sort=-start&per=25",) * 2),
    "assignments, search of one in five": (
        "assignments",
        [],
        ("?q=essai-0&per=25", "?q=essai-0&state=all&per=25"),
    ),
    "assignments, search of all": ("assignments", [], ("?q=an&per=25",) * 2),
    "JFO": ("jfo", ["SPVM-JFO"], ("", "")),
    "JFO, performance": ("jfo", ["SPVM-JFO"], ("?part=performance",) * 2),
    "JFO, two dates": ("jfo-compare", ["SPVM-JFO"], ("?from=2010-03-31&to=2011-03-31",) * 2),
    "region, two dates": ("region-compare", ["QUE"], ("?from=2010-03-31&to=2011-03-31",) * 2),
}


@dataclass(frozen=True)
class Pair:
    """Two sizes of made-up data, the module of this folder that makes them, the pages asked for, and the goal: how many
    times the CPU time of the small side the large one may take."""

    name: str
    large: int
    small: int
    made_by: str
    most_times: float
    pages: dict[str, tuple[str, list[str], tuple[str, str]]]
    # Measured by `make bench-full` alone.
    is_long: bool = False
    # What is measured besides the pages.
    more: tuple[str, ...] = ()

    @property
    def measured(self) -> list[str]:
        return [*self.pages, *self.more]


def _of_activity(files: str) -> dict[str, tuple[str, list[str], tuple[str, str]]]:
    asked = ("?fy=2010-2011",) * 2
    return {
        f"activity, Exhibit 7, {files} files": ("report", ["exhibit-7"], asked),
        f"activity, Exhibit 8, {files} files": ("report", ["exhibit-8"], asked),
        f"activity, dashboard of a region, {files} files": ("performance-region", ["QUE"], asked),
    }


PAIRS = [
    # Officers, with five assignments each.
    Pair("assignments", 20_000, 200, "made_up", 1.5, PAGES),
    # JFOs, with 2,000 arrangements and those of the demonstration.
    Pair(
        "gaps",
        5_000,
        52,
        "made_up_gaps",
        3,
        {
            "gap report": ("gap-report", [], ("", "")),
            "gap report, 25 rows": ("gap-report", [], ("?per=25", "?per=25")),
            "gap report, past day": ("gap-report", [], ("?per=25&as_of=2011-02-28",) * 2),
        },
    ),
    # IMS files, 47 an officer and fiscal year.
    Pair(
        "activity",
        1_000_000,
        10_000,
        "made_up_activity",
        3,
        _of_activity("1,000,000"),
        more=("activity, figures", "exports"),
    ),
    Pair(
        "activity_5",
        5_000_000,
        10_000,
        "made_up_activity",
        3,
        _of_activity("5,000,000"),
        is_long=True,
        more=("activity, figures",),
    ),
]
# How many times less CPU time the figures of activity take from the roll-up than by one ORM aggregate over so many
# files; how many times as much an import may take with the roll-up kept as without.
GOAL_FILES = 1_000_000
LEAST_TIMES = {"postgresql": 6, "sqlite": 30}
MOST_UPKEEP = 1.1
EXPORT_TIMES = 5
# The files of 346 officers, among which an import's rows come; the rows, and whether `make bench` leaves them out where
# the upkeep of the roll-up is measured.
OFFICERS_FILES = 162_620
IMPORTS = {10_000: False, 100_000: True}
UPKEEP = "activity, upkeep in an import of {rows:,} files: CPU ms, beside the same without"
# The ways to import in turn, and how often each where it is quick: of new rows, then of rows that are there already.
CHANGED_EVERY = 10
IN_TURN = (
    (("new", "portal"), ("new", "raw"), ("new", "parse_and_raw"), ("new", "tuned"), ("new", "stock")),
    (
        ("unchanged", "portal"),
        ("changed", "portal"),
        ("unchanged", "compare"),
        ("unchanged", "tuned"),
        ("changed", "tuned"),
        ("unchanged", "stock"),
    ),
)
IMPORT_TIMES = {10_000: 5, 100_000: 3}
SLOW_TIMES = 2
# Of the package's ways so many rows at most, and in `make bench-full`; more are said to take as much a row.
MOST_ROWS = {"stock": (1_000, 10_000), "tuned": (10_000, 100_000)}
# How many times less CPU time the portal takes.
LEAST_OF = {("new", "stock"): 50, ("new", "raw"): 0.3, ("unchanged", "stock"): 150, ("unchanged", "compare"): 0.5}
WORDS = {
    "stock": "stock django-import-export",
    "tuned": "django-import-export at its best",
    "raw": "writing the parsed rows",
    "parse_and_raw": "parsing and writing the rows",
    "compare": "parsing and comparing in SQL by hand",
}
MOST_CHANGED = 1.3
# Peak memory, in kB: of an import for each of its rows, of these many beside the fewer; and of what reads the file.
MEASURED_ROWS = (100_000, 1_000)
MOST_A_ROW = 1
MOST_READER = 200 * 1024


def main() -> int:
    """Return 0 when every goal is met on every database there is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--only", default="", help="measure only the pages whose name holds this, and write no file")
    parser.add_argument("--full", action="store_true", help="the long ones too: five million files, 100,000 imported")
    parser.add_argument("--times", type=int, default=15, help="how often each page is asked for (default 15)")
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    for database in options.database or ["sqlite", "postgresql"]:
        for pair in PAIRS:
            if any(options.only in what for what in pair.measured) and (options.full or not pair.is_long):
                with tempfile.TemporaryDirectory(prefix="jfo-portal-bench-") as folder:
                    results += measured(database, pair, Path(folder), options.only, options.times)
        with tempfile.TemporaryDirectory(prefix="jfo-portal-bench-") as folder:
            results += of_imports(database, Path(folder), options.only, is_full=options.full)
    if not options.only:
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("\n".join(table(results)))
    missed = [row["name"] for row in results if row["met"] is False]
    print(f"\n{len(results)} rows, {len(missed)} goals missed")
    return int(bool(missed))


def measured(database: str, pair: Pair, folder: Path, only: str, times: int) -> list[dict[str, Any]]:
    """Return the results of one pair on one database, its sides in turn: what else the machine does slows both."""
    urls = scratch(database, folder, [f"{pair.name}_{name}" for name in ("large", "small")])
    if not urls:
        return []
    large, small = Side(urls[0], pair.large, pair.made_by), Side(urls[1], pair.small, pair.made_by)
    print(f"{database}: made in {large.wait():.0f} s and {small.wait():.0f} s", file=sys.stderr, flush=True)
    results: list[dict[str, Any]] = []
    for page, (url_name, arguments, queries) in pair.pages.items():
        if only not in page:
            continue
        address = large.ask("address", url_name, arguments)
        if address is None:
            print(f"{database}: no such page yet: {page}", file=sys.stderr)
            continue
        for (reader, words), query in zip(READERS.items(), queries, strict=True):
            rows = compared((large, small), reader, address + query, times, pair.most_times)
            results += [{"name": f"{page}, as {words}: {row.pop('name')}", "database": database} | row for row in rows]
    for what, work in {"activity, figures": figures, "exports": exported}.items():
        if what in pair.more and only in what:
            results += work(database, large, pair.large, times)
    large.close()
    small.close()
    return results


def scratch(database: str, folder: Path, names: list[str]) -> list[str]:
    """Return the addresses of new databases of these names; none where there is no server for them."""
    if database == "sqlite":
        return [f"sqlite:///{folder}/{name}.sqlite3" for name in names]
    programs = postgres.programs()
    if programs is None:
        print(postgres.MISSING)
        return []
    server = postgres.start(programs)
    return [server.replace("/portal?", f"/{name}?") for name in names]


def figures(database: str, side: Side, files: int, times: int) -> list[dict[str, Any]]:
    """Return the CPU time of the figures of Exhibits 7 and 8 from the roll-up, beside that of other ways to them: those
    of one year, with so many files in ten."""
    if not side.ask("says", "activity.agreement"):
        raise RuntimeError("The ways to count the files give different figures.")
    ways = ("activity.portal", "activity.stock", "activity.by_hand")
    taken = [[side.ask("work", way) for way in ways] for _n in range(times)]
    ours, stock, by_hand = (statistics.median(each[place].cpu for each in taken) for place in range(len(ways)))
    name = f"activity, figures of one year, {files:,} files in ten: CPU ms,"
    least = LEAST_TIMES[database] if files == GOAL_FILES else None
    return [
        _times_less(f"{name} beside one ORM aggregate", database, ours, stock, least),
        _times_less(f"{name} beside a query by hand", database, ours, by_hand),
    ]


def exported(database: str, side: Side, files: int, _times: int) -> list[dict[str, Any]]:
    """Return the CPU time of the list of a year's files as a file, beside that of other ways to one; openpyxl's where
    it is installed."""
    rows = side.ask("says", "exports.portal", "csv") and files // 10
    csv, xlsx = ("exports.portal", "csv"), ("exports.portal", "xlsx")
    pairs: list[tuple[str, tuple[str, ...], tuple[str, ...], float | None]] = [
        ("csv from its request on, beside a bare cursor", csv, ("exports.raw",), 0.5),
        ("csv from its request on, beside django-import-export", csv, ("exports.stock",), 7),
    ]
    if side.ask("says", "exports.has_openpyxl"):
        pairs.append(("xlsx, beside openpyxl write-only", xlsx, ("exports.openpyxl",), 1.7))
    taken: dict[tuple[str, ...], list[float]] = {}
    for _n in range(EXPORT_TIMES):
        for way in dict.fromkeys(way for _name, *ways, _least in pairs for way in ways):
            taken.setdefault(way, []).append(side.ask("work", *way).cpu)
    return [
        _times_less(
            f"exports, {rows:,} rows: CPU ms, {name}",
            database,
            statistics.median(taken[ours]),
            statistics.median(taken[baseline]),
            least,
        )
        for name, ours, baseline, least in pairs
    ]


def _times_less(name: str, database: str, ours: float, baseline: float, least: float | None = None) -> dict[str, Any]:
    """Return one result, whose ratio says how many times less ours is, and at least should be."""
    ratio = baseline / ours
    if least is None:
        return _result(name, database, ours, baseline, ratio)
    goal = f"at least {least} times less" if least > 1 else f"ratio at least {least}"
    return _result(name, database, ours, baseline, ratio, goal=goal, met=ratio >= least)


def _result(
    name: str, database: str, ours: float, baseline: float, ratio: float, *, goal: str = "", met: bool | None = None
) -> dict[str, Any]:
    """Return one result that is no page's."""
    # The upkeep's goal is a tenth: two places would hide a third of it.
    numbers = {"ours": round(ours, 1), "baseline": round(baseline, 1), "ratio": round(ratio, 3 if ratio < 2 else 2)}
    return {"name": name, "database": database, **numbers, "goal": goal, "met": met}


def _at_most(name: str, database: str, ours: float, baseline: float, most: float) -> dict[str, Any]:
    """Return one result, whose ratio says how many times as much ours is, and at most may be."""
    ratio = ours / baseline
    return _result(name, database, ours, baseline, ratio, goal=f"ratio at most {most}", met=ratio <= most)


def of_imports(database: str, folder: Path, only: str, *, is_full: bool) -> list[dict[str, Any]]:
    """Return what an import takes among the files of 346 officers, and the upkeep of the roll-up in it."""
    parts = [part for name, part in (("activity, upkeep", upkeep), ("import", imported)) if only in name]
    urls = scratch(database, folder, ["files"]) if parts else []
    if not urls:
        return []
    side = Side(urls[0], OFFICERS_FILES, "made_up_activity")
    side.wait()
    results = [row for part in parts for row in part(database, side, is_full=is_full)]
    side.close()
    return results


def upkeep(database: str, side: Side, *, is_full: bool) -> list[dict[str, Any]]:
    """Return the CPU time of confirming an import with the roll-up kept, beside that without, in turn."""
    results = []
    for rows, is_long in IMPORTS.items():
        if is_long and not is_full:
            continue
        times = 2 if is_long else 5
        side.ask("work", "activity.upkeep", 1000, True)
        taken = [
            [side.ask("work", "activity.upkeep", rows, is_kept) for is_kept in (True, False)] for _n in range(times)
        ]
        kept, without = (statistics.median(each[place].cpu for each in taken) for place in (0, 1))
        results.append(_at_most(UPKEEP.format(rows=rows), database, kept, without, MOST_UPKEEP))
    if not side.ask("says", "activity.is_counted_right"):
        raise RuntimeError("The roll-up is not what a recount gives.")
    return results


def imported(database: str, side: Side, *, is_full: bool) -> list[dict[str, Any]]:
    """Return the time an import takes beside other ways to it, and the memory."""
    results = []
    for rows, times in IMPORT_TIMES.items():
        for in_turn in IN_TURN:
            taken = _taken(side, rows, in_turn, times, is_full=is_full)
            found = _beside_others(database, rows, taken, is_full=is_full)
            # Some minutes' work: it is told at once.
            print("\n".join(table(found)[3:]), file=sys.stderr, flush=True)
            results += found
    (large, reader), (small, _its_reader) = (side.ask("says", "imports.memory", rows) for rows in MEASURED_ROWS)
    if not reader:
        raise RuntimeError("The memory of the process that reads the file was not seen.")
    more, fewer = MEASURED_ROWS
    a_row = (large - small) / (more - fewer)
    name = f"import of {more:,} new files beside {fewer:,}: peak memory in kB"
    goal = f"at most {MOST_A_ROW} kB a row (the ratio)"
    results.append(_result(f"{name}, of the portal", database, large, small, a_row, goal=goal, met=a_row <= MOST_A_ROW))
    name = f"import of {more:,} new files: peak memory in kB of what reads the file, beside the most it may take"
    results.append(_at_most(name, database, reader, MOST_READER, 1))
    return results


# What was imported and how, with what it took each time.
Taken = dict[tuple[str, str], list[Timing]]


def _taken(side: Side, rows: int, in_turn: Sequence[tuple[str, str]], times: int, *, is_full: bool) -> Taken:
    """Return what so many rows take each way, in turn; RuntimeError where the portal wrote something else."""
    written = {"new": rows, "unchanged": rows, "changed": rows + rows // CHANGED_EVERY}
    taken: Taken = {which: [] for which in in_turn}
    for n in range(times):
        for what, way in in_turn:
            if way in MOST_ROWS and n >= SLOW_TIMES:
                continue
            own = _rows_of(way, rows, is_full)
            timing = side.ask("work", "imports.importing", way, what, own, 0 if what == "new" else rows)
            taken[what, way].append(timing.times(rows / own))
            if way == "portal" and n == 0:
                found = side.ask("says", "imports.outcome")
                if found != (rows, written[what], True):
                    raise RuntimeError(f"{rows} {what} rows are now {found}: files, versions, a roll-up that is right")
    return taken


def _rows_of(way: str, rows: int, is_full: bool) -> int:
    return min(rows, MOST_ROWS[way][is_full]) if way in MOST_ROWS else rows


def _beside_others(database: str, rows: int, taken: Taken, *, is_full: bool) -> list[dict[str, Any]]:
    """Return the results of one size: the portal's CPU time beside that of each other way, its time by the clock, and
    what of the CPU time is PostgreSQL's."""

    def median(what: str, way: str, of: str = "cpu") -> float:
        return statistics.median(getattr(timing, of) for timing in taken[what, way])

    results = []
    for what, way in taken:
        if way == "portal":
            continue
        name, beside = f"import of {rows:,} {what} files", f"beside {WORDS[way]}"
        if (own := _rows_of(way, rows, is_full)) < rows:
            beside += f", as {own:,} take"
        least = LEAST_OF.get((what, way))
        for of, words in {"cpu": "CPU ms", "wall": "wall ms", "backend": "PostgreSQL's CPU ms"}.items():
            if of == "backend" and database != "postgresql":
                continue
            ours, theirs = median(what, "portal", of), median(what, way, of)
            results.append(
                _times_less(f"{name}: {words}, {beside}", database, ours, theirs, least if of == "cpu" else None)
            )
    if ("changed", "portal") in taken:
        changed, unchanged = median("changed", "portal"), median("unchanged", "portal")
        name = f"import of {rows:,} files, a tenth changed: CPU ms, beside all unchanged"
        results.append(_at_most(name, database, changed, unchanged, MOST_CHANGED))
    return results


def compared(
    sides: tuple[Side, Side], reader: str, address: str, times: int, most_times: float
) -> list[dict[str, Any]]:
    """Return the rows of one page: queries, CPU time, wall time, each the large side's beside the small one's."""
    queries = [side.ask("queries", reader, address) for side in sides]
    taken = [[side.ask("time", reader, address) for side in sides] for _n in range(times)]

    def median(of: str) -> list[float]:
        return [round(statistics.median(getattr(pair[side], of) for pair in taken), 1) for side in (0, 1)]

    def row(name: str, pair: list[float], goal: str, met: bool | None) -> dict[str, Any]:
        ours, baseline = pair
        ratio = round(ours / baseline, 2)
        return {"name": name, "ours": ours, "baseline": baseline, "ratio": ratio, "goal": goal, "met": met}

    cpu = median("cpu")
    # No more for more rows; a page by JFO asks for the vacancies only where the last row of a JFO is on it.
    is_constant = queries[0] <= queries[1] <= MOST_QUERIES
    is_quick = cpu[0] <= most_times * cpu[1]
    goals = ((f"no more, at most {MOST_QUERIES}", is_constant), (f"ratio at most {most_times}", is_quick), ("", None))
    pairs = (queries, cpu, median("wall"))
    return [row(name, pair, *goal) for name, pair, goal in zip(MEASURES, pairs, goals, strict=True)]


def table(results: list[dict[str, Any]]) -> list[str]:
    """Return the results as the lines of Markdown tables: one line for each page, reader and database, and one for each
    other figure."""
    pages = [row for row in results if row["name"].rpartition(": ")[2] in MEASURES]
    others = [row for row in results if row not in pages]
    lines = [
        "| page | database | queries | CPU ms, large | small | ratio | ratio by the clock | goals met |",
        "|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for queries, cpu, wall in zip(*[iter(pages)] * len(MEASURES), strict=True):
        page = queries["name"].removesuffix(f": {MEASURES[0]}")
        met = "yes" if queries["met"] and cpu["met"] else "**no**"
        lines.append(
            f"| {page} | {queries['database']} | {queries['ours']} | {cpu['ours']} | {cpu['baseline']} "
            f"| {cpu['ratio']} | {wall['ratio']} | {met} |"
        )
    if others:
        lines += ["", "| what | database | ours | baseline | ratio | goal | met |", "|---|---|--:|--:|--:|---|---|"]
    for row in others:
        met = {True: "yes", False: "**no**", None: ""}[row["met"]]
        lines.append(
            f"| {row['name']} | {row['database']} | {row['ours']} | {row['baseline']} | {row['ratio']} "
            f"| {row['goal']} | {met} |"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
