"""Assigning gaps in bulk: chosen in the gap report, checked, then all of it or nothing.

The check is the act itself, taken back: so the page shows what would come of it, old beside new, and every rule that
would be broken.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.editing import FormPage, undoable
from jfo_portal.kit.views import Crumb
from wca import remediation
from wca.measures.planning import NamedGap, named_gaps
from wca.models import RemediationAction, Verdict
from wca.plan_forms import AssignForm
from wca.plan_tables import WRITERS, state_mark
from wca.remediation import Tried, person
from wca.tables import SYMBOLS, clause_href

# How many gaps are assigned in one go, and how many that are none are named.
MOST, NAMED = 200, 20
APPLY, CHECKED = "_apply", "_checked"


@dataclass(frozen=True)
class Line:
    """One gap on the page: its verdict, what is planned now, what would be, and what stands in the way."""

    named: NamedGap
    href: str
    symbol: str
    verdict: str
    css: str
    present: RemediationAction | None
    state: SafeString | str
    is_ticked: bool
    changes: Sequence[str] = ()
    refusals: Sequence[str] = ()


@dataclass(frozen=True)
class Check:
    """What came of trying it, by the key of the gap; whether the form is the one that was checked."""

    tried: Mapping[str, Tried] = field(default_factory=dict)
    is_current: bool = False

    @property
    def refused(self) -> int:
        return sum(bool(one.refusals) for one in self.tried.values())


class Assign(FormPage):
    """`?gap=WCA-2004-0001:information-sharing.c&gap=jfo:NPET-QUE`: an owner and a due date for the gaps.

    An open action about one of them gets the owner and the day.
    """

    title = gettext_lazy("Assign gaps")
    section = "gaps"
    readers = WRITERS
    template_name = "wca/plan_assign.html"
    check: Check | None = None

    # What the address asks for

    @cached_property
    def asked(self) -> list[str]:
        return list(dict.fromkeys(self.request.GET.getlist("gap")))

    @cached_property
    def named(self) -> tuple[list[NamedGap], list[str]]:
        return ([], []) if len(self.asked) > MOST else named_gaps(self.asked, self.reader, self.day)

    @property
    def gaps(self) -> list[NamedGap]:
        return [one for one in self.named[0] if one.is_gap]

    @cached_property
    def present(self) -> dict[str, RemediationAction]:
        """The actions that there are about the gaps, by key, as they were before anything was tried."""
        return remediation.standing([one.gap for one in self.gaps], self.day)

    @property
    def left_out(self) -> list[str]:
        """Sentences that name what the address asks for and is no gap."""
        if len(self.asked) > MOST:
            return [
                _("%(count)s gaps were chosen, and at most %(most)s are assigned together. Choose fewer.")
                % {"count": formats.number(len(self.asked)), "most": MOST}
            ]
        found, unknown = self.named
        said = [_no_gap(one) for one in found if not one.is_gap]
        if unknown:
            names = ", ".join(text[:40].replace("\0", "") or "–" for text in unknown[:NAMED])
            said.append(_("Left out, since there is no such clause or JFO today: %(names)s.") % {"names": names})
        return said

    @property
    def ticked(self) -> list[NamedGap]:
        """The gaps to assign: when the page is opened those without an action, then those whose box is ticked."""
        if self.request.method != "POST":
            return [one for one in self.gaps if one.gap.key not in self.present]
        keys = set(self.request.POST.getlist("gaps"))
        return [one for one in self.gaps if one.gap.key in keys]

    # The page

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Gap report"), reverse("gap-report"))]

    def get_form(self, data: Mapping[str, Any] | None = None) -> AssignForm:
        return AssignForm(data)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        return super().post(request, *args, **kwargs) if self.gaps else self.get(request)

    def before_saving(self, form: Any) -> HttpResponse | None:
        self.present  # noqa: B018  (read before it is tried)
        values = form.cleaned_data
        gaps = [one.gap for one in self.ticked]
        if not gaps:
            raise ValidationError(_("Tick at least one gap."))

        def do(gap: remediation.Gap) -> RemediationAction:
            return remediation.assign(
                gap,
                by=self.user,
                owner=values["owner"],
                due_on=values["due_on"],
                what=values["what"],
                day=self.day,
                within=self.change,
            )

        tried = remediation.try_each(do, gaps)
        is_current = self.request.POST.get(CHECKED) == self._stamp()
        self.check = Check({one.gap.key: one for one in tried}, is_current)
        if APPLY in self.request.POST and is_current and not self.check.refused:
            return None
        return self.render_to_response(self.get_context_data(form=form))

    def _stamp(self) -> str:
        """Return what tells one check from another: what was typed, what is ticked, and what was planned then."""
        typed = [(name, self.request.POST.get(name, "")) for name in ("owner", "due_on", "what")]
        planned = [
            (one.gap.key, row and (row.pk, row.owner_id, row.due_on, row.what, row.state_on(self.day)))
            for one in self.ticked
            for row in [self.present.get(one.gap.key)]
        ]
        return hashlib.sha256(repr((typed, planned)).encode()).hexdigest()

    def save(self, form: Any) -> str:
        count = len(self.check.tried) if self.check else 0
        sentence = ngettext("%(count)s gap assigned to %(owner)s.", "%(count)s gaps assigned to %(owner)s.", count)
        owner = form.cleaned_data["owner"]
        undoable(self.request, sentence % {"count": formats.number(count), "owner": person(owner)}, self.change)
        return f"{reverse('plan')}?owner={owner.username}"

    def lines(self) -> list[Line]:
        """Return the gaps as the page lists them."""
        check = self.check or Check()
        ticked = {one.gap.key for one in self.ticked}
        return [self._line(one, one.gap.key in ticked, check.tried.get(one.gap.key)) for one in self.gaps]

    def _line(self, named: NamedGap, is_ticked: bool, tried: Tried | None) -> Line:
        gap, present = named.gap, self.present.get(named.gap.key)
        if gap.arrangement is not None and gap.clause is not None:
            href = clause_href(gap.arrangement, gap.clause.letter, self.day, gap.clause.clause_set.code)
        else:
            href = reverse("jfo", args=[gap.jfo])
        return Line(
            named=named,
            href=href,
            symbol=SYMBOLS[named.verdict or Verdict.NOT_MET],
            verdict=str(named.verdict.label) if named.verdict else _("Without an arrangement"),
            css=named.verdict.value if named.verdict else "no",
            present=present,
            state=state_mark(present, self.day) if present else "",
            is_ticked=is_ticked,
            changes=_changes(present, tried.action) if tried and tried.action else (),
            refusals=tried.refusals if tried else (),
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        count = len(self.ticked)
        hidden = [(CHECKED, self._stamp())] if self.check else []
        return context | {
            "hidden": [*context["hidden"], *hidden],
            "asked": self.asked,
            "lines": self.lines(),
            "left_out": self.left_out,
            "check": self.check,
            "is_stale": APPLY in self.request.POST and self.check is not None and not self.check.is_current,
            "apply_label": ngettext("Assign the gap", "Assign all %(count)s gaps", count)
            % {"count": formats.number(count)},
        }


def _no_gap(one: NamedGap) -> str:
    if one.verdict is None:
        return _("%(gap)s is left out: an arrangement in force covers it.") % {"gap": one.gap}
    return _("%(gap)s is left out: it is no gap today, but “%(verdict)s”.") % {
        "gap": one.gap,
        "verdict": one.verdict.label,
    }


def _changes(old: RemediationAction | None, new: RemediationAction) -> list[str]:
    """Return what would change, old beside new, in sentences."""
    words = {"owner": person(new.owner), "day": new.due_on, "what": new.what}
    if old is None:
        return [_("New action: %(what)s. Owner: %(owner)s. Due on %(day)s.") % words]
    pairs = [
        (_("Owner"), person(old.owner), person(new.owner)),
        (_("Due on"), str(old.due_on), str(new.due_on)),
        (_("What is to be done"), old.what, new.what),
    ]
    return [
        _("%(field)s: %(old)s → %(new)s") % {"field": label, "old": was, "new": now}
        for label, was, now in pairs
        if was != now
    ]
