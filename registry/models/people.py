"""Officers of the CBSA with their levels over time, and the people who use the portal."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import FilteredRelation, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.history import Attributed, Door, Tracked, TrackedQuerySet, Tracking
from jfo_portal.kit.periods import ONE_DAY, Period, PeriodQuerySet, today
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


def posting_on(day: date, officer: str = "") -> FilteredRelation:
    """Return the join to the posting, by which its region is known, on the day of the officer at the end of the path.

    `annotate(posting=posting_on(day))`, and read `posting__region`: what is about a past day asks it, not the region
    of today. Everybody in service has one on every day of it.
    """
    path = f"{officer}__postings" if officer else "postings"
    goes_on = Q(**{f"{path}__end__isnull": True}) | Q(**{f"{path}__end__gte": day})
    return FilteredRelation(path, condition=goes_on & Q(**{f"{path}__start__lte": day}))


class OfficerQuerySet(ScopedQuerySet, PeriodQuerySet, TrackedQuerySet):
    """Officers: a regional manager sees those of their own regions. The postings follow every write of a region."""

    read_scope = write_scope = "region"

    def with_names(self) -> Self:
        """Load the region in the same query."""
        return self.select_related("region")

    def employed_by(self, reader: Reader, day: date) -> Self:
        """Return the officers whom the reader's regions employed on the day; all for those who see everything.

        For figures of own regions alone: the officers themselves are shown to whoever sees them today.
        """
        if reader.sees_everything:
            return self.all()
        postings = OfficerRegion.objects.as_of(day).filter(region__in=reader.scope_ids)
        return self.filter(pk__in=postings.order_by().values("officer"))

    def bulk_create(self, objs: Iterable[Any], *args: Any, **attribution: Any) -> list[Any]:
        """Insert the rows with a first posting each, and record a version of all."""
        with transaction.atomic(using=self.db):
            rows = super().bulk_create(objs, *args, **attribution)
            OfficerRegion.objects.follow(rows, **_whose(attribution))
        return rows

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], *args: Any, **attribution: Any) -> int:
        """Update the rows, and what a search looks through, and record a version of each."""
        rows, names = list(objs), set(fields)
        for row in rows:
            row.folded = Officer._meta.get_field("folded").folded(row)
        with transaction.atomic(using=self.db):
            count = super().bulk_update(rows, [*names, "folded"], *args, **attribution)
            if names & _POSTED:
                OfficerRegion.objects.follow(rows, **_whose(attribution))
        return count

    def update(
        self, *, by: Any = None, reason: str = "", door: Door = Door.COMMAND, change: Any = None, **values: Any
    ) -> int:
        """Update the rows as every tracked row."""
        whose: dict[str, Any] = {"by": by, "reason": reason, "door": door, "change": change}
        if not values.keys() & {*_POSTED, "region_id"}:
            return super().update(**whose, **values)
        with transaction.atomic(using=self.db):
            ids = list(self.values_list("pk", flat=True))
            count = super().update(**whose, **values)
            OfficerRegion.objects.follow(Officer.objects.filter(pk__in=ids), **whose)
        return count

    update.alters_data = True  # type: ignore[attr-defined]


# What of an officer the postings follow.
_POSTED = frozenset({"region", "start"})


def _whose(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of whose a bulk write is, and why."""
    return {name: options[name] for name in ("by", "reason", "door", "change") if name in options}


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

    # The first day in the region, for who writes another one; without it, today. The postings keep it.
    moved_on: date | None = None

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

    def save(self, *args: Any, **options: Any) -> None:
        """Save the row; ValidationError where `moved_on` is no day on which the officer can have come to the region."""
        change = getattr(self, "_change_set", None)
        with transaction.atomic(using=options.get("using"), savepoint=False):
            super().save(*args, **options)
            # What an act wrote of the postings is put back by its undoing.
            undone = None if change is None else change.undoes_id
            if undone is None or not OfficerRegion.history.filter(change_set=undone, officer=self.pk).exists():
                OfficerRegion.objects.follow(
                    [self],
                    by=getattr(self, "_history_user", None),
                    reason=getattr(self, "_change_reason", None) or "",
                    door=getattr(self, "_history_door", Door.COMMAND),
                    change=change,
                )

    def get_absolute_url(self) -> str:
        return reverse("officer", args=[self.number])

    @property
    def name(self) -> str:
        return f"{self.family_name}, {self.given_name}"

    def region_on(self, day: date) -> int:
        """Return the key of the region that employed the officer on the day; one query."""
        postings = self.postings.order_by("start").values_list("start", "region_id")
        return region_then(list(postings), day) or self.region_id

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


@dataclass
class Moved:
    """What becomes of an officer's postings: those to save, and those to remove before."""

    saved: list["OfficerRegion"] = field(default_factory=list)
    removed: list["OfficerRegion"] = field(default_factory=list)


def postings_after(officer: Officer, past: Sequence["OfficerRegion"], day: date | None) -> Moved:
    """Return what becomes of the postings, the earliest first, so that the last is in the officer's region since `day`.

    Without a day it is today, for another region. The day of the last move with another region corrects that move; the
    same region with another day moves the day. ValidationError, by `moved_on`, for a day that is still to come, or that
    would change what was before the last move.
    """
    if not past:
        return Moved([OfficerRegion(officer=officer, region_id=officer.region_id, start=officer.start)])
    first, last = past[0], past[-1]
    before = past[-2] if len(past) > 1 else None
    found = Moved()
    if officer.region_id != last.region_id:
        found = _in_other_region(officer, before, last, max(today(), last.start) if day is None else day)
    elif day is not None and day != last.start:
        found = _since_other_day(before, last, day)
    if officer.start < first.start:
        first.start = officer.start
        found.saved = [first, *(row for row in found.saved if row is not first)]
    return found


def _in_other_region(officer: Officer, before: "OfficerRegion | None", last: "OfficerRegion", day: date) -> Moved:
    if day != last.start:
        _require_moved(day, last.start)
        last.end = day - ONE_DAY
        return Moved([last, OfficerRegion(officer=officer, region_id=officer.region_id, start=day)])
    if before is not None and before.region_id == officer.region_id:
        before.end = None
        return Moved([before], [last])
    last.region_id = officer.region_id
    return Moved([last])


def _since_other_day(before: "OfficerRegion | None", last: "OfficerRegion", day: date) -> Moved:
    if before is None:
        raise ValidationError(
            {
                "moved_on": gettext(
                    "The officer has been in this region since the first day of service. Leave this empty, or choose "
                    "another region."
                )
            }
        )
    _require_moved(day, before.start + ONE_DAY)
    before.end, last.start = day - ONE_DAY, day
    return Moved([before, last])


def _require_moved(day: date, first: date) -> None:
    """Refuse a day that is still to come, or before the first on which the officer can have come to the region."""
    if day > today():
        sentence = gettext("%(day)s is still to come. Record the move on that day or later.")
        raise ValidationError({"moved_on": sentence % {"day": day}})
    if day < first:
        sentence = gettext(
            "The officer's region of before holds on %(day)s, and stays as it is. Give %(first)s or a later day."
        )
        raise ValidationError({"moved_on": sentence % {"day": day, "first": first}})


class OfficerRegionQuerySet(ScopedQuerySet, PeriodQuerySet, TrackedQuerySet):
    """Postings, seen with the officer."""

    read_scope = write_scope = "officer__region"

    def follow(self, officers: Iterable[Officer], **attribution: Any) -> None:
        """Let the postings of the officers follow their regions and first days; a query, and one for each kind of write
        there is."""
        rows = {row.pk: row for row in officers}
        past: dict[int, list[OfficerRegion]] = {}
        ids = list(rows)
        for start in range(0, len(ids), _CHUNK):
            of_chunk: Any = self.filter(officer__in=ids[start : start + _CHUNK]).order_by("start")
            past |= grouped(of_chunk, lambda row: row.officer_id)
        found = Moved()
        for pk, officer in rows.items():
            moved = postings_after(officer, past.get(pk, []), officer.moved_on)
            officer.moved_on = None
            found.saved += moved.saved
            found.removed += moved.removed
        # What goes or ends makes room first: an officer has one posting without a last day.
        if found.removed:
            self.filter(pk__in=[row.pk for row in found.removed]).delete(**attribution)
        stored = [row for row in found.saved if row.pk is not None]
        if stored:
            # Of two in turn the one that ends goes first: the constraints are looked at row by row.
            for some in (_ended(stored, True), _ended(stored, False)):
                if some:
                    self.bulk_update(some, ["region", "start", "end"], batch_size=_BATCH, **attribution)
        new = [row for row in found.saved if row.pk is None]
        if new:
            self.bulk_create(new, batch_size=_BATCH, **attribution)

    def by_officer(self) -> dict[int, list[tuple[date, int]]]:
        """Return the first day and the region of each posting by officer, the earliest first; one query, for
        `region_then`."""
        found: dict[int, list[tuple[date, int]]] = {}
        for officer, start, region in self.order_by("officer", "start").values_list("officer_id", "start", "region_id"):
            found.setdefault(officer, []).append((start, region))
        return found


# How many officers' postings one query asks for, and how many rows one statement writes.
_CHUNK, _BATCH = 10_000, 1000


def _ended(rows: Iterable["OfficerRegion"], is_ended: bool) -> list["OfficerRegion"]:
    return [row for row in rows if (row.end is not None) == is_ended]


def region_then(postings: Sequence[tuple[date, int]], day: date) -> int | None:
    """Return the key of the region that employed an officer on the day; None without postings.

    They are the officer's as `by_officer` has them. Before the first day of service it is the first region.
    """
    if not postings:
        return None
    return next((region for start, region in reversed(postings) if start <= day), postings[0][1])


class OfficerRegion(Period, Tracked):
    """The region that employs an officer, from a day to a day: what a figure about a past day goes by.

    The postings follow one another without a gap from the first day of service, or an earlier one; the last has no last
    day, whatever the officer's, and its region is the officer's.
    """

    officer = models.ForeignKey(Officer, verbose_name=_("officer"), on_delete=models.CASCADE, related_name="postings")
    region = models.ForeignKey(Region, verbose_name=_("region"), on_delete=models.PROTECT, related_name="postings")

    objects = OfficerRegionQuerySet.as_manager()

    class Meta(Period.Meta):
        verbose_name = _("officer's region")
        verbose_name_plural = _("officers' regions")
        ordering = ["officer", "start"]
        constraints = [
            *Period.Meta.constraints,
            models.UniqueConstraint(
                fields=["officer", "start"],
                name="registry_officerregion_one_start",
                violation_error_message=_("The officer already has a region that starts on this day."),
            ),
            models.UniqueConstraint(
                fields=["officer"],
                condition=Q(end=None),
                name="registry_officerregion_one_open",
                violation_error_message=_("The officer already has a region without a last day; end it first."),
            ),
        ]
        indexes = [
            # The region on a day of one officer after the other, without a look at the table.
            models.Index(fields=["officer", "start", "end", "region"], name="registry_officerregion_day"),
            # Who moved between two days.
            models.Index(fields=["start", "officer"], name="registry_officerregion_start"),
        ]

    def __str__(self) -> str:
        return f"{self.officer} {self.region}"
