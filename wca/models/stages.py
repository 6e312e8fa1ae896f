"""The life of an arrangement before and after it is in force: its stages, the consultations, the notices of its end."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from operator import attrgetter
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.periods import today
from jfo_portal.kit.scoping import ScopedQuerySet
from registry.models import Role

from .arrangements import Arrangement


class Stage(models.TextChoices):
    """Where an arrangement stands on its way (domain rule 9)."""

    NEEDED = "needed", _("Needed")
    DRAFTING = "drafting", _("Drafting")
    CONSULTATION = "consultation", _("Consultation")
    NEGOTIATION = "negotiation", _("Negotiation")
    AWAITING_SIGNATURE = "awaiting_signature", _("Awaiting signature")
    IN_FORCE = "in_force", _("In force")
    TERMINATED = "terminated", _("Terminated")
    SUPERSEDED = "superseded", _("Superseded")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Event(models.TextChoices):
    """What takes an arrangement from one stage to another."""

    DRAFT = "draft", _("Start drafting")
    CONSULT = "consult", _("Send to consultation")
    NEGOTIATE = "negotiate", _("Open the negotiation")
    RETURN = "return", _("Return to drafting")
    SEND = "send-for-signature", _("Send for signature")
    ENTER = "enter-into-force", _("Record that it is in force")
    SUPERSEDE = "supersede", _("Supersede by a newer one")
    TERMINATE = "terminate", _("Terminate")
    WITHDRAW = "withdraw", pgettext_lazy("arrangement", "Withdraw")


# The first five: the arrangement is on its way.
ON_ITS_WAY = (Stage.NEEDED, Stage.DRAFTING, Stage.CONSULTATION, Stage.NEGOTIATION, Stage.AWAITING_SIGNATURE)
# Its text is not settled, so that there is none to assess.
UNSETTLED = ON_ITS_WAY[:-1]
# With which a recorded life begins; what was in force or awaited signature before the portal kept steps has later ones.
BEGINNINGS = (Stage.NEEDED, Stage.DRAFTING)
# The whole of what may happen (domain rule 9): every other event is refused.
TRANSITIONS: dict[tuple[Stage, Event], Stage] = {
    (Stage.NEEDED, Event.DRAFT): Stage.DRAFTING,
    (Stage.DRAFTING, Event.CONSULT): Stage.CONSULTATION,
    (Stage.CONSULTATION, Event.NEGOTIATE): Stage.NEGOTIATION,
    (Stage.NEGOTIATION, Event.SEND): Stage.AWAITING_SIGNATURE,
    (Stage.NEGOTIATION, Event.RETURN): Stage.DRAFTING,
    (Stage.AWAITING_SIGNATURE, Event.ENTER): Stage.IN_FORCE,
    (Stage.IN_FORCE, Event.TERMINATE): Stage.TERMINATED,
    (Stage.IN_FORCE, Event.SUPERSEDE): Stage.SUPERSEDED,
    **{(stage, Event.WITHDRAW): Stage.WITHDRAWN for stage in ON_ITS_WAY},
}


def lifecycle_of(arrangement: Arrangement | str) -> str:
    """Return the address of its life cycle; of a row of the history, the arrangement is its reference."""
    return f"{reverse('arrangement', args=[str(arrangement)])}#lifecycle"


def out_of_order(stages: Sequence[str]) -> tuple[str | None, str] | None:
    """Return the first two stages, one right after the other, that no event leads through; None if all are in order.

    The first of the two is None where it is the very first that cannot be.
    """
    if stages and stages[0] in (Stage.CONSULTATION, Stage.NEGOTIATION, Stage.AWAITING_SIGNATURE):
        return None, stages[0]
    pairs = {(before, after) for (before, _event), after in TRANSITIONS.items()}
    return next((pair for pair in pairwise(stages) if pair not in pairs), None)


class StepQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Steps, seen and taken like their arrangement is; the last one alone can be removed."""

    write_roles = frozenset({Role.NHQ_REVIEWER})

    def delete(self, **attribution: Any) -> tuple[int, dict[str, int]]:
        """Delete the rows, and record it; ValidationError where what is left is not in order."""
        rows: dict[Arrangement, list[Any]] = grouped(
            list(self.select_related("arrangement")), attrgetter("arrangement")
        )
        for arrangement, steps in rows.items():
            _require_order(arrangement, without={step.pk for step in steps})
        return super().delete(**attribution)

    delete.alters_data = delete.queryset_only = True  # type: ignore[attr-defined]


class Step(Tracked):
    """An arrangement entered a stage on a day; the last by a day is the stage it is in on that day (wca.lifecycle)."""

    locked_with = ("arrangement",)

    arrangement = models.ForeignKey(
        Arrangement, verbose_name=_("arrangement"), on_delete=models.CASCADE, related_name="steps"
    )
    stage = models.CharField(_("stage"), max_length=20, choices=Stage)
    entered_on = models.DateField(_("entered on"))
    recorded_on = models.DateField(
        _("recorded on"), default=today, help_text=_("On earlier days nobody could know of it.")
    )
    reason = models.TextField(_("reason"), blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty where the portal took the step by itself."),
    )

    objects = StepQuerySet.as_manager()

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["arrangement", "entered_on", "pk"]

    def __str__(self) -> str:
        return f"{self.arrangement} {self.get_stage_display()} {self.entered_on}"

    def get_absolute_url(self) -> str:
        return lifecycle_of(self.arrangement)

    def clean(self) -> None:
        """Refuse a stage to which none of the events leads from the one before; one query."""
        super().clean()
        if self.arrangement_id and self.stage and self.entered_on:
            _require_order(self.arrangement, without={self.pk}, added=[self])

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Delete the row; ValidationError where what is left is not in order."""
        _require_order(self.arrangement, without={self.pk})
        return super().delete(*args, **options)


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Return the steps in the order in which they were taken; of one day, as they were recorded."""
    return sorted(steps, key=lambda step: (step.entered_on, step.pk or float("inf")))


def stage_recorded(day: date, arrangement: str = "pk") -> Subquery:
    """Return the stage of an arrangement's last step by the day, for a query on arrangements, or on rows that have an
    `arrangement`; null where there is none."""
    steps = Step.objects.filter(arrangement=OuterRef(arrangement), entered_on__lte=day).order_by("-entered_on", "-pk")
    return Subquery(steps.values("stage")[:1])


def _require_order(arrangement: Arrangement, *, without: set[int | None], added: Sequence[Step] = ()) -> None:
    """Refuse steps that domain rule 9 does not know, one after the other; one query.

    `without` are the keys of those that go, or are changed and among `added`.
    """
    stored = [step for step in Step.objects.filter(arrangement=arrangement) if step.pk not in without]
    wrong = out_of_order([step.stage for step in in_order([*stored, *added])])
    if wrong is None:
        return
    before, after = wrong
    words = {"reference": arrangement.reference, "after": Stage(after).label}
    if before is None:
        raise ValidationError(gettext("%(reference)s cannot begin with the stage “%(after)s”.") % words)
    raise ValidationError(
        gettext("%(reference)s would go from the stage “%(before)s” to “%(after)s”, which no event leads to.")
        % (words | {"before": Stage(before).label})
    )


class Consulted(models.TextChoices):
    """Who is consulted on every draft (domain rule 9)."""

    LEGAL = "legal", _("Legal Services")
    ATIP = "atip", _("Access to Information and Privacy (ATIP)")
    INFORMATION_SHARING = "information_sharing", _("Information Sharing")


class Answer(models.TextChoices):
    OK = "ok", _("Agrees")
    CHANGES = "changes", _("Asks for changes")
    WAIVED = "waived", _("Waived")


class ConsultationQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Consultations, seen and changed like their arrangement."""

    write_roles = frozenset({Role.NHQ_REVIEWER})


class Consultation(Tracked):
    """One office asked about a draft, and what it answered; a draft that comes back is asked about in another round."""

    locked_with = ("arrangement",)

    arrangement = models.ForeignKey(
        Arrangement, verbose_name=_("arrangement"), on_delete=models.CASCADE, related_name="consultations"
    )
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    consulted = models.CharField(_("office"), max_length=20, choices=Consulted)
    asked_on = models.DateField(_("asked on"))
    answer = models.CharField(_("answer"), max_length=10, choices=Answer, blank=True)
    answered_on = models.DateField(_("answered on"), null=True, blank=True)
    reason = models.TextField(
        _("reason"), blank=True, help_text=_("What is to be changed, or why the consultation was waived.")
    )

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        verbose_name = _("consultation")
        verbose_name_plural = _("consultations")
        ordering = ["arrangement", "round", "consulted"]
        constraints = [
            models.UniqueConstraint(
                fields=["arrangement", "round", "consulted"],
                name="wca_consultation_once_a_round",
                violation_error_message=_("This office has been asked in this round already."),
            ),
            models.CheckConstraint(
                condition=Q(answer="", answered_on=None) | (~Q(answer="") & Q(answered_on__isnull=False)),
                name="wca_consultation_answered_whole",
                violation_error_message=_("An answer has its day."),
            ),
            models.CheckConstraint(
                condition=~Q(answer__in=[Answer.CHANGES, Answer.WAIVED]) | ~Q(reason=""),
                name="wca_consultation_reason",
                violation_error_message=_("Say what is to be changed, or why the consultation is waived."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.arrangement} {self.get_consulted_display()} {self.round}"

    def get_absolute_url(self) -> str:
        return lifecycle_of(self.arrangement)

    @property
    def is_settled(self) -> bool:
        """Whether the draft may go on as far as this office is concerned."""
        return self.answer in (Answer.OK, Answer.WAIVED)

    def clean(self) -> None:
        """Refuse to open a consultation again on which a negotiation was built; one query, where it is open."""
        super().clean()
        if self.is_settled or not self.arrangement_id:
            return
        # Every round ends with the negotiation that it let begin.
        rounds_over = Step.objects.filter(arrangement=self.arrangement_id, stage=Stage.NEGOTIATION).count()
        if self.round <= rounds_over:
            raise ValidationError(
                gettext("The negotiation began on the answers of this round: they stay. Return the draft first.")
            )


class NoticeQuerySet(ScopedQuerySet):
    """Notices, which everybody who reads arrangements reads."""

    def given_by(self, day: date) -> Self:
        """Return those that were given by the day."""
        return self.filter(noticed_on__lte=day)


class Notice(models.Model):
    """An arrangement's expiry came as near as that many days; each crossing is noticed once, however late.

    What fell due on a day when nobody looked is noticed on the next and is late.
    """

    arrangement = models.ForeignKey(
        Arrangement, verbose_name=_("arrangement"), on_delete=models.CASCADE, related_name="notices"
    )
    expiry = models.DateField(_("expiry"))
    days = models.PositiveSmallIntegerField(_("days before the expiry"))
    due_on = models.DateField(_("due on"))
    noticed_on = models.DateField(_("noticed on"))

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-noticed_on", "arrangement", "days"]
        constraints = [
            models.UniqueConstraint(fields=["arrangement", "expiry", "days"], name="wca_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.arrangement} {self.expiry} {self.days}"

    @property
    def is_late(self) -> bool:
        """Whether nobody looked on the day on which it fell due."""
        return self.noticed_on > self.due_on


class ReminderRun(models.Model):
    """On this day the portal looked for expiries that came near; what fell due since the run before is given now."""

    day = models.DateField(_("day"), unique=True)

    class Meta:
        verbose_name = _("run of the reminders")
        verbose_name_plural = _("runs of the reminders")
        ordering = ["-day"]

    def __str__(self) -> str:
        return str(self.day)
