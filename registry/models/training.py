"""Courses, and which officer completed which."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.bilingual import Named
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.scoping import OpenQuerySet, ScopedQuerySet

from .jfos import Program
from .people import MANAGERS, Officer


class Course(Named, Tracked):
    """One course; IBET is the program that has its own."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    program = models.ForeignKey(
        Program,
        verbose_name=_("required by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="courses",
        help_text=_("The program whose officers all need it."),
    )

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class TrainingQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Training, seen and recorded by the region that employs the officer."""

    read_scope = write_scope = "officer__region"
    write_roles = MANAGERS


class Training(Tracked):
    """An officer completed a course."""

    officer = models.ForeignKey(Officer, verbose_name=_("officer"), on_delete=models.CASCADE, related_name="training")
    course = models.ForeignKey(Course, verbose_name=_("course"), on_delete=models.PROTECT, related_name="training")
    completed_on = models.DateField(_("completed on"))

    objects = TrainingQuerySet.as_manager()

    class Meta:
        verbose_name = _("training")
        verbose_name_plural = _("training")
        ordering = ["officer", "-completed_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["officer", "course", "completed_on"],
                name="registry_training_once_a_day",
                violation_error_message=_("This course on this day is recorded already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.officer} – {self.course}"
