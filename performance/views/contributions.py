"""One outcome: what happened, who claims it, who had a part in it; and the forms that keep those parts."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import changes, formats
from jfo_portal.kit.editing import EditPage, FormPage, undoable
from jfo_portal.kit.periods import today
from jfo_portal.kit.tables import Cell, Column, cells
from jfo_portal.kit.views import Crumb, RowPage, headings_of, rows_of
from performance.measures.cost import half_up
from performance.measures.outcomes import Event, event_of, outside
from performance.models import Claim, Contribution, OutcomeEvent
from performance.outcome_forms import ContributionForm
from performance.outcome_tables import (
    claim_columns,
    contribution_acts,
    contribution_columns,
    facts_of,
    trimmed,
)
from registry.forms import ReasonedForm
from registry.models import MANAGERS, Agency
from registry.models.partners import names_by_agency


def outcomes_crumb(row: OutcomeEvent) -> Crumb:
    """Return the way back to the outcomes of the event's fiscal year."""
    return Crumb(_("Outcomes"), f"{reverse('performance-outcomes')}?fy={row.year}")


def outside_in_words(agencies: Sequence[Agency]) -> str:
    """Return the sentence that warns of agencies which contributed without being part of a JFO; nothing for none."""
    if not agencies:
        return ""
    return ngettext(
        "%(agencies)s took part in no JFO that claims this outcome at that time. Check the agency, or its part in the "
        "JFO.",
        "%(agencies)s took part in no JFO that claims this outcome at that time. Check the agencies, or their part in "
        "the JFO.",
        len(agencies),
    ) % {"agencies": ", ".join(agency.short for agency in agencies)}


class OutcomePage(RowPage):
    """One outcome: its facts, the JFOs that claim it, the contributions of agencies and the shares that follow."""

    template_name = "performance/outcome.html"
    section = "performance"

    def get_queryset(self) -> Any:
        claims = Claim.objects.visible_to(self.reader).select_related("jfo__region").order_by("jfo__code")
        contributions = Contribution.objects.visible_to(self.reader).select_related("agency")
        return OutcomeEvent.objects.visible_to(self.reader).prefetch_related(
            Prefetch("claims", claims),
            Prefetch("contributions", contributions.order_by("agency__key", "kind")),
        )

    def crumbs(self) -> Sequence[Crumb]:
        return [outcomes_crumb(self.row)]

    @property
    def may_edit(self) -> bool:
        """Whether the reader is a manager of a region whose JFO claims it, and looks at today."""
        if self.is_read_only or self.reader.role not in MANAGERS:
            return False
        return any(claim.jfo.region_id in self.reader.scope_ids for claim in self.row.claims.all())

    @cached_property
    def event(self) -> Event:
        return event_of(self.row)

    def shares(self) -> tuple[list[Any], list[list[Cell]]]:
        """Return the headings and the rows of the share of each agency; they add to 1 with what is left to nobody."""
        agencies = {row.agency.key: row.agency for row in self.row.contributions.all()}
        columns = [
            Column("agency", _("Agency"), is_header=True),
            Column("share", _("Share"), "fte", text=lambda row: trimmed(row["share"])),
            Column("how", _("How")),
        ]
        rows = [
            {
                "agency": agencies[key].short,
                "share": half_up(share, 3),
                "how": _("as agreed") if self.event.parts[key].agreed is not None else _("equal part of the rest"),
            }
            for key, share in self.event.shares.items()
        ]
        if left := self.event.left_open:
            rows.append({"agency": _("Left to nobody"), "share": half_up(left, 3), "how": _("not agreed")})
        return headings_of(columns), rows_of(columns, rows)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {"is_known": self.row.is_known_by(self.day)}
        if not context["is_known"]:
            return context
        contributions = list(self.row.contributions.all())
        columns = contribution_columns(self.day)
        if self.may_edit:
            columns.append(Column("acts", gettext_lazy("Actions"), links=contribution_acts))
        claims = claim_columns(self.day)
        share_headings, shares = self.shares()
        return context | {
            "facts": facts_of(self.row),
            "claim_headings": headings_of(claims),
            "claims": rows_of(claims, self.row.claims.all()),
            "claims_caption": ngettext(
                "Claimed by %(count)s JFO", "Claimed by %(count)s JFOs; it counts once", len(self.row.claims.all())
            )
            % {"count": formats.number(len(self.row.claims.all()))},
            "headings": headings_of(columns),
            "rows": rows_of(columns, contributions),
            "caption": _("Contributions: %(count)s") % {"count": formats.number(len(contributions))},
            "new_href": reverse("contribution-new", args=[self.row.pk]) if self.may_edit else None,
            "correct_hrefs": self.correct_hrefs() if self.may_edit else [],
            "warning": outside_in_words(outside(self.row, [row.agency for row in contributions])),
            "share_headings": share_headings,
            "shares": shares,
            "method": self.event.method.label,
            "versions": changes.about(self.row, self.reader),
        }

    def correct_hrefs(self) -> list[tuple[str, str]]:
        """Return, for each claiming JFO of the reader's regions, its code and where the outcome is corrected."""
        return [
            (claim.jfo.code, reverse("jfo-part-row", args=[claim.jfo.code, "outcomes", self.row.pk]))
            for claim in self.row.claims.all()
            if claim.jfo.region_id in self.reader.scope_ids
        ]


class _Keeping(FormPage):
    """A form about a contribution, for the managers of the regions whose JFOs claim the outcome; 404 for others."""

    readers = MANAGERS
    section = "performance"
    template_name = "performance/contribution_form.html"

    @property
    def event(self) -> OutcomeEvent:
        raise NotImplementedError

    def crumbs(self) -> Sequence[Crumb]:
        return [outcomes_crumb(self.event), Crumb(str(self.event), self.event.get_absolute_url())]

    def lock_event(self) -> None:
        """Lock the outcome, so that of two who give shares of it the second sees what the first gave."""
        rows = OutcomeEvent.objects.select_for_update(of=("self",), no_key=True).filter(pk=self.event.pk)
        if not list(rows):
            raise ValidationError(_("This outcome is not there any more: somebody removed it meanwhile."))

    def done(self, sentence: str, row: Any) -> str:
        """Leave the message of what was done to the contribution, and return the outcome's page."""
        undoable(self.request, sentence % {"row": row}, self.change)
        return self.event.get_absolute_url()

    def kept(self, sentence: str, row: Contribution) -> str:
        """Leave the message, and the warning where the agency is no part of a claiming JFO; return where to go."""
        address = self.done(sentence, row)
        if warning := outside_in_words(outside(self.event, [row.agency])):
            messages.warning(self.request, warning)
        return address

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        asks_agency = "agency" in context["form"].fields
        return context | {"event": self.event, "agency_names": _agency_names() if asks_agency else ()}


def _agency_names() -> list[str]:
    agencies = names_by_agency()
    return sorted({name for agency in agencies for name in (agency.short_en, agency.short_fr, agency.name)})


class ContributionNew(_Keeping):
    """A new contribution to the outcome."""

    title = gettext_lazy("Add a contribution")
    submit_label = gettext_lazy("Add")

    @cached_property
    def event(self) -> OutcomeEvent:
        event: OutcomeEvent = RowPage.found(OutcomeEvent.objects.editable_by(self.reader), pk=self.kwargs["pk"])
        return event

    def get_form(self, data: Mapping[str, Any] | None = None) -> ContributionForm:
        return ContributionForm(data, reader=self.reader, instance=Contribution(event=self.event))

    def before_saving(self, form: Any) -> HttpResponse | None:
        self.lock_event()
        return None

    def save(self, form: ContributionForm) -> str:
        return self.kept(_("Added: %(row)s."), form.write(Contribution(event=self.event), self.change))


class _OneContribution(_Keeping, EditPage):
    """A form about one contribution."""

    model = Contribution

    @cached_property
    def row(self) -> Contribution:
        rows = Contribution.objects.editable_by(self.reader).select_related("event", "agency")
        row: Contribution = RowPage.found(rows, pk=self.kwargs["pk"])
        return row

    @property
    def row_queryset(self) -> Any:
        return Contribution.objects.select_related("event", "agency").filter(pk=self.row.pk)

    @property
    def event(self) -> OutcomeEvent:
        return self.row.event

    def lock(self) -> None:
        self.lock_event()
        super().lock()


class ContributionRow(_OneContribution):
    """One contribution, to be corrected; `?fill=confirmed_on` fills in that the lead confirms it today."""

    def get_title(self) -> str:
        return _("Confirm a contribution") if self.is_confirming else _("Correct a contribution")

    @property
    def is_confirming(self) -> bool:
        return self.request.GET.get("fill") == "confirmed_on"

    def get_form(self, data: Mapping[str, Any] | None = None) -> ContributionForm:
        filled: dict[str, date] = {"confirmed_on": today()} if self.is_confirming else {}
        return ContributionForm(data, reader=self.reader, instance=self.row, initial=filled)

    def save(self, form: ContributionForm) -> str:
        return self.kept(_("Saved: %(row)s."), form.write(self.row, self.change))


class ContributionRemove(_OneContribution):
    """One contribution that should not be there, to be removed; it can be brought back."""

    title = gettext_lazy("Remove a contribution")
    template_name = "performance/contribution_remove.html"
    submit_label = gettext_lazy("Remove")
    edited = ()
    watched = ("agency", "kind", "evidence", "confirmed_on", "share")

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return ReasonedForm(data)

    def save(self, form: ReasonedForm) -> str:
        words, address = str(self.row), self.event.get_absolute_url()
        self.change.delete_row(self.row)
        undoable(self.request, _("Removed: %(row)s.") % {"row": words}, self.change)
        return address

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"facts": cells(contribution_columns(today()), self.row)}
