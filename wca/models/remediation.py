"""From a gap to its remedy: actions with an owner and a day, risks accepted for a time, the management action plan."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.bilingual import in_language
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.scoping import ScopedQuerySet
from registry.models import JFO, Role

from .arrangements import Arrangement
from .clauses import Clause


class ActionState(models.TextChoices):
    """Where an action stands on a day; follows from its dates."""

    OPEN = "open", pgettext_lazy("action", "Open")
    OVERDUE = "overdue", _("Overdue")
    DONE = "done", _("Done, to be verified")
    VERIFIED = "verified", _("Verified")
    ACCEPTED = "accepted", _("Risk accepted")


def gap_in_words(arrangement: Arrangement | None, clause: Clause | None, jfo: JFO | None) -> str:
    """Return “WCA-2004-0001 c)”, with the clause set where it is not the information-sharing conditions, or the JFO's
    code."""
    if arrangement is None:
        return str(jfo)
    # In the history, words stand in place of the rows that a version points to.
    if isinstance(clause, Clause) and clause.clause_set.code != "information-sharing":
        return f"{arrangement} {clause.clause_set.code} {clause}"
    return f"{arrangement} {clause}"


class RemediationQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Actions: everybody who signed in reads them, NHQ reviewers write them."""

    write_roles = frozenset({Role.NHQ_REVIEWER})

    def known_on(self, day: date) -> Self:
        """Return those opened by the day."""
        return self.filter(opened_on__lte=day)

    def with_state(self, day: date) -> Self:
        """Return the rows, each with its `state` on the day as `RemediationAction.state_on` says it, and `urgency`: 0
        for the overdue, 1 for what else is to be done or verified, 2 for what is settled."""
        is_done = Q(done_on__lte=day) & (Q(returned_on=None) | Q(returned_on__gt=day))
        return self.annotate(
            state=Case(
                When(verified_on__lte=day, then=Value(ActionState.VERIFIED.value)),
                When(accepted_on__lte=day, accepted_until__gte=day, then=Value(ActionState.ACCEPTED.value)),
                When(is_done, then=Value(ActionState.DONE.value)),
                When(due_on__lt=day, then=Value(ActionState.OVERDUE.value)),
                default=Value(ActionState.OPEN.value),
                output_field=models.CharField(),
            ),
            urgency=Case(
                When(state=ActionState.OVERDUE, then=Value(0)),
                When(state__in=[ActionState.OPEN, ActionState.DONE], then=Value(1)),
                default=Value(2),
            ),
        )

    def in_state(self, day: date, *states: ActionState) -> Self:
        """Return those known on the day that are in one of the states then."""
        return self.known_on(day).with_state(day).filter(state__in=states)

    def unverified_on(self, day: date) -> Self:
        """Return those known on the day that were not verified by then, the most urgent first."""
        rows = self.known_on(day).with_state(day).exclude(state=ActionState.VERIFIED)
        return rows.order_by("urgency", "due_on", "pk")

    def overdue_on(self, day: date) -> Self:
        """Return those that on the day are still to be done, and whose day is over."""
        return self.in_state(day, ActionState.OVERDUE)

    def with_names(self) -> Self:
        """Return the rows with what their words are made of."""
        return self.select_related("arrangement", "clause__clause_set", "jfo", "owner", "verified_by", "accepted_by")


class RemediationAction(Tracked):
    """What is to be done about one gap: a clause of an arrangement, or a JFO without an arrangement.

    An accepted risk has an approver and a last day, and is open again when read after it. What was returned is to be
    done again; a later return, or a later acceptance, takes the place of the one before, which the history keeps.
    """

    arrangement = models.ForeignKey(
        Arrangement,
        verbose_name=_("arrangement"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="remediation",
    )
    clause = models.ForeignKey(Clause, verbose_name=_("clause"), null=True, blank=True, on_delete=models.PROTECT)
    jfo = models.ForeignKey(
        JFO, verbose_name=_("JFO"), null=True, blank=True, on_delete=models.CASCADE, related_name="remediation"
    )
    what = models.CharField(_("what is to be done"), max_length=300)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=pgettext_lazy("action", "owner"),
        on_delete=models.PROTECT,
        related_name="remediation",
    )
    opened_on = models.DateField(pgettext_lazy("action", "opened on"))
    due_on = models.DateField(_("due on"))
    done_on = models.DateField(_("done on"), null=True, blank=True)
    evidence = models.TextField(_("evidence"), blank=True, help_text=_("What shows that it is done, and where it is."))
    returned_on = models.DateField(_("returned on"), null=True, blank=True)
    returned_note = models.TextField(_("why it was returned"), blank=True)
    verified_on = models.DateField(_("verified on"), null=True, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("verified by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    accepted_on = models.DateField(_("risk accepted on"), null=True, blank=True)
    accepted_until = models.DateField(
        _("risk accepted until"), null=True, blank=True, help_text=_("The last day; from the next on it is open again.")
    )
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("risk accepted by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    accepted_why = models.TextField(_("why the risk is accepted"), blank=True)

    objects = RemediationQuerySet.as_manager()

    class Meta:
        verbose_name = _("remediation action")
        verbose_name_plural = _("remediation actions")
        ordering = ["due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(arrangement__isnull=False, clause__isnull=False, jfo=None)
                | Q(arrangement=None, clause=None, jfo__isnull=False),
                name="wca_remediationaction_of_one_gap",
                violation_error_message=_("An action is about a clause of an arrangement, or about a JFO without one."),
            ),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("opened_on")),
                name="wca_remediationaction_due_later",
                violation_error_message=_("The due date is before the day the action was opened."),
            ),
            models.CheckConstraint(
                condition=Q(done_on=None) | ~Q(evidence=""),
                name="wca_remediationaction_evidence",
                violation_error_message=_("Say what shows that it is done."),
            ),
            models.CheckConstraint(
                condition=Q(verified_on=None, verified_by=None)
                | (
                    Q(
                        done_on__isnull=False,
                        verified_on__isnull=False,
                        verified_by__isnull=False,
                        verified_on__gte=F("done_on"),
                    )
                    & ~Q(verified_by=F("owner"))
                ),
                name="wca_remediationaction_verified_by_another",
                violation_error_message=_("An action is verified once it is done, by somebody other than its owner."),
            ),
            models.CheckConstraint(
                condition=Q(returned_on=None)
                | (Q(done_on__isnull=False, verified_on=None, returned_on__gte=F("done_on")) & ~Q(returned_note="")),
                name="wca_remediationaction_returned_whole",
                violation_error_message=_("What is returned was done, is not verified, and has a reason."),
            ),
            models.CheckConstraint(
                condition=Q(accepted_on=None, accepted_until=None, accepted_by=None, accepted_why="")
                | (
                    Q(
                        accepted_on__isnull=False,
                        accepted_until__isnull=False,
                        accepted_by__isnull=False,
                        accepted_until__gte=F("accepted_on"),
                    )
                    & ~Q(accepted_why="")
                    & ~Q(accepted_by=F("owner"))
                ),
                name="wca_remediationaction_accepted_whole",
                violation_error_message=_(
                    "A risk is accepted by somebody other than the action's owner, with a reason and a last day."
                ),
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(gap)s: %(what)s") % {"gap": self.gap, "what": self.what}

    def get_absolute_url(self) -> str:
        return reverse("plan-action", args=[self.pk])

    @property
    def gap(self) -> str:
        """What it is about: “WCA-2004-0001 c)”, or the JFO's code."""
        return gap_in_words(self.arrangement, self.clause, self.jfo)

    def is_done_on(self, day: date) -> bool:
        """Say whether its owner had said by the day that it is done, and nobody had returned it."""
        is_returned = self.returned_on is not None and self.returned_on <= day
        return self.done_on is not None and self.done_on <= day and not is_returned

    def state_on(self, day: date) -> ActionState:
        """Return where it stands on the day."""
        if self.verified_on and self.verified_on <= day:
            return ActionState.VERIFIED
        if self.accepted_on and self.accepted_until and self.accepted_on <= day <= self.accepted_until:
            return ActionState.ACCEPTED
        if self.is_done_on(day):
            return ActionState.DONE
        return ActionState.OVERDUE if self.due_on < day else ActionState.OPEN


class PlanQuerySet(ScopedQuerySet, TrackedQuerySet):
    """The management action plan, read by everybody who signed in and kept by NHQ reviewers."""

    write_roles = frozenset({Role.NHQ_REVIEWER})


class Recommendation(Tracked):
    """One recommendation of an evaluation, which the management action plan answers."""

    number = models.PositiveSmallIntegerField(_("number"), unique=True)
    title_en = models.CharField(_("title in English"), max_length=300)
    title_fr = models.CharField(_("title in French"), max_length=300)

    objects = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("recommendation")
        verbose_name_plural = _("recommendations")
        ordering = ["number"]

    def __str__(self) -> str:
        return gettext("Recommendation %(number)s") % {"number": self.number}

    @property
    def title(self) -> str:
        """The title in the active language."""
        return in_language(self, "title")


class Milestone(Tracked):
    """One thing that the management action plan promises, by the last day of a month."""

    recommendation = models.ForeignKey(
        Recommendation, verbose_name=_("recommendation"), on_delete=models.PROTECT, related_name="milestones"
    )
    lead_en = models.CharField(_("lead in English"), max_length=120)
    lead_fr = models.CharField(_("lead in French"), max_length=120)
    what_en = models.CharField(_("milestone in English"), max_length=300)
    what_fr = models.CharField(_("milestone in French"), max_length=300)
    due_on = models.DateField(_("due on"))
    done_on = models.DateField(_("done on"), null=True, blank=True)
    evidence = models.TextField(_("evidence"), blank=True)

    objects = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        ordering = ["recommendation", "due_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(done_on=None) | ~Q(evidence=""),
                name="wca_milestone_evidence",
                violation_error_message=_("Say what shows that it is done."),
            )
        ]

    def __str__(self) -> str:
        return self.what

    @property
    def what(self) -> str:
        """What is promised, in the active language."""
        return in_language(self, "what")

    @property
    def lead(self) -> str:
        """Who leads it, in the active language."""
        return in_language(self, "lead")

    def get_absolute_url(self) -> str:
        return f"{reverse('plan-milestones')}#milestone-{self.pk}"

    def is_done_on(self, day: date) -> bool:
        """Say whether it was done by the day."""
        return self.done_on is not None and self.done_on <= day

    def is_overdue_on(self, day: date) -> bool:
        """Say whether on the day it was still to be done and its day was over."""
        return self.due_on < day and not self.is_done_on(day)
