"""What hangs on an arrangement and NHQ reviewers keep: one class a kind of row, and the pages come with it.

As registry.parts does for JFOs. The arrangement's page shows all rows of each part; wca.views.parts adds, corrects and
removes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.periods import today
from jfo_portal.kit.scoping import ScopedQuerySet
from jfo_portal.kit.tables import Cell, Column, Link
from jfo_portal.kit.views import Heading, headings_of, rows_of
from registry.models import Role

from . import register_forms
from .models import Amendment, Arrangement, Coverage, Signatory
from .tables import coverage_columns

REVIEWERS = frozenset({Role.NHQ_REVIEWER})


class Part:
    """One kind of row that hangs on an arrangement.

    `slug` is its word in addresses and its place on the arrangement's page. `closing` names the date that ends a row or
    completes it, and `closing_label` the act.
    """

    slug: ClassVar[str]
    title: ClassVar[str | Promise]
    model: ClassVar[type[models.Model]]
    form: ClassVar[type[register_forms.PartForm]]
    new_label: ClassVar[str | Promise]
    closing: ClassVar[str]
    closing_label: ClassVar[str | Promise]
    empty: ClassVar[str | Promise]

    @property
    def kind(self) -> str:
        """What one row is called."""
        return str(self.model._meta.verbose_name)

    def caption(self, rows: Sequence[Any], day: date) -> str:
        """Return the table's caption, with a count."""
        return _("%(rows)s: %(count)s") % {"rows": self.title, "count": formats.number(len(rows))}

    def columns(self, day: date) -> Sequence[Column]:
        """Return what the table shows of a row as of the day."""
        raise NotImplementedError

    def of(self, arrangement: Arrangement, reader: Reader) -> Any:
        """Return the rows of the arrangement that the reader may see, in their order."""
        rows: ScopedQuerySet = self.model._default_manager.all()  # type: ignore[assignment]
        return rows.visible_to(reader).filter(arrangement=arrangement)

    def at_hand(self, arrangement: Arrangement) -> list[Any]:
        """Return the rows that were read with the arrangement, in their order; none where that is not usual."""
        return []

    def is_known(self, row: Any, day: date) -> bool:
        """Say whether the row was known on a past day."""
        return True

    def shown(self, arrangement: Arrangement, reader: Reader, day: date) -> list[Any]:
        """Return the rows as the table shows them; on a past day those that were known. One query, unless the
        arrangement has its rows at hand."""
        rows = self.at_hand(arrangement) or list(self.of(arrangement, reader))
        return [row for row in rows if self.is_known(row, day)] if day < today() else rows

    def new(self, arrangement: Arrangement) -> Any:
        """Return a new row of the arrangement, unsaved."""
        return self.model(arrangement=arrangement)

    def is_open(self, row: Any) -> bool:
        """Say whether the row can be ended or completed today."""
        return bool(self.closing) and getattr(row, self.closing) is None

    def acts(self, row: Any, arrangement: Arrangement) -> list[Link]:
        """Return the links to what a reviewer can do to the row."""
        key = [arrangement.reference, self.slug, row.pk]
        address, about = reverse("arrangement-part-row", args=key), str(row)
        links = [
            Link(_("Correct"), address, about),
            Link(_("Remove"), reverse("arrangement-part-remove", args=key), about),
        ]
        if self.is_open(row):
            links.insert(0, Link(str(self.closing_label), f"{address}?fill={self.closing}", about))
        return links


def may_edit(reader: Reader) -> bool:
    """Say whether the reader keeps the register."""
    return reader.role in REVIEWERS


@dataclass(frozen=True)
class ShownPart:
    """The rows of a part on the arrangement's page, and the way to a new one for those who keep them."""

    part: Part
    caption: str
    headings: list[Heading]
    rows: list[list[Cell]]
    new_href: str | None


def shown_part(part: Part, arrangement: Arrangement, reader: Reader, day: date, *, is_read_only: bool) -> ShownPart:
    """Return the part as the arrangement's page shows it; one query."""
    rows, columns = part.shown(arrangement, reader, day), list(part.columns(day))
    is_editor = not is_read_only and may_edit(reader)
    if is_editor:
        columns.append(Column("acts", gettext_lazy("Actions"), links=lambda row: part.acts(row, arrangement)))
    return ShownPart(
        part,
        part.caption(rows, day),
        headings_of(columns),
        rows_of(columns, rows),
        reverse("arrangement-part-new", args=[arrangement.reference, part.slug]) if is_editor else None,
    )


class Parties(Part):
    """The agencies that sign, those who must first."""

    slug = "parties"
    title = gettext_lazy("Parties")
    model = Signatory
    form = register_forms.SignatoryForm
    new_label = gettext_lazy("Add a party")
    closing = "signed_on"
    closing_label = gettext_lazy("Record the signature")
    empty = gettext_lazy("No party is recorded, so the arrangement cannot come into force.")

    def of(self, arrangement: Arrangement, reader: Reader) -> Any:
        rows = super().of(arrangement, reader).select_related("arrangement", "agency")
        return rows.order_by("-is_required", "agency__key")

    def at_hand(self, arrangement: Arrangement) -> list[Any]:
        return list(arrangement.signatories.all())

    def columns(self, day: date) -> Sequence[Column]:
        def signed(row: Signatory) -> str:
            if row.signed_on is None:
                return pgettext("party", "not signed")
            if row.signed_on > day:
                return _("not yet; on %(day)s") % {"day": row.signed_on}
            return str(row.signed_on)

        return [
            Column("agency", gettext_lazy("Agency"), value=lambda row: row.agency.short, is_header=True),
            Column("is_required", gettext_lazy("Must sign"), "yes_no"),
            Column("signed_on", gettext_lazy("Signed on"), "date", text=signed),
        ]


class CoveredJFOs(Part):
    """The JFOs that the arrangement names, and when."""

    slug = "jfos"
    title = gettext_lazy("JFOs it names")
    model = Coverage
    form = register_forms.CoverageForm
    new_label = gettext_lazy("Add a JFO")
    closing = "end"
    closing_label = gettext_lazy("End")
    empty = gettext_lazy("It names no JFO.")

    def of(self, arrangement: Arrangement, reader: Reader) -> Any:
        rows = super().of(arrangement, reader).select_related("arrangement", "jfo__region")
        return rows.order_by("jfo__code", "start")

    def caption(self, rows: Sequence[Any], day: date) -> str:
        """Return how many JFOs it names on the day."""
        count = sum(row.holds_on(day) for row in rows)
        return ngettext("%(count)s JFO on %(day)s", "%(count)s JFOs on %(day)s", count) % {
            "count": formats.number(count),
            "day": formats.long_day(day),
        }

    def is_known(self, row: Any, day: date) -> bool:
        return bool(row.start <= day)

    def is_open(self, row: Any) -> bool:
        return super().is_open(row) and row.start <= today()

    def columns(self, day: date) -> Sequence[Column]:
        return coverage_columns(day)


class Amendments(Part):
    """What the parties changed since, by number."""

    slug = "amendments"
    title = gettext_lazy("Amendments")
    model = Amendment
    form = register_forms.AmendmentForm
    new_label = gettext_lazy("Add an amendment")
    closing = ""
    closing_label = ""
    empty = gettext_lazy("It was never amended.")

    def of(self, arrangement: Arrangement, reader: Reader) -> Any:
        return super().of(arrangement, reader).select_related("arrangement").order_by("number")

    def is_known(self, row: Any, day: date) -> bool:
        return bool(row.effective <= day)

    def columns(self, day: date) -> Sequence[Column]:
        return [
            Column("number", gettext_lazy("Number"), is_header=True),
            Column("effective", gettext_lazy("Effective"), "date"),
            Column("summary", gettext_lazy("What it changes")),
        ]


PARTS: dict[str, Part] = {part.slug: part for part in (Parties(), CoveredJFOs(), Amendments())}
