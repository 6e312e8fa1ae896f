"""What a manager does to several assignments at once: chosen in a list, checked, then all of it or nothing.

The check is the act itself, taken back: so the page shows what would come of it, in the words of the
history, and every rule that would be broken.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import changes, formats
from jfo_portal.kit.editing import FormPage, undoable
from jfo_portal.kit.periods import today
from jfo_portal.kit.views import PAGE_SIZES, Crumb
from registry import actions
from registry.forms import EndForm, ExtendTogetherForm, ReasonedForm, TransferTogetherForm
from registry.measures.moves import Move, Place, moves
from registry.models import MANAGERS, Assignment, EndReason
from registry.tables import RESTRICTED, sees_officers_of
from registry.views.assignments import ended, extended, in_words, moved, told, warnings

# The largest page of the list: what can be selected in one go.
MOST = max(PAGE_SIZES)
# How many changes of a JFO's FTE are said once the batch is saved; the check page shows them all.
SAID = 10
# What was shown: each row's version, and what the form said when it was checked.
SEEN = "_seen"
CHECKED = "_checked"
APPLY = "_apply"


@dataclass(frozen=True)
class Job:
    """One thing that is done to several assignments: its words, its form, and the action on each row."""

    title: str | Promise
    form: Callable[..., ReasonedForm]
    action: Callable[..., Assignment]
    # From the row and the form's values to what the action takes.
    values: Callable[[Assignment, Mapping[str, Any]], dict[str, Any]]
    places: Callable[[Assignment, Mapping[str, Any]], list[Place]]
    done: Callable[[int], str]


def _extension(row: Assignment, values: Mapping[str, Any]) -> dict[str, Any]:
    """A row keeps its own review, as long as it comes before the new last day."""
    end, review_on = values["end"], values["review_on"] or row.review_on
    if not values["review_on"] and end is not None and review_on is not None and review_on > end:
        review_on = None
    return {"end": end, "review_on": review_on, "day": today()}


JOBS = {
    "extend": Job(
        title=gettext_lazy("Extend assignments together"),
        form=lambda data, reader: ExtendTogetherForm(data),
        action=actions.extend,
        values=_extension,
        places=extended,
        done=lambda n: ngettext("%(count)s assignment extended.", "%(count)s assignments extended.", n),
    ),
    "end": Job(
        title=gettext_lazy("End assignments together"),
        form=lambda data, reader: EndForm(data, initial={"end": today()}),
        action=actions.end_assignment,
        values=lambda row, values: {"end": values["end"], "end_reason": EndReason(values["end_reason"])},
        places=ended,
        done=lambda n: ngettext("%(count)s assignment ended.", "%(count)s assignments ended.", n),
    ),
    "transfer": Job(
        title=gettext_lazy("Transfer officers together"),
        form=lambda data, reader: TransferTogetherForm(data, reader=reader, day=today()),
        action=actions.transfer,
        values=lambda row, values: {name: values[name] for name in ("jfo", "start", "end", "review_on")},
        places=moved,
        done=lambda n: ngettext("%(count)s officer transferred.", "%(count)s officers transferred.", n),
    ),
}


def _key(text: str) -> int | None:
    """Return the key that the text writes; None for one that no row can have."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


@dataclass(frozen=True)
class Line:
    """One selected assignment on the page: what is so now, what would be, and what stands in the way."""

    row: Assignment
    is_ticked: bool
    changes: Sequence[str] = ()
    refusals: Sequence[str] = ()


@dataclass
class Check:
    """What came of trying it: the lines of the ticked rows, the FTE of the JFOs, what is to be known."""

    tried: Mapping[int, actions.Tried] = field(default_factory=dict)
    words: Mapping[int, Sequence[str]] = field(default_factory=dict)
    made: Sequence[Move] = ()
    untold: Sequence[str] = ()
    cautions: Sequence[str] = ()
    # Who changed what since the page was shown, and the rows' versions as they were before trying.
    meanwhile: Sequence[str] = ()
    versions: Mapping[int, int] = field(default_factory=dict)
    # Whether the form is the one that was checked.
    is_current: bool = False

    @property
    def refused(self) -> int:
        return sum(bool(one.refusals) for one in self.tried.values())


class Batch(FormPage):
    """`?do=extend|end|transfer&rows=…&rows=…`: a form for the rows; the check page of it; all of it or nothing.

    `back` is the query of the list that the rows were selected in, to which the page leads back.
    """

    section = "assignments"
    readers = MANAGERS
    template_name = "registry/assignment_batch.html"
    check: Check | None = None

    # What the address asks for

    @cached_property
    def job(self) -> Job | None:
        return JOBS.get(self.request.GET.get("do", ""))

    @cached_property
    def asked(self) -> list[str]:
        """What the address names, each once."""
        return list(dict.fromkeys(self.request.GET.getlist("rows")))

    @cached_property
    def found(self) -> list[Assignment]:
        """The assignments that the address names, among those the reader may change; none where it names too many."""
        keys = [key for text in self.asked if (key := _key(text)) is not None]
        if len(self.asked) > MOST:
            return []
        rows = Assignment.objects.editable_by(self.reader).with_names().filter(pk__in=keys)
        return list(rows.order_by("jfo__code", "officer__number", "start"))

    @property
    def rows(self) -> list[Assignment]:
        """The found ones, but for those that nothing is done to any more."""
        return [row for row in self.found if not row.is_closed(today())]

    @property
    def left_out(self) -> list[str]:
        """Sentences that name what the address asks for and cannot be changed here."""
        if len(self.asked) > MOST:
            return [
                _("%(count)s assignments were selected, and at most %(most)s are changed together. Select fewer.")
                % {"count": formats.number(len(self.asked)), "most": MOST}
            ]
        found = {row.pk for row in self.found}
        unknown = [text for text in self.asked if _key(text) not in found]
        said = [
            _("%(assignment)s is left out: it ended on %(day)s, in an earlier fiscal year.")
            % {"assignment": row, "day": row.end}
            for row in self.found
            if row.is_closed(today())
        ]
        if unknown:
            said.append(
                _("Left out, since there is no such assignment, or not any more, in your regions: %(numbers)s.")
                % {"numbers": ", ".join(text[:20].replace("\0", "") or "–" for text in unknown)}
            )
        return said

    @property
    def ticked(self) -> list[Assignment]:
        """The rows to do it to: all of them when the page is opened, then those whose box is ticked."""
        if self.request.method != "POST":
            return self.rows
        keys = {_key(text) for text in self.request.POST.getlist("rows")}
        return [row for row in self.rows if row.pk in keys]

    @property
    def way_back(self) -> str:
        """The list, as it was when the rows were selected."""
        query = self.request.GET.get("back", "").replace("\0", "").lstrip("?")
        # An act keeps where it led, up to a length.
        return f"{reverse('assignments')}?{query}" if 0 < len(query) <= 400 else reverse("assignments")

    # The page

    def get_title(self) -> str | Promise:
        return self.job.title if self.job else _("Change assignments together")

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Assignments"), self.way_back)]

    def get_form(self, data: Mapping[str, Any] | None = None) -> ReasonedForm:
        return self.job.form(data, self.reader) if self.job else ReasonedForm(data)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        if self.job is None or not self.rows:
            return self.get(request)
        return super().post(request, *args, **kwargs)

    # The check, which is the act

    def before_saving(self, form: Any) -> HttpResponse | None:
        # Locked first and read then, so that what was seen is still so when it is written.
        actions.lock_officers(row.officer_id for row in self.ticked)
        del self.found
        rows = self.ticked
        if self.job is None or not rows:
            raise ValidationError(_("Tick at least one assignment."))
        self.check = self._tried(self.job, form.cleaned_data, rows)
        is_wanted = APPLY in self.request.POST and self.check.is_current
        if is_wanted and not self.check.meanwhile and not self.check.refused:
            return None
        status = 409 if self.check.meanwhile else 200
        return self.render_to_response(self.get_context_data(form=form), status=status)

    def _tried(self, job: Job, values: Mapping[str, Any], rows: Sequence[Assignment]) -> Check:
        versions = self._versions()
        meanwhile = self._meanwhile(rows, versions)
        places = [place for row in rows for place in job.places(row, values)]
        tried: list[actions.Tried] = []

        def do(row: Assignment) -> Assignment:
            return job.action(row, by=self.user, within=self.change, **job.values(row, values))

        made = moves(told(places, self.reader), lambda: tried.extend(actions.try_each(do, rows)))
        return Check(
            tried={one.row.pk: one for one in tried},
            words=self._words(tried),
            made=made,
            untold=sorted({jfo.code for jfo, _day in places if not sees_officers_of(jfo, self.reader)}),
            cautions=warnings(made, places),
            meanwhile=meanwhile,
            versions=versions,
            is_current=self.request.POST.get(CHECKED) == self._stamp(rows),
        )

    def _words(self, tried: Sequence[actions.Tried]) -> dict[int, list[str]]:
        """Return what the act wrote of each row, as the history would say it; by the row's key."""
        written = [version for version in self.change.versions() if version.history_type == "~"]
        keys = [{"row_kind": "assignment", "history_id": version.history_id} for version in written]
        words: dict[int, list[str]] = {
            version.id: [str(one) for one in said.changes]
            for version, said in zip(written, changes.in_words(keys), strict=True)
        }
        for one in tried:
            if one.result is not None and one.result.pk != one.row.pk:
                words.setdefault(one.row.pk, []).append(_("New: %(assignment)s") % {"assignment": one.result.in_words})
        return words

    # What was shown, and what is so now

    def _versions(self) -> dict[int, int]:
        """Return the number of each row's latest version; 0 where none is on record; one query."""
        history = Assignment.history.model.objects.filter(id__in=[row.pk for row in self.rows])
        latest = dict(history.order_by().values_list("id").annotate(Max("history_id")))
        return {row.pk: latest.get(row.pk, 0) for row in self.rows}

    def _meanwhile(self, rows: Sequence[Assignment], versions: Mapping[int, int]) -> list[str]:
        """Return a sentence for each row that somebody changed since the page was shown."""
        pairs = [pair.partition(":") for pair in self.request.POST.get(SEEN, "").split(",")]
        seen = {_key(pk): _key(version) for pk, _colon, version in pairs}
        keys = [
            {"row_kind": "assignment", "history_id": versions[row.pk]}
            for row in rows
            if seen.get(row.pk) not in (None, versions[row.pk])
        ]
        return [
            _("%(who)s changed %(row)s on %(when)s, after you opened this page: %(what)s.")
            % {"who": one.who, "row": one.row, "when": formats.moment(one.when), "what": one.what}
            for one in changes.in_words(keys)
        ]

    def _stamp(self, rows: Sequence[Assignment]) -> str:
        """Return what tells one form from another: what was typed, but for the reason, and the ticked rows."""
        names = [name for name in self.get_form().fields if name != "reason"]
        said = [(name, self.request.POST.get(name, "")) for name in names]
        return hashlib.sha256(repr((said, sorted(row.pk for row in rows))).encode()).hexdigest()

    # After it

    def save(self, form: Any) -> str:
        """Leave messages of what was done, the first with a button that undoes the whole."""
        check = self.check or Check()
        count = len(check.tried)
        if self.job is not None:
            undoable(self.request, self.job.done(count) % {"count": formats.number(count)}, self.change)
        said = in_words(check.made[:SAID])
        if (more := len(check.made) - SAID) > 0:
            said.append(
                ngettext("The history has %(count)s more change.", "The history has %(count)s more changes.", more)
                % {"count": formats.number(more)}
            )
        if said:
            messages.info(self.request, " ".join(said))
        for caution in check.cautions:
            messages.warning(self.request, caution)
        return self.way_back

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        check = self.check or Check()
        ticked = {row.pk for row in self.ticked}
        lines = [
            Line(
                row,
                row.pk in ticked,
                check.words.get(row.pk, ()),
                check.tried[row.pk].refusals if row.pk in check.tried else (),
            )
            for row in self.rows
        ]
        versions = self._versions() if self.check is None else check.versions
        hidden = [(SEEN, ",".join(f"{pk}:{version}" for pk, version in versions.items()))]
        if self.check is not None:
            hidden.append((CHECKED, self._stamp(self.ticked)))
        back = self.request.GET.get("back", "")
        return context | {
            "hidden": [*context["hidden"], *hidden],
            "job": self.job,
            "jobs": [
                (job.title, "?" + urlencode([("do", name), *(("rows", row.pk) for row in self.rows), ("back", back)]))
                for name, job in JOBS.items()
            ],
            "lines": lines,
            "left_out": self.left_out,
            "asked": self.asked,
            "check": self.check,
            "is_stale": APPLY in self.request.POST and not check.is_current and not check.meanwhile,
            "apply_label": ngettext("Apply the change", "Apply all %(count)s changes", len(ticked))
            % {"count": formats.number(len(ticked))},
            "restricted": RESTRICTED,
            "way_back": self.way_back,
        }
