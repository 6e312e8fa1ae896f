"""The life of an arrangement before and after it is in force: its stages, the consultations, the notices of its end."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.history import Tracked, TrackedQuerySet
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


class StepQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Steps, seen and taken like their arrangement is."""

    write_roles = frozenset({Role.NHQ_REVIEWER})


class Step(Tracked):
    """An arrangement entered a stage on a day; the last by a day is the stage it is in on that day (wca.lifecycle)."""

    arrangement = models.ForeignKey(
        Arrangement, verbose_name=_("arrangement"), on_delete=models.CASCADE, related_name="steps"
    )
    stage = models.CharField(_("stage"), max_length=20, choices=Stage)
    entered_on = models.DateField(_("entered on"))
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
