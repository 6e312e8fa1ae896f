"""Activity in the Intelligence Management System (IMS): the files, whose every write keeps the roll-up in step."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.bulk import Among
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.history import Tracked, TrackedQuerySet
from jfo_portal.kit.rawrows import columns_of
from jfo_portal.kit.scoping import ScopedQuerySet
from registry.models import Officer, Region
from registry.models.people import OfficerQuerySet

from .activity import ActivityCount, Filed, ImsKind, ImsStatus


class ImsFileQuerySet(ScopedQuerySet, TrackedQuerySet):
    """IMS files, seen by the region that employs the officer."""

    read_scope = write_scope = "officer__region"

    def of_year(self, year: FiscalYear) -> Self:
        """Return the files opened in the fiscal year."""
        return self.filter(fiscal_year=year.start_year)

    def of_officers(self, officers: OfficerQuerySet, reader: Reader) -> Self:
        """Return the files of the officers; all, unasked, where the reader sees everything."""
        return self.all() if reader.sees_everything else self.filter(officer__in=officers.order_by().values("pk"))

    def bulk_create(self, objs: Iterable[Any], *args: Any, **options: Any) -> list[Any]:
        """Insert the files as every tracked row, and count them."""
        with transaction.atomic():
            rows = super().bulk_create(objs, *args, **options)
            ActivityCount.objects.add(Counter(Filed(*(getattr(row, name) for name in Filed._fields)) for row in rows))
        return rows

    def insert_rows(self, names: Sequence[str], rows: Sequence[Sequence[Any]], **options: Any) -> list[int]:
        """Insert the files as every tracked row, and count them."""
        places = [names.index(name) for name in Filed._fields]
        with transaction.atomic():
            keys = super().insert_rows(names, rows, **options)
            counted = Counter(tuple([row[place] for place in places]) for row in rows)
            ActivityCount.objects.add({Filed(*sort): number for sort, number in counted.items()})
        return keys

    def update_rows(self, names: Sequence[str], rows: Sequence[Sequence[Any]], **options: Any) -> None:
        """Give the files other values as every tracked row, and count them anew."""
        with counted_anew([row[0] for row in rows]):
            super().update_rows(names, rows, **options)

    def delete_rows(self, keys: Iterable[Any], **options: Any) -> None:
        """Delete the files as every tracked row, and take them off the count."""
        ids = list(keys)
        with counted_anew(ids):
            super().delete_rows(ids, **options)

    def bulk_update(self, objs: Iterable[Any], *args: Any, **options: Any) -> int:
        """Update the files as every tracked row, and count them anew."""
        rows = list(objs)
        with counted_anew([row.pk for row in rows]):
            return super().bulk_update(rows, *args, **options)

    def update(self, **options: Any) -> int:
        """Update the files as every tracked row, and count them anew."""
        # Their keys first: somebody's write in between brings no file in that was not counted before.
        ids = list(self.order_by().values_list("pk", flat=True))
        with counted_anew(ids):
            return super(ImsFileQuerySet, self.filter(pk__in=ids)).update(**options)

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self, **options: Any) -> tuple[int, dict[str, int]]:
        """Delete the files as every tracked row, and take them off the count."""
        ids = list(self.order_by().values_list("pk", flat=True))
        with counted_anew(ids):
            return super(ImsFileQuerySet, self.filter(pk__in=ids)).delete(**options)

    # As Django's own: on filtered rows alone, never on a manager.
    delete.alters_data = delete.queryset_only = True  # type: ignore[attr-defined]


@contextmanager
def counted_anew(ids: list[int]) -> Iterator[None]:
    """Hold the files still in a transaction, and add to the roll-up what the writes inside it change of them."""
    with transaction.atomic():
        before = _filed(ids, is_held=True)
        yield
        after = _filed(ids)
        after.subtract(before)
        ActivityCount.objects.add(after)


def _filed(ids: list[int], *, is_held: bool = False) -> Counter[Filed]:
    """Return how many of the files there are of each sort; one query, which locks them if they are to be held."""
    files = ImsFile._base_manager.order_by("pk").filter(Among(F("pk"), ids))
    if is_held:
        files = files.select_for_update()
    counted: Counter[tuple[Any, ...]] = Counter()
    for columns in columns_of(files.values_list(*Filed._fields)):
        counted.update(zip(*columns, strict=True))
    return Counter({Filed(*sort): number for sort, number in counted.items()})


class ImsFile(Tracked):
    """One case, occurrence, project or ORS entry of one officer; never any data on the people investigated."""

    # The counts of an officer's files are written one by one where files are put back one by one.
    locked_with = ("officer",)

    number = models.CharField(_("file number"), max_length=20, unique=True)
    officer = models.ForeignKey(Officer, verbose_name=_("officer"), on_delete=models.PROTECT, related_name="ims_files")
    region = models.ForeignKey(
        Region,
        verbose_name=_("region"),
        on_delete=models.PROTECT,
        related_name="ims_files",
        help_text=_("The officer's region when the file was opened; a later move leaves it as it is."),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ImsKind)
    status = models.CharField(_("status"), max_length=11, choices=ImsStatus, default=ImsStatus.UNSPECIFIED)
    opened_on = models.DateField(_("opened on"))
    entered_on = models.DateField(
        _("entered on"),
        null=True,
        blank=True,
        help_text=_("When the file was entered in the system; empty where it does not say."),
    )
    fiscal_year = models.PositiveSmallIntegerField(
        _("fiscal year"),
        editable=False,
        help_text=_("The calendar year in which the fiscal year of opening starts; follows from the day."),
    )

    objects = ImsFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("IMS file")
        verbose_name_plural = _("IMS files")
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(opened_on__month__gte=4, fiscal_year=F("opened_on__year"))
                | Q(opened_on__month__lt=4, fiscal_year=F("opened_on__year") - 1),
                name="performance_imsfile_fiscal_year_follows",
                violation_error_message=_("The fiscal year does not hold the day the file was opened."),
            ),
            models.CheckConstraint(
                condition=Q(entered_on=None) | Q(entered_on__gte=F("opened_on")),
                name="performance_imsfile_entered_after_opening",
                violation_error_message=_("A file cannot be entered before the day it was opened."),
            ),
        ]
        indexes = [
            models.Index(fields=["fiscal_year", "officer", "kind", "status"], name="performance_imsfile_activity"),
            # Of a region, or of each in turn, day by day: files by month, without a look at the table.
            models.Index(
                fields=["fiscal_year", "region", "opened_on", "officer", "kind"], name="performance_imsfile_region"
            ),
            models.Index(fields=["opened_on"], name="performance_imsfile_opened"),
        ]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: object, **kwargs: object) -> None:
        """Save the file and count it; one that names no region is of the one that employed the officer then."""
        self.fiscal_year = FiscalYear.of(self.opened_on).start_year
        if not self.region_id:
            self.region_id = self.officer.region_on(self.opened_on)
        ids = [] if self.pk is None else [self.pk]
        with counted_anew(ids):
            super().save(*args, **kwargs)
            ids[:] = [self.pk]

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Delete the file and take it off the count."""
        with counted_anew([self.pk]):
            return super().delete(*args, **options)
