"""The import of arrangements, each row with the parties that sign it and the JFOs it covers."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.imports.fields import ChoiceField, DateField, ForeignKeyField, TextField
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, chunks, lock_table, register
from jfo_portal.kit.periods import today
from registry.models import Role
from wca import lifecycle
from wca.models import Arrangement, Coverage, ReferenceCounter, Signatory, Stage, Step
from wca.models.stages import UNSETTLED, in_order

from .fields import CoverageField, Covered, PartiesField, Party, ReferenceField, written


def _arrangements(user: Any) -> models.QuerySet:
    return Arrangement.objects.visible_to(user)


@register
class ArrangementResource(Resource):
    """Arrangements. A row adds and changes parties and JFOs, and removes none.

    An import takes no step of the life cycle (domain rule 9): what has recorded steps ends by a step, on screen.
    """

    class Meta:
        model = Arrangement
        slug = "arrangements"
        title = gettext_lazy("Arrangements")
        key = ("reference",)
        roles = frozenset({Role.ADMINISTRATOR})

    reference = ReferenceField(
        label_en="Reference",
        label_fr="Référence",
        example="WCA-2011-0101",
        help_text=gettext_lazy(
            "It tells which arrangement the row is about; it is issued once and never used again. "
            "A new one is WCA, MOU or AGR, the year, and four to six digits."
        ),
    )
    kind = ChoiceField(label_en="Kind", label_fr="Type", required=True, example="WCA")
    title_en = TextField(
        label_en="Title in English",
        label_fr="Titre en anglais",
        required=True,
        example="Collaborative arrangement on joint intelligence",
    )
    title_fr = TextField(
        label_en="Title in French",
        label_fr="Titre en français",
        required=True,
        example="Entente écrite de collaboration sur le renseignement mixte",
    )
    effective = DateField(
        label_en="Effective",
        label_fr="Entrée en vigueur",
        example="2011-04-01",
        help_text=gettext_lazy("The first day on which it applies once signed."),
    )
    expiry = DateField(
        label_en="Expiry",
        label_fr="Expiration",
        example="2016-03-31",
        help_text=gettext_lazy("The last day on which it applies; empty for none."),
    )
    terminated_on = DateField(
        label_en="Terminated on",
        label_fr="Résiliée le",
        help_text=gettext_lazy("From this day on it applies no longer."),
    )
    superseded_by = ForeignKeyField(
        label_en="Superseded by",
        label_fr="Remplacée par",
        lookup="reference",
        queryset=_arrangements,
        help_text=gettext_lazy("The number of the newer arrangement, which is in the register already."),
    )
    superseded_on = DateField(
        label_en="Superseded on",
        label_fr="Remplacée le",
        help_text=gettext_lazy("From this day on the newer one applies."),
    )
    review_due = DateField(
        label_en="Review due",
        label_fr="Examen prévu le",
        example="2014-03-31",
        help_text=gettext_lazy("By when somebody looks whether it still serves."),
    )
    security_level = ChoiceField(
        label_en="Security level",
        label_fr="Niveau de sécurité",
        example="Protected B",
        help_text=gettext_lazy(
            "The highest level of the information that may be shared under it; empty if it does not say."
        ),
    )
    authorities = TextField(
        label_en="Authorities cited",
        label_fr="Autorisations invoquées",
        example="Customs Act, s. 107",
        help_text=gettext_lazy("The laws under which it shares information, one a line."),
    )
    office = TextField(
        label_en="Office of primary interest",
        label_fr="Bureau de première responsabilité",
        example="Intelligence and Targeting",
        help_text=gettext_lazy("The CBSA office that keeps it."),
    )
    required_parties = PartiesField(
        is_required=True,
        label_en="Required parties",
        label_fr="Parties requises",
        example="CBSA (2011-03-15) | RCMP",
        help_text=gettext_lazy("The arrangement is in force once all of them have signed."),
    )
    other_parties = PartiesField(
        is_required=False,
        label_en="Other parties",
        label_fr="Autres parties",
        example="OPP",
        help_text=gettext_lazy("Parties whose signature it can do without."),
    )
    jfos = CoverageField(
        effective="effective",
        label_en="JFOs covered",
        label_fr="OPC visées",
        example="IBET-QUE-1 | IBET-QUE-2",
    )

    def importable(self) -> models.QuerySet:
        return super().importable().prefetch_related("signatories__agency", "coverage__jfo")

    def lock(self) -> None:
        # Who asks for a number waits with it, and then sees those of the file: the same order as theirs, and no two
        # wait for each other (wca.numbering).
        lock_table(ReferenceCounter, "EXCLUSIVE")
        super().lock()
        for model in (Signatory, Coverage, Step):
            lock_table(model)

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        self._check_numbers([row for row in rows if row.is_new and row.knows("reference")])
        written_to = [row for row in rows if row.is_new or row.changed_names]
        for row in written_to:
            _check_parties(row)
            _check_coverage(row)
        self._check_supersession(written_to)
        self._check_life_cycles([row for row in written_to if not row.is_new])

    def _check_numbers(self, rows: Sequence[PreviewRow]) -> None:
        """Refuse a number that is not written as one, or that an arrangement had which is gone (domain rule 9)."""
        numbers = {row["reference"]: row for row in rows}
        issued = {
            number
            for chunk in chunks(numbers)
            for number in Arrangement.history.filter(reference__in=chunk).values_list("reference", flat=True)
        }
        for number, row in numbers.items():
            if written(number) is None:
                row.refuse(
                    _(
                        "“%(number)s” is not a number of the register. "
                        "Write WCA, MOU or AGR, the year, and four to six digits: WCA-2011-0101."
                    )
                    % {"number": number},
                    "reference",
                )
            elif number in issued:
                row.refuse(
                    _("The number %(number)s was issued before, and is never used again. Give the next free number.")
                    % {"number": number},
                    "reference",
                )

    def _check_supersession(self, rows: Sequence[PreviewRow]) -> None:
        """Refuse what would supersede itself, at once or by way of others, as the file leaves them."""
        told = [row for row in rows if "superseded_by" in row.changed_names and row["superseded_by"] is not None]
        if not told:
            return
        stored = Arrangement.objects.filter(superseded_by__isnull=False).values_list("pk", "superseded_by")
        newer = dict(stored.order_by())
        for row in rows:
            if "superseded_by" in row.changed_names:
                newer[row.instance.pk] = row.instance.superseded_by_id
        for row in told:
            if _leads_back(row.instance.pk, newer):
                row.refuse(row.instance.superseding_itself(row["superseded_by"]), "superseded_by")

    def _check_life_cycles(self, rows: Sequence[PreviewRow]) -> None:
        """Refuse an end that the recorded steps do not know, and what would bring into force what was withdrawn."""
        by_id = {row.instance.pk: row for row in rows}
        steps = [
            step for chunk in chunks(by_id) for step in Step.objects.filter(arrangement__in=chunk).order_by().iterator()
        ]
        for pk, taken in grouped(steps, lambda step: step.arrangement_id).items():
            _check_life_cycle(by_id[pk], in_order(taken)[-1])

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        super().write(new, changed, reason=reason)
        signatories: list[Signatory] = []
        coverage: list[Coverage] = []
        for row in (*new, *changed):
            signatories += parties_plan(row).written
            coverage += coverage_plan(row).written
        attribution = self.attribution(reason)
        for model, rows, names in (
            (Signatory, signatories, ["is_required", "signed_on"]),
            (Coverage, coverage, ["start", "end"]),
        ):
            parts: list[Any] = list(rows)
            model._default_manager.bulk_update([one for one in parts if one.pk is not None], names, **attribution)
            model._default_manager.bulk_create([one for one in parts if one.pk is None], **attribution)


# By what an arrangement is in force (domain rule 7).
_IN_FORCE_BY = frozenset(
    {
        "effective",
        "expiry",
        "terminated_on",
        "superseded_by",
        "superseded_on",
        "required_parties",
        "other_parties",
    }
)


def _leads_back(pk: int, newer: dict[int, int | None]) -> bool:
    """Say whether following what supersedes each comes back to where it began."""
    here, seen = newer.get(pk), set()
    while here is not None and here not in seen:
        if here == pk:
            return True
        seen.add(here)
        here = newer.get(here)
    return False


@dataclass(frozen=True)
class Plan:
    """What a row makes of its arrangement's parties or JFOs: the rows to write, and those it leaves out, in words."""

    written: Sequence[Any]
    left_out: Sequence[str]


def parties_plan(row: PreviewRow) -> Plan:
    """Return the signatories to write so that the parties are those of the row's two columns."""
    stored = {} if row.before is None else {one.agency_id: copy.copy(one) for one in row.before.signatories.all()}
    written = []
    named = set()
    for name, is_required in (("required_parties", True), ("other_parties", False)):
        if name not in row.values:
            # A column that the file lacks leaves its parties as they are.
            named |= {pk for pk, one in stored.items() if one.is_required == is_required}
        for party in row.values.get(name, ()):
            named.add(party.agency.pk)
            signatory = stored.get(party.agency.pk)
            if signatory is None:
                signatory = Signatory(arrangement=row.instance, agency=party.agency)
            elif (signatory.is_required, signatory.signed_on) == (is_required, party.signed_on):
                continue
            signatory.is_required, signatory.signed_on = is_required, party.signed_on
            written.append(signatory)
    return Plan(written, sorted(one.agency.key for pk, one in stored.items() if pk not in named))


def coverage_plan(row: PreviewRow) -> Plan:
    """Return the coverage to write so that the JFOs and their days are those of the row.

    A JFO with another first day is the same coverage, corrected, where one is left over for it.
    """
    if "jfos" not in row.values:
        return Plan((), ())
    stored = [] if row.before is None else [copy.copy(one) for one in row.before.coverage.all()]
    by_start = {(one.jfo_id, one.start): one for one in stored}
    left = {(one.jfo.pk, one.start): one for one in row.values["jfos"]}
    kept = {key: by_start[key] for key in left if key in by_start}
    written = [one for key, one in kept.items() if one.end != left[key].end]
    for one in written:
        one.end = left[one.jfo_id, one.start].end
    unnamed = [one for key, one in by_start.items() if key not in kept]
    for key, wanted in left.items():
        if key in kept:
            continue
        coverage = next((one for one in unnamed if one.jfo_id == wanted.jfo.pk), None)
        if coverage is None:
            coverage = Coverage(arrangement=row.instance, jfo=wanted.jfo)
        else:
            unnamed.remove(coverage)
        coverage.start, coverage.end = wanted.start, wanted.end
        written.append(coverage)
    return Plan(written, [str(Covered(one.jfo, one.start, one.end)) for one in unnamed])


def _check_parties(row: PreviewRow) -> None:
    _check_signatures(row)
    twice = _keys(row.values.get("required_parties", ())) & _keys(row.values.get("other_parties", ()))
    if twice:
        row.refuse(
            _("These stand among the required parties and the others: %(agencies)s. Keep each in one column.")
            % {"agencies": ", ".join(sorted(twice))},
            "other_parties",
        )
        return
    left_out = parties_plan(row).left_out
    if left_out and row.knows("required_parties", "other_parties"):
        row.refuse(
            _(
                "These are parties, and the row no longer names them: %(agencies)s. An import removes no party: "
                "name them again, among the other parties if their signature is not required."
            )
            % {"agencies": ", ".join(left_out)},
            "required_parties" if "required_parties" in row.values else "other_parties",
        )


def _keys(parties: Iterable[Party]) -> set[str]:
    return {party.agency.key for party in parties}


def _check_coverage(row: PreviewRow) -> None:
    left_out = coverage_plan(row).left_out
    if left_out:
        row.refuse(
            _(
                "These are covered, and the row no longer names them: %(jfos)s. An import removes none: "
                "name them again, with a last day if they are covered no longer."
            )
            % {"jfos": ", ".join(left_out)},
            "jfos",
        )


def _check_signatures(row: PreviewRow) -> None:
    """Refuse a signature that the row adds or corrects to a day that is still to come."""
    for signatory in parties_plan(row).written:
        if signatory.signed_on is not None and signatory.signed_on > today():
            row.refuse(
                _(
                    "%(agency)s would sign on %(day)s. A signature is recorded once it is given: "
                    "give a day up to today, %(today)s, or none yet."
                )
                % {"agency": signatory.agency.key, "day": signatory.signed_on, "today": today()},
                "required_parties" if signatory.is_required else "other_parties",
            )


def _check_life_cycle(row: PreviewRow, last: Step) -> None:
    """Refuse what the steps of the arrangement, of which `last` is the last, do not allow; warn of what they do not
    say."""
    words = {"reference": row.instance.reference, "stage": last.get_stage_display(), "day": last.entered_on}
    if "terminated_on" in row.changed_names:
        row.refuse(
            _(
                "%(reference)s is in the stage “%(stage)s” by its life cycle: "
                "an arrangement with a life cycle is terminated there. Leave this cell as it is."
            )
            % words,
            "terminated_on",
        )
    for name in sorted({"superseded_by", "superseded_on"}.intersection(row.changed_names)):
        if last.stage == Stage.SUPERSEDED:
            row.refuse(
                _("%(reference)s is in the stage “%(stage)s” since %(day)s: correct that on its page, under Supersede.")
                % words,
                name,
            )
    is_sure = not any(error.name in _IN_FORCE_BY for error in row.errors)
    if is_sure and _comes_into_force(row):
        if last.stage == Stage.WITHDRAWN:
            row.refuse(
                _(
                    "%(reference)s was withdrawn on %(day)s, and its signatures and dates would bring it into force. "
                    "Give the new arrangement a number of its own."
                )
                % words
            )
        elif last.stage in UNSETTLED:
            row.warn(
                _(
                    "%(reference)s is in the stage “%(stage)s” by its life cycle, and its signatures and dates "
                    "would bring it into force. Record the steps on its page."
                )
                % words
            )


def _comes_into_force(row: PreviewRow) -> bool:
    """Say whether, once the row is taken, its signatures and dates make it apply on some day, and did not before."""
    parties = {one.agency_id: one for one in (*row.before.signatories.all(), *parties_plan(row).written)}
    days = lifecycle.in_force_days(row.instance, list(parties.values()))
    return days is not None and lifecycle.in_force_days(row.before) is None
