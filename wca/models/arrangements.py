"""Arrangements, who must sign them, and the JFOs they cover from when to when."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.bilingual import in_language
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.periods import Period, PeriodQuerySet
from jfo_portal.kit.scoping import ScopedQuerySet
from registry.models import JFO, Agency, Role


class ArrangementKind(models.TextChoices):
    WCA = "wca", _("Written collaborative arrangement (WCA)")
    MOU = "mou", _("Memorandum of understanding (MOU)")
    OTHER = "other", _("Other written agreement")


class SecurityLevel(models.TextChoices):
    """The highest level of the information that may be shared under it."""

    UNCLASSIFIED = "unclassified", _("Unclassified")
    PROTECTED_A = "protected_a", _("Protected A")
    PROTECTED_B = "protected_b", _("Protected B")
    PROTECTED_C = "protected_c", _("Protected C")
    CONFIDENTIAL = "confidential", _("Confidential")
    SECRET = "secret", _("Secret")
    TOP_SECRET = "top_secret", _("Top Secret")


class Status(models.TextChoices):
    """Where an arrangement stands on a day; follows from dates and is never stored."""

    UNSIGNED = "unsigned", _("Not signed by every party")
    NOT_YET = "not_yet", _("Not yet in effect")
    IN_FORCE = "in_force", _("In force")
    EXPIRED = "expired", _("Expired")
    TERMINATED = "terminated", _("Terminated")
    SUPERSEDED = "superseded", _("Superseded")


def _required() -> models.QuerySet:
    """Return the parties who must sign the arrangement of the query around it."""
    return Signatory.objects.filter(arrangement=OuterRef("pk"), is_required=True)


def _unsigned_on(day: date) -> models.QuerySet:
    """Return those of them who have not by the day."""
    return _required().filter(Q(signed_on=None) | Q(signed_on__gt=day))


class ArrangementQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Arrangements: everybody who signed in reads them, NHQ reviewers change them."""

    write_roles = frozenset({Role.NHQ_REVIEWER})

    def in_force_on(self, day: date) -> Self:
        """Return the arrangements in force on the day (domain rule 7).

        Every required party signed on or before the day, the day lies from effective to expiry, and
        the arrangement is neither terminated nor superseded by then.
        """
        return self.filter(
            ~Exists(_unsigned_on(day)),
            Exists(_required()),
            Q(expiry=None) | Q(expiry__gte=day),
            Q(terminated_on=None) | Q(terminated_on__gt=day),
            Q(superseded_on=None) | Q(superseded_on__gt=day),
            effective__lte=day,
        )

    def with_status_on(self, day: date) -> Self:
        """Set `standing` on each arrangement, which is its Status on the day: `Arrangement.status_on` as a query."""
        standing = Case(
            When(terminated_on__lte=day, then=Value(Status.TERMINATED)),
            When(superseded_on__lte=day, then=Value(Status.SUPERSEDED)),
            When(expiry__lt=day, then=Value(Status.EXPIRED)),
            When(~Exists(_required()) | Exists(_unsigned_on(day)), then=Value(Status.UNSIGNED)),
            When(effective__lte=day, then=Value(Status.IN_FORCE)),
            default=Value(Status.NOT_YET),
            output_field=models.CharField(),
        )
        return self.annotate(standing=standing)

    def lapsing_after(self, day: date) -> Self:
        """Return the arrangements in force on the day whose expiry comes within 180 days of it."""
        return self.in_force_on(day).filter(expiry__lte=day + timedelta(days=180))

    def known_on(self, day: date) -> Self:
        """Return the arrangements whose effective date or first recorded step has come by the day, or that have
        neither."""
        steps = self._steps()
        by_dates = Q(effective__lte=day) | Q(Q(effective=None) & ~Exists(steps))
        return self.filter(by_dates | Exists(steps.filter(recorded_on__lte=day)))

    def recorded_by(self, day: date) -> Self:
        """Return the arrangements without those whose recorded life began after the day: nobody knew of them then.

        Where no beginning is recorded, as of what was imported, the dates speak.
        """
        steps = self._steps()
        begun_by_steps = Exists(steps.filter(stage__in=["needed", "drafting"]))
        return self.exclude(begun_by_steps & ~Exists(steps.filter(recorded_on__lte=day)))

    def _steps(self) -> models.QuerySet:
        """Return the steps of the arrangement of the query around it."""
        steps = self.model._meta.get_field("steps").related_model
        rows: models.QuerySet = steps._default_manager.filter(arrangement=OuterRef("pk"))  # type: ignore[union-attr]
        return rows


class Arrangement(Tracked):
    """One written arrangement, agreement or memorandum under which information is shared."""

    reference = models.CharField(
        _("reference"),
        max_length=20,
        unique=True,
        help_text=_("Such as WCA-2004-0001; issued once and never used again."),
    )
    kind = models.CharField(_("kind"), max_length=5, choices=ArrangementKind, default=ArrangementKind.WCA)
    title_en = models.CharField(_("title in English"), max_length=200)
    title_fr = models.CharField(_("title in French"), max_length=200)
    effective = models.DateField(
        _("effective"), null=True, blank=True, help_text=_("The first day on which it applies once signed.")
    )
    expiry = models.DateField(
        _("expiry"), null=True, blank=True, help_text=_("The last day on which it applies; empty for none.")
    )
    terminated_on = models.DateField(
        _("terminated on"), null=True, blank=True, help_text=_("From this day on it applies no longer.")
    )
    superseded_by = models.ForeignKey(
        "self",
        verbose_name=_("superseded by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="supersedes",
    )
    superseded_on = models.DateField(
        _("superseded on"), null=True, blank=True, help_text=_("From this day on the newer one applies.")
    )
    security_level = models.CharField(
        _("security level"),
        max_length=12,
        choices=SecurityLevel,
        blank=True,
        help_text=_("The highest level of the information that may be shared under it; empty if it does not say."),
    )
    authorities = models.TextField(
        _("authorities cited"), blank=True, help_text=_("The laws under which it shares information, one a line.")
    )
    office = models.CharField(
        _("office of primary interest"), max_length=120, blank=True, help_text=_("The CBSA office that keeps it.")
    )
    review_due = models.DateField(
        _("review due"), null=True, blank=True, help_text=_("By when somebody looks whether it still serves.")
    )
    reviewed_in = models.CharField(
        _("reviewed in"),
        max_length=10,
        blank=True,
        help_text=_(
            "The sub-table of Exhibit 6 (6a, 6b or 6c) in which the evaluation reviewed it; empty if it did not."
        ),
    )

    objects = ArrangementQuerySet.as_manager()

    class Meta:
        verbose_name = _("arrangement")
        verbose_name_plural = _("arrangements")
        ordering = ["reference"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expiry=None) | Q(effective=None) | Q(expiry__gte=F("effective")),
                name="wca_arrangement_expires_after_effective",
                violation_error_message=_("The expiry is before the effective date."),
            ),
            models.CheckConstraint(
                condition=Q(superseded_by=None, superseded_on=None)
                | Q(superseded_by__isnull=False, superseded_on__isnull=False),
                name="wca_arrangement_superseded_whole",
                violation_error_message=_("Say both which arrangement supersedes this one and from which day."),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("arrangement", args=[self.reference])

    @property
    def title(self) -> str:
        """The title in the active language."""
        return in_language(self, "title")

    def clean(self) -> None:
        super().clean()
        self.check_supersession()

    def check_supersession(self) -> None:
        """Refuse an arrangement that would supersede itself, at once or by way of others; a query for each that is
        newer, as the database has it now."""
        newer, seen = self.superseded_by_id, set()
        while newer is not None and newer not in seen:
            if newer == self.pk:
                raise ValidationError({"superseded_by": self.superseding_itself(self.superseded_by)})
            seen.add(newer)
            newer = Arrangement.objects.values_list("superseded_by", flat=True).filter(pk=newer).first()

    def superseding_itself(self, newer: Any) -> str:
        """Return why the newer arrangement, which leads back to this one, cannot supersede it."""
        said = {"reference": self.reference, "newer": newer.reference}
        if newer.pk == self.pk:
            return gettext("%(reference)s cannot supersede itself. Choose a newer arrangement.") % said
        return (
            gettext(
                "%(newer)s is itself superseded by %(reference)s, at once or by way of others. "
                "Correct that first, or choose another arrangement."
            )
            % said
        )

    def status_on(self, day: date) -> Status:
        """Return where the arrangement stands on the day; reads its signatories."""
        required = [signatory for signatory in self.signatories.all() if signatory.is_required]
        if self.terminated_on and self.terminated_on <= day:
            return Status.TERMINATED
        if self.superseded_on and self.superseded_on <= day:
            return Status.SUPERSEDED
        if self.expiry and self.expiry < day:
            return Status.EXPIRED
        if not required or any(s.signed_on is None or s.signed_on > day for s in required):
            return Status.UNSIGNED
        if self.effective is None or self.effective > day:
            return Status.NOT_YET
        return Status.IN_FORCE


class AmendmentQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Amendments, seen and changed like their arrangement."""

    write_roles = frozenset({Role.NHQ_REVIEWER})


class Amendment(Tracked):
    """A change that the parties agreed to an arrangement, which goes on under its number."""

    arrangement = models.ForeignKey(
        Arrangement, verbose_name=_("arrangement"), on_delete=models.CASCADE, related_name="amendments"
    )
    number = models.PositiveSmallIntegerField(_("number"))
    effective = models.DateField(_("effective"), help_text=_("The first day on which it applies."))
    summary_en = models.TextField(_("what it changes, in English"))
    summary_fr = models.TextField(_("what it changes, in French"))

    objects = AmendmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("amendment")
        verbose_name_plural = _("amendments")
        ordering = ["arrangement", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["arrangement", "number"],
                name="wca_amendment_one_number",
                violation_error_message=_("The arrangement already has an amendment of this number."),
            )
        ]

    def __str__(self) -> str:
        return gettext("%(arrangement)s, amendment %(number)s") % {
            "arrangement": self.arrangement,
            "number": self.number,
        }

    @property
    def summary(self) -> str:
        """What it changes, in the active language."""
        return in_language(self, "summary")


class ReferenceCounter(models.Model):
    """The last number issued of a kind of arrangement in a year: a number is never issued again (domain rule 9)."""

    prefix = models.CharField(_("prefix"), max_length=10, help_text=_("Such as WCA."))
    year = models.PositiveSmallIntegerField(_("year"))
    last = models.PositiveIntegerField(_("last number issued"), default=0)

    class Meta:
        verbose_name = _("arrangement numbers")
        verbose_name_plural = _("arrangement numbers")
        constraints = [models.UniqueConstraint(fields=["prefix", "year"], name="wca_referencecounter_once")]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year}"


class SignatoryQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Signatories, seen and changed like their arrangement."""

    write_roles = frozenset({Role.NHQ_REVIEWER})


class Signatory(Tracked):
    """An agency that signs an arrangement, or must."""

    arrangement = models.ForeignKey(
        Arrangement, verbose_name=_("arrangement"), on_delete=models.CASCADE, related_name="signatories"
    )
    agency = models.ForeignKey(Agency, verbose_name=_("agency"), on_delete=models.PROTECT, related_name="signatures")
    is_required = models.BooleanField(
        _("required"), default=True, help_text=_("Without this signature the arrangement is not in force.")
    )
    signed_on = models.DateField(_("signed on"), null=True, blank=True)

    objects = SignatoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("signatory")
        verbose_name_plural = _("signatories")
        ordering = ["arrangement", "agency"]
        constraints = [
            models.UniqueConstraint(
                fields=["arrangement", "agency"],
                name="wca_signatory_once",
                violation_error_message=_("This agency is already among the parties."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.arrangement} {self.agency}"

    def clean(self) -> None:
        super().clean()
        self.check_agency()

    def check_agency(self) -> None:
        """Refuse an agency that cannot sign."""
        if self.agency_id and self.agency.is_group:
            raise ValidationError(
                {"agency": gettext("“%(agency)s” is a group of forces: it cannot sign.") % {"agency": self.agency.name}}
            )

    @classmethod
    def merged(cls, rows: Sequence[Self]) -> list[Self]:
        """Return what the rows, now all of one agency, become: one an arrangement, signed on the earlier day.

        It is required if either was. See registry.agencies.
        """
        kept: dict[int, Self] = {}
        for row in rows:
            first = kept.setdefault(row.arrangement_id, row)
            first.is_required = first.is_required or row.is_required
            first.signed_on = min((day for day in (first.signed_on, row.signed_on) if day), default=None)
        return list(kept.values())


class CoverageQuerySet(ScopedQuerySet, PeriodQuerySet, TrackedQuerySet):
    """Coverage, seen and changed like its arrangement."""

    write_roles = frozenset({Role.NHQ_REVIEWER})


class Coverage(Period, Tracked):
    """An arrangement covers a JFO from a day to a day, as long as it is in force itself."""

    arrangement = models.ForeignKey(
        Arrangement, verbose_name=_("arrangement"), on_delete=models.CASCADE, related_name="coverage"
    )
    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.CASCADE, related_name="coverage")

    objects = CoverageQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("coverage")
        verbose_name_plural = _("coverage")
        ordering = ["arrangement", "jfo"]
        constraints = [
            *Period.Meta.constraints,
            models.UniqueConstraint(
                fields=["arrangement", "jfo", "start"],
                name="wca_coverage_one_start",
                violation_error_message=_("The arrangement already covers this JFO from that day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.arrangement} – {self.jfo}"

    def clean(self) -> None:
        super().clean()
        self.check_other_coverage()

    def check_other_coverage(self) -> None:
        """Refuse a second coverage of the JFO by the arrangement on one day; one query."""
        if not (self.arrangement_id and self.jfo_id and self.start):
            return
        others = Coverage.objects.filter(arrangement=self.arrangement_id, jfo=self.jfo_id).exclude(pk=self.pk)
        other = others.during(self.start, self.end or date.max).order_by("start").first()
        if other is None:
            return
        said = {"arrangement": self.arrangement, "jfo": self.jfo, "start": other.start, "end": other.end}
        sentence = (
            gettext("%(arrangement)s covers %(jfo)s from %(start)s on already; correct or end that first.")
            if other.end is None
            else gettext("%(arrangement)s covers %(jfo)s from %(start)s to %(end)s already; choose other days.")
        )
        raise ValidationError({"start": sentence % said})
