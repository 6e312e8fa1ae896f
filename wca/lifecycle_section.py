"""The section of an arrangement's page on its life cycle: its stage, what is missing for the next, how it got
there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped

from . import lifecycle
from .lifecycle import Spell
from .models import Arrangement, Consultation, Consulted, Event, Notice, Stage, Step
from .models.arrangements import Status
from .models.stages import ON_ITS_WAY, in_order
from .sections import Section, register


@dataclass(frozen=True)
class Next:
    """What may be done next, and the sentences that say what is missing for it; `href` is None for who only reads."""

    label: str
    missing: Sequence[str]
    href: str | None


@dataclass(frozen=True)
class TimelineRow:
    """One stage on the timeline; `step` is None where signatures and dates say it."""

    spell: Spell
    step: Step | None

    @property
    def who(self) -> str:
        """Who took the step, in words."""
        if self.step is None:
            return _("from its signatures and dates")
        return _("the portal") if self.step.by is None else str(self.step.by)

    @property
    def why(self) -> str:
        """The reason that was given; empty for none."""
        return "" if self.step is None else self.step.reason


@dataclass(frozen=True)
class Asked:
    """What one office was asked, as it was known on the day; `href` leads to the form that records its answer."""

    row: Consultation
    is_answered: bool
    href: str | None


def may_act(reader: Reader, is_read_only: bool) -> bool:
    """Say whether the reader may take the steps of arrangements, on a page of today."""
    return not is_read_only and Step.objects.may_be_written_by(reader)


def context(arrangement: Arrangement, reader: Reader, day: date, is_read_only: bool) -> Mapping[str, Any]:
    """Return what the template shows; three queries, whatever the number of steps, and none for what is loaded."""
    steps = Prefetch("steps", Step.objects.visible_to(reader).select_related("by"))
    prefetch_related_objects([arrangement], steps, "consultations", "signatories__agency")
    stage = lifecycle.stage_on(arrangement, day)
    acts = may_act(reader, is_read_only)
    notices = Notice.objects.visible_to(reader).given_by(day).filter(arrangement=arrangement).order_by("due_on")
    return {
        "headline": _headline(arrangement, stage, day),
        "remarks": _remarks(arrangement, stage, day),
        "next_steps": _next_steps(arrangement, stage, day, acts),
        "begin_href": reverse("arrangement-begin", args=[arrangement.reference])
        if acts and lifecycle.may_begin(arrangement, day)
        else None,
        "timeline": _timeline(arrangement, day),
        "rounds": _rounds(arrangement, stage, day, acts),
        "notices": [_notice_in_words(notice) for notice in notices],
    }


def _headline(arrangement: Arrangement, stage: Stage | None, day: date) -> str:
    """Return the stage it is in, since when, in a sentence."""
    if stage is None:
        return _("It had not begun by %(day)s.") % {"day": formats.long_day(day)}
    spells = lifecycle.days_in_stages(arrangement, day)
    words: dict[str, Any] = {"stage": stage.label}
    if not spells:
        return _("Stage: %(stage)s. No day is on record.") % words
    words |= {"day": str(spells[-1].start), "days": _days(spells[-1].days)}
    return _("Stage: %(stage)s, since %(day)s (%(days)s).") % words


def _remarks(arrangement: Arrangement, stage: Stage | None, day: date) -> list[str]:
    """Return what the stage does not say: that it has expired, or is in force without the step."""
    status, days = arrangement.status_on(day), lifecycle.in_force_days(arrangement)
    if status == Status.EXPIRED and stage == Stage.IN_FORCE:
        return [
            _("It expired on %(day)s and covers no JFO any more. Supersede it by the next one, or terminate it.")
            % {"day": arrangement.expiry}
        ]
    if status == Status.EXPIRED and stage in ON_ITS_WAY:
        return [
            _("Its expiry, %(day)s, is over before it came into force. Correct it, or withdraw the arrangement.")
            % {"day": arrangement.expiry}
        ]
    if status == Status.IN_FORCE and stage in ON_ITS_WAY and days is not None:
        return [
            _("By its signatures and dates it has been in force since %(day)s. Record the steps that led there.")
            % {"day": days[0]}
        ]
    return []


def _next_steps(arrangement: Arrangement, stage: Stage | None, day: date, acts: bool) -> list[Next]:
    return [
        Next(
            str(event.label),
            lifecycle.missing(arrangement, event, day),
            reverse("arrangement-step", args=[arrangement.reference, event.value]) if acts else None,
        )
        for event in lifecycle.events_from(stage)
        # What ends it is only of interest to those who can do it.
        if acts or event not in (Event.WITHDRAW, Event.TERMINATE, Event.SUPERSEDE)
    ]


def _timeline(arrangement: Arrangement, day: date) -> list[TimelineRow]:
    steps = {(step.stage, step.entered_on): step for step in in_order(arrangement.steps.all())}
    spells = lifecycle.days_in_stages(arrangement, day)
    return [TimelineRow(spell, steps.get((spell.stage, spell.start))) for spell in spells]


def _rounds(
    arrangement: Arrangement, stage: Stage | None, day: date, acts: bool
) -> list[tuple[int, str, Sequence[Asked]]]:
    """Return the consultations asked by the day, the latest round first: its number, its caption, what was asked."""
    current = {row.pk for row in lifecycle.current_round(arrangement)}
    can_answer = acts and stage == Stage.CONSULTATION
    asked = [row for row in arrangement.consultations.all() if row.asked_on <= day]
    rounds = grouped(
        sorted(asked, key=lambda row: (-row.round, lifecycle.OFFICES.index(Consulted(row.consulted)))), _round_of
    )
    return [
        (
            number,
            _("Consultation, round %(number)s") % {"number": number},
            [
                Asked(
                    row,
                    row.answered_on is not None and row.answered_on <= day,
                    reverse("consultation", args=[arrangement.reference, row.pk])
                    if can_answer and row.pk in current
                    else None,
                )
                for row in rows
            ],
        )
        for number, rows in rounds.items()
    ]


def _round_of(row: Consultation) -> int:
    return row.round


def _notice_in_words(notice: Notice) -> str:
    """Return the notice as a sentence: what comes near, when it was given, and that it was late."""
    words = {
        "noticed": notice.noticed_on,
        "expiry": notice.expiry,
        "due": notice.due_on,
        "days": _days((notice.expiry - notice.noticed_on).days),
    }
    if notice.noticed_on > notice.expiry:
        return _("%(noticed)s: it expired on %(expiry)s (late: due on %(due)s).") % words
    if notice.noticed_on == notice.expiry:
        return _("%(noticed)s: it expires that day.") % words
    if notice.is_late:
        return _("%(noticed)s: it expires on %(expiry)s, in %(days)s (late: due on %(due)s).") % words
    return _("%(noticed)s: it expires on %(expiry)s, in %(days)s.") % words


def _days(count: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": formats.number(count)}


register(Section("lifecycle", gettext_lazy("Life cycle"), "wca/lifecycle.html", context, 10))
