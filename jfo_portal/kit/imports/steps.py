"""What the steps of an import have in common: each is a page that can be left and taken up again.

The steps themselves are in kit.imports.reading_steps and kit.imports.review_steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..editing import FormPage
from ..models import Import, ImportState
from ..views import RowPage
from . import actions, jobs
from .pages import ImportPage
from .preview import StoredPreview
from .reading import Sheet
from .resources import Matching, Resource

STEPS = ("file", "columns", "values", "review", "confirm", "result")
_LABELS: dict[str, Promise] = {
    "file": gettext_lazy("File"),
    "columns": gettext_lazy("Columns"),
    "values": gettext_lazy("Values"),
    "review": gettext_lazy("Review"),
    "confirm": gettext_lazy("Confirm"),
    "result": gettext_lazy("Result"),
}


@dataclass(frozen=True)
class StepLink:
    """One step of the bar above every page: its address where it can be gone to."""

    label: str
    href: str | None
    is_current: bool


def bar(staged: Import, current: str, reachable: Sequence[str]) -> list[StepLink]:
    """Return the steps, with a link to each of those that can be gone to."""
    return [
        StepLink(
            str(_LABELS[name]),
            reverse(f"import-{name}", args=[staged.pk]) if name in reachable and name != current else None,
            name == current,
        )
        for name in STEPS
    ]


def bar_of_result() -> list[StepLink]:
    """Return the steps of an import that is finished: none can be gone back to."""
    return [StepLink(str(_LABELS[name]), None, name == "result") for name in STEPS]


def is_told(matching: Matching) -> bool:
    """Say whether it is known what every column holds."""
    return not (matching.unknown or matching.doubled or matching.missing)


def address_of(staged: Import, resource: Resource) -> str:
    """Return the address of the step that needs the person: the first of them where a column is not known."""
    if not is_told(resource.matching(staged.sheet, staged.said.mapping)):
        return reverse("import-file", args=[staged.pk])
    return after_columns(staged, resource)


def step_of(staged: Import, sheet: Sheet, resource: Resource) -> str:
    """Return the label of the step that needs the person, as far as the columns alone tell."""
    return str(_LABELS["review" if is_told(resource.matching(sheet, staged.said.mapping)) else "columns"])


def after_columns(staged: Import, resource: Resource) -> str:
    """Return where an import whose columns are known goes on: to its values, where one names nothing known."""
    if not jobs.is_large(staged) and actions.preview(staged, resource).unmatched:
        return reverse("import-values", args=[staged.pk])
    return reverse("import-review", args=[staged.pk])


class StepPage(ImportPage, RowPage, FormPage):
    """One step of an import that waits; a finished one has its result instead, another's is 404."""

    step: ClassVar[str]
    is_act = False

    def get_queryset(self) -> models.QuerySet:
        return Import.objects.visible_to(self.reader)

    def get_title(self) -> str:
        return _("%(step)s – %(number)s: %(file)s") % {
            "step": _LABELS[self.step],
            "number": self.row.number,
            "file": self.row.file_name,
        }

    @cached_property
    def of_row(self) -> Resource:
        return self.resource(self.row.entity)

    @property
    def sheet(self) -> Sheet:
        return self.row.sheet  # type: ignore[no-any-return]

    @cached_property
    def matching(self) -> Matching:
        return self.of_row.matching(self.sheet, self.row.said.mapping)

    @cached_property
    def kept(self) -> StoredPreview | None:
        """What the import would do; None while it is worked out."""
        return jobs.preview_of(self.row, self.of_row, by=self.reader)

    @property
    def _preview(self) -> StoredPreview:
        assert self.kept is not None  # noqa: S101  (`before` saw to it)
        return self.kept

    def before(self) -> HttpResponse | None:
        """Return the way to another page, where this step cannot be taken yet."""
        return None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if (elsewhere := self._elsewhere()) is not None:
            return elsewhere
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.row.state == ImportState.DRAFT and "abandon" in request.POST:
            actions.abandon(self.row, by=self.reader)
            return redirect("import-result", self.row.pk)
        if (elsewhere := self._elsewhere()) is not None:
            return elsewhere
        return super().post(request, *args, **kwargs)

    def _elsewhere(self) -> HttpResponse | None:
        if self.row.state != ImportState.DRAFT:
            return redirect("import-result", self.row.pk)
        if self.row.job_state in jobs.UNDER_WAY:
            return redirect("import-progress", self.row.pk)
        self.of_row  # noqa: B018  (404 where the reader may not import it any more)
        return self.before()

    def _need_columns(self) -> HttpResponse | None:
        return None if is_told(self.matching) else redirect("import-columns", self.row.pk)

    def _need_preview(self) -> HttpResponse | None:
        if (elsewhere := self._need_columns()) is not None:
            return elsewhere
        return None if self.kept is not None else redirect("import-progress", self.row.pk)

    @property
    def reachable(self) -> Sequence[str]:
        """The steps that can be gone to from here."""
        return ("file", "columns", "values", "review") if is_told(self.matching) else ("file", "columns")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "resource": self.of_row,
            "bar": bar(self.row, self.step, self.reachable),
            "earlier": self.row.earlier(),
            "sheet": self.sheet,
            "expires": self.row.created_at + actions.KEPT_FOR,
        }
