"""What the home page of an NHQ reviewer says of assessments, actions, accepted risks and missing translations."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.access import Reader
from jfo_portal.kit.tables import Link
from registry.models import Role
from registry.needs import SHOWN, Found, Line, Need, NeedGroup, Rows

from . import assessing
from .home import ARRANGEMENTS
from .measures.translations import missing_texts, read
from .models import ActionState, Arrangement, RemediationAction
from .plan_tables import acts_of
from .remediation import person
from .sections import address_of

# How near the end of an acceptance asks what comes after it.
RISK_SOON = timedelta(days=30)

ACTIONS = Rows("plan", lambda reader: RemediationAction.objects.visible_to(reader).with_names())


def overdue(reader: Reader, day: date) -> QuerySet:
    return RemediationAction.objects.visible_to(reader).overdue_on(day)


def to_verify(reader: Reader, day: date) -> QuerySet:
    """Return the actions that wait for a verification by somebody else than their owner: by the reader."""
    own: dict[str, Any] = {"owner": reader}
    return RemediationAction.objects.visible_to(reader).in_state(day, ActionState.DONE).exclude(**own)


def risks_ending(reader: Reader, day: date) -> QuerySet:
    """Return the actions whose risk is accepted for 30 more days at most."""
    accepted = RemediationAction.objects.visible_to(reader).in_state(day, ActionState.ACCEPTED)
    return accepted.filter(accepted_until__lte=day + RISK_SOON)


def _line(found: Found, reader: Reader, day: date, when: str) -> Line:
    row = found.row
    return Line(
        when=when,
        what=_("%(action)s (%(owner)s)") % {"action": row, "owner": person(row.owner)},
        href=row.get_absolute_url(),
        acts=acts_of(row, reader, day),
    )


def _overdue(found: Found, reader: Reader, day: date) -> Line:
    return _line(found, reader, day, _("since %(day)s") % {"day": found.row.due_on})


def _verify(found: Found, reader: Reader, day: date) -> Line:
    return _line(found, reader, day, _("done on %(day)s") % {"day": found.row.done_on})


def _ends(found: Found, reader: Reader, day: date) -> Line:
    return _line(found, reader, day, _("on %(day)s") % {"day": found.row.accepted_until})


_REVIEWERS = frozenset({Role.NHQ_REVIEWER})
NEEDS = [
    Need(
        "actions-overdue",
        gettext_lazy("Actions overdue"),
        ACTIONS,
        overdue,
        _overdue,
        order=("due_on", "pk"),
        readers=_REVIEWERS,
    ),
    Need(
        "actions-to-verify",
        gettext_lazy("Actions of others for you to verify"),
        ACTIONS,
        to_verify,
        _verify,
        order=("done_on", "pk"),
        readers=_REVIEWERS,
    ),
    Need(
        "risks-ending",
        gettext_lazy("Accepted risks that end within 30 days"),
        ACTIONS,
        risks_ending,
        _ends,
        order=("accepted_until", "pk"),
        readers=_REVIEWERS,
    ),
]


def missing_translations(reader: Reader, _day: date) -> Sequence[NeedGroup]:
    """Return the texts that stand in one language alone, for NHQ reviewers; two queries, one where there is none."""
    if reader.role not in _REVIEWERS:
        return []
    rows = missing_texts(reader)
    count = rows.count()
    if not count:
        return []
    lines = [
        Line(
            when=one.language,
            what=_("%(kind)s %(row)s: %(field)s") % {"kind": one.kind, "row": one.key, "field": one.field},
            href=one.href,
        )
        for one in read(list(rows[:SHOWN]))
    ]
    return [
        NeedGroup(title=gettext_lazy("Missing translations"), lines=lines, count=count, href=reverse("translations"))
    ]


# Assessments: each need is about arrangements, whose list it opens


def to_approve(reader: Reader, _day: date) -> QuerySet:
    """Return the arrangements with an assessment of somebody else's that waits for approval; each has `submitted`."""
    waiting = assessing.to_approve(reader)
    first = waiting.filter(arrangement=OuterRef("pk")).order_by("submitted_on").values("submitted_on")
    rows = Arrangement.objects.visible_to(reader).filter(pk__in=waiting.values("arrangement"))
    return rows.annotate(submitted=Subquery(first[:1]))


def _about(found: Found, when: str, act: Link) -> Line:
    row = found.row
    return Line(
        when=when,
        what=_("%(reference)s: %(title)s") % {"reference": row.reference, "title": row.title},
        href=row.get_absolute_url(),
        acts=[act],
    )


def _assess(found: Found, _reader: Reader, _day: date) -> Line:
    row = found.row
    when = _("since %(day)s") % {"day": row.effective} if row.effective else _("not in effect yet")
    return _about(found, when, Link(_("Assess"), reverse("assessment-new", args=[row.reference]), row.reference))


def _confirm(found: Found, _reader: Reader, _day: date) -> Line:
    row = found.row
    address = reverse("assessment-new", args=[row.reference])
    return _about(found, _("newer text"), Link(_("Confirm the findings"), address, row.reference))


def _approve(found: Found, _reader: Reader, _day: date) -> Line:
    row = found.row
    address = address_of(row, "assessments", "assessments")
    when = _("submitted on %(day)s") % {"day": found.pressing}
    return _about(found, when, Link(_("Open the assessment"), address, row.reference))


ASSESSMENT_NEEDS = [
    Need(
        "assessments-to-approve",
        gettext_lazy("Assessments of others for you to approve"),
        ARRANGEMENTS,
        to_approve,
        _approve,
        order=("submitted", "reference"),
        pressing="submitted",
        readers=_REVIEWERS,
    ),
    Need(
        "assessments-to-do",
        gettext_lazy("Arrangements to be assessed"),
        ARRANGEMENTS,
        assessing.to_do,
        _assess,
        order=("effective", "reference"),
        readers=_REVIEWERS,
    ),
    Need(
        "assessments-to-confirm",
        gettext_lazy("Assessments to be confirmed: the text has a newer version"),
        ARRANGEMENTS,
        assessing.to_confirm,
        _confirm,
        order=("reference",),
        readers=_REVIEWERS,
    ),
]
