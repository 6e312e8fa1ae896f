"""The clause sets and their versions: what each says, what a version changed, and the form that makes the next."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count
from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.editing import FormPage, undoable
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, Page, RowPage, headings_of, rows_of
from registry.models import Role
from registry.tables import keeping_day
from wca import clause_sets
from wca.clause_forms import NewVersionForm
from wca.models import Assessment, Clause, ClauseSet

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})


class ClauseSets(Page):
    """Every clause set with its versions, the newest first, and how many assessments rest on each."""

    title = gettext_lazy("Clause sets")
    section = "arrangements"
    template_name = "wca/clause_sets.html"

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Arrangements"), keeping_day(reverse("arrangements"), self.day))]

    def columns(self, assessed: Mapping[int, int]) -> list[Column]:
        return [
            Column(
                "version",
                _("Version"),
                text=lambda row: _("Version %(version)s") % {"version": row.version},
                href=lambda row: keeping_day(row.get_absolute_url(), self.day),
                is_header=True,
            ),
            Column("clause_count", _("Clauses"), "integer"),
            Column("part_count", _("Parts"), "integer"),
            Column("assessments", _("Assessments"), "integer", value=lambda row: assessed.get(row.pk, 0)),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = ClauseSet.objects.visible_to(self.reader).annotate(
            clause_count=Count("clauses", distinct=True), part_count=Count("clauses__parts", distinct=True)
        )
        counted = Assessment.objects.visible_to(self.reader).filter(assessed_on__lte=self.day).order_by()
        columns = self.columns(dict(counted.values_list("clause_set").annotate(count=Count("pk"))))
        versions = grouped(rows.order_by("code", "-version"), lambda row: row.code)
        return super().get_context_data(**kwargs) | {
            "sets": [(of_set[0], rows_of(columns, of_set), _versions(len(of_set))) for of_set in versions.values()],
            "headings": headings_of(columns),
            "may_write": self.reader.role in ADMINISTRATORS and not self.is_read_only,
        }


def _versions(count: int) -> str:
    return ngettext("%(count)s version", "%(count)s versions", count) % {"count": formats.number(count)}


def _to_sets() -> list[Crumb]:
    return [Crumb(_("Arrangements"), reverse("arrangements")), Crumb(_("Clause sets"), reverse("clause-sets"))]


class ClauseSetPage(RowPage):
    """One version, each wording beside that of the version before."""

    section = "arrangements"
    template_name = "wca/clause_set.html"

    @cached_property
    def row(self) -> ClauseSet:
        rows = ClauseSet.objects.visible_to(self.reader)
        return RowPage.found(rows, code=self.kwargs["code"], version=self.kwargs["version"])

    def get_title(self) -> str:
        return _("%(set)s, version %(version)s") % {"set": self.row.name, "version": self.row.version}

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(crumb.label, keeping_day(crumb.href, self.day)) for crumb in _to_sets()]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        versions = {
            one.version: one
            for one in ClauseSet.objects.visible_to(self.reader).filter(
                code=self.row.code, version__range=(self.row.version - 1, self.row.version + 1)
            )
        }
        before = versions.get(self.row.version - 1)
        read = clause_sets.content([self.row, *([before] if before else [])])
        clauses = clause_sets.beside(read[self.row.pk], read[before.pk] if before else None)
        following = versions.get(self.row.version + 1)
        return super().get_context_data(**kwargs) | {
            "before": before,
            "following": following,
            "clauses": clauses,
            "changed": [one for one in clauses if one.is_changed or one.has_other_terms],
            "may_write": self.reader.role in ADMINISTRATORS and not self.is_read_only and following is None,
        }


class NewVersion(FormPage):
    """Another wording, which makes the next version; what was assessed keeps the version it was assessed against."""

    section = "arrangements"
    readers = ADMINISTRATORS
    template_name = "wca/clause_set_new.html"
    submit_label = gettext_lazy("Save as a new version")

    @cached_property
    def row(self) -> ClauseSet:
        """The latest version."""
        rows = ClauseSet.objects.visible_to(self.reader).filter(code=self.kwargs["code"])
        latest = rows.order_by("-version").first()
        if latest is None:
            raise Http404
        return latest

    @cached_property
    def clauses(self) -> list[Clause]:
        return clause_sets.content([self.row])[self.row.pk]

    def get_title(self) -> str:
        return _("New version of: %(set)s") % {"set": self.row.name}

    def crumbs(self) -> Sequence[Crumb]:
        return [
            *_to_sets(),
            Crumb(_("Version %(version)s") % {"version": self.row.version}, self.row.get_absolute_url()),
        ]

    def get_form(self, data: Mapping[str, Any] | None = None) -> NewVersionForm:
        return NewVersionForm(data, clauses=self.clauses, opened=self.row.version)

    def save(self, form: NewVersionForm) -> str:
        opened = ClauseSet(code=self.row.code, version=form.cleaned_data["opened"])
        made = clause_sets.new_version(
            opened, form.wording(), by=self.user, reason=form.cleaned_data["reason"], within=self.change
        )
        undoable(
            self.request,
            _("Saved: %(set)s, version %(version)s.") % {"set": made.name, "version": made.version},
            self.change,
        )
        return made.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        assessments = Assessment.objects.visible_to(self.reader).filter(clause_set=self.row).count()
        return super().get_context_data(**kwargs) | {
            "row": self.row,
            "groups": kwargs["form"].groups(),
            "assessments": assessments,
        }
