"""Arrangements that are needed: an entry in the register for every active JFO that none covers and none on its way
names.

The entry is made by `manage.py daily`, by nobody's hand, and goes on as any other arrangement (wca.lifecycle).
"""

from collections.abc import Iterable
from datetime import date

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from jfo_portal.kit.changesets import ChangeSet, act
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.history import Door
from jfo_portal.kit.periods import ONE_DAY
from registry.models import JFO, Agency, Participation, ParticipationRole, User
from registry.models.jfos import JFOQuerySet
from registry.models.partners import OWN_AGENCY

from . import lifecycle, numbering
from .measures.coverage import covered_on
from .models import Arrangement, ArrangementKind, Coverage, Signatory, Stage, Step


def open_needed(day: date, by: User | None = None, reason: str = "") -> list[Arrangement]:
    """Make an entry for each JFO that is active on the day, is not covered and has no arrangement on its way; return
    them.

    Of two who do it at once the second finds what the first made. Nothing is written where nothing is needed.
    """
    if not _without(JFO.objects.all(), day):
        return []
    with act(by, reason=reason, door=Door.COMMAND) as change:
        # Locked first, in the order of their keys, and then looked at again.
        list(JFO.objects.as_of(day).select_for_update(of=("self",), no_key=True).order_by("pk"))
        jfos = _without(JFO.objects.all(), day)
        leads = _leads(jfos, day)
        since = _since(jfos, day)
        return [_open(jfo, since[jfo.pk], leads.get(jfo.pk, []), day, change) for jfo in jfos]


def _without(jfos: JFOQuerySet, day: date) -> list[JFO]:
    """Return those of the JFOs that nothing covers on the day and nothing on its way names then, by code; two queries,
    and two for what names them."""
    uncovered = list(jfos.as_of(day).exclude(pk__in=covered_on(day)).order_by("code"))
    naming = Coverage.objects.as_of(day).filter(jfo__in=uncovered).select_related("arrangement")
    rows = naming.prefetch_related("arrangement__steps", "arrangement__signatories")
    named = {row.jfo_id for row in rows if lifecycle.is_on_its_way(row.arrangement, day)}
    return [jfo for jfo in uncovered if jfo.pk not in named]


def _since(jfos: Iterable[JFO], day: date) -> dict[int, date]:
    """Return the first day of each JFO's present spell without coverage, by its key; the JFOs are covered by nothing on
    the day."""
    rows = Coverage.objects.filter(jfo__in=jfos).select_related("arrangement")
    naming = grouped(rows.prefetch_related("arrangement__signatories"), lambda row: row.jfo_id)
    return {jfo.pk: _spell_start(jfo, naming.get(jfo.pk, []), day) for jfo in jfos}


def _spell_start(jfo: JFO, naming: Iterable[Coverage], day: date) -> date:
    start = jfo.start
    for row in naming:
        days = lifecycle.in_force_days(row.arrangement)
        if days is None:
            continue
        first, last = max(days[0], row.start), min(days[1] or date.max, row.end or date.max)
        if first <= last < day:
            start = max(start, last + ONE_DAY)
    return start


def _leads(jfos: Iterable[JFO], day: date) -> dict[int, list[Agency]]:
    """Return the agencies that lead each JFO on the day and can sign, by its key."""
    rows = Participation.objects.as_of(day).filter(jfo__in=jfos, role=ParticipationRole.LEAD, agency__is_group=False)
    found = grouped(rows.select_related("agency").order_by("agency__key"), lambda row: row.jfo_id)
    return {jfo: [row.agency for row in leading] for jfo, leading in found.items()}


def _open(jfo: JFO, since: date, leads: Iterable[Agency], day: date, change: ChangeSet) -> Arrangement:
    reference = numbering.issue(ArrangementKind.WCA, day.year)
    arrangement = change.save_row(Arrangement(reference=reference, kind=ArrangementKind.WCA, **_titles(jfo)))
    change.save_row(Step(arrangement=arrangement, stage=Stage.NEEDED, entered_on=since, recorded_on=day, by=change.by))
    change.save_row(Coverage(arrangement=arrangement, jfo=jfo, start=since))
    parties = {OWN_AGENCY: Agency.objects.get(key=OWN_AGENCY)} | {agency.key: agency for agency in leads}
    for agency in parties.values():
        change.save_row(Signatory(arrangement=arrangement, agency=agency))
    return arrangement


def _titles(jfo: JFO) -> dict[str, str]:
    """Return the title in both languages."""
    titles = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            titles[f"title_{language}"] = _("Arrangement needed for JFO %(jfo)s") % {"jfo": jfo.code}
    return titles
