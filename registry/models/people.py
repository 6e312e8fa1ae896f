"""Officers of the CBSA with their levels over time, and the people who use the portal."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.history import Attributed, Tracked, TrackedQuerySet, Tracking
from jfo_portal.kit.periods import Period, PeriodQuerySet
from jfo_portal.kit.scoping import ScopedQuerySet
from jfo_portal.kit.search import FoldedField

from .places import Region


class Role(models.TextChoices):
    """What somebody does with the portal."""

    REGIONAL_MANAGER = "regional_manager", _("Regional manager")
    NHQ_REVIEWER = "nhq_reviewer", _("NHQ reviewer")
    ADMINISTRATOR = "administrator", _("Administrator")
    AUDITOR = "auditor", _("Auditor")


# Those who keep the assignments and JFOs of their regions.
MANAGERS = frozenset({Role.REGIONAL_MANAGER})
# Those who see to it that JFOs are steered: that they meet, are reviewed and have an arrangement.
STEERING = frozenset({Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER})


class TrackedUserManager(UserManager.from_queryset(TrackedQuerySet)):  # type: ignore[misc]
    """Django's manager of users, with bulk writes that leave history."""

    use_in_migrations = False


class User(Attributed, AbstractUser):
    """Somebody who signs in; a regional manager sees the officers of their own regions alone."""

    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.REGIONAL_MANAGER)
    regions = models.ManyToManyField(
        Region,
        verbose_name=_("regions"),
        blank=True,
        # Set on the user alone: what is set on a region's side would leave no version of the user.
        related_name="+",
        help_text=_("The regions a regional manager answers for."),
    )
    language = models.CharField(
        _("language"), max_length=2, choices=[("en", _("English")), ("fr", _("French"))], default="en"
    )

    history = Tracking(excluded_fields=["password", "last_login"], m2m_fields=[regions])
    objects: ClassVar[TrackedUserManager] = TrackedUserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]

    def save(self, *args: Any, **options: Any) -> None:
        """Save the row; a sign-in, which writes its moment alone, is no change and leaves no version."""
        if options.get("update_fields") == ["last_login"]:
            self.skip_history_when_saving = True
        try:
            super().save(*args, **options)
        finally:
            self.__dict__.pop("skip_history_when_saving", None)

    @property
    def sees_everything(self) -> bool:
        """Whether officer-level rows of every region are open to this reader."""
        return self.role != Role.REGIONAL_MANAGER

    @property
    def is_administrator(self) -> bool:
        """Whether the user settles what others begin with, such as the default view of a role."""
        return self.role == Role.ADMINISTRATOR

    @cached_property
    def scope_ids(self) -> AbstractSet[int]:
        """The ids of the user's regions."""
        return frozenset(region.pk for region in self.own_regions)

    @cached_property
    def own_regions(self) -> list[Region]:
        """The user's regions; costs one query the first time."""
        return list(self.regions.all())

    @property
    def scope_names(self) -> str:
        """The names of a regional manager's regions; empty for those who see every region."""
        return "" if self.sees_everything else ", ".join(region.name for region in self.own_regions)


class OfficerFunction(models.TextChoices):
    IO = "IO", _("Intelligence Officer (IO)")
    IA = "IA", _("Intelligence Analyst (IA)")
    CI = "CI", _("Criminal Investigator (CI)")
    IEO = "IEO", _("Inland Enforcement Officer (IEO)")

    @property
    def short(self) -> str:
        """The short form in the active language: the end of the label, in brackets."""
        return str(self.label).rpartition("(")[2].removesuffix(")")


class Level(models.TextChoices):
    FB_03 = "FB-03", "FB-03"
    FB_04 = "FB-04", "FB-04"
    FB_05 = "FB-05", "FB-05"


def require_assignments_inside(row: Any) -> None:
    """Refuse an officer's or a JFO's dates that an assignment would lie outside of (domain rule 2); one query.

    Which one is not said: it may be one that the reader may not see.
    """
    if row.pk is None or row.start is None:
        return
    outside = Q(start__lt=row.start)
    if row.end is not None:
        outside |= Q(end=None) | Q(end__gt=row.end)
    if row.assignments.filter(outside).exists():
        raise ValidationError(
            gettext("%(row)s: an assignment would lie outside of these dates. End it, or move it, before.")
            % {"row": row}
        )


class OfficerQuerySet(ScopedQuerySet, PeriodQuerySet, TrackedQuerySet):
    """Officers: a regional manager sees those of their own regions."""

    read_scope = write_scope = "region"

    def with_names(self) -> Self:
        """Load the region in the same query."""
        return self.select_related("region")

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], *args: Any, **attribution: Any) -> int:
        """Update the rows, and what a search looks through, and record a version of each."""
        rows = list(objs)
        for row in rows:
            row.folded = Officer._meta.get_field("folded").folded(row)
        return super().bulk_update(rows, [*fields, "folded"], *args, **attribution)


class Officer(Period, Tracked):
    """One CBSA employee who may be lent to a JFO; the dates are those of service in intelligence or enforcement."""

    number = models.CharField(_("officer number"), max_length=12, unique=True, help_text=_("Such as O-0042."))
    family_name = models.CharField(_("family name"), max_length=80)
    given_name = models.CharField(_("given name"), max_length=80)
    folded = FoldedField(_("name and number, folded"), max_length=200, of=["family_name", "given_name", "number"])
    function = models.CharField(_("function"), max_length=3, choices=OfficerFunction)
    region = models.ForeignKey(
        Region,
        verbose_name=_("region"),
        on_delete=models.PROTECT,
        related_name="officers",
        help_text=_("The region that employs the officer and may see the officer's rows."),
    )

    objects = OfficerQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("officer")
        verbose_name_plural = _("officers")
        ordering = ["number"]
        indexes = [
            models.Index(fields=["family_name", "given_name"], name="registry_officer_name"),
            models.Index(fields=["folded"], name="registry_officer_folded"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    def clean(self) -> None:
        """Refuse a service that an assignment does not lie inside; one query."""
        super().clean()
        require_assignments_inside(self)

    def get_absolute_url(self) -> str:
        return reverse("officer", args=[self.number])

    @property
    def name(self) -> str:
        return f"{self.family_name}, {self.given_name}"

    @property
    def function_short(self) -> str:
        """The short form of the officer's function in the active language."""
        return OfficerFunction(self.function).short


class OfficerLevelQuerySet(ScopedQuerySet, PeriodQuerySet, TrackedQuerySet):
    """Levels, seen with the officer."""

    read_scope = write_scope = "officer__region"


class OfficerLevel(Period, Tracked):
    """The level an officer is paid at, from a day to a day; cost needs the level on the day."""

    officer = models.ForeignKey(Officer, verbose_name=_("officer"), on_delete=models.CASCADE, related_name="levels")
    level = models.CharField(_("level"), max_length=5, choices=Level)

    objects = OfficerLevelQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("officer level")
        verbose_name_plural = _("officer levels")
        ordering = ["officer", "start"]
        constraints = [
            *Period.Meta.constraints,
            models.UniqueConstraint(
                fields=["officer", "start"],
                name="registry_officerlevel_one_start",
                violation_error_message=_("The officer already has a level that starts on this day."),
            ),
            models.UniqueConstraint(
                fields=["officer"],
                condition=Q(end=None),
                name="registry_officerlevel_one_open",
                violation_error_message=_("The officer already has a level without a last day; end it first."),
            ),
        ]
        # Who was promoted between two days.
        indexes = [models.Index(fields=["start", "officer"], name="registry_officerlevel_start")]

    def __str__(self) -> str:
        return f"{self.officer} {self.level}"
