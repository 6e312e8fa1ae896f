"""How a JFO is steered: what its joint management team decided, and whether the CBSA stays in it."""

from datetime import date
from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.periods import today
from jfo_portal.kit.scoping import ScopedQuerySet

from .jfos import JFO, page_of
from .people import MANAGERS


class SteeringQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Meetings and reviews of a JFO: read by all, changed by the managers of its region."""

    write_scope = "jfo__region"
    write_roles = MANAGERS


class Meeting(Tracked):
    """A meeting of the joint management team (JMT) of a JFO, and what it decided."""

    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.CASCADE, related_name="meetings")
    held_on = models.DateField(_("held on"))
    decisions = models.TextField(
        _("decisions"), blank=True, help_text=_("What was decided; no data on persons under investigation.")
    )

    objects = SteeringQuerySet.as_manager()

    class Meta:
        verbose_name = _("JMT meeting")
        verbose_name_plural = _("JMT meetings")
        ordering = ["jfo", "-held_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["jfo", "held_on"],
                name="registry_meeting_once_a_day",
                violation_error_message=_("A meeting of this JFO on this day is recorded already."),
            )
        ]

    def __str__(self) -> str:
        return gettext("JMT of %(jfo)s, %(day)s") % {"jfo": self.jfo, "day": self.held_on}

    def get_absolute_url(self) -> str:
        return page_of(self.jfo, "meetings")

    def clean(self) -> None:
        """Refuse a meeting that is still to come."""
        super().clean()
        if self.held_on and self.held_on > today():
            raise ValidationError(
                {
                    "held_on": gettext("%(day)s is still to come. Record the meeting once it was held.")
                    % {"day": self.held_on}
                }
            )


class ActionItemQuerySet(SteeringQuerySet):
    """Action items, changed with the meetings they come from."""

    write_scope = "meeting__jfo__region"

    def open(self) -> Self:
        """Return those not done."""
        return self.filter(done_on=None)

    def open_on(self, day: date) -> Self:
        """Return those that a meeting had asked for by the day, and that were not done by then."""
        return self.filter(Q(done_on=None) | Q(done_on__gt=day), meeting__held_on__lte=day)


class ActionItem(Tracked):
    """What a meeting asked somebody to do."""

    meeting = models.ForeignKey(
        Meeting, verbose_name=_("meeting"), on_delete=models.CASCADE, related_name="action_items"
    )
    what = models.CharField(_("what is to be done"), max_length=300)
    owner = models.CharField(_("who does it"), max_length=120, help_text=_("A function or an agency, such as RCMP."))
    due_on = models.DateField(_("due on"), null=True, blank=True)
    done_on = models.DateField(_("done on"), null=True, blank=True)

    objects = ActionItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("action item")
        verbose_name_plural = _("action items")
        ordering = ["meeting", "due_on", "pk"]

    def __str__(self) -> str:
        return self.what

    def clean(self) -> None:
        """Refuse days that cannot be: before the meeting, or done on a day still to come."""
        super().clean()
        if not self.meeting_id:
            return
        held_on = self.meeting.held_on
        problems = {
            field: gettext("The meeting was on %(day)s: give that day or a later one.") % {"day": held_on}
            for field in ("due_on", "done_on")
            if (day := getattr(self, field)) is not None and day < held_on
        }
        if self.done_on is not None and self.done_on > today():
            problems["done_on"] = gettext("%(day)s is still to come.") % {"day": self.done_on}
        if problems:
            raise ValidationError(problems)

    def is_done_on(self, day: date) -> bool:
        """Say whether it was done by the day."""
        return self.done_on is not None and self.done_on <= day

    def is_overdue_on(self, day: date) -> bool:
        """Say whether on the day it was still to be done and its day was over."""
        return self.due_on is not None and self.due_on < day and not self.is_done_on(day)


class ReviewDecision(models.TextChoices):
    CONTINUE = "continue", _("Continue")
    INCREASE = "increase", _("Increase")
    REDUCE = "reduce", _("Reduce")
    WITHDRAW = "withdraw", _("Withdraw")


class ReviewQuerySet(SteeringQuerySet):
    """Reviews, with the JFOs that they are of."""

    def with_names(self) -> Self:
        """Load the JFO and its region in the same query."""
        return self.select_related("jfo__region")

    def done_by(self, day: date) -> Self:
        """Return those done on the day or before."""
        return self.filter(reviewed_on__lte=day)


class ParticipationReview(Tracked):
    """The yearly decision whether the CBSA stays in a JFO, and with how many officers."""

    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.CASCADE, related_name="reviews")
    reviewed_on = models.DateField(_("reviewed on"))
    decision = models.CharField(_("decision"), max_length=10, choices=ReviewDecision)
    fte = models.DecimalField(
        _("agreed FTE"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0, _("The FTE cannot be less than 0."))],
        help_text=_("The FTE that the CBSA gives from the effective day on, after an increase or a reduction."),
    )
    effective_on = models.DateField(
        _("effective on"),
        null=True,
        blank=True,
        help_text=_("After a withdrawal the last day of the CBSA’s part; otherwise the first day of the agreed FTE."),
    )
    reasons = models.TextField(_("reasons"), help_text=_("Why; no data on persons under investigation."))

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("participation review")
        verbose_name_plural = _("participation reviews")
        ordering = ["jfo", "-reviewed_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["jfo", "reviewed_on"],
                name="registry_participationreview_once_a_day",
                violation_error_message=_("A review of this JFO on this day is recorded already."),
            ),
            models.CheckConstraint(
                condition=Q(decision=ReviewDecision.CONTINUE) | Q(effective_on__isnull=False),
                name="registry_participationreview_effective",
                violation_error_message=_("Say from which day the decision holds."),
            ),
            models.CheckConstraint(
                condition=Q(effective_on=None) | Q(effective_on__gte=F("reviewed_on")),
                name="registry_participationreview_not_backdated",
                violation_error_message=_("The decision cannot hold from a day before the review."),
            ),
        ]

    def __str__(self) -> str:
        return gettext("Review of %(jfo)s, %(day)s") % {"jfo": self.jfo, "day": self.reviewed_on}

    def get_absolute_url(self) -> str:
        return page_of(self.jfo, "meetings")

    @property
    def fiscal_year(self) -> FiscalYear:
        """The fiscal year in which it was done."""
        return FiscalYear.of(self.reviewed_on)

    def clean(self) -> None:
        """Refuse a review outside the JFO's dates, and a decision without its FTE or with more than it needs."""
        super().clean()
        problems: dict[str, str] = {}
        words = {"jfo": self.jfo.code, "start": self.jfo.start, "end": self.jfo.end}
        if self.reviewed_on and self.reviewed_on < self.jfo.start:
            problems["reviewed_on"] = gettext("%(jfo)s begins on %(start)s: it cannot be reviewed earlier.") % words
        for name, day in (("reviewed_on", self.reviewed_on), ("effective_on", self.effective_on)):
            if day and self.jfo.end and day > self.jfo.end:
                problems[name] = gettext("%(jfo)s ends on %(end)s: give that day or an earlier one.") % words
        changes_fte = self.decision in (ReviewDecision.INCREASE, ReviewDecision.REDUCE)
        if changes_fte and self.fte is None:
            problems["fte"] = gettext("Say to how many FTE.")
        if not changes_fte and self.fte is not None:
            problems["fte"] = gettext("Leave the FTE empty: this decision does not change it.")
        if self.decision == ReviewDecision.CONTINUE and self.effective_on is not None:
            problems["effective_on"] = gettext("Leave the day empty: to continue changes nothing.")
        if self.decision != ReviewDecision.CONTINUE and self.effective_on is None:
            problems["effective_on"] = gettext("Say from which day the decision holds.")
        if problems:
            raise ValidationError(problems)
