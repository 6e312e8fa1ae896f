"""What the arrangements add to the pages of JFOs: whether one is in force, and those that cover the JFO."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, Q, When
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.tables import Column
from registry import panels
from registry.measures.comparison import Differences, differences
from registry.models import JFO
from registry.models.jfos import JFOQuerySet
from registry.tables import keeping_day

from .lifecycle import standing
from .measures.coverage import coverage_on, covered_on, verdicts_of
from .models import Arrangement, Coverage, Verdict
from .models.arrangements import Status
from .models.stages import stage_recorded


def load_coverage(jfos: Sequence[JFO], reader: Reader, day: date) -> None:
    """Set on each JFO the arrangements in force that cover it on the day; two queries."""
    rows = coverage_on(JFO.objects.visible_to(reader).filter(pk__in=[jfo.pk for jfo in jfos]), day)
    covering = {row.jfo.pk: row.arrangements for row in rows}
    for jfo in jfos:
        jfo.in_force = covering.get(jfo.pk, ())  # type: ignore[attr-defined]


def coverage_columns(day: date) -> Sequence[Column]:
    """Return whether an arrangement in force covers the JFO on the day, and which."""

    def address(jfo: Any) -> str | None:
        return keeping_day(jfo.in_force[0].get_absolute_url(), day) if jfo.in_force else None

    return [
        Column("covered", pgettext_lazy("one JFO", "Covered"), "yes_no", value=lambda jfo: bool(jfo.in_force)),
        Column(
            "arrangements",
            _("Arrangement in force"),
            value=lambda jfo: ", ".join(row.reference for row in jfo.in_force),
            href=address,
        ),
    ]


def narrow_to_covered(jfos: JFOQuerySet, is_covered: bool, day: date) -> JFOQuerySet:
    """Return the JFOs that an arrangement in force covers on the day, or those that none covers."""
    covered = covered_on(day)
    return jfos.filter(pk__in=covered) if is_covered else jfos.exclude(pk__in=covered)


@dataclass(frozen=True)
class Cover:
    """One arrangement that covers a JFO, or did, or will once it is in force."""

    coverage: Coverage
    status_words: str
    is_in_force: bool


def load_covers(jfo: JFO, reader: Reader, day: date) -> list[Cover]:
    """Return what covers the JFO by the day, that in force first; two queries."""
    rows = (
        Coverage.objects.visible_to(reader)
        .filter(jfo=jfo, start__lte=day, arrangement__in=Arrangement.objects.recorded_by(day))
        .select_related("arrangement")
        .prefetch_related("arrangement__signatories")
        .annotate(stage=stage_recorded(day, "arrangement"))
        .order_by("arrangement__reference", "start")
    )
    covers = []
    for row in rows:
        status = row.arrangement.status_on(day)
        is_in_force = status == Status.IN_FORCE and row.holds_on(day)
        covers.append(Cover(row, standing(status, row.stage), is_in_force))
    return sorted(covers, key=lambda cover: not cover.is_in_force)


@dataclass(frozen=True)
class InBrief:
    """An arrangement in force that covers the JFO, with its verdict on each clause by letter; none if not assessed."""

    arrangement: Arrangement
    clauses: Sequence[tuple[str, Verdict]]

    @property
    def in_words(self) -> str:
        """The clauses by verdict: “a, b: Met; c: Not met”."""
        letters = grouped(self.clauses, lambda clause: clause[1])
        return "; ".join(
            gettext("%(letters)s: %(verdict)s")
            % {"letters": ", ".join(letter for letter, _verdict in letters[verdict]), "verdict": verdict.label}
            for verdict in Verdict
            if verdict in letters
        )


def load_in_brief(jfo: JFO, reader: Reader, day: date) -> list[InBrief]:
    """Return the arrangements in force that cover the JFO on the day, three at most; two queries."""
    covering = Coverage.objects.as_of(day).filter(jfo=jfo).values("arrangement")
    arrangements = Arrangement.objects.visible_to(reader).in_force_on(day).filter(pk__in=covering)
    first = list(arrangements.order_by("reference")[:3])
    verdicts = verdicts_of(first, day)
    return [InBrief(row, list(verdicts.get(row.pk, {}).items())) for row in first]


panels.register(10, brief=panels.Panel(_("Arrangements"), "wca/jfo_brief.html", load_in_brief))


def compare_covers(jfos: Sequence[JFO], reader: Reader, before: date, after: date) -> Differences:
    """Return the arrangements in force that the JFOs gained and lost between the two days; one query."""

    def in_force(day: date) -> Q:
        return Q(arrangement__in=Arrangement.objects.in_force_on(day)) & (
            Q(start__lte=day) & (Q(end=None) | Q(end__gte=day))
        )

    rows = list(
        Coverage.objects.visible_to(reader)
        .filter(in_force(before) | in_force(after), jfo__in=jfos)
        .annotate(
            was=Case(When(in_force(before), then=True), default=False),
            now=Case(When(in_force(after), then=True), default=False),
        )
        .select_related("jfo", "arrangement")
    )

    def words(row: Coverage) -> tuple[str, str]:
        return row.jfo.code, gettext("%(reference)s, %(title)s") % {
            "reference": row.arrangement.reference,
            "title": row.arrangement.title,
        }

    return differences(
        gettext("Arrangements in force"),
        [words(row) for row in rows if row.was],
        [words(row) for row in rows if row.now],
        {words(row)[1]: keeping_day(row.arrangement.get_absolute_url(), after) for row in rows},
    )


panels.register(10, compared=panels.Compared(compare_covers))
panels.register(10, columns=panels.Columns(coverage_columns, load_coverage))
panels.register(10, choice=panels.YesOrNo("covered", _("Covered by an arrangement"), narrow_to_covered))
panels.register(10, panel=panels.Panel(_("Arrangements"), "wca/jfo_panel.html", load_covers))
