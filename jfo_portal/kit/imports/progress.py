"""How far the job of a large import is: a page that looks again by itself until the job has come to an end."""

from typing import Any

from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from ..models import Import, ImportState, Job, JobState, Phase
from ..views import RowPage
from . import jobs
from .pages import ImportPage
from .reading import ImportRefused

# After so many seconds it is said that nobody seems to take up what waits.
_PATIENCE = 20
_PHASES = list(Phase)


class Progress(ImportPage, RowPage):
    """What the job does and how far it is; another's import is 404. It can be told to stop, and begun again."""

    template_name = "imports/progress.html"

    def get_queryset(self) -> models.QuerySet:
        return Import.objects.visible_to(self.reader).select_related("progress")

    def get_title(self) -> str:
        return _("Progress of %(number)s: %(file)s") % {"number": self.row.number, "file": self.row.file_name}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.row.job_state in ("", JobState.DONE):
            return self._go(_after(self.row))
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if "cancel" in request.POST:
                jobs.cancel(self.row, by=self.reader)
            elif self.row.job == Job.SAVE and self.row.job_state == JobState.FAILED:
                # What would be done is to be looked at again before it is confirmed again.
                return redirect("import-review", self.row.pk)
            elif self.row.job and (self.row.job_state in (JobState.FAILED, JobState.CANCELLED) or self._is_interrupted):
                said = {name: value for name, value in self.row.job_said.items() if name != "language"}
                jobs.begin(self.row, Job(self.row.job), by=self.reader, **said)
        except ImportRefused as refusal:
            messages.error(request, str(refusal))
        return redirect("import-progress", self.row.pk)

    def _go(self, address: str) -> HttpResponse:
        # A redirect would be followed by the script, which finds no bar on the page that it leads to.
        if self.request.htmx:  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(address)
        return redirect(address)

    @property
    def _is_interrupted(self) -> bool:
        return jobs.is_interrupted(self.row)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row = self.row
        is_under_way = row.job_state in jobs.UNDER_WAY and not self._is_interrupted
        waited = (timezone.now() - row.job_at).total_seconds() if row.job_at else 0
        phase = Phase(row.progress.phase)
        return super().get_context_data(**kwargs) | {
            "is_under_way": is_under_way,
            "is_interrupted": row.job_state in jobs.UNDER_WAY and not is_under_way,
            "is_cancelled": row.job_state == JobState.CANCELLED,
            "is_stopping": row.progress.is_cancelled,
            "is_waiting_long": row.job_state == JobState.QUEUED and waited > _PATIENCE,
            "can_be_cancelled": is_under_way and phase != Phase.SAVING and not row.progress.is_cancelled,
            "phase": phase,
            "step": _PHASES.index(phase),
            "steps": len(_PHASES),
            "back": _after(row),
        }


def _after(row: Import) -> str:
    """Return where the import goes on."""
    return reverse("import-review" if row.state == ImportState.DRAFT else "import-result", args=[row.pk])
