"""Made-up officers, levels, assignments and IMS files in any number, in place of the demonstration's.

Nothing of it is about anybody. The same number gives the same rows. Five assignments an officer, one after
another from 2001 to 2013, two of them at once; every region has as many officers as another. Regions, JFOs,
programs, risks, arrangements and users are those of the demonstration. Rows are written in bulk, and their
histories by one INSERT … SELECT each.
"""

import random
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.management import call_command
from django.db import connection, models, transaction

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from performance.models import ActivityCount, ImsFile, ImsKind, ImsStatus
from performance.recounting import recount
from registry import guards
from registry.models import (
    JFO,
    Assignment,
    EndReason,
    Level,
    Officer,
    OfficerFunction,
    OfficerLevel,
    OfficerRegion,
    Participation,
    Region,
)

ASSIGNMENTS_EACH = 5
_FIRST, _LAST = date(2001, 1, 1), date(2013, 12, 31)
_DAYS = (_LAST - _FIRST).days
_FTE = [Decimal("1.00")] * 6 + [Decimal("0.50")] * 3 + [Decimal("0.30")]
_FILES_EACH = 6
_BATCH = 2000


def fill(officers: int) -> None:
    """Load the demonstration into the empty database, and put so many made-up officers in place of its own."""
    call_command("load_demo", verbosity=0)
    with connection.schema_editor() as editor:
        guards.uninstall(None, editor)
    with transaction.atomic():
        clear(ActivityCount)
        clear(Officer)
        _write(officers)
        recount()
    with connection.schema_editor() as editor:
        guards.install(None, editor)
    vacuum()


def vacuum() -> None:
    """Do what PostgreSQL's autovacuum does of itself, a minute later."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def clear(model: type[models.Model]) -> None:
    """Delete all rows of the model, and those that belong to them first; their histories stay."""
    for relation in model._meta.related_objects:
        if relation.related_model is not model and not hasattr(relation.related_model, "tracked_fields"):
            clear(relation.related_model)
    rows: models.QuerySet = models.QuerySet(model)
    rows._raw_delete(rows.db)


def _write(number: int) -> None:
    chance = random.Random(number)
    # Every JFO goes on all the while, and officers serve on those of their own region.
    for kind in (JFO, Participation):
        models.QuerySet(kind).update(start=_FIRST, end=None)
    jfos = grouped(JFO.objects.order_by("code"), lambda jfo: jfo.region_id)
    homes = list(Region.objects.filter(pk__in=jfos).order_by("code"))

    officers = insert(Officer, (_officer(n, homes[n % len(homes)], chance) for n in range(number)))
    insert(OfficerRegion, map(posting, officers))
    insert(OfficerLevel, (level for officer in officers for level in _levels(officer, chance)))
    insert(
        Assignment,
        (row for officer in officers for row in _assignments(officer, jfos[officer.region_id], chance)),
    )
    insert(ImsFile, (file for officer in officers for file in _files(officer, chance)))
    for model in (Officer, OfficerRegion, OfficerLevel, Assignment, ImsFile):
        _record(model)


def insert(model: type[models.Model], rows: Iterable[Any]) -> list[Any]:
    """Insert the rows, without the history that `_record` adds for all at once."""
    return models.QuerySet(model).bulk_create(rows, batch_size=_BATCH)


def _officer(n: int, region: Region, chance: random.Random) -> Officer:
    return Officer(
        number=f"B-{n:06}",
        family_name=f"Essai-{chance.randrange(5000):04}",
        given_name=f"Ana-{chance.randrange(500):03}",
        function=chance.choice(OfficerFunction.values),
        region=region,
        start=_FIRST,
    )


def posting(officer: Officer) -> OfficerRegion:
    """Return the officer's region, the same for all of their service."""
    return OfficerRegion(officer=officer, region_id=officer.region_id, start=officer.start)


def _levels(officer: Officer, chance: random.Random) -> Iterator[OfficerLevel]:
    promoted = _FIRST + timedelta(days=chance.randrange(1000, _DAYS))
    yield OfficerLevel(officer=officer, level=Level.FB_03, start=_FIRST, end=promoted - timedelta(days=1))
    yield OfficerLevel(officer=officer, level=Level.FB_04, start=promoted)


def _assignments(officer: Officer, jfos: list[JFO], chance: random.Random) -> Iterator[Assignment]:
    """Yield the officer's assignments: four one after another, with gaps, and a fifth beside one of them."""
    starts = sorted(chance.sample(range(_DAYS), ASSIGNMENTS_EACH - 1))
    ends = [start - 1 - chance.randrange(20) for start in starts[1:]] + [_DAYS]
    places = chance.sample(jfos, min(2, len(jfos))) * 2
    doubled = chance.randrange(len(starts))
    for number, (first, last) in enumerate(zip(starts, ends, strict=True)):
        start, end = _FIRST + timedelta(days=first), _FIRST + timedelta(days=max(first, last))
        is_open = number == len(starts) - 1 and chance.random() < 0.7
        values = {
            "officer": officer,
            "start": start,
            "end": None if is_open else end,
            "end_reason": "" if is_open else EndReason.ROTATION,
            "review_on": date(2014, 4, 1) if is_open and chance.random() < 0.5 else None,
        }
        if number == doubled and len(places) > 2:
            yield Assignment(jfo=places[number], fte=Decimal("0.60"), **values)
            yield Assignment(jfo=places[number - 1], fte=Decimal("0.40"), **values)
        else:
            yield Assignment(jfo=places[number], fte=chance.choice(_FTE), **values)


def _files(officer: Officer, chance: random.Random) -> Iterator[ImsFile]:
    for _n in range(_FILES_EACH):
        opened_on = date(2009, 4, 1) + timedelta(days=chance.randrange(730))
        yield ImsFile(
            number=f"{officer.number}-{_n}",
            officer=officer,
            region=officer.region,
            kind=chance.choice(ImsKind.values),
            status=chance.choice(ImsStatus.values),
            opened_on=opened_on,
            fiscal_year=FiscalYear.of(opened_on).start_year,
        )


def _record(model: Any) -> None:
    """Write the first version of every row of the model."""
    history = model.history.model
    quote = connection.ops.quote_name
    columns = [quote(field.column) for field in history.tracked_fields]
    said = {
        "history_type": "+",
        "history_change_reason": "made up",
        "door": "command",
        "who": "",
        "related_words": "{}",
    }
    sql = (
        f"INSERT INTO {quote(history._meta.db_table)} ({', '.join([*columns, 'history_date', *said])}) "
        f"SELECT {', '.join([*columns, 'CURRENT_TIMESTAMP', *('%s' for _value in said.values())])} "
        f"FROM {quote(model._meta.db_table)}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, list(said.values()))
