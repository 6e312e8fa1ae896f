"""The import of participations: which agency takes part in which JFO, as what, from when to when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.imports.fields import ChoiceField, DateField, ForeignKeyField
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, chunks, lock_table, register
from jfo_portal.kit.periods import day_without

from ..models import JFO, Agency, Participation, ParticipationRole, Role
from ..models.partners import OWN_AGENCY
from .agencies import AgencyField
from .rows import is_sure, is_written, lines_of, require_region, touches


@dataclass(frozen=True, eq=False)
class Part:
    """A participation as it would be, and its row of the file; None where the file does not speak of it."""

    participation: Participation
    row: PreviewRow | None = None

    @property
    def start(self) -> date:
        return self.participation.start

    @property
    def end(self) -> date | None:
        """Its last day; where a wrong cell leaves that unknown, the first, on which it surely holds."""
        return self.participation.end if is_sure(self.row, "end") else self.start


def lead(row: Participation) -> bool:
    """Return whether the agency leads."""
    return row.role == ParticipationRole.LEAD


def is_own(row: Participation) -> bool:
    """Return whether it is the CBSA that takes part."""
    return row.agency.key == OWN_AGENCY


@register
class ParticipationResource(Resource):
    """Participations: JFO, agency and first day tell which one a row means."""

    class Meta:
        model = Participation
        slug = "participations"
        title = gettext_lazy("Agencies in JFOs")
        key = ("jfo", "agency", "start")
        roles = frozenset({Role.ADMINISTRATOR})

    jfo = ForeignKeyField(
        label_en="JFO",
        label_fr="OPC",
        lookup="code",
        also=("name_en", "name_fr"),
        queryset=lambda user: JFO.objects.visible_to(user).select_related("region"),
        example="IBET-QUE-1",
        help_text=gettext_lazy("The JFO's code or name."),
    )
    agency = AgencyField(
        label_en="Agency",
        label_fr="Organisme",
        example="OPP",
        help_text=gettext_lazy("By its key, its names or any other spelling on record."),
    )
    role = ChoiceField(
        label_en="Part",
        label_fr="Rôle",
        required=True,
        example="Partner",
        help_text=gettext_lazy("On every day a JFO has a lead, which is no group, and the CBSA."),
    )
    start = DateField(
        label_en="First day",
        label_fr="Premier jour",
        example="2011-05-02",
        help_text=gettext_lazy("A row with another first day is another participation."),
    )
    end = DateField(
        label_en="Last day",
        label_fr="Dernier jour",
        help_text=gettext_lazy("The last day on which the agency takes part; empty while it goes on."),
    )

    def importable(self) -> models.QuerySet:
        return super().importable().order_by("jfo__code", "agency__key", "start")

    def lock(self) -> None:
        # An agency becomes no group meanwhile, and no JFO lasts longer.
        lock_table(Agency, "SHARE")
        lock_table(JFO, "SHARE")
        super().lock()

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        written = {row["jfo"].pk for row in rows if is_written(row)}
        stored = self._stored(written)
        for jfo_id, of_file in grouped((row for row in rows if row["jfo"].pk in written), _jfo_of).items():
            before = stored.get(jfo_id, [])
            named = {row.instance.pk for row in of_file}
            after = [Part(row.instance, row) for row in of_file]
            after += [Part(participation) for participation in before if participation.pk not in named]
            for row in of_file:
                if is_written(row):
                    require_region(row, row["jfo"].region, self.user, name="jfo")
                    _check_agency(row)
            _check_one_a_day(after)
            _check_whole(of_file[0]["jfo"], before, after)

    def _stored(self, jfo_ids: Iterable[int]) -> dict[int, list[Participation]]:
        """Return the participations of the JFOs as they are, by JFO."""
        found = [
            row
            for ids in chunks(jfo_ids)
            for row in Participation.objects.filter(jfo__in=ids).select_related("agency").order_by("start")
        ]
        return grouped(found, lambda row: row.jfo_id)


def _jfo_of(row: PreviewRow) -> int:
    return int(row["jfo"].pk)


def _check_agency(row: PreviewRow) -> None:
    """Refuse a group that leads."""
    if touches(row, "role") and row.knows("role"):
        try:
            row.instance.check_agency()
        except ValidationError as error:
            row.refuse(_("%(sentence)s Name the force that leads.") % {"sentence": " ".join(error.messages)}, "agency")


def _check_one_a_day(parts: Sequence[Part]) -> None:
    """Refuse a second part of an agency in the JFO on one day."""
    for of_agency in grouped(parts, lambda part: part.participation.agency_id).values():
        ordered = sorted(of_agency, key=lambda part: part.start)
        for before, after in pairwise(ordered):
            if before.end is not None and before.end < after.start:
                continue
            for part, other, name in ((after, before, "start"), (before, after, "end")):
                row = part.row
                if row is None or not touches(row, "end") or not is_sure(other.row, "role", "end"):
                    continue
                sentence = _(
                    "%(agency)s takes part as %(role)s from %(start)s on already; correct or end that first."
                ) % {
                    "agency": row["agency"].short,
                    "role": other.participation.get_role_display(),
                    "start": other.start,
                }
                row.refuse(_with_lines(sentence, [other.row]), name)


def _with_lines(sentence: str, rows: Sequence[PreviewRow | None]) -> str:
    lines = lines_of(rows)
    if not lines:
        return sentence
    there = ngettext("See row %(lines)s of the file.", "See rows %(lines)s of the file.", lines.count(",") + 1)
    return f"{sentence} {there % {'lines': lines}}"


def _check_whole(jfo: JFO, before: Sequence[Participation], after: Sequence[Part]) -> None:
    """Refuse what would leave the JFO a day without lead or CBSA that is not one already (domain rule 6).

    Where a wrong cell may hold what fills the gap, that is corrected first.
    """
    if not all(is_sure(part.row, "role", "end") for part in after):
        return
    for is_meant, sentence in (
        (lead, _("On %(day)s the JFO would have no lead. Name another lead from that day on first.")),
        (is_own, _("On %(day)s the CBSA would not take part in the JFO, which goes on on that day.")),
    ):
        was = day_without([row for row in before if is_meant(row)], jfo.start, jfo.end)
        day = day_without([part for part in after if is_meant(part.participation)], jfo.start, jfo.end)
        if day is None or (was is not None and was <= day):
            continue
        held = {row.pk for row in before if is_meant(row) and row.holds_on(day)}
        for part in after:
            # The row that held the day, and does so no longer.
            if part.row is not None and part.participation.pk in held:
                name = "role" if "role" in part.row.changed_names and not is_meant(part.participation) else "end"
                part.row.refuse(sentence % {"day": day}, name)
