"""Which officer serves on which JFO, for what part of their time, from when to when."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.periods import ONE_DAY, Period, PeriodQuerySet
from jfo_portal.kit.scoping import ScopedQuerySet

from .jfos import JFO
from .people import MANAGERS, Officer

FULL_TIME = Decimal("1.00")
# An end this near asks for a decision.
SOON = timedelta(days=90)
# Spells on one JFO this many days apart, or fewer, are one (domain rule 4).
JOINED_GAP_DAYS = 30


def past_policy_since(day: date) -> date:
    """Return the latest first day of a spell that has lasted longer than the policy period by the day, both days
    counted (domain rule 4; setting TENURE_POLICY_YEARS)."""
    year = day.year - settings.TENURE_POLICY_YEARS
    # The 29th of February has no anniversary in most years.
    return day.replace(year=year, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=year)


class EndReason(models.TextChoices):
    ROTATION = "rotation", _("Rotation")
    TRANSFER = "transfer", _("Transfer to another JFO")
    END_OF_OPERATION = "end_of_operation", _("The JFO or the CBSA's part in it ended")
    CHANGE = "change", _("The FTE changed, and the assignment goes on")
    RESIGNATION = "resignation", _("The officer left")
    OTHER = "other", _("Other")


class LastDay(models.Func):
    """The last day, and the last of all days where there is none; as an index has it, so without a parameter."""

    template = "COALESCE(%(expressions)s, '9999-12-31')"
    output_field = models.DateField()


class AssignmentQuerySet(ScopedQuerySet, PeriodQuerySet, TrackedQuerySet):
    """Assignments, seen and changed by the region that employs the officer."""

    read_scope = write_scope = "officer__region"
    write_roles = MANAGERS

    def undoable_by(self, author: Reader) -> Self:
        """Return those the author may see, and those to JFOs of the author's regions: withdrawing from a JFO ends the
        assignments of every region's officers (registry.reviewing), and is undone as it was done."""
        if author.sees_everything or not author.is_authenticated:
            return self.visible_to(author)
        return self.filter(Q(officer__region__in=author.scope_ids) | Q(jfo__region__in=author.scope_ids))

    def with_names(self) -> Self:
        """Load officer, JFO and their regions in the same query."""
        return self.select_related("officer__region", "jfo__region", "jfo__program")

    def found_by_index(self, day: date, *, jfos: Iterable[int], regions: Iterable[int]) -> Self:
        """Return the rows again, all of them of the day, on those JFOs and of officers of those regions: said so that a
        database counts them in the index of JFOs, and reads there no others."""
        return self.alias(last_day=LastDay("end")).filter(last_day__gte=day, jfo__in=jfos, officer_region__in=regions)

    def fte(self) -> Decimal:
        """Return the sum of the rows' FTE; one query."""
        return self.aggregate(total=Sum("fte"))["total"] or Decimal(0)

    def ending_soon(self, day: date) -> Self:
        """Return the rows of the day that end within 90 days, and not because another one goes on with other FTE."""
        return self.as_of(day).filter(end__lte=day + SOON).exclude(end_reason=EndReason.CHANGE)

    def beginning_a_spell(self) -> Self:
        """Return the rows before which the officer was not on the JFO for more than 30 days (domain rule 4)."""
        # A first day less a number of days is a moment; it is made a day again, or SQLite would compare texts.
        nearest = Cast(OuterRef("start") - timedelta(days=JOINED_GAP_DAYS + 1), models.DateField())
        before = Assignment.objects.filter(
            Q(end=None) | Q(end__gte=nearest),
            officer=OuterRef("officer"),
            jfo=OuterRef("jfo"),
            start__lt=OuterRef("start"),
        )
        return self.filter(~Exists(before.order_by()))

    def with_since(self) -> Self:
        """Give each row `since`: the first day of the spell on the JFO that it is part of (domain rule 4).

        A change of FTE splits a row, and a gap of at most 30 days is no end; neither begins a spell.
        """
        begun = Assignment.objects.beginning_a_spell().filter(
            officer=OuterRef("officer"), jfo=OuterRef("jfo"), start__lte=OuterRef("start")
        )
        return self.annotate(since=Subquery(begun.order_by("-start").values("start")[:1]))

    def past_policy_unreviewed(self, day: date) -> Self:
        """Return the open-ended rows whose spell has by the day lasted longer than the policy period, and that have no
        review date (domain rule 4)."""
        return self.with_since().filter(end=None, review_on=None, start__lte=day, since__lte=past_policy_since(day))


class KeptNumber(models.BigIntegerField):
    """A number that the database itself keeps true, from other rows (registry.guards): no write needs to give it, and
    no version of the row keeps it (kit.history)."""

    is_derived = True


class Assignment(Period, Tracked):
    """One officer's service on one JFO for a part of full time, both days included.

    The database refuses a second assignment of the officer to the same JFO on a shared day, and any
    day on which the officer's FTE would pass 1.00, however the row is written (domain rule 1).
    """

    officer = models.ForeignKey(
        Officer, verbose_name=_("officer"), on_delete=models.PROTECT, related_name="assignments"
    )
    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.PROTECT, related_name="assignments")
    fte = models.DecimalField(
        _("FTE"),
        max_digits=3,
        decimal_places=2,
        default=FULL_TIME,
        validators=[
            MinValueValidator(Decimal("0.01"), _("The FTE must be more than 0.")),
            MaxValueValidator(FULL_TIME, _("The FTE must be at most 1.00: one officer working full time.")),
        ],
        help_text=_("Part of full time, more than 0 and at most 1.00."),
    )
    end_reason = models.CharField(_("reason for the end"), max_length=20, choices=EndReason, blank=True)
    review_on = models.DateField(
        _("review date"),
        null=True,
        blank=True,
        help_text=_("When an assignment without a last day will be reviewed; needed past the policy period."),
    )

    # The key of the officer's region, so that 100,000 rows are counted by region from an index, without reading their
    # officers. For counts alone: of a row that was not read from the database it may be none; ask the officer.
    officer_region = KeptNumber(null=True, editable=False)

    locked_with = ("officer",)
    objects = AssignmentQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ["jfo", "officer", "start"]
        constraints = [
            *Period.Meta.constraints,
            models.CheckConstraint(
                condition=Q(fte__gt=0, fte__lte=1),
                name="registry_assignment_fte_in_range",
                violation_error_message=_("The FTE must be more than 0 and at most 1.00."),
            ),
        ]
        indexes = [
            # Spells are found in the first (with_since), counts and sums of a JFO and of a region in the second, orders
            # in the two others: each holds all that is asked for, so that 100,000 rows need not be read themselves.
            models.Index(fields=["officer", "jfo", "start", "end", "fte"], name="registry_assignment_officer"),
            models.Index(
                "jfo",
                "officer_region",
                LastDay("end"),
                "start",
                "end",
                "fte",
                "officer",
                name="registry_assignment_jfo",
            ),
            models.Index(fields=["end", "start", "officer", "jfo", "fte"], name="registry_assignment_end"),
            models.Index(fields=["start", "end"], name="registry_assignment_start"),
        ]

    def __str__(self) -> str:
        return f"{self.officer} – {self.jfo}"

    def get_absolute_url(self) -> str:
        return reverse("assignment", args=[self.pk])

    @property
    def dates(self) -> str:
        """The first and the last day in words of the active language."""
        if self.end is None:
            return gettext("since %(start)s, without a last day") % {"start": self.start}
        return gettext("%(start)s to %(end)s") % {"start": self.start, "end": self.end}

    @property
    def in_words(self) -> str:
        """What names the row in a sentence: “1.00 FTE on IBET-QUE-1, since 2005-02-14, without a last day”."""
        return gettext("%(fte)s FTE on %(jfo)s, %(dates)s") % {
            "fte": formats.text(self.fte, "fte"),
            "jfo": self.jfo.code,
            "dates": self.dates,
        }

    def ends_soon(self, day: date) -> bool:
        """Say whether the row is one of those that `ending_soon` returns."""
        if self.end is None or self.end_reason == EndReason.CHANGE:
            return False
        return self.start <= day <= self.end <= day + SOON

    @cached_property
    def since(self) -> date:
        """The first day of the spell that the row, as it is saved, is part of; one query, unless the rows were asked
        for `with_since`."""
        return Assignment.objects.with_since().only("pk").get(pk=self.pk).since

    def is_closed(self, day: date) -> bool:
        """Say whether it ended in a fiscal year before the day's, and so stays as it is.

        One that ended on the last day of the year before can still go on from the next day: no figure of
        the earlier year changes by it.
        """
        return self.end is not None and self.end + ONE_DAY < FiscalYear.of(day).first_day

    def is_past_policy_unreviewed(self, day: date) -> bool:
        """Say whether the row needs a review date by the day and has none (domain rule 4); reads `since`."""
        is_open = self.end is None and self.review_on is None and self.start <= day
        return is_open and self.since <= past_policy_since(day)

    def clean(self) -> None:
        """Check domain rules 1 and 2 against the rows of now; ValidationError names the other row.

        Costs one query. It holds under simultaneous saves when the officer's row is locked first,
        as the actions do; the database refuses what slips through otherwise.
        """
        super().clean()
        if not (self.officer_id and self.jfo_id and self.start):
            return
        others = list(
            Assignment.objects.filter(officer_id=self.officer_id)
            .exclude(pk=self.pk)
            .during(self.start, self.end or date.max)
            .select_related("jfo")
        )
        problems = rule_problems(self, others)
        if problems:
            raise ValidationError(problems)


def rule_problems(row: Assignment, others: list[Assignment]) -> dict[str, list[str]]:
    """Return, by field, the sentences that say which of domain rules 1 and 2 the row breaks; {} for none.

    `others` are the officer's other assignments that share a day with the row. No query.
    """
    problems: dict[str, list[str]] = {}
    for who, period in (
        (gettext("JFO %(code)s") % {"code": row.jfo.code}, row.jfo),
        (gettext("Officer %(number)s") % {"number": row.officer.number}, row.officer),
    ):
        if row.start < period.start:
            problems.setdefault("start", []).append(
                gettext("%(who)s starts on %(day)s: the assignment cannot start earlier.")
                % {"who": who, "day": period.start}
            )
        if period.end is not None and (row.end is None or row.end > period.end):
            problems.setdefault("end", []).append(
                gettext("%(who)s ends on %(day)s: the assignment must end on that day or earlier.")
                % {"who": who, "day": period.end}
            )
    for other in others:
        if other.jfo_id == row.jfo_id:
            problems.setdefault("start", []).append(
                gettext(
                    "The officer already has an assignment to this JFO on some of these days: %(other)s. "
                    "Extend or end that one."
                )
                % {"other": other.in_words}
            )
    peak = fullest_day(row, others)
    if peak is not None:
        day, total, on_day = peak
        problems.setdefault("fte", []).append(
            gettext("On %(day)s the officer would reach %(total)s FTE, more than 1.00, together with: %(others)s.")
            % {
                "day": day,
                "total": formats.text(total, "fte"),
                "others": "; ".join(other.in_words for other in on_day),
            }
        )
    return problems


def fullest_day(row: Assignment, others: list[Assignment]) -> tuple[date, Decimal, list[Assignment]] | None:
    """Return the first day on which row and others add to more than 1.00 FTE, with the sum and those others.

    A sum of periods rises only where one starts, so only those days are looked at.
    """
    found = over_full_time([row, *others], {max(row.start, other.start) for other in others})
    if found is None:
        return None
    day, total, on_day = found
    return day, total, [other for other in on_day if other is not row]


def over_full_time(rows: Collection[Assignment], days: Iterable[date]) -> tuple[date, Decimal, list[Assignment]] | None:
    """Return the first of the days on which the rows' FTE add to more than 1.00, with their sum and those rows."""
    for day in sorted(days):
        on_day = [row for row in rows if row.holds_on(day)]
        total = sum((row.fte for row in on_day), Decimal(0))
        if total > FULL_TIME:
            return day, total, on_day
    return None
