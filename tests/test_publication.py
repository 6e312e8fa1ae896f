"""What a manager is shown of other regions, taken together, tells about no few officers: a solver tries it.

Everything that the portal publishes of a fiscal year is collected through its own outputs, whatever the table, the
region asked for or the page, and written as equations in what single officers add, which are solved in fractions. The
cells are made anew here, from the rows: the solver shares nothing with what it tests.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jfo_portal.kit import reports
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Parameters
from jfo_portal.kit.suppression import Atom, Cell, hidden_cells, with_sums
from performance.measures.activity import Group
from performance.models import ImsFile, ImsKind, ImsStatus, SalaryRate
from performance.reports.activity import work_of
from registry import actions
from registry.measures import publication
from registry.measures.capacity import capacity_on, regions_on
from registry.measures.tenure import bands, tenure_figures
from registry.models import (
    Assignment,
    Establishment,
    Kind,
    Level,
    Officer,
    OfficerFunction,
    OfficerLevel,
    OfficerRegion,
    Region,
    User,
)

from . import rows

pytestmark = pytest.mark.django_db

FEW = 5
ALL = None
LEVELS = {"fb_03": Level.FB_03, "fb_04": Level.FB_04, "fb_05": Level.FB_05}
# What an unknown is: a measure, an officer, and where.
Unknown = tuple[Any, ...]


# The solver


class Solver:
    """Equations in unknowns, kept solved: each row has an unknown, its pivot, that no other row has."""

    def __init__(self) -> None:
        self.rows: dict[Unknown, dict[Unknown, Fraction]] = {}

    def reduced(self, vector: Mapping[Unknown, Any]) -> dict[Unknown, Fraction]:
        rest = {unknown: Fraction(value) for unknown, value in vector.items() if value}
        for pivot in [unknown for unknown in rest if unknown in self.rows]:
            amount = rest[pivot]
            for unknown, value in self.rows[pivot].items():
                rest[unknown] = rest.get(unknown, Fraction(0)) - amount * value
        return {unknown: value for unknown, value in rest.items() if value}

    def add(self, vector: Mapping[Unknown, Any]) -> None:
        rest = self.reduced(vector)
        if not rest:
            return
        pivot = min(rest, key=repr)
        row = {unknown: value / rest[pivot] for unknown, value in rest.items()}
        for key, other in self.rows.items():
            amount = other.get(pivot)
            if amount:
                left = {unknown: other.get(unknown, 0) - amount * row.get(unknown, 0) for unknown in {*other, *row}}
                self.rows[key] = {unknown: value for unknown, value in left.items() if value}
        self.rows[pivot] = row

    def solves(self, vector: Mapping[Unknown, Any]) -> bool:
        return not self.reduced(vector)


def test_the_solver_solves() -> None:
    solver = Solver()
    solver.add({("a",): 1, ("b",): 1, ("c",): 1})
    solver.add({("b",): 1, ("c",): 1})
    assert solver.solves({("a",): 1})
    assert not solver.solves({("b",): 1})
    solver.add({("b",): 3, ("c",): 1})
    assert solver.solves({("b",): 1})


@dataclass
class Published:
    """What a manager was shown: sums over unknowns, with what they come to in truth; and every cell there is."""

    known: set[Unknown] = field(default_factory=set)
    truth: dict[Unknown, Any] = field(default_factory=dict)
    shown: list[tuple[str, dict[Unknown, Any]]] = field(default_factory=list)
    own: set[str] = field(default_factory=set)
    cells: dict[str, dict[Unknown, Any]] = field(default_factory=dict)

    def add(
        self, name: str, vector: Mapping[Unknown, Any], value: Any, rounding: Any = 0, *, is_own: bool = False
    ) -> None:
        """Keep the cell; as shown, if its value is, which then is what the unknowns come to.

        A figure of an own region is the manager's to know, and what it tells of others' officers counted there too.
        """
        self.cells[name] = dict(vector)
        if is_own:
            self.own.add(name)
        if value is None:
            return
        whole = sum(weight * self.truth[unknown] for unknown, weight in vector.items())
        assert abs(Fraction(str(value)) - Fraction(whole)) <= Fraction(rounding), (name, value, float(whole))
        self.shown.append((name, dict(vector)))

    def secrets(self) -> dict[str, dict[Unknown, Any]]:
        """Return what is to be kept: cells that rest on few officers outside, and each such officer."""
        found = {}
        for name, vector in self.cells.items():
            outside = {unknown: weight for unknown, weight in vector.items() if unknown not in self.known}
            if 0 < len({unknown[1] for unknown in outside}) < FEW:
                found[name] = outside
        used = {unknown for _name, vector in self.shown for unknown in vector}
        return found | {repr(unknown): {unknown: 1} for unknown in used - self.known}

    def given_away(self) -> list[str]:
        # Unknowns that every cell counts alike are one: their sum.
        uses: dict[Unknown, list[tuple[int, Any]]] = defaultdict(list)
        secrets = self.secrets()
        vectors = [
            {unknown: weight for unknown, weight in vector.items() if unknown not in self.known}
            for vector in (*(vector for _name, vector in self.shown), *secrets.values())
        ]
        for number, vector in enumerate(vectors):
            for unknown, weight in vector.items():
                uses[unknown].append((number, weight))
        first: dict[Any, Unknown] = {}
        stands_for = {unknown: first.setdefault(tuple(used), unknown) for unknown, used in uses.items()}
        merged = [{stands_for[unknown]: weight for unknown, weight in vector.items()} for vector in vectors]
        published = list(zip((name for name, _vector in self.shown), merged, strict=False))
        kept = list(zip(secrets, merged[len(self.shown) :], strict=True))
        solver = Solver()
        for name, vector in published:
            if name in self.own:
                solver.add(vector)
        kept = [(name, vector) for name, vector in kept if not solver.solves(vector)]
        for _name, vector in published:
            solver.add(vector)
        return [name for name, vector in kept if solver.solves(vector)]


# The world, from its rows


class World:
    """Officers, posts, files and pay of a fiscal year, and what a reader knows of them."""

    def __init__(self, reader: User, year: FiscalYear) -> None:
        self.reader, self.year, self.own = reader, year, set(reader.regions.values_list("code", flat=True))
        self.day = year.last_day
        serving = Assignment.objects.select_related("officer__region", "jfo__program", "jfo__region")
        self.served = list(serving.during(year.first_day, year.last_day))
        self.posts = [row for row in self.served if row.holds_on(self.day)]
        self.officers = list(Officer.objects.select_related("region"))
        self.pool = [row for row in self.officers if row.holds_on(self.day)]
        # Where each was employed on the day, and now; both regions know of the officer.
        now = {row.pk: row.region.code for row in self.officers}
        posted = OfficerRegion.objects.as_of(self.day).values_list("officer_id", "region__code")
        self.home = now | dict(posted)
        self.told = {pk: {code, self.home[pk]} for pk, code in now.items()}
        self.levels = list(OfficerLevel.objects.all())
        self.regions = sorted({region.code for region in Region.objects.all()})
        self.rates = dict(SalaryRate.objects.filter(fiscal_year=year.start_year).values_list("level", "amount"))

    def level(self, officer: int, day: date) -> str | None:
        return next((row.level for row in self.levels if row.officer_id == officer and row.holds_on(day)), None)

    def line(self, post: Assignment) -> str:
        return post.jfo.code if post.jfo.program.kind == Kind.REGIONAL else post.jfo.program.code

    def parameters(self, region: str | None) -> Parameters:
        return Parameters(self.day, self.year, region)

    def rows(self, slug: str, region: str | None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the rows and totals of an exhibit as scripts read them."""
        data = reports.get(slug).as_json(self.reader, self.parameters(region))
        return data["rows"], data["totals"]

    # FTE and salaries

    def fte(self) -> Published:
        """Return FTE, and salaries: who is paid all year by one rate adds to salaries what FTE and rate come to."""
        found = Published()
        for post in self.posts:
            key = ("fte", post.officer_id, post.jfo.code)
            found.truth[key] = Fraction(post.fte)
            if {*self.told[post.officer_id], post.jfo.region.code} & self.own:
                found.known.add(key)
        self._exhibit_1(found)
        pay = dict(self._pay(found))
        for slug, region in product(("exhibit-11", "exhibit-12"), (ALL, *self.regions)):
            lines, totals = self.rows(slug, region)
            for line in [*lines, totals]:
                of_line = [
                    row
                    for row in self.served
                    if region in (ALL, row.jfo.region.code) and (line is totals or self._is_of(line, row, slug))
                ]
                name = f"{slug} {region} {line.get('region') or line.get('program', 'total')}"
                fte = {("fte", row.officer_id, row.jfo.code): 1 for row in of_line if row in self.posts}
                found.add(f"{name} fte", fte, line["fte"])
                salaries: dict[Unknown, Any] = defaultdict(Fraction)
                for row in of_line:
                    unknown, weight = pay[row.pk]
                    salaries[unknown] += weight
                found.add(f"{name} salaries", salaries, line["salaries"], 1)
        self._capacity_fte(found)
        return found

    def _exhibit_1(self, found: Published) -> None:
        for region in (ALL, *self.regions):
            lines, totals = self.rows("exhibit-1", region)
            for line in [*lines, totals]:
                posts = [
                    post
                    for post in self.posts
                    if region in (ALL, post.jfo.region.code) and (line is totals or self.line(post) == line["jfo"])
                ]
                for name, level in {**LEVELS, "total": ALL}.items():
                    vector = {
                        ("fte", post.officer_id, post.jfo.code): 1
                        for post in posts
                        if level in (ALL, self.level(post.officer_id, self.day))
                    }
                    found.add(f"exhibit-1 {region} {line.get('jfo')} {name}", vector, line[name])

    def _is_of(self, line: Mapping[str, Any], row: Assignment, slug: str) -> bool:
        if slug == "exhibit-11":
            return bool(row.jfo.region.code == line["region"])
        kind = row.jfo.program.kind
        return bool(row.jfo.program.code == line["program"] if line["program"] else kind == Kind.REGIONAL)

    def _pay(self, found: Published) -> Iterator[tuple[int, tuple[Unknown, Fraction]]]:
        for row in self.served:
            days = Fraction(0)
            served = [
                self.year.first_day + timedelta(days=number)
                for number in range(self.year.days)
                if row.holds_on(self.year.first_day + timedelta(days=number))
            ]
            levels = [
                (level, max(level.start, served[0]), min(level.end or served[-1], served[-1]))
                for level in self.levels
                if level.officer_id == row.officer_id
            ]
            for level, first, last in levels:
                if first <= last and level.level in self.rates:
                    days += ((last - first).days + 1) * Fraction(self.rates[level.level])
            year_rate = days / self.year.days
            if len(served) == self.year.days and year_rate:
                yield row.pk, (("fte", row.officer_id, row.jfo.code), year_rate)
                continue
            unknown = ("pay", row.officer_id, row.jfo.code, row.pk)
            found.truth[unknown] = Fraction(row.fte) * year_rate
            if {*self.told[row.officer_id], row.jfo.region.code} & self.own:
                found.known.add(unknown)
            yield row.pk, (unknown, Fraction(1))

    def capacity(self) -> Iterator[Any]:
        yield from capacity_on(Region.objects.filter(regions_on(self.day)), self.reader, self.day)

    def _capacity_fte(self, found: Published) -> None:
        agreed = dict(Establishment.objects.as_of(self.day).values_list("jfo__code", "fte"))
        held: dict[str, Decimal] = defaultdict(Decimal)
        for post in self.posts:
            held[post.jfo.code] += post.fte
        for row in self.capacity():
            code = row.region and row.region.code
            of_home = {
                ("fte", post.officer_id, post.jfo.code): 1
                for post in self.posts
                if code in (None, self.home[post.officer_id])
            }
            free = row.shown("free")
            found.add(f"assigned {code}", of_home, row.shown("assigned"))
            found.add(f"free {code}", of_home, None if free is None else row.in_service - free)
            in_region = [post for post in self.posts if code in (None, post.jfo.region.code)]
            found.add(
                f"filled {code}",
                {("fte", post.officer_id, post.jfo.code): 1 for post in in_region},
                row.shown("filled"),
            )
            lacking = [post for post in in_region if held[post.jfo.code] < agreed.get(post.jfo.code, 0)]
            seats: Any = sum(fte for jfo, fte in agreed.items() if jfo in {post.jfo.code for post in lacking})
            seats += sum(
                fte
                for jfo, fte, region in Establishment.objects.as_of(self.day).values_list(
                    "jfo__code", "fte", "jfo__region__code"
                )
                if code in (None, region) and not held[jfo]
            )
            unfilled = row.shown("unfilled")
            found.add(
                f"unfilled {code}",
                {("fte", post.officer_id, post.jfo.code): 1 for post in lacking},
                None if unfilled is None else seats - unfilled,
            )

    # Officers counted

    def officers_counted(self) -> Published:
        found = Published()
        for officer in self.officers:
            found.truth["officer", officer.pk] = 1
            if self.told[officer.pk] & self.own:
                found.known.add(("officer", officer.pk))
        on_jfo = {post.officer_id for post in self.posts}
        begun = set(Assignment.objects.filter(start__lte=self.day).values_list("officer", flat=True))

        def who(test: Callable[[Officer], bool], among: Iterable[Officer] = self.pool) -> dict[Unknown, int]:
            return {("officer", officer.pk): 1 for officer in among if test(officer)}

        for row in self.capacity():
            code = row.region and row.region.code
            of_region = [officer for officer in self.pool if code in (None, self.home[officer.pk])]
            found.add(f"in service {code}", who(lambda _o: True, of_region), row.shown("in_service"))
            for function in OfficerFunction.values:
                vector = who(lambda _o: True, [officer for officer in of_region if officer.function == function])
                found.add(f"{function} {code}", vector, row.shown(function))
            found.add(f"on a JFO {code}", who(lambda o: o.pk in on_jfo, of_region), row.shown("officers"))
            found.add(f"off {code}", who(lambda o: o.pk not in on_jfo, of_region), None)
            found.add(f"ever {code}", who(lambda o: o.pk in begun, of_region), row.shown("ever"))
            found.add(f"never {code}", who(lambda o: o.pk not in begun, of_region), None)
        self._tenure(found, who)
        self._users(found)
        return found

    def _tenure(self, found: Published, who: Callable[..., dict[Unknown, int]]) -> None:
        since: dict[int, date] = {}
        for row in Assignment.objects.as_of(self.day).with_since():
            since[row.officer_id] = min(row.since, since.get(row.officer_id, date.max))
        years = {pk: Decimal((self.day - start).days + 1) / Decimal("365.25") for pk, start in since.items()}
        for region, function in product((ALL, *self.regions), (ALL, *OfficerFunction.values)):
            figures = tenure_figures(self.reader, self.day, function, region)
            of_line = [
                officer
                for officer in self.pool
                if officer.pk in years
                and region in (ALL, self.home[officer.pk])
                and function in (ALL, officer.function)
            ]
            found.add(f"tenure {region} {function}", who(lambda _o: True, of_line), figures.officers)
            assert figures.mean_years is None or figures.officers is not None
            for band, count in figures.bands:
                in_band = [
                    officer
                    for officer in of_line
                    if band.first <= years[officer.pk] and (band.last is None or years[officer.pk] < band.last)
                ]
                vector = who(lambda _o: True, in_band)
                found.add(f"tenure {region} {function} {band.key}", vector, count)
            beyond = [band.key for band in bands() if band.first >= 5]
            vector = {}
            for key in beyond:
                vector |= found.cells[f"tenure {region} {function} {key}"]
            found.add(f"tenure {region} {function} beyond", vector, figures.beyond)

    def _users(self, found: Published) -> None:
        """Take in how many officers opened files, by the region of the files, and how many did not."""
        files = set(ImsFile.objects.of_year(self.year).values_list("officer", "region__code"))
        users = {officer for officer, _region in files}
        of_year = {row.officer_id for row in self.served}
        serving = [
            row for row in self.officers if row.start <= self.day and (row.end or date.max) >= self.year.first_day
        ]
        work = work_of(self.reader, self.year)
        for region in (ALL, *self.regions):
            opened = {officer for officer, code in files if region in (ALL, code)}
            behind = {row["group"]: row for row in work.behind(region)}
            for slug in ("exhibit-7", "exhibit-8"):
                for line in self.rows(slug, region)[0]:
                    assert line["officers"] == behind[line["group"]]["officers"]
            for group, line in behind.items():
                in_group = {
                    Group.JFO: lambda o: o.pk in of_year,
                    Group.NON_JFO: lambda o: o.pk not in of_year,
                    Group.ALL: lambda _o: True,
                }[Group(group)]
                vector = {("officer", o.pk): 1 for o in self.officers if o.pk in opened and in_group(o)}
                found.add(f"users {region} {group}", vector, line["officers"], is_own=region in self.own)
                vector = {
                    ("officer", o.pk): 1
                    for o in serving
                    if o.pk not in users and in_group(o) and region in (ALL, self.home[o.pk])
                }
                found.add(f"without {region} {group}", vector, line["without_files"])

    # Files

    def files(self, kind: str = "", status: str = "") -> Published:
        """Return the files of a kind or a status, from the means and the officers they are of."""
        found = Published()
        counts: dict[Unknown, int] = defaultdict(int)
        for officer, code, kind_of, status_of in ImsFile.objects.of_year(self.year).values_list(
            "officer", "region__code", "kind", "status"
        ):
            opened = ("files", officer, code)
            counts[opened] += kind in ("", kind_of) and status in ("", status_of)
            if {*self.told[officer], code} & self.own:
                found.known.add(opened)
        found.truth = counts
        of_year = {row.officer_id for row in self.served}
        for region in (ALL, *self.regions):
            for line in self.rows("exhibit-8" if status else "exhibit-7", region)[0]:
                vector = {
                    unknown: 1
                    for unknown in counts
                    if region in (ALL, unknown[2])
                    and {"jfo": unknown[1] in of_year, "non_jfo": unknown[1] not in of_year, "all": True}[line["group"]]
                }
                mean = line[status or kind or "total"]
                value = None if mean is None else Decimal(str(mean)) * line["officers"]
                rounding = Fraction(line["officers"] or 0, 20)
                found.add(f"files {region} {line['group']}", vector, value, rounding)
        return found

    def everything(self) -> Iterator[tuple[str, Published]]:
        fte, officers = self.fte(), self.officers_counted()
        yield "FTE and salaries", fte
        yield "officers", officers
        yield "files", self.files()
        yield "officers taken for their FTE", self._together(fte, officers)

    def _together(self, fte: Published, officers: Published) -> Published:
        """Return both as one: an officer counts as the FTE of the posts, unless one of them is known."""
        known = fte.known | officers.known
        posts: dict[int, list[Unknown]] = defaultdict(list)
        for post in self.posts:
            unknown: Unknown = ("fte", post.officer_id, post.jfo.code)
            if self.told[post.officer_id] & self.own or unknown not in known:
                posts[post.officer_id].append(unknown)

        def as_fte(vector: Mapping[Unknown, Any]) -> dict[Unknown, Any]:
            return {
                instead: weight
                for unknown, weight in vector.items()
                for instead in posts.get(unknown[1], []) or [unknown]
            }

        return Published(
            known=known,
            shown=fte.shown + [(name, as_fte(vector)) for name, vector in officers.shown],
            cells=fte.cells | {name: as_fte(vector) for name, vector in officers.cells.items()},
            own=officers.own,
        )


MANAGERS = ("que.manager", "gta.manager", "atl.manager")
YEARS = (FiscalYear(2010), FiscalYear(2009))


@pytest.mark.parametrize("year", YEARS, ids=str)
@pytest.mark.parametrize("username", MANAGERS)
def test_nothing_that_is_shown_gives_few_officers_away(username: str, year: FiscalYear) -> None:
    world = World(User.objects.get(username=username), year)
    for name, published in world.everything():
        assert published.shown or year != YEARS[0]
        assert published.given_away() == [], name


@pytest.mark.parametrize(("kind", "status"), [(ImsKind.CASE, ""), (ImsKind.ORS, ""), ("", ImsStatus.CLOSED)])
def test_no_kind_or_status_of_files_gives_them_away(kind: str, status: str) -> None:
    published = World(User.objects.get(username="que.manager"), YEARS[0]).files(kind, status)
    assert published.shown
    assert published.given_away() == []


def test_a_manager_of_two_regions_finds_out_no_more(que_manager: User) -> None:
    que_manager.regions.add(Region.objects.get(code="NOR"))
    for name, published in World(que_manager, YEARS[0]).everything():
        assert published.given_away() == [], name


def test_the_solver_finds_the_few_where_nothing_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publication, "hidden_from", lambda *args, **options: publication.NOTHING)
    for _name, published in World(User.objects.get(username="que.manager"), YEARS[0]).everything():
        assert published.given_away()


def test_one_cell_shown_too_many_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """QUE's manager is not told of ATL's salaries, which the total less the other regions' would be."""
    real = publication.hidden_from

    def leaky(*args: Any) -> publication.Hidden:
        found = real(*args)
        return publication.Hidden(found.keys - {("*", "PRA")})

    monkeypatch.setattr(publication, "hidden_from", leaky)
    assert World(User.objects.get(username="que.manager"), YEARS[0]).fte().given_away()


# Days and years of which nothing is shown


@pytest.mark.parametrize("day", [date(2010, 3, 30), date(2010, 4, 1), date(2011, 3, 30), date(2012, 3, 31)])
def test_on_other_days_a_manager_is_shown_own_regions_alone(que_manager: User, day: date) -> None:
    """Otherwise yesterday's total less today's would be the one officer who left; not even who has none is told."""
    figures = ("fb_03", "fb_04", "fb_05", "total")
    report = reports.get("exhibit-1")
    for region in (None, "PAC", "ATL", "NHQ"):
        parameters = Parameters(day, FiscalYear.of(day), region)
        own = {"FAE", "SPVM-JFO", "RAC"} if region is None else set()
        found = report.rows(que_manager, parameters)
        told = {row["jfo"] for row in found if any(row[name] is not None for name in figures)}
        assert told <= own | set(Assignment.objects.filter(jfo__region__code="QUE").values_list("jfo__code", flat=True))
        totals = report.totals(found, que_manager, parameters)
        assert set(totals.values()) == {None}
    assert all(
        value is not None
        for row in report.rows(que_manager, Parameters(day, FiscalYear.of(day), "QUE"))
        for value in (row[name] for name in figures)
    )
    for row in capacity_on(Region.objects.filter(regions_on(day)), que_manager, day):
        names = ("in_service", "IO", "officers", "assigned", "free", "ever", "filled", "unfilled")
        is_own = row.region is not None and row.region.code == "QUE"
        assert {row.shown(name) is not None for name in names} == {is_own}
    assert tenure_figures(que_manager, day, None, None).officers is None
    assert tenure_figures(que_manager, day, None, "PAC").bands[0][1] is None
    assert tenure_figures(que_manager, day, "CI", "NHQ").of_others
    assert tenure_figures(que_manager, day, None, "QUE").officers is not None


@pytest.mark.parametrize("slug", ["exhibit-7", "exhibit-8", "exhibit-11", "exhibit-12"])
def test_of_a_year_that_has_not_ended_a_manager_is_shown_own_regions_alone(que_manager: User, slug: str) -> None:
    year = FiscalYear(2011)
    rows.assignment(rows.officer("GTA"), "FAE", date(2011, 4, 1))
    found = reports.get(slug).rows(que_manager, Parameters(year.first_day, year))
    for row in found:
        if row.get("region") != "QUE":
            assert row.get("salaries", row.get("case")) is None
    own = reports.get(slug).rows(que_manager, Parameters(year.first_day, year, "QUE"))
    assert not any(row["hidden"] for row in own)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "shown for fiscal years that have ended, and for the last day of each: the latest"),
        ("fr", "exercices terminés"),
    ],
)
def test_the_page_says_which_day_to_choose(
    client_of: Callable[[User], Any], que_manager: User, nhq_reviewer: User, language: str, sentence: str
) -> None:
    addresses = ("capacity/", "tenure/?function=all", "reports/exhibit-1/")
    for address in addresses:
        asked = f"/{language}/{address}{'&' if '?' in address else '?'}as_of=2010-12-31"
        page = client_of(que_manager).get(asked).content.decode().replace("\xa0", " ")
        assert sentence in page
        assert "2010-03-31" in page
        assert sentence not in client_of(nhq_reviewer).get(asked).content.decode().replace("\xa0", " ")


# Small worlds


def test_officers_more_hide_and_show_but_are_never_given_away(que_manager: User) -> None:
    """Strangers on an own JFO, on that and another, with files in two regions, for part of a year: solved anew."""
    for number, region in enumerate(("ATL", "PRA", "NOR", "WSC", "PAC")):
        officer = rows.officer(region, start=date(2009, 1, 1))
        rows.level(officer, Level.FB_05, date(2009, 1, 1))
        there = Assignment.objects.filter(jfo__region__code=region)[0].jfo.code
        if number % 2:
            rows.assignment(officer, there, date(2009, 6, 1), fte=Decimal("0.40"))
        if number != 2:
            rows.assignment(officer, "FAE", date(2010, 6, 1), fte=Decimal("0.50"))
        rows.file(officer, date(2010, 6, 1))
        elsewhere = rows.file(officer, date(2010, 7, 1))
        ImsFile.objects.filter(pk=elsewhere.pk).update(region=Region.objects.get(code="QUE" if number else "GTA"))
    gone = rows.officer("GTA", start=date(2009, 1, 1), end=date(2010, 12, 31))
    rows.file(gone, date(2010, 6, 1))
    for name, published in World(que_manager, YEARS[0]).everything():
        assert published.given_away() == [], name


def test_officers_who_moved_are_never_given_away_to_the_others(que_manager: User, atl_manager: User) -> None:
    """To another region than the reader's, to the reader's and from there, since the year ended: solved anew."""
    jfo = {code: Assignment.objects.filter(jfo__region__code=code)[0].jfo.code for code in ("GTA", "ATL", "QUE", "WSC")}
    for home, target in (("GTA", "ATL"), ("QUE", "GTA"), ("ATL", "QUE"), ("WSC", "PRA")):
        for number in range(3):
            officer = rows.officer(home, start=date(2009, 1, 1))
            rows.level(officer, Level.FB_05, date(2009, 1, 1))
            if number:
                rows.assignment(officer, jfo[home], date(2009, 6, 1), fte=Decimal("0.50"))
                rows.file(officer, date(2009, 7, 1))
            actions.move_officer(officer, by=None, region=Region.objects.get(code=target), day=date(2010, 9, 1))
    for manager in (que_manager, atl_manager):
        for name, published in World(manager, FiscalYear(2009)).everything():
            assert published.given_away() == [], name


people = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.sampled_from("12"), st.booleans()), max_size=45
)


@given(people)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=120)
def test_no_tables_of_any_people_give_few_of_them_away(found: list[tuple[str, str, str, bool]]) -> None:
    """Two tables share an axis, a third a part of the people: the solver finds out nobody, and no small cell."""
    cells: dict[tuple[str, tuple[str, ...]], Cell] = {}
    vectors: dict[tuple[str, tuple[str, ...]], dict[Unknown, int]] = defaultdict(dict)
    for number, (one, two, three, is_in) in enumerate(found):
        for table, key in (("first", (one, two)), ("second", (two, three)), *([("third", (one,))] if is_in else [])):
            for cell in with_sums(key):
                cells.setdefault((table, cell), Cell(table, cell)).sums[""][Atom("m", number)] = 1
                vectors[table, cell][("m", number)] = 1
    hidden = hidden_cells(cells.values(), FEW)
    published = Published(truth={("m", number): 1 for number in range(len(found))})
    for (table, key), vector in vectors.items():
        published.add(f"{table} {key}", vector, None if key in hidden.get(table, ()) else len(vector))
    assert published.given_away() == []
    # Nor is what one cell has and another has not.
    solver = Solver()
    for _name, vector in published.shown:
        solver.add(vector)
    for (_one, first), (_two, second) in product(published.shown, repeat=2):
        if second.keys() < first.keys() and len(first) - len(second) < FEW:
            assert not solver.solves(dict.fromkeys(first.keys() - second.keys(), 1))


@given(st.lists(st.integers(FEW, 30), min_size=1, max_size=6), st.integers(1, 3))
def test_nothing_is_hidden_where_every_cell_stands_for_enough(sizes: list[int], axes: int) -> None:
    cells: dict[tuple[str, ...], Cell] = {}
    for line, size in enumerate(sizes):
        for number in range(size):
            for cell in with_sums((str(line),) * axes):
                cells.setdefault(cell, Cell("t", cell)).sums[""][Atom("m", 100 * line + number)] = 1
    assert hidden_cells(cells.values(), FEW) == {}
