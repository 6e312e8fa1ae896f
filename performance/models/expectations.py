"""What is expected of a JFO in a fiscal year, agreed once and then locked."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.scoping import ScopedQuerySet
from registry.models import JFO, STEERING, Role
from registry.models.jfos import page_of


class Indicator(models.TextChoices):
    """What is measured; `performance.measures.expectations` says how."""

    FILES = "files", _("IMS files opened by its officers")
    CASES = "cases", _("IMS cases opened by its officers")
    FTE = "fte", _("FTE-years paid")
    OUTCOMES = "outcomes", _("Outcomes claimed")
    CONTRIBUTIONS = "contributions", _("Outcomes with a recorded contribution of the CBSA")
    MEETINGS = "meetings", _("Meetings of the joint management team")

    def text(self, value: Decimal | None) -> str:
        """Return an amount by the indicator as pages print it: FTE-years to two places, a count as it is."""
        if value is None:
            return formats.NO_VALUE
        places = 2 if self == Indicator.FTE else max(0, -int(value.normalize().as_tuple().exponent))
        return formats.number(value, places)


class ExpectationQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Expectations: read by all, changed by NHQ reviewers and by the managers of the JFO's region."""

    write_scope = "jfo__region"
    write_roles = STEERING

    def of_year(self, year: FiscalYear) -> Self:
        """Return the expectations of the fiscal year."""
        return self.filter(fiscal_year=year.start_year)

    def lockable_by(self, reader: Reader) -> Self:
        """Return the expectations that the reader may lock and unlock: headquarters alone."""
        return self.visible_to(reader) if reader.role == Role.NHQ_REVIEWER else self.none()

    def with_names(self) -> Self:
        """Load the JFO, its program and region in the same query, and the unlocks in one more."""
        return self.select_related("jfo__program", "jfo__region").prefetch_related("unlocks")


class Expectation(Tracked):
    """What is expected of a JFO by one indicator in a fiscal year.

    While it is locked the database refuses to change or delete it (performance.guards); the variance note is written
    after the lock, and stays open. It is opened again by a row of `Unlock` that bears the lock's number.
    """

    # What a lock keeps as it is.
    KEPT: ClassVar[Sequence[str]] = ("jfo", "fiscal_year", "indicator", "expected", "basis")

    jfo = models.ForeignKey(JFO, verbose_name=_("JFO"), on_delete=models.PROTECT, related_name="expectations")
    fiscal_year = models.PositiveSmallIntegerField(
        _("fiscal year"),
        validators=[MinValueValidator(1990), MaxValueValidator(2998)],
        help_text=_("The calendar year in which it starts."),
    )
    indicator = models.CharField(_("indicator"), max_length=15, choices=Indicator)
    expected = models.DecimalField(
        _("expected"),
        max_digits=10,
        decimal_places=2,
        validators=[MinValueValidator(0, _("What is expected cannot be less than 0."))],
    )
    basis = models.CharField(_("basis"), max_length=300, blank=True, help_text=_("On what it was agreed."))
    locked_on = models.DateField(_("locked on"), null=True, blank=True, editable=False)
    locks = models.PositiveSmallIntegerField(
        _("number of locks"), default=0, editable=False, help_text=_("How often it was locked so far.")
    )
    variance_note = models.TextField(
        _("variance note"), blank=True, help_text=_("Why the actual figure is another; no data on persons.")
    )

    objects = ExpectationQuerySet.as_manager()

    class Meta:
        verbose_name = _("expectation")
        verbose_name_plural = _("expectations")
        ordering = ["-fiscal_year", "jfo", "indicator"]
        constraints = [
            models.UniqueConstraint(
                fields=["jfo", "fiscal_year", "indicator"],
                name="performance_expectation_once",
                violation_error_message=_("The JFO has an expectation by this indicator for the fiscal year."),
            ),
            models.CheckConstraint(
                condition=models.Q(expected__gte=0),
                name="performance_expectation_not_negative",
                violation_error_message=_("What is expected cannot be less than 0."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.jfo} {FiscalYear(self.fiscal_year)} – {self.get_indicator_display()}"

    def get_absolute_url(self) -> str:
        return page_of(self.jfo, "expectations")

    @property
    def year(self) -> FiscalYear:
        """The fiscal year."""
        return FiscalYear(self.fiscal_year)

    def amount(self, value: Decimal | None) -> str:
        """Return an amount by its indicator as pages print it."""
        return Indicator(self.indicator).text(value)

    def clean(self) -> None:
        """Refuse what a lock forbids: a change of what was agreed, and an opening that leaves no trace; two queries."""
        super().clean()
        stored = type(self).objects.filter(pk=self.pk).first() if self.pk else None
        if stored is None or stored.locked_on is None:
            return
        sentence = locked_sentence(stored.locked_on)
        for name in self.KEPT:
            field: Any = self._meta.get_field(name)
            if getattr(self, field.attname) != getattr(stored, field.attname):
                raise ValidationError({name: sentence})
        if self.locked_on == stored.locked_on and self.locks == stored.locks:
            return
        traces = self.unlocks.filter(number=stored.locks, locked_on=stored.locked_on, expected=stored.expected)
        if self.locked_on is not None or self.locks != stored.locks or not traces.exists():
            raise ValidationError(sentence)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Delete the row; ValidationError while it is locked."""
        if self.locked_on is not None:
            raise ValidationError(locked_sentence(self.locked_on))
        return super().delete(*args, **options)


def locked_sentence(locked_on: date) -> str:
    """Return why a locked expectation cannot be changed, and what to do."""
    return gettext(
        "The expectation is locked since %(day)s and cannot be changed. "
        "A reviewer at headquarters can unlock it with a reason; every report says so from then on."
    ) % {"day": locked_on}


class UnlockQuerySet(ScopedQuerySet, TrackedQuerySet):
    """Unlocks: read by all, written by headquarters."""

    write_roles = frozenset({Role.NHQ_REVIEWER})


class Unlock(Tracked):
    """A locked expectation was opened again; every report since says so, and the row is never removed."""

    is_never_removed = True

    expectation = models.ForeignKey(
        Expectation, verbose_name=_("expectation"), on_delete=models.PROTECT, related_name="unlocks"
    )
    number = models.PositiveSmallIntegerField(_("number of the lock"), help_text=_("Which of its locks was opened."))
    unlocked_on = models.DateField(_("unlocked on"))
    locked_on = models.DateField(_("had been locked on"))
    expected = models.DecimalField(_("expected until then"), max_digits=10, decimal_places=2)
    reason = models.TextField(_("reason"))

    objects = UnlockQuerySet.as_manager()

    class Meta:
        verbose_name = _("unlock")
        verbose_name_plural = _("unlocks")
        ordering = ["expectation", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["expectation", "number"],
                name="performance_unlock_once_a_lock",
                violation_error_message=_("This lock was opened already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.expectation} – {self.unlocked_on}"

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Refuse: the trace of an unlock stays."""
        raise ValidationError(gettext("%(row)s stays: what is of its kind is never removed.") % {"row": self})

    def in_words(self, amount: str) -> str:
        """Return the trace that every page and report shows; `amount` is what was expected until then, as printed."""
        return gettext(
            "Unlocked on %(day)s (locked since %(locked)s); until then %(amount)s was expected. %(reason)s"
        ) % {
            "day": self.unlocked_on,
            "locked": self.locked_on,
            "amount": amount,
            "reason": self.reason,
        }
