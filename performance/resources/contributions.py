"""The import of contributions: with what each agency had a part in an outcome, and the shares they agreed on."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.imports.fields import ChoiceField, DateField, DecimalField, ForeignKeyField, TextField
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, chunks, register
from jfo_portal.kit.periods import today
from registry.models import Agency, Participation, Role

from .. import guards
from ..models import Contribution, OutcomeEvent
from .outcomes import hold_outcomes


class AgencyField(ForeignKeyField):
    """An agency, by its key, its names or any spelling on record."""

    def names(self, row: Any) -> list[Any]:
        return [*row.own_names, *(alias.alias for alias in row.aliases.all())]


def _agencies(user: Any) -> models.QuerySet:
    return Agency.objects.visible_to(user).prefetch_related("aliases")


def _outcomes(user: Any) -> models.QuerySet:
    return OutcomeEvent.objects.visible_to(user)


@register
class ContributionResource(Resource):
    """Contributions: outcome, agency and kind tell which one a row means. A row removes none."""

    class Meta:
        model = Contribution
        slug = "contributions"
        title = gettext_lazy("Contributions to outcomes")
        key = ("event", "agency", "kind")
        roles = frozenset({Role.ADMINISTRATOR})

    event = ForeignKeyField(
        label_en="Reference of the outcome",
        label_fr="Référence du résultat",
        lookup="reference",
        queryset=_outcomes,
        example="OUT-0001",
        help_text=gettext_lazy("The outcome has to be on record: import the outcomes first."),
    )
    agency = AgencyField(
        label_en="Agency",
        label_fr="Organisme",
        lookup="key",
        queryset=_agencies,
        example="RCMP",
        help_text=gettext_lazy("Any name it goes by."),
    )
    kind = ChoiceField(label_en="Contribution", label_fr="Contribution", example="Query")
    evidence = TextField(
        label_en="Evidence",
        label_fr="Preuve",
        example="Report of the team.",
        help_text=gettext_lazy("What shows it, such as a file number or a report; no data on persons."),
    )
    confirmed_on = DateField(
        label_en="Confirmed by the lead on",
        label_fr="Confirmé par le responsable le",
        example="2010-06-15",
        help_text=gettext_lazy("Empty until the lead agency confirms it."),
    )
    share = DecimalField(
        label_en="Agreed share",
        label_fr="Part convenue",
        max=1,
        places=3,
        example="0.25",
        help_text=gettext_lazy("Of 1, where the agencies agreed on one. The shares of an outcome add to at most 1."),
    )

    def importable(self) -> models.QuerySet:
        return super().importable().select_related("event", "agency")

    def lock(self) -> None:
        hold_outcomes()
        super().lock()

    def refusal(self, error: IntegrityError) -> str:
        if guards.SHARES in str(error):
            return _("The shares of an outcome add to at most 1.")
        return super().refusal(error)

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        written = [row for row in rows if row.is_new or row.changed_names]
        for row in written:
            self._check_confirmed(row)
        self._check_shares(rows, written)
        self._ask_about_strangers([row for row in rows if row.is_new])

    def _check_confirmed(self, row: PreviewRow) -> None:
        """Refuse a confirmation before the outcome, or still to come."""
        day, event = row.instance.confirmed_on, row.instance.event
        if day is None or not row.knows("confirmed_on"):
            return
        if day > today():
            row.refuse(_("%(day)s is still to come.") % {"day": day}, "confirmed_on")
        if day < event.first_day:
            row.refuse(
                _("%(day)s is before the outcome, which is of %(when)s.") % {"day": day, "when": event.when},
                "confirmed_on",
            )

    def _check_shares(self, rows: Sequence[PreviewRow], written: Sequence[PreviewRow]) -> None:
        """Refuse shares beyond the whole of an outcome: those of the file, and with them those on record that the file
        does not speak of; a query for ten thousand outcomes."""
        events = {row.instance.event_id for row in written}
        named = {row.before.pk for row in rows if not row.is_new}
        totals: dict[int, Decimal] = dict.fromkeys(events, Decimal(0))
        for some in chunks(sorted(events)):
            stored = Contribution.objects.filter(event__in=some, share__isnull=False)
            for pk, event, share in stored.order_by().values_list("pk", "event", "share"):
                if pk not in named:
                    totals[event] += share or 0
        for row in rows:
            if row.instance.event_id in totals:
                totals[row.instance.event_id] += _sure_share(row)
        for row in written:
            total = totals[row.instance.event_id]
            if total > 1 and (share := _sure_share(row)):
                others = total - share
                row.refuse(
                    _("The shares of an outcome add to at most 1. The others have %(others)s, so %(left)s is left.")
                    % {"others": formats.number(others, 3), "left": formats.number(max(Decimal(0), 1 - others), 3)},
                    "share",
                )

    def _ask_about_strangers(self, rows: Sequence[PreviewRow]) -> None:
        """Warn of agencies that took part in no JFO that claims the outcome at that time; one query."""
        if not rows:
            return
        taking_part: dict[tuple[int, int], list[tuple[Any, Any]]] = {}
        agencies = {row.instance.agency_id for row in rows}
        spells = Participation.objects.filter(agency__in=agencies, jfo__claims__isnull=False).order_by()
        for event, agency, start, end in spells.values_list("jfo__claims__event", "agency", "start", "end"):
            taking_part.setdefault((event, agency), []).append((start, end))
        for row in rows:
            event, agency = row.instance.event, row.instance.agency
            if not any(
                start <= event.last_day and (end is None or end >= event.first_day)
                for start, end in taking_part.get((event.pk, agency.pk), ())
            ):
                row.warn(
                    _(
                        "%(agency)s took part in no JFO that claims this outcome at that time. "
                        "Check the agency, or its part in the JFO."
                    )
                    % {"agency": agency.short},
                    "agency",
                )

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        """Save the shares that shrink before those that grow or are new.

        The database adds up the shares after each row (performance.guards): they are never more than at the end.
        """
        super().write([], [row for row in changed if not _grows(row)], reason=reason)
        super().write(new, [row for row in changed if _grows(row)], reason=reason)


def _sure_share(row: PreviewRow) -> Decimal:
    """Return the share that the row gives; 0 where its cell cannot be taken, or gives none."""
    return row.instance.share or Decimal(0) if row.knows("share") else Decimal(0)


def _grows(row: PreviewRow) -> bool:
    return bool((row.instance.share or 0) > (row.before.share or 0))
