"""The import of JFOs, each with the agencies that lead it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.imports.fields import (
    CellRefused,
    CodeField,
    DateField,
    ForeignKeyField,
    NamesField,
    TextField,
)
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, chunks, lock_table, register
from jfo_portal.kit.periods import day_without, today

from ..models import (
    JFO,
    Agency,
    Assignment,
    Establishment,
    Participation,
    ParticipationReview,
    ParticipationRole,
    ReviewDecision,
    Role,
)
from ..models.partners import OWN_AGENCY
from .agencies import AgencyField
from .participations import is_own, lead
from .rows import is_written, regions, require_code, require_region, require_region_in_being, touches
from .service import hold_officers


class LeadsField(NamesField):
    """The agencies that lead a JFO today, or on its first or last day if it does not go on; typed, a tuple of them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(AgencyField(label_en="agency", label_fr="organisme"), **options)

    def rule(self) -> str:
        return _("Agencies separated by |.")

    def read(self, cell: Any, *, decimal_comma: bool = False) -> tuple[Agency, ...]:
        leads: dict[int, Agency] = {}
        for agency in self.rows_named(self.names_in(cell)):
            try:
                Participation(agency=agency, role=ParticipationRole.LEAD).check_agency()
            except ValidationError as error:
                raise CellRefused(
                    _("%(sentence)s Name the force that leads.") % {"sentence": " ".join(error.messages)}
                ) from error
            if agency.pk in leads:
                raise CellRefused(_("%(agency)s stands here twice. Keep one of the two.") % {"agency": agency})
            leads[agency.pk] = agency
        return tuple(sorted(leads.values(), key=lambda agency: agency.key))

    def get_value(self, instance: Any) -> tuple[Agency, ...]:
        return self.of(instance)

    @staticmethod
    def of(instance: JFO) -> tuple[Agency, ...]:
        """Return the JFO's leads; it comes with its participations."""
        day = max(today(), instance.start)
        day = day if instance.end is None else min(day, instance.end)
        leads = {row.agency for row in instance.participations.all() if lead(row) and row.holds_on(day)}
        return tuple(sorted(leads, key=lambda agency: agency.key))

    def plain(self, value: Any) -> Any:
        return tuple(agency.key for agency in value or ())

    def words(self, value: Any) -> str:
        return super().words(" | ".join(self.plain(value)))

    def file_value(self, value: Any) -> Any:
        return " | ".join(self.plain(value)) or None


@register
class JFOResource(Resource):
    """JFOs. A new one comes with its leads and the CBSA, which take part from its first day to its last."""

    class Meta:
        model = JFO
        slug = "jfos"
        title = gettext_lazy("JFOs")
        key = ("code",)
        roles = frozenset({Role.ADMINISTRATOR})

    code = CodeField(
        label_en="Code",
        label_fr="Code",
        example="IBET-QUE-9",
        help_text=gettext_lazy(
            "Capital letters, digits and hyphens. It tells which JFO the row is about, and never changes."
        ),
    )
    name_en = TextField(label_en="Name in English", label_fr="Nom en anglais", required=True, example="IBET Quebec (9)")
    name_fr = TextField(label_en="Name in French", label_fr="Nom en français", required=True, example="EIPF Québec (9)")
    program = ForeignKeyField(
        label_en="Program",
        label_fr="Programme",
        lookup="code",
        also=("name_en", "name_fr"),
        required=True,
        example="IBET",
        help_text=gettext_lazy("The family it belongs to, by its code or name."),
    )
    region = ForeignKeyField(
        label_en="Region",
        label_fr="Région",
        lookup="code",
        also=("code_fr", "name_en", "name_fr"),
        queryset=regions,
        required=True,
        example="QUE",
        help_text=gettext_lazy("The region that answers for it, by its code or name."),
    )
    leads = LeadsField(
        label_en="Lead agencies",
        label_fr="Organismes responsables",
        example="RCMP",
        help_text=gettext_lazy(
            "A new JFO needs one. Later they change with their days, in the import of agencies in JFOs."
        ),
    )
    start = DateField(label_en="First day", label_fr="Premier jour", required=True, example="2011-05-02")
    end = DateField(
        label_en="Last day",
        label_fr="Dernier jour",
        help_text=gettext_lazy("The last day of the JFO; empty while it goes on."),
    )
    objectives_en = TextField(
        label_en="Objectives in English",
        label_fr="Objectifs en anglais",
        example="Keeps the river under watch together with its partners.",
    )
    objectives_fr = TextField(
        label_en="Objectives in French",
        label_fr="Objectifs en français",
        example="Surveille le fleuve avec ses partenaires.",
    )

    def importable(self) -> models.QuerySet:
        return super().importable().prefetch_related("participations__agency").order_by("code")

    def lock(self) -> None:
        # What lies inside a JFO's dates holds still, in the order in which everybody takes it.
        hold_officers()
        lock_table(Agency, "SHARE")
        super().lock()
        for model in (Assignment, Establishment, ParticipationReview):
            lock_table(model, "SHARE")
        lock_table(Participation)

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        for row in rows:
            require_code(row, "code")
            if is_written(row) and row.knows("region"):
                require_region(row, row.instance.region, self.user, name="region")
            if touches(row, "region", "start", "end") and row.knows("region", "start", "end"):
                require_region_in_being(row, row.instance.region, row.instance)
            if touches(row, "leads") and row.knows("leads"):
                _check_leads(row)
        self._check_dates([row for row in rows if not row.is_new and touches(row, "start", "end")])

    def _check_dates(self, rows: Sequence[PreviewRow]) -> None:
        """Refuse dates that leave out what lies inside the JFO's, or that nobody leads."""
        ids = [row.instance.pk for row in rows]
        assignments = _by_jfo(Assignment.objects.select_related("officer", "jfo"), ids)
        agreed = _by_jfo(Establishment.objects.all(), ids)
        left = _by_jfo(
            ParticipationReview.objects.filter(decision=ReviewDecision.WITHDRAW, effective_on__isnull=False), ids
        )
        for row in rows:
            pk = row.instance.pk
            _check_assignments(row, assignments.get(pk, ()))
            _check_agreed(row, agreed.get(pk, ()))
            _check_withdrawal(row, [review.effective_on for review in left.get(pk, ())])
            _check_parts(row)

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        super().write(new, changed, reason=reason)
        own = Agency.objects.filter(key=OWN_AGENCY).first()
        parts = []
        for row in new:
            roles = {} if own is None else {own: ParticipationRole.PARTNER}
            roles |= dict.fromkeys(row["leads"], ParticipationRole.LEAD)
            parts += [
                Participation(
                    jfo=row.instance, agency=agency, role=role, start=row.instance.start, end=row.instance.end
                )
                for agency, role in roles.items()
            ]
        Participation.objects.bulk_create(parts, **self.attribution(reason))


def _by_jfo(records: models.QuerySet, ids: Sequence[int]) -> dict[int, list[Any]]:
    found = [record for chunk in chunks(ids) for record in records.filter(jfo__in=chunk)]
    return grouped(found, lambda record: record.jfo_id)


def _check_leads(row: PreviewRow) -> None:
    """Refuse a new JFO that nobody leads, and another lead of one that is there: that happens on a day."""
    if row.is_new and not row.values.get("leads"):
        row.refuse(_("On every day a JFO has a lead. Name the agency that leads it. For example: RCMP."), "leads")
    elif not row.is_new:
        row.refuse(
            _(
                "A lead of a JFO changes on a day, which this file does not give. Put back %(leads)s, "
                "and import the change as agencies in JFOs."
            )
            % {"leads": " | ".join(agency.key for agency in LeadsField.of(row.before)) or "–"},
            "leads",
        )


def _check_assignments(row: PreviewRow, assignments: Sequence[Assignment]) -> None:
    """Refuse dates that an assignment would lie outside of (domain rule 2)."""
    if not assignments:
        return
    first = min(assignments, key=lambda one: one.start)
    if first.start < row.instance.start:
        row.refuse(
            _("Officer %(number)s is assigned before that: %(what)s. Give an earlier first day, or correct that first.")
            % {"number": first.officer.number, "what": first.in_words},
            "start",
        )
    last = max(assignments, key=lambda one: one.end or date.max)
    if row.instance.end is not None and (last.end is None or last.end > row.instance.end):
        row.refuse(
            _("Officer %(number)s is assigned longer: %(what)s. Give a later last day, or end that first.")
            % {"number": last.officer.number, "what": last.in_words},
            "end",
        )


def _check_agreed(row: PreviewRow, agreed: Sequence[Establishment]) -> None:
    """Refuse a last day after which an FTE is agreed."""
    end = row.instance.end
    beyond = [one for one in agreed if end is not None and (one.end is None or one.end > end)]
    if beyond and touches(row, "end"):
        row.refuse(
            _(
                "The FTE agreed from %(start)s on goes on after that. Give a later last day, "
                "or end the agreed FTE on the JFO's page first."
            )
            % {"start": min(one.start for one in beyond)},
            "end",
        )


def _check_withdrawal(row: PreviewRow, last_days: Sequence[date]) -> None:
    """Refuse that a JFO goes on from which a review decided to withdraw."""
    if not last_days or not touches(row, "end"):
        return
    last_day = min(last_days)
    if row.instance.end is None or row.instance.end > last_day:
        row.refuse(
            _(
                "A participation review decided that the CBSA withdraws on %(day)s. "
                "Give that day or an earlier one, or remove the review on its page first."
            )
            % {"day": last_day},
            "end",
        )


def _check_parts(row: PreviewRow) -> None:
    """Refuse dates with a day without lead or CBSA that is not one already (domain rule 6)."""
    before, after = row.before, row.instance
    parts = list(before.participations.all())
    for is_meant, sentence in (
        (lead, _("On %(day)s the JFO would have no lead. Import one for that day first, as agencies in JFOs.")),
        (
            is_own,
            _("On %(day)s the CBSA would not take part. Import its part for that day first, as agencies in JFOs."),
        ),
    ):
        meant = [part for part in parts if is_meant(part)]
        was = day_without(meant, before.start, before.end)
        day = day_without(meant, after.start, after.end)
        if day is not None and was is None:
            row.refuse(sentence % {"day": day}, "start" if day < before.start else "end")
