"""JFOs and the programs they belong to, who takes part in them, whom to call, and the risks they answer."""

from collections.abc import Collection, Sequence
from datetime import date
from operator import attrgetter
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.bilingual import Named, in_language
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.periods import Period, PeriodQuerySet, day_without, joined, today
from jfo_portal.kit.scoping import OpenQuerySet, ScopedQuerySet

from .partners import OWN_AGENCY, Agency
from .people import MANAGERS, STEERING, Role, require_assignments_inside
from .places import Region


class Kind(models.TextChoices):
    BINATIONAL = "binational", _("Bi-national")
    NATIONAL = "national", _("National")
    REGIONAL = "regional", _("Regional")


class ProgramQuerySet(OpenQuerySet):
    """Programs: everybody who signed in reads them, administrators change them."""

    write_roles = frozenset({Role.ADMINISTRATOR})


class Program(Named, Tracked):
    """The family a JFO belongs to: IBET, BEST, NPET, INSET, CFSEU, or its own."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    is_single_risk_line = models.BooleanField(
        _("one line in the risk exhibit"),
        default=False,
        help_text=_("Whether Exhibit 4 shows the program's JFOs as one line."),
    )

    objects = ProgramQuerySet.as_manager()

    class Meta:
        verbose_name = _("program")
        verbose_name_plural = _("programs")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class JFOQuerySet(ScopedQuerySet, PeriodQuerySet, TrackedQuerySet):
    """JFOs: every reader sees those of every region; a manager changes those of their own."""

    write_scope = "region"
    write_roles = MANAGERS

    def with_names(self) -> Self:
        """Load program and region in the same query."""
        return self.select_related("program", "region")

    def of_own_regions(self, reader: Reader) -> Self:
        """Return the JFOs the reader answers for: a manager's are those of their own regions."""
        return self.all() if reader.sees_everything else self.filter(region__in=reader.scope_ids)


class JFO(Named, Period, Tracked):
    """One joint-operation team in one region: the thing that is counted. IBET-PAC-1 and IBET-PAC-2 are two."""

    code = models.CharField(_("code"), max_length=20, unique=True, help_text=_("Such as IBET-PAC-1."))
    program = models.ForeignKey(Program, verbose_name=_("program"), on_delete=models.PROTECT, related_name="jfos")
    region = models.ForeignKey(Region, verbose_name=_("region"), on_delete=models.PROTECT, related_name="jfos")
    objectives_en = models.TextField(_("objectives in English"), blank=True)
    objectives_fr = models.TextField(_("objectives in French"), blank=True)

    objects = JFOQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("JFO")
        verbose_name_plural = _("JFOs")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        """Refuse dates that an assignment does not lie inside; one query."""
        super().clean()
        require_assignments_inside(self)

    def get_absolute_url(self) -> str:
        return reverse("jfo", args=[self.code])

    @property
    def objectives(self) -> str:
        """The objectives in the active language."""
        return in_language(self, "objectives")


def page_of(jfo: "JFO | str", part: str) -> str:
    """Return the address of a part of the JFO's page; of a row of the history, the JFO is its code."""
    return f"{reverse('jfo', args=[str(jfo)])}?part={part}"


class ParticipationRole(models.TextChoices):
    LEAD = "lead", _("Lead")
    PARTNER = "partner", _("Partner")


class JFOPartQuerySet(ScopedQuerySet, PeriodQuerySet, TrackedQuerySet):
    """What hangs on a JFO: read by all, changed by the managers of its region."""

    write_scope = "jfo__region"
    write_roles = MANAGERS


class ParticipationQuerySet(JFOPartQuerySet):
    """Participations, which no deletion may take from a JFO until it has no lead or no CBSA."""

    def delete(self, **attribution: Any) -> tuple[int, dict[str, int]]:
        """Delete the rows, and record it; ValidationError where a JFO would be a day without lead or CBSA.

        A JFO that the act being undone had added goes too, and needs neither any more.
        """
        undone = getattr(attribution.get("change"), "undoes", None)
        added = JFO.history.filter(change_set=undone, history_type="+") if undone is not None else JFO.history.none()
        going = set(added.values_list("id", flat=True))
        rows: dict[JFO, list[Any]] = grouped(list(self.select_related("jfo")), attrgetter("jfo"))
        for jfo, of_jfo in rows.items():
            if jfo.pk not in going:
                _require_whole(jfo, without={row.pk for row in of_jfo})
        return super().delete(**attribution)

    delete.alters_data = delete.queryset_only = True  # type: ignore[attr-defined]


class Participation(Period, Tracked):
    """An agency's part in a JFO, from a day to a day."""

    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.CASCADE, related_name="participations")
    agency = models.ForeignKey(
        Agency, verbose_name=_("agency"), on_delete=models.PROTECT, related_name="participations"
    )
    role = models.CharField(_("part"), max_length=10, choices=ParticipationRole, default=ParticipationRole.PARTNER)

    objects = ParticipationQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        ordering = ["jfo", "role", "agency"]
        constraints = [
            *Period.Meta.constraints,
            models.UniqueConstraint(
                fields=["jfo", "agency", "start"],
                name="registry_participation_one_start",
                violation_error_message=_("This agency already takes part in this JFO from that day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency} – {self.jfo}"

    def get_absolute_url(self) -> str:
        return page_of(self.jfo, "partners")

    def clean(self) -> None:
        """Refuse a group that leads, and what would leave the JFO a day without lead or CBSA; one query."""
        super().clean()
        self.check_agency()
        if self.jfo_id and self.agency_id and self.start:
            _require_whole(self.jfo, without={self.pk}, added=[self])

    def check_agency(self) -> None:
        """Refuse an agency that cannot have this part (registry.agencies asks it before a merge)."""
        if self.role == ParticipationRole.LEAD and self.agency_id and self.agency.is_group:
            raise ValidationError(
                {
                    "agency": gettext("“%(agency)s” is a group of forces: it can take part, but not lead.")
                    % {"agency": self.agency.name}
                }
            )

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Delete the row; ValidationError where the JFO would be a day without lead or CBSA."""
        _require_whole(self.jfo, without={self.pk})
        return super().delete(*args, **options)

    @classmethod
    def merged(cls, rows: Sequence[Self]) -> list[Self]:
        """Return what the rows, now all of one agency, become: one part a day in a JFO, and a lead wins over a partner.

        See registry.agencies.
        """
        return joined(rows, alike=lambda row: row.jfo_id, rank=_leads, carried=["role"])


def _require_whole(jfo: JFO, *, without: Collection[int | None], added: Sequence[Participation] = ()) -> None:
    """Refuse a day of the JFO without a lead, or without the CBSA, that is not one already (domain rule 6); one query.

    `without` are the keys of the rows that go, or are changed and among `added`.
    """
    stored = list(Participation.objects.filter(jfo=jfo).select_related("agency"))
    then = [*(row for row in stored if row.pk not in without), *added]
    for is_meant, sentence in (
        (_leads, gettext("On %(day)s the JFO would have no lead. Name another lead from that day on first.")),
        (_is_own, gettext("On %(day)s the CBSA would not take part in the JFO, which goes on on that day.")),
    ):
        before = day_without([row for row in stored if is_meant(row)], jfo.start, jfo.end)
        after = day_without([row for row in then if is_meant(row)], jfo.start, jfo.end)
        if after is not None and (before is None or after < before):
            raise ValidationError(sentence % {"day": after})


def _leads(row: Participation) -> bool:
    return row.role == ParticipationRole.LEAD


def _is_own(row: Participation) -> bool:
    return row.agency.key == OWN_AGENCY


class ContactFunction(models.TextChoices):
    INTELLIGENCE = "intelligence", _("Intelligence")
    CRIMINAL_INVESTIGATIONS = "criminal_investigations", _("Criminal investigations")


class Contact(Period, Tracked):
    """Whom partners call about a JFO, one primary person for each function (Recommendation 3)."""

    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.CASCADE, related_name="contacts")
    function = models.CharField(_("function"), max_length=25, choices=ContactFunction)
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    is_primary = models.BooleanField(_("primary contact"), default=False)

    objects = JFOPartQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["jfo", "function", "-is_primary", "name"]
        constraints = [
            *Period.Meta.constraints,
            models.UniqueConstraint(
                fields=["jfo", "function"],
                condition=Q(is_primary=True, end=None),
                name="registry_contact_one_open_primary",
                violation_error_message=_("The JFO already has a primary contact for this function; end it first."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} – {self.jfo}"

    def get_absolute_url(self) -> str:
        return page_of(self.jfo, "partners")

    def clean(self) -> None:
        """Refuse two primary contacts for one function on any day (domain rule 6); one query."""
        super().clean()
        if not (self.is_primary and self.jfo_id and self.function and self.start):
            return
        other = self.rivals().first()
        if other is not None:
            raise ValidationError(
                {
                    "is_primary": gettext(
                        "%(name)s is the primary contact for this function from %(start)s on; "
                        "end that before, or leave this one without the mark."
                    )
                    % {"name": other.name, "start": other.start}
                }
            )

    def rivals(self) -> JFOPartQuerySet:
        """Return the other primary contacts of the JFO for the function that share a day with the row."""
        others = Contact.objects.filter(jfo=self.jfo_id, function=self.function, is_primary=True).exclude(pk=self.pk)
        return others.during(self.start, self.end or date.max).order_by("start")


class RiskLevel(models.TextChoices):
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")


class RiskEditionQuerySet(OpenQuerySet):
    """Editions of risk assessments."""

    def in_force_on(self, day: date) -> Self:
        """Return the edition of each assessment that is in force on the day: the last that had begun."""
        later = RiskEdition.objects.filter(
            assessment=OuterRef("assessment"), start__gt=OuterRef("start"), start__lte=day
        )
        return self.filter(~Exists(later), start__lte=day)


class RiskEdition(Named, Tracked):
    """An edition of a risk assessment; it holds until the next of the same assessment, and a fiscal year is read by the
    one in force on its last day."""

    assessment = models.SlugField(_("assessment"), max_length=20, help_text=_("Which assessment, such as BTRA."))
    code = models.CharField(_("code"), max_length=20, unique=True, help_text=_("The edition, such as BTRA-2011."))
    start = models.DateField(_("in force from"))

    objects = RiskEditionQuerySet.as_manager()

    class Meta:
        verbose_name = _("edition of a risk assessment")
        verbose_name_plural = _("editions of risk assessments")
        ordering = ["assessment", "start"]
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "start"],
                name="registry_riskedition_one_a_day",
                violation_error_message=_("Another edition of the assessment is in force from that day."),
            )
        ]

    def __str__(self) -> str:
        return self.code


class Risk(Named, Tracked):
    """A threat as one edition of a risk assessment ranks it (Exhibit 4: the 2011 Border Threat and Risk Assessment)."""

    edition = models.CharField(_("edition"), max_length=20, help_text=_("The assessment, such as BTRA-2011."))
    code = models.SlugField(_("code"), max_length=40)
    level = models.CharField(_("level"), max_length=6, choices=RiskLevel)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("risk")
        verbose_name_plural = _("risks")
        ordering = ["edition", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "code"],
                name="registry_risk_once_an_edition",
                violation_error_message=_("This edition already lists this risk."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.edition} {self.code}"


class RiskCoverageQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Risks that JFOs answer: read by all, changed by those who steer the JFO."""

    write_scope = "jfo__region"
    write_roles = STEERING


class RiskCoverage(Tracked):
    """A JFO answers a risk, by one edition of the assessment."""

    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.CASCADE, related_name="risk_coverage")
    risk = models.ForeignKey(Risk, verbose_name=_("risk"), on_delete=models.PROTECT, related_name="coverage")
    confirmed_on = models.DateField(
        _("confirmed on"),
        null=True,
        blank=True,
        help_text=_("When somebody last looked whether it still holds; empty where that is not known."),
    )
    weight = models.DecimalField(
        _("weight"),
        max_digits=4,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0, _("A weight cannot be less than 0."))],
        help_text=_("Of the JFO's effort beside its other risks; without weights all count alike."),
    )

    objects = RiskCoverageQuerySet.as_manager()

    class Meta:
        verbose_name = _("risk coverage")
        verbose_name_plural = _("risk coverage")
        ordering = ["jfo", "risk"]
        constraints = [
            models.UniqueConstraint(
                fields=["jfo", "risk"],
                name="registry_riskcoverage_once",
                violation_error_message=_("The JFO already answers this risk."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.jfo} – {self.risk}"

    def get_absolute_url(self) -> str:
        return page_of(self.jfo, "")

    def clean(self) -> None:
        """Refuse a confirmation that is still to come."""
        super().clean()
        if self.confirmed_on and self.confirmed_on > today():
            raise ValidationError({"confirmed_on": gettext("%(day)s is still to come.") % {"day": self.confirmed_on}})
