"""Exhibit 5 as of every day of a year equals what the live page showed on that day."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from jfo_portal.kit import reports
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.reports import Parameters
from registry.models import JFO, Agency, User
from wca.models import Arrangement, Coverage, Signatory

pytestmark = pytest.mark.django_db

FIRST, LAST = date(2010, 4, 1), date(2011, 3, 31)
EXHIBIT = "/en/reports/exhibit-5/"


class Year:
    """Acts on arrangements, each recorded on the day on which it happens and effective no earlier."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.jfos = list(JFO.objects.as_of(FIRST).order_by("code"))
        self.parties = list(Agency.objects.filter(key__in=["CBSA", "RCMP", "SQ"]).order_by("key"))
        self.number = 0
        self.done: set[str] = set()

    def live(self, day: date) -> None:
        """Do one of the acts, or none."""
        act = self.chance.choice(
            [self.begin, self.sign, self.sign, self.expire, self.terminate, self.supersede, self.leave]
        )
        if act(day):
            self.done.add(act.__name__)

    def _in_force(self, day: date) -> Arrangement | None:
        rows = list(Arrangement.objects.in_force_on(day).order_by("reference"))
        return self.chance.choice(rows) if rows else None

    def begin(self, day: date) -> bool:
        self.number += 1
        row = Arrangement(
            reference=f"WCA-2010-9{self.number:03}",
            title_en="Made up",
            title_fr="Fictive",
            effective=day + timedelta(days=self.chance.randrange(30)),
        ).save_as(None)
        for party in self.parties:
            Signatory(arrangement=row, agency=party).save_as(None)
        for jfo in self.chance.sample(self.jfos, 3):
            Coverage(arrangement=row, jfo=jfo, start=day + timedelta(days=self.chance.randrange(20))).save_as(None)
        return True

    def sign(self, day: date) -> bool:
        row = Signatory.objects.filter(signed_on=None).order_by("pk").first()
        if row is None:
            return False
        row.signed_on = day
        row.save_as(None)
        return True

    def expire(self, day: date) -> bool:
        row = self._in_force(day)
        if row is None:
            return False
        row.expiry = day + timedelta(days=self.chance.randrange(40))
        row.save_as(None)
        return True

    def terminate(self, day: date) -> bool:
        row = self._in_force(day)
        if row is None:
            return False
        row.terminated_on = day
        row.save_as(None)
        return True

    def supersede(self, day: date) -> bool:
        older, newer = self._in_force(day), self._in_force(day)
        if older is None or newer is None or older == newer:
            return False
        older.superseded_by, older.superseded_on = newer, day
        older.save_as(None)
        return True

    def leave(self, day: date) -> bool:
        row = Coverage.objects.as_of(day).filter(end=None, start__lt=day).order_by("pk").first()
        if row is None:
            return False
        row.end = day - timedelta(days=self.chance.randrange(2))
        row.save_as(None)
        return True


def shown(client: Client, **asked: str) -> dict[str, Any]:
    """Return which JFOs the page shows covered."""
    response = client.get(EXHIBIT, {"format": "json", **asked})
    assert response.status_code == 200
    rows = response.json()["rows"]
    return {row["jfo"]: row["wca"] == "yes" for row in rows}


def test_exhibit_5_on_every_day_equals_what_the_live_page_showed_that_day(
    client_of: Callable[[User], Client], nhq_reviewer: User, settings: Any
):
    client, year = client_of(nhq_reviewer), Year(2010)
    live = {}
    day = FIRST
    while day <= LAST:
        settings.TODAY = day
        for _n in range(year.chance.randrange(3)):
            year.live(day)
        live[day] = shown(client)
        day += timedelta(days=1)
    assert year.done == {"begin", "sign", "expire", "terminate", "supersede", "leave"}
    changes = sum(live[one] != live[one + timedelta(days=1)] for one in live if one < LAST)
    assert changes > 50
    exhibit = reports.get("exhibit-5")
    for one, then in live.items():
        rows = exhibit.rows(nhq_reviewer, Parameters(one, FiscalYear.of(one)))
        assert {row["jfo"]: row["wca"] for row in rows} == then, one
    for one in list(live)[::30]:
        assert shown(client, as_of=str(one)) == live[one], one
