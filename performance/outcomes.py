"""The outcomes of a JFO: how its page shows them, and how many of each kind a fiscal year had."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit.access import Reader
from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.tables import Column
from registry import parts
from registry.models import JFO
from registry.tables import keeping_day

from .models import Claim, OutcomeEvent, OutcomeKind
from .outcome_forms import OutcomeForm


class Outcomes(parts.Part):
    """The outcomes that a JFO claims; each says which JFOs claim it too."""

    slug = "outcomes"
    tab = "outcomes"
    model = OutcomeEvent
    form = OutcomeForm
    to_jfo = "claims__jfo"
    empty = gettext_lazy("No outcome is recorded.")

    def new(self, jfo: JFO) -> OutcomeEvent:
        return OutcomeEvent()

    def shown(self, jfo: JFO, reader: Reader, day: date) -> Any:
        return self.of(jfo, reader).known_by(day).prefetch_related("claims__jfo").latest_first()

    def columns(self, day: date) -> Sequence[Column]:
        return [
            when_column(day),
            Column("kind", gettext_lazy("Kind"), value=lambda row: row.get_kind_display()),
            Column("what", gettext_lazy("Goods or subject")),
            Column("amount", gettext_lazy("Quantity")),
            Column("value", gettext_lazy("Value"), "money"),
            Column("side", gettext_lazy("Side of the border"), value=lambda row: row.get_side_display()),
            Column("operation", gettext_lazy("Operation")),
            Column("claimed_by", gettext_lazy("Claimed by"), value=claimed_by),
            Column("fiscal_year", gettext_lazy("Fiscal year"), value=lambda row: str(row.year)),
            Column("note", gettext_lazy("Note")),
        ]

    def goes_with(self, row: OutcomeEvent, jfo: JFO) -> str:
        others = [claim.jfo.code for claim in row.claims.select_related("jfo") if claim.jfo_id != jfo.pk]
        if not others:
            count = row.contributions.count()
            if not count:
                return ""
            return ngettext(
                "Its contribution of an agency is removed with it.",
                "Its %(count)s contributions of agencies are removed with it.",
                count,
            ) % {"count": count}
        return _("The outcome stays on record for %(jfos)s; only the claim of this JFO is removed.") % {
            "jfos": ", ".join(others)
        }

    def remove(self, row: OutcomeEvent, jfo: JFO, change: ChangeSet) -> None:
        """Remove the JFO's claim, and with the last claim the outcome itself."""
        own = Claim.objects.get(event=row, jfo=jfo)
        if row.claims.count() > 1:
            change.delete_row(own)
        else:
            change.delete_row(row)


def when_column(day: date) -> Column:
    """Return the column of when it was, which leads to its page as of the day; a file has no day where none is
    known."""
    return Column(
        "occurred_on",
        gettext_lazy("Occurred on"),
        "date",
        text=lambda row: row.when,
        href=lambda row: keeping_day(row.get_absolute_url(), day),
        is_header=True,
    )


def claimed_by(row: OutcomeEvent) -> str:
    """Return the codes of the JFOs that claim it."""
    return ", ".join(sorted(claim.jfo.code for claim in row.claims.all()))


@dataclass(frozen=True)
class YearOfOutcomes:
    """The outcomes of one JFO in a fiscal year, up to the day shown; `shared` of them other JFOs claim too."""

    year: FiscalYear
    counts: Sequence[tuple[str, int]]
    total: int
    shared: int
    section: parts.Section


def load_outcomes(jfo: JFO, reader: Reader, day: date) -> YearOfOutcomes:
    """Return the outcomes that the JFO claims in the day's fiscal year; four queries, whatever their number."""
    year = FiscalYear.of(day)
    part = parts.named(Outcomes.slug)
    assert part is not None  # noqa: S101
    claims = Claim.objects.visible_to(reader).filter(jfo=jfo).of_year(year, until=day)
    others = Claim.objects.filter(event__in=claims.values("event")).exclude(jfo=jfo)
    counted = claims.aggregate(
        total=Count("pk"), **{kind.value: Count("pk", filter=Q(event__kind=kind)) for kind in OutcomeKind}
    )
    return YearOfOutcomes(
        year,
        [(str(kind.label), counted[kind.value]) for kind in OutcomeKind if counted[kind.value]],
        counted["total"],
        others.aggregate(n=Count("event", distinct=True))["n"],
        parts.section(part, jfo, reader, day, part.shown(jfo, reader, day).of_year(year)),
    )


parts.register(Outcomes())
