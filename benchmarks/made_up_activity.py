"""Made-up officers and their IMS files in any number, in place of the demonstration's: for the figures of activity.

Nothing of it is about anybody. The same number gives the same rows. In each of ten fiscal years every officer opens 47
files, as the evaluation's IMS users do on average, of the kinds and statuses that it found; one officer in eight is on
a JFO throughout, as 43 of 346 were. So 10,000 files are the work of 21 officers, and 5,000,000 that of 10,638, less or
more the files of one officer. The database itself makes the files, in one statement, and has no versions of them.
"""

from datetime import date

from django.core.management import call_command
from django.db import connection, models, transaction

from jfo_portal.kit.grouping import grouped
from performance.models import ActivityCount, ImsFile
from performance.recounting import recount
from registry import guards
from registry.models import JFO, Assignment, Officer, OfficerFunction, OfficerRegion, Participation, Region

from .made_up import clear, insert, posting, vacuum

YEARS = range(2001, 2011)
FILES_EACH = 47
ON_JFO_EVERY = 8
_FIRST = date(2001, 4, 1)
# Of a hundred files: cases, occurrences, projects and ORS entries, in that order; then the statuses.
_KINDS = (("case", 45), ("occurrence", 76), ("project", 78), ("ors", 100))
_STATUSES = (("active", 62), ("closed", 84), ("cancelled", 87), ("pending", 96), ("unspecified", 100))


def fill(files: int) -> None:
    """Load the demonstration into the empty database, and put so many made-up files in place of its own."""
    call_command("load_demo", verbosity=0)
    with connection.schema_editor() as editor:
        guards.uninstall(None, editor)
    with transaction.atomic():
        clear(ActivityCount)
        clear(Officer)
        _officers(round(files / (FILES_EACH * len(YEARS))))
        with connection.cursor() as cursor:
            cursor.execute(_files_sql())
        recount()
    with connection.schema_editor() as editor:
        guards.install(None, editor)
    vacuum()


def _officers(number: int) -> None:
    """Insert officers of every region in turn, and the assignments of one in eight."""
    for kind in (JFO, Participation):
        models.QuerySet(kind).update(start=_FIRST, end=None)
    jfos = grouped(JFO.objects.order_by("code"), lambda jfo: jfo.region_id)
    homes = list(Region.objects.filter(pk__in=jfos).order_by("code"))
    functions = OfficerFunction.values
    officers = insert(
        Officer,
        (
            Officer(
                number=f"B-{n:06}",
                family_name=f"Essai-{n % 5000:04}",
                given_name=f"Ana-{n % 500:03}",
                function=functions[n % len(functions)],
                region=homes[n % len(homes)],
                start=_FIRST,
            )
            for n in range(number)
        ),
    )
    insert(OfficerRegion, map(posting, officers))
    insert(
        Assignment,
        (
            Assignment(officer=officer, jfo=(own := jfos[officer.region_id])[n % len(own)], start=_FIRST)
            for n, officer in enumerate(officers)
            # Some of every region, however many regions there are.
            if (n // len(homes) + n) % ON_JFO_EVERY == 0
        ),
    )


def _files_sql() -> str:
    """Return the statement that inserts the files of every officer."""
    opened = "date(y.year || '-04-01', '+' || ((o.id * 37 + f.copy * 7) % 365) || ' days')"
    if connection.vendor == "postgresql":
        opened = "make_date(y.year, 4, 1) + ((o.id * 37 + f.copy * 7) % 365)::int"
    # Primes, so that kinds, statuses and days do not go together.
    kind, status = (
        f"CASE {' '.join(f'''WHEN {mixed} < {below} THEN '{name}' ''' for name, below in names)} END"
        for mixed, names in (
            ("(o.id * 31 + f.copy * 61 + y.year) % 100", _KINDS),
            ("(o.id * 17 + f.copy * 29 + y.year * 3) % 100", _STATUSES),
        )
    )
    return f"""
        INSERT INTO {ImsFile._meta.db_table}
            (number, officer_id, region_id, kind, status, opened_on, entered_on, fiscal_year)
        WITH RECURSIVE
            years(year) AS (SELECT {YEARS[0]} UNION ALL SELECT year + 1 FROM years WHERE year < {YEARS[-1]}),
            copies(copy) AS (SELECT 1 UNION ALL SELECT copy + 1 FROM copies WHERE copy < {FILES_EACH})
        SELECT
            'B-' || o.id || '-' || y.year || '-' || f.copy, o.id, o.region_id, {kind}, {status}, {opened}, NULL, y.year
        FROM registry_officer o CROSS JOIN years y CROSS JOIN copies f
    """
