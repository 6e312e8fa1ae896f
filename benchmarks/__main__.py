"""`make bench`: pages with 20,000 officers and 100,000 assignments beside the same with 200 and 1,000; the gap report
with 5,000 JFOs and 2,000 arrangements beside that of the demonstration, with 52.

Writes results.json and prints it as a table; nothing stays of the scratch databases. README.md says how to read it.
"""

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import postgres

from .side import Side

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
]


def main() -> int:
    """Return 0 when every goal is met on every database there is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--only", default="", help="measure only the pages whose name holds this, and write no file")
    parser.add_argument("--times", type=int, default=15, help="how often each page is asked for (default 15)")
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    for database in options.database or ["sqlite", "postgresql"]:
        for pair in PAIRS:
            if any(options.only in page for page in pair.pages):
                with tempfile.TemporaryDirectory(prefix="jfo-portal-bench-") as folder:
                    results += measured(database, pair, Path(folder), options.only, options.times)
    if not options.only:
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("\n".join(table(results)))
    missed = [row["name"] for row in results if row["met"] is False]
    print(f"\n{len(results)} rows, {len(missed)} goals missed")
    return int(bool(missed))


def measured(database: str, pair: Pair, folder: Path, only: str, times: int) -> list[dict[str, Any]]:
    """Return the results of one pair on one database, its sides in turn: what else the machine does slows both."""
    if database == "postgresql":
        programs = postgres.programs()
        if programs is None:
            print(postgres.MISSING)
            return []
        server = postgres.start(programs)
        urls = [server.replace("/portal?", f"/{pair.name}_{name}?") for name in ("large", "small")]
    else:
        urls = [f"sqlite:///{folder}/{name}.sqlite3" for name in ("large", "small")]
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
    large.close()
    small.close()
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
    """Return the results as the lines of a Markdown table, one for each page, reader and database."""
    lines = [
        "| page | database | queries | CPU ms, large | small | ratio | ratio by the clock | goals met |",
        "|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for queries, cpu, wall in zip(*[iter(results)] * len(MEASURES), strict=True):
        page = queries["name"].removesuffix(f": {MEASURES[0]}")
        met = "yes" if queries["met"] and cpu["met"] else "**no**"
        lines.append(
            f"| {page} | {queries['database']} | {queries['ours']} | {cpu['ours']} | {cpu['baseline']} "
            f"| {cpu['ratio']} | {wall['ratio']} | {met} |"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
