"""Who had a part in an outcome: contributions by agency, and totals as documents reported them (domain rule 11)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.bilingual import in_language
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.periods import today
from jfo_portal.kit.scoping import OpenQuerySet, ScopedQuerySet
from registry.models import MANAGERS, Agency, Program, Region

from .outcomes import Claim, OutcomeEvent

EVIDENCE_LENGTH = 300


class ContributionKind(models.TextChoices):
    """With what an agency had a part in an outcome."""

    LEAD = "lead", _("Lead or tip")
    QUERY = "query", _("Query")
    TARGETING = "targeting", _("Targeting")
    EXAMINATION = "examination", _("Examination")
    WARRANT = "warrant", _("Warrant or detention")
    PERSONNEL = "personnel", _("Personnel")
    ANALYSIS = "analysis", _("Analysis")
    AUTHORITY = "authority", _("Legal authority")
    EQUIPMENT = "equipment", _("Equipment")


class ContributionQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Contributions: read by all, changed by the managers of the regions whose JFOs claim the event."""

    write_roles = MANAGERS

    def editable_by(self, reader: Reader) -> Self:
        """Return the contributions to events that a JFO of the reader's regions claims, each once."""
        return super().editable_by(reader).filter(event__in=Claim.objects.editable_by(reader).values("event"))


class Contribution(Tracked):
    """An agency had a part of one kind in the event; the shares of an event add to at most 1.

    The database refuses more than 1 (performance.guards).
    """

    event = models.ForeignKey(
        OutcomeEvent, verbose_name=_("outcome"), on_delete=models.CASCADE, related_name="contributions"
    )
    agency = models.ForeignKey(Agency, verbose_name=_("agency"), on_delete=models.PROTECT, related_name="contributions")
    kind = models.CharField(_("kind"), max_length=15, choices=ContributionKind)
    evidence = models.CharField(
        _("evidence"),
        max_length=EVIDENCE_LENGTH,
        blank=True,
        help_text=_("What shows it, such as a file number or a report; no data on persons."),
    )
    confirmed_on = models.DateField(
        _("confirmed by the lead on"), null=True, blank=True, help_text=_("Empty until the lead agency confirms it.")
    )
    share = models.DecimalField(
        _("agreed share"),
        max_digits=4,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[
            MinValueValidator(0, _("A share cannot be less than 0.")),
            MaxValueValidator(1, _("A share cannot be more than 1.")),
        ],
        help_text=_("Of 1, where the agencies agreed on one."),
    )

    # Of two who give shares of one outcome the second sees what the first gave.
    locked_with = ("event",)

    objects = ContributionQuerySet.as_manager()

    class Meta:
        verbose_name = _("contribution")
        verbose_name_plural = _("contributions")
        ordering = ["event", "agency", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "agency", "kind"],
                name="performance_contribution_once",
                violation_error_message=_("This contribution of the agency is recorded already."),
            ),
            models.CheckConstraint(
                condition=Q(share=None) | Q(share__gte=0, share__lte=1),
                name="performance_contribution_share_of_one",
                violation_error_message=_("A share is at least 0 and at most 1."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency} – {self.get_kind_display()} – {self.event}"

    def get_absolute_url(self) -> str:
        # By its key: of a row of the history, the outcome itself is words.
        return reverse("outcome", args=[self.event_id])

    def clean(self) -> None:
        """Refuse a confirmation before the outcome or still to come, and shares beyond the whole of it; a query."""
        super().clean()
        if self.confirmed_on and self.confirmed_on > today():
            raise ValidationError({"confirmed_on": gettext("%(day)s is still to come.") % {"day": self.confirmed_on}})
        if self.confirmed_on and self.confirmed_on < self.event.first_day:
            raise ValidationError(
                {
                    "confirmed_on": gettext("%(day)s is before the outcome, which is of %(when)s.")
                    % {"day": self.confirmed_on, "when": self.event.when}
                }
            )
        if self.share is not None and self.share > (left := self.share_left()):
            raise ValidationError(
                {
                    "share": gettext(
                        "The shares of an outcome add to at most 1. The others have %(others)s, so %(left)s is left."
                    )
                    % {"others": formats.number(1 - left, 3), "left": formats.number(left, 3)}
                }
            )

    def share_left(self) -> Decimal:
        """Return what the other contributions to the outcome leave of 1; one query."""
        others = type(self).objects.filter(event=self.event_id, share__isnull=False).exclude(pk=self.pk)
        return 1 - sum((share for share in others.values_list("share", flat=True) if share), Decimal(0))

    # Of two that are joined, the one that goes first leaves its share to the other: together they are never too much.
    goes_before_merge: ClassVar[bool] = True

    @classmethod
    def merged(cls, rows: Sequence[Self]) -> list[Self]:
        """Return what the rows, now all of one agency, become: of one kind in one outcome, one, with both shares, the
        earliest confirmation and the evidence of both.

        See registry.agencies.
        """
        found: dict[tuple[int, str], Self] = {}
        for row in rows:
            first = found.setdefault((row.event_id, row.kind), row)
            if first is not row:
                first._take_over(row)
        return list(found.values())

    def _take_over(self, other: Self) -> None:
        shares = [share for share in (self.share, other.share) if share is not None]
        days = [day for day in (self.confirmed_on, other.confirmed_on) if day is not None]
        said = dict.fromkeys(text for text in (self.evidence, other.evidence) if text)
        self.share = sum(shares, Decimal(0)) if shares else None
        self.confirmed_on = min(days, default=None)
        self.evidence = "; ".join(said)[:EVIDENCE_LENGTH]


class Attribution(models.TextChoices):
    """Whose result a reported total is."""

    JFO = "jfo", _("Whole JFO, all agencies")
    CBSA = "cbsa", _("Attributed to the CBSA")


class ReportedOutcome(Tracked):
    """A total that a document reports of a period; kept apart from the events on record (domain rule 12)."""

    number = models.PositiveSmallIntegerField(_("number"), unique=True)
    program = models.ForeignKey(
        Program, verbose_name=_("program"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    team = models.CharField(_("team"), max_length=60, blank=True)
    region = models.ForeignKey(
        Region, verbose_name=_("region"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    first_day = models.DateField(_("first day"), null=True, blank=True)
    last_day = models.DateField(_("last day"), null=True, blank=True)
    measure_en = models.CharField(_("measure in English"), max_length=60)
    measure_fr = models.CharField(_("measure in French"), max_length=60)
    subject_en = models.CharField(_("goods or subject in English"), max_length=120, blank=True)
    subject_fr = models.CharField(_("goods or subject in French"), max_length=120, blank=True)
    value = models.DecimalField(_("value"), max_digits=14, decimal_places=2)
    is_money = models.BooleanField(_("in dollars"), default=False)
    operation = models.CharField(_("operation"), max_length=80, blank=True)
    attribution = models.CharField(_("whose result"), max_length=5, choices=Attribution, default=Attribution.JFO)
    note_en = models.CharField(_("note in English"), max_length=200, blank=True)
    note_fr = models.CharField(_("note in French"), max_length=200, blank=True)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("reported total")
        verbose_name_plural = _("reported totals")
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(first_day=None) | Q(last_day=None) | Q(first_day__lte=F("last_day")),
                name="performance_reportedoutcome_days_in_order",
                violation_error_message=_("The first day is after the last."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.measure_en}"

    @property
    def measure(self) -> str:
        """The measure in the active language."""
        return in_language(self, "measure")

    @property
    def subject(self) -> str:
        """The goods or subject in the active language."""
        return in_language(self, "subject")

    @property
    def note(self) -> str:
        """The note in the active language."""
        return in_language(self, "note")
