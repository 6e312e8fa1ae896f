"""What is to be done next for a JFO without an arrangement in force: one sentence, and the page to do it on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.tables import Column
from registry.models import JFO

from . import lifecycle
from .measures.coverage import Lack, Reason, UncoveredJFO
from .models import Answer, Arrangement, Consulted, Stage
from .tables import agencies_in_words

# What is nearest to covering the JFO comes first.
_LACKS = [Lack.NOT_YET, Lack.UNSIGNED, Lack.IN_STAGE, Lack.COMING]
_STAGES = [Stage.NEGOTIATION, Stage.CONSULTATION, Stage.DRAFTING, Stage.NEEDED]


@dataclass(frozen=True)
class NextStep:
    """The step in words, and where it is taken."""

    words: str
    href: str


def load_consultations(rows: Sequence[UncoveredJFO]) -> None:
    """Read the consultations of those that are in consultation; one query, none without any."""
    found = [one.arrangement for row in rows for one in row.reasons if one.stage == Stage.CONSULTATION]
    prefetch_related_objects(found, "consultations")


def next_step(row: UncoveredJFO, *, may_draft: bool) -> NextStep:
    """Return the step for the JFO; `may_draft` says whether the reader can open the page of a new draft."""
    nearest = min((one for one in row.reasons if _rank(one) is not None), key=_order, default=None)
    if nearest is not None:
        return NextStep(_words(nearest), f"{nearest.arrangement.get_absolute_url()}#lifecycle")
    return NextStep(_("Start drafting an arrangement."), _drafting_href(row.jfo, may_draft))


def next_step_column(*, may_draft: bool) -> Column:
    """Return the column of the next step; the rows' consultations have been read."""
    return Column(
        "next",
        gettext_lazy("Next step"),
        value=lambda row: next_step(row, may_draft=may_draft).words,
        href=lambda row: next_step(row, may_draft=may_draft).href,
    )


def _drafting_href(jfo: JFO, may_draft: bool) -> str:
    return f"{reverse('draft-new')}?jfo={jfo.code}" if may_draft else jfo.get_absolute_url()


def _rank(reason: Reason) -> tuple[int, int] | None:
    """Return how near the arrangement is to covering the JFO; None for one that is over or withdrawn."""
    if reason.lack not in _LACKS or (reason.stage is not None and reason.stage not in _STAGES):
        return None
    return _LACKS.index(reason.lack), _STAGES.index(reason.stage) if reason.stage else 0


def _order(reason: Reason) -> tuple[int, int, date, str]:
    first, second = _rank(reason) or (len(_LACKS), 0)
    return first, second, reason.day or date.max, reason.arrangement.reference


def _words(reason: Reason) -> str:
    words = {"reference": reason.arrangement.reference, "day": reason.day}
    match reason.lack:
        case Lack.UNSIGNED if reason.unsigned:
            parties = agencies_in_words(reason.unsigned)
            if len(reason.unsigned) == 1:
                return _("Sign: %(party)s has not signed %(reference)s.") % (words | {"party": parties})
            return _("Sign: %(parties)s have not signed %(reference)s.") % (words | {"parties": parties})
        case Lack.UNSIGNED:
            return _("Name the parties that must sign %(reference)s.") % words
        case Lack.NOT_YET if reason.day is None:
            return _("Give %(reference)s its effective date.") % words
        case Lack.NOT_YET:
            return _("None: %(reference)s takes effect on %(day)s.") % words
        case Lack.COMING:
            return _("Name the JFO in %(reference)s earlier, or wait until %(day)s.") % words
    return _stage_words(reason.stage, reason.arrangement)


def _stage_words(stage: Stage | None, arrangement: Arrangement) -> str:
    words = {"reference": arrangement.reference}
    match stage:
        case Stage.NEGOTIATION:
            return _("Send %(reference)s for signature when the negotiation is done.") % words
        case Stage.CONSULTATION:
            return _consultation_words(arrangement)
        case Stage.DRAFTING:
            return _("Finish the draft of %(reference)s and send it to consultation.") % words
        case _:
            return _("Start drafting %(reference)s.") % words


def _consultation_words(arrangement: Arrangement) -> str:
    """Return the step that the first office that does not agree asks for."""
    asked = {row.consulted: row for row in lifecycle.current_round(arrangement)}
    for office in Consulted:
        words = {"office": office.label, "reference": arrangement.reference}
        answer = asked[office].answer if office in asked else None
        if answer is None:
            return _("Ask %(office)s about %(reference)s.") % words
        if answer == "":
            return _("Get the answer of %(office)s on %(reference)s.") % words
        if answer == Answer.CHANGES:
            return _("Make the changes to %(reference)s that %(office)s asks for.") % words
    return _("Open the negotiation of %(reference)s.") % {"reference": arrangement.reference}
