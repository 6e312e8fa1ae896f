"""The import of officers, each with the last level on record, and since when in the region."""

from collections.abc import Sequence
from datetime import date

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.imports.fields import ChoiceField, CodeField, DateField, ForeignKeyField, TextField
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, chunks, register
from jfo_portal.kit.periods import ONE_DAY

from ..models import Level, Officer, OfficerLevel, OfficerRegion, Role
from ..models.people import postings_after
from .rows import is_written, regions, require_code, require_region, require_region_in_being, touches
from .service import hold_officers, registered


@register
class OfficerResource(Resource):
    """Officers, each with the last level on record; a later first day adds a level and ends the one before. Another
    region is a move, from the day given or from today."""

    class Meta:
        model = Officer
        slug = "officers"
        title = gettext_lazy("Officers")
        key = ("number",)
        roles = frozenset({Role.ADMINISTRATOR})

    number = CodeField(
        label_en="Officer number",
        label_fr="Numéro de l’agent",
        example="O-0042",
        names="pk",
        help_text=gettext_lazy("It tells which officer the row is about, and never changes."),
    )
    family_name = TextField(label_en="Family name", label_fr="Nom de famille", required=True, example="Roy", names="pk")
    given_name = TextField(label_en="Given name", label_fr="Prénom", required=True, example="Ana", names="pk")
    function = ChoiceField(label_en="Function", label_fr="Fonction", required=True, example="IO")
    region = ForeignKeyField(
        label_en="Region",
        label_fr="Région",
        lookup="code",
        also=("code_fr", "name_en", "name_fr"),
        queryset=regions,
        required=True,
        example="QUE",
        help_text=gettext_lazy("The region that employs the officer, by its code or name."),
    )
    region_start = DateField(
        label_en="First day in this region",
        label_fr="Premier jour dans cette région",
        help_text=gettext_lazy(
            "For an officer who moved; empty for one who never did. Another region holds from this day on, or from "
            "today without one; on the day of the last move, it corrects that move."
        ),
    )
    start = DateField(
        label_en="First day",
        label_fr="Premier jour",
        required=True,
        example="2005-04-01",
        help_text=gettext_lazy("The first day of service in intelligence or enforcement."),
    )
    end = DateField(
        label_en="Last day",
        label_fr="Dernier jour",
        help_text=gettext_lazy("The last day of that service; empty while it goes on."),
    )
    level = ChoiceField(
        label_en="Level",
        label_fr="Niveau",
        choices=Level.choices,
        example="FB-04",
        help_text=gettext_lazy("The officer's last level. A new officer needs one: cost is worked out from it."),
    )
    level_start = DateField(
        label_en="First day at this level",
        label_fr="Premier jour à ce niveau",
        example="2009-04-01",
        help_text=gettext_lazy("With a later day another level is added, and the one before ends the day before."),
    )

    def importable(self) -> models.QuerySet:
        last = OfficerLevel.objects.filter(officer=OuterRef("pk")).order_by("-start")
        earlier = OfficerRegion.objects.filter(officer=OuterRef("officer"), end__isnull=False).order_by()
        moved = OfficerRegion.objects.filter(Exists(earlier), officer=OuterRef("pk"), end=None).order_by()
        return (
            super()
            .importable()
            .annotate(
                level=Subquery(last.values("level")[:1]),
                level_start=Subquery(last.values("start")[:1]),
                region_start=Subquery(moved.values("start")[:1]),
            )
        )

    def lock(self) -> None:
        hold_officers()
        super().lock()

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        for row in rows:
            require_code(row, "number")
            if is_written(row) and row.knows("region"):
                require_region(row, row.instance.region, self.user, name="region")
            if touches(row, "region", "start", "end") and row.knows("region", "start", "end"):
                require_region_in_being(row, row.instance.region, row.instance)
        self._check_service([row for row in rows if not row.is_new and touches(row, "start", "end")])
        self._check_regions(
            [
                row
                for row in rows
                if touches(row, "region", "region_start") and row.knows("region", "region_start", "start", "end")
            ]
        )
        leveled = [
            row
            for row in rows
            # Of a new officer there is nothing but what the row says, and each column is looked at by itself.
            if touches(row, "level", "level_start") and (row.is_new or row.knows("level", "level_start", "end"))
        ]
        past = _levels(leveled)
        for row in leveled:
            try:
                levels_after(row.instance, past.get(row.instance.pk, []))
            except ValidationError as error:
                for name, sentences in error.message_dict.items():
                    if row.knows(name):
                        row.refuse(" ".join(sentences), name)

    def _check_regions(self, rows: Sequence[PreviewRow]) -> None:
        """Refuse a first day in the region on which the officer cannot have come there."""
        ids = [row.instance.pk for row in rows if not row.is_new]
        stored = [
            posting
            for some in chunks(ids)
            for posting in OfficerRegion.objects.filter(officer__in=some).order_by("start")
        ]
        past = grouped(stored, lambda posting: posting.officer_id)
        for row in rows:
            of_officer, day = past.get(row.instance.pk, []), row.get("region_start")
            if row.is_new and day is not None:
                row.refuse(
                    _("A new officer is in the region since the first day of service. Leave this empty."),
                    "region_start",
                )
            elif day is None and "region" not in row.changed_names and len(of_officer) > 1:
                row.refuse(
                    _("The officer came to this region on %(day)s. Give that day, or the right one.")
                    % {"day": of_officer[-1].start},
                    "region_start",
                )
            else:
                try:
                    postings_after(row.instance, of_officer, day)
                except ValidationError as error:
                    row.refuse(" ".join(error.messages), "region_start" if day else "region")

    def _check_service(self, rows: Sequence[PreviewRow]) -> None:
        """Refuse dates that leave out what the officer holds."""
        ids = [row.instance.pk for row in rows]
        by_kind = [held_by(ids) for held_by in registered()] if ids else []
        for row in rows:
            held = [one for of_kind in by_kind for one in of_kind.get(row.instance.pk, ())]
            if not held:
                continue
            first = min(held, key=lambda one: one.start)
            if first.start < row.instance.start:
                row.refuse(
                    _(
                        "The officer would start only after this: %(what)s. "
                        "Give an earlier first day, or correct that first."
                    )
                    % {"what": first.words},
                    "start",
                )
            last = max(held, key=lambda one: one.end or date.max)
            if row.instance.end is not None and (last.end is None or last.end > row.instance.end):
                row.refuse(
                    _("The officer would leave before this ends: %(what)s. Give a later last day, or end that first.")
                    % {"what": last.words},
                    "end",
                )

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        posted = [row for row in [*new, *changed] if touches(row, "region", "region_start", "start")]
        for row in posted:
            row.instance.moved_on = row.get("region_start")
        super().write(new, changed, reason=reason)
        OfficerRegion.objects.follow([row.instance for row in posted], **self.attribution(reason))
        leveled = [*new, *(row for row in changed if touches(row, "level", "level_start"))]
        past = _levels(leveled)
        after = [level for row in leveled for level in levels_after(row.instance, past.get(row.instance.pk, []))]
        attribution = self.attribution(reason)
        # What ends makes room first: an officer has one level without a last day.
        stored = [level for level in after if level.pk is not None]
        OfficerLevel.objects.bulk_update(stored, ["level", "start", "end"], **attribution)
        OfficerLevel.objects.bulk_create([level for level in after if level.pk is None], **attribution)


def _levels(rows: Sequence[PreviewRow]) -> dict[int, list[OfficerLevel]]:
    """Return the levels of the rows' officers, by officer, the earliest first."""
    ids = [row.before.pk for row in rows if not row.is_new]
    levels = [
        level for chunk in chunks(ids) for level in OfficerLevel.objects.filter(officer__in=chunk).order_by("start")
    ]
    return grouped(levels, lambda level: level.officer_id)


def levels_after(officer: Officer, past: Sequence[OfficerLevel]) -> list[OfficerLevel]:
    """Return the level rows to save so that the officer's last level is `level`, from `level_start` on.

    The same day with another level, or the same level with another day, corrects the last row; a
    later day with another level ends it and adds one. ValidationError, by column, for what cannot be.
    """
    level, start = getattr(officer, "level", None), getattr(officer, "level_start", None)
    if level is None:
        raise ValidationError({"level": _("A level is needed: cost is worked out from it. For example: FB-04.")})
    if start is None:
        raise ValidationError(
            {"level_start": _("Say from which day on the officer has this level. For example: 2009-04-01.")}
        )
    if officer.end is not None and start > officer.end:
        raise ValidationError(
            {
                "level_start": _("The officer's last day is %(day)s: give that day or an earlier one.")
                % {"day": officer.end}
            }
        )
    if not past:
        return [OfficerLevel(officer=officer, level=level, start=start)]
    last = past[-1]
    if start == last.start:
        last.level = level
        return [last]
    if level == last.level:
        return _moved(last, past[-2] if len(past) > 1 else None, start)
    if start < last.start:
        raise ValidationError(
            {
                "level_start": _(
                    "The officer is %(level)s since %(day)s, and this is earlier. "
                    "Give that day to correct the level, or a later one to add a level."
                )
                % {"level": last.level, "day": last.start}
            }
        )
    if last.end is None or last.end >= start:
        last.end = start - ONE_DAY
    return [last, OfficerLevel(officer=officer, level=level, start=start)]


def _moved(last: OfficerLevel, before: OfficerLevel | None, start: date) -> list[OfficerLevel]:
    """Return the last level with another first day, and the one before it where that has to end on another day."""
    if last.end is not None and start > last.end:
        raise ValidationError(
            {"level_start": _("The officer's last level ended on %(day)s: give an earlier day.") % {"day": last.end}}
        )
    old, last.start = last.start, start
    if before is None:
        return [last]
    if start <= before.start:
        raise ValidationError(
            {
                "level_start": _("The officer was %(level)s from %(day)s on before that: give a later day.")
                % {"level": before.level, "day": before.start}
            }
        )
    if before.end is not None and start > before.end and before.end != old - ONE_DAY:
        return [last]
    before.end = start - ONE_DAY
    return [before, last]
