"""Made-up JFOs and arrangements in any number beside the demonstration's, for the gap report.

Nothing of it is about anybody. The same numbers give the same rows: as of the demonstration's, two JFOs in three are
covered, and nearly every arrangement is assessed against each part of the information-sharing clauses.
"""

import random
from collections.abc import Sequence
from datetime import date
from itertools import cycle, islice
from typing import Any

from django.core.management import call_command
from django.db import connection, models, transaction

from registry.models import JFO, Agency, Participation, ParticipationRole, Program, Region, User
from wca import guards
from wca.measures.coverage import INFORMATION_SHARING
from wca.models import Arrangement, Assessment, ClausePart, Coverage, Finding, Signatory, Verdict

from .made_up import vacuum

_START, _ASSESSED, _APPROVED = date(2005, 4, 1), date(2010, 12, 1), date(2011, 1, 10)
_BATCH = 2000
_COVERED, _ASSESSED_SHARE = 0.63, 0.88


def fill(jfos: int) -> None:
    """Load the demonstration into the empty database, and add made-up JFOs up to so many, with arrangements for two in
    five."""
    call_command("load_demo", verbosity=0)
    chance = random.Random(jfos)
    with connection.schema_editor() as editor:
        guards.uninstall(None, editor)
    with transaction.atomic():
        named = _jfos(jfos - JFO.objects.count())
        wanted = jfos * 2 // 5 - Arrangement.objects.count()
        if named:
            _assess(_arrangements(wanted, named, chance), chance)
    with connection.schema_editor() as editor:
        guards.install(None, editor)
    vacuum()


def _insert(model: type[models.Model], rows: Sequence[Any]) -> None:
    models.QuerySet(model).bulk_create(rows, batch_size=_BATCH)


def _jfos(number: int) -> list[JFO]:
    programs = list(Program.objects.order_by("code"))
    regions = list(Region.objects.filter(pk__in=JFO.objects.values("region")).order_by("code"))
    rows = [
        JFO(
            code=f"MADE-UP-{n:05}",
            name_en=f"Made-up operation {n}",
            name_fr=f"Opération fictive {n}",
            program=programs[n % len(programs)],
            region=regions[n % len(regions)],
            start=_START,
        )
        for n in range(max(number, 0))
    ]
    _insert(JFO, rows)
    rcmp = Agency.objects.get(key="RCMP")
    _insert(
        Participation, [Participation(jfo=row, agency=rcmp, role=ParticipationRole.LEAD, start=_START) for row in rows]
    )
    return rows


def _arrangements(number: int, jfos: Sequence[JFO], chance: random.Random) -> list[Arrangement]:
    rows = [
        Arrangement(
            reference=f"WCA-1999-{n:04}",
            title_en=f"Made-up arrangement {n}",
            title_fr=f"Entente fictive {n}",
            effective=_START,
            expiry=date(2014, 3, 31) if n % 3 else None,
        )
        for n in range(1, number + 1)
    ]
    _insert(Arrangement, rows)
    agencies = list(Agency.objects.filter(key__in=["CBSA", "RCMP"]))
    _insert(
        Signatory,
        [Signatory(arrangement=row, agency=agency, signed_on=_START) for row in rows for agency in agencies],
    )
    covered = [jfo for jfo in jfos if chance.random() < _COVERED]
    pairs = zip(covered, islice(cycle(rows), len(covered)), strict=True)
    _insert(Coverage, [Coverage(arrangement=row, jfo=jfo, start=_START) for jfo, row in pairs])
    return rows


def _assess(arrangements: Sequence[Arrangement], chance: random.Random) -> None:
    parts = list(ClausePart.objects.filter(clause__clause_set__code=INFORMATION_SHARING).select_related("clause"))
    author, approver = (User.objects.get(username=f"nhq.{name}") for name in ("reviewer", "approver"))
    rows = [
        Assessment(
            arrangement=row,
            clause_set_id=parts[0].clause.clause_set_id,
            assessed_on=_ASSESSED,
            author=author,
            approved_by=approver,
            approved_on=_APPROVED,
        )
        for row in arrangements
        if chance.random() < _ASSESSED_SHARE
    ]
    _insert(Assessment, rows)
    _insert(Finding, [_finding(row, part, chance) for row in rows for part in parts])


def _finding(assessment: Assessment, part: ClausePart, chance: random.Random) -> Finding:
    if chance.random() < 0.5:
        return Finding(assessment=assessment, part=part, verdict=Verdict.NOT_MET)
    return Finding(assessment=assessment, part=part, verdict=Verdict.MET, quotation="So it is.", place="p. 1")
