"""The Django admin as the portal has it: small reference tables, by the roles, rules, history and imports of its pages.

Why, and what of Django's own and of django-import-export's is not used: docs/decisions/0009-django-admin.md.
"""

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import IntegrityError, OperationalError, models, transaction
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.admin import ImportExportMixin

from . import changesets, exports
from .access import Reader
from .imports import resources
from .imports.resources import Resource
from .views import FilePage

# Of Django's own addresses those that the portal has pages for, or no use.
_NOT_OURS = frozenset(
    {"login", "logout", "password_change", "password_change_done", "autocomplete", "view_on_site", None}
)
_WRITING = ("_add", "_change", "_delete")


class ReferenceSite(admin.AdminSite):
    """The admin, for administrators alone, who come in by the portal's own sign-in page."""

    site_header: Any = gettext_lazy("Reference tables")
    site_title: Any = site_header
    index_title: Any = site_header
    site_url: Any = reverse_lazy("home")
    enable_nav_sidebar = False
    final_catch_all_view = False

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.is_authenticated and user.is_active and user.is_administrator)

    def get_urls(self) -> list[Any]:
        return _without(super().get_urls(), lambda name: name in _NOT_OURS)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Return the view for administrators; others are answered as by every page (kit.views.Page)."""
        guarded = super().admin_view(view, cacheable)

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                if request.method == "POST":
                    messages.warning(
                        request, _("Your session had ended, so nothing was saved. Sign in and send it again.")
                    )
                return redirect_to_login(request.get_full_path())
            if not self.has_permission(request):
                raise PermissionDenied
            name = request.resolver_match.url_name if request.resolver_match else ""
            allowed = ["GET", "HEAD", *(["POST"] if (name or "").endswith(_WRITING) else [])]
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            # PostgreSQL has no such character, and says so only when it is asked.
            if any("\0" in text for key, texts in request.GET.lists() for text in (key, *texts)):
                raise BadRequest("NUL in the query.")
            answer: HttpResponseBase = guarded(request, *args, **kwargs)
            return answer

        return update_wrapper(inner, view)


def _without(patterns: Sequence[Any], is_left_out: Callable[[str | None], bool]) -> list[URLPattern | URLResolver]:
    return [one for one in patterns if isinstance(one, URLResolver) or not is_left_out(one.name)]


class ReferenceForm(forms.ModelForm):
    """A row, and why it is changed.

    `refusals` are what was said when it was about to be saved.
    """

    reason = forms.CharField(
        label=gettext_lazy("Why (kept in the history)"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    # That of the row's history that was the latest when the form was opened.
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    refusals: ClassVar[Sequence[str]] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk is not None and "version" in self.fields:
            self.initial["version"] = _latest(self.instance)

    def clean(self) -> dict[str, Any]:
        for sentence in self.refusals:
            self.add_error(None, sentence)
        return super().clean() or self.cleaned_data

    @property
    def changes_row(self) -> bool:
        return bool(set(self.changed_data) - {"reason", "version"})


class _ReasonForm(forms.Form):
    reason = ReferenceForm.declared_fields["reason"]


def _latest(row: Any) -> int:
    versions = row.history.model.objects.filter(id=row.pk).order_by("-history_id")
    return versions.values_list("history_id", flat=True).first() or 0


class ReferenceAdmin(admin.ModelAdmin):
    """A reference table to look at; `key` names the fields that never change once a row is there."""

    form = ReferenceForm
    actions = None
    key: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[str, ...]] = ()
    # Whether an administrator changes rows here, and not on a page that knows more of them.
    is_written_here: ClassVar[bool] = False
    list_per_page = 50
    show_full_result_count = False
    view_on_site = False

    # Who may what

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def may_write(self, request: HttpRequest) -> bool:
        """Say whether the user changes rows of this table here."""
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_write(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_write(request)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        rows: Any = self.model._default_manager
        found: models.QuerySet = rows.visible_to(request.user)
        return found.order_by(*ordering) if (ordering := self.get_ordering(request)) else found

    # Pages

    def get_urls(self) -> list[Any]:
        unused = () if self.is_written_here else ("_add", "_delete")
        return _without(super().get_urls(), lambda name: name is None or name.endswith(unused))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*self.columns, *(["reason", "version"] if self.may_write(request) else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.key if obj is not None else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **options)
        form.refusals = getattr(request, "refusals", ())
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Answer with the form; what refuses to be saved becomes a sentence on it."""
        if request.method == "POST" and not self.may_write(request):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (ValidationError, IntegrityError, OperationalError) as error:
            if hasattr(request, "refusals"):
                raise
            request.refusals = _sentences(error)  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Answer with the page that asks whether, and why; what refuses to go becomes a message on it."""
        form = _ReasonForm(request.POST if request.method == "POST" else None)
        sentences: Sequence[str]
        if form.is_bound and not form.is_valid():
            sentences = [str(sentence) for errors in form.errors.values() for sentence in errors]
        else:
            try:
                return super().delete_view(request, object_id, {"reason": form["reason"], **(extra_context or {})})
            except (ValidationError, IntegrityError, OperationalError) as error:
                sentences = _sentences(error)
        for sentence in sentences:
            messages.error(request, sentence)
        return redirect(request.path)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], list[Any]]:
        """Return what would go and what stands in the way; that other tables are only looked at here is neither."""
        found, counts, _lacking, protected = super().get_deleted_objects(objs, request)
        return found, counts, set(), protected

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead on to the portal's own history of the row."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return redirect("row-history", kind=str(self.opts.model_name), pk=row.pk)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404

    # Writes: one change set each, and nothing in Django's own log

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and not form.changes_row:
            return
        with changesets.act(request.user, reason=form.cleaned_data["reason"]) as act:
            if change:
                _require_unchanged(obj, form.cleaned_data["version"])
            act.save_row(obj)
            self._done(request, act)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        form = _ReasonForm(request.POST)
        with changesets.act(request.user, reason=form.cleaned_data["reason"] if form.is_valid() else "") as act:
            act.delete_row(obj)
            self._done(request, act)

    def _done(self, request: HttpRequest, act: changesets.ChangeSet) -> None:
        act.href = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        act.save(update_fields=["href"])
        request.act = act  # type: ignore[attr-defined]

    def message_user(
        self,
        request: HttpRequest,
        message: Any,
        level: int | str = messages.INFO,
        extra_tags: str = "",
        fail_silently: bool = False,
    ) -> None:
        """Leave the message of what was done with a button that undoes it."""
        act = getattr(request, "act", None)
        if level == messages.SUCCESS and act is None:
            level, message = messages.INFO, _("Nothing was different, so nothing was saved.")
        elif level == messages.SUCCESS and act is not None:
            extra_tags = f"undo:{act.pk}"
        super().message_user(request, message, level, extra_tags, fail_silently)

    def log_addition(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Keep no log beside the history."""

    def log_change(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Keep no log beside the history."""

    def log_deletions(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Keep no log beside the history."""


def _require_unchanged(row: models.Model, version: int | None) -> None:
    """Lock the row; ValidationError if it was changed, or removed, since the form was opened, or might have been."""
    if version is None:
        raise ValidationError(
            _(
                "The form does not say what the row was when you opened it, so that somebody may have changed it "
                "meanwhile. Nothing was saved. Open the row again and make your change there."
            )
        )
    there = type(row)._base_manager.select_for_update(of=("self",)).filter(pk=row.pk).exists()
    if not there or _latest(row) != version:
        raise ValidationError(
            _(
                "Somebody changed this row since you opened the form, and nothing was saved. "
                "Open the row again to see what it is now."
            )
        )


def _sentences(error: ValidationError | IntegrityError | OperationalError) -> list[str]:
    if isinstance(error, ValidationError):
        return error.messages
    if isinstance(error, ProtectedError | RestrictedError):
        return [_("The row is in use, so that it cannot be removed. Remove what uses it first.")]
    return [
        _(
            "Somebody changed these rows at the same moment, and the database refused the change. "
            "Look at the rows as they are now and try again."
        )
    ]


class ImportedAdmin(ImportExportMixin, ReferenceAdmin):
    """A reference table with an import and an export, which are those of the resource of that `slug`.

    Its import button leads to the portal's import, and its files are made as every file of the portal.
    """

    slug: ClassVar[str]
    is_written_here = True

    def resource(self, reader: Any) -> Resource | None:
        """Return the resource for the reader; None if it is not for the reader's role."""
        return resources.get(self.slug, reader)

    def may_write(self, request: HttpRequest) -> bool:
        return self.is_written_here and self.resource(request.user) is not None

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.resource(request.user) is not None

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.resource(request.user) is not None

    def get_urls(self) -> list[Any]:
        # The package's second step reads back from this server's disk a file that the browser names.
        return _without(super().get_urls(), lambda name: (name or "").endswith("_process_import"))

    def get_resource_classes(self, request: HttpRequest) -> list[type[Resource]]:
        """Return the resource's class: whatever of the package asks for one gets that, which refuses its import."""
        found = self.resource(request.user)
        return [type(found)] if found is not None else []

    def import_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead on to the portal's import of this table."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        return redirect(f"{reverse('import-new')}?{urlencode({'kind': self.slug})}")

    def process_import(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404

    def export_action(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the table as a file, or with the formats to choose from."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        return ReferenceExport.as_view(admin=self)(request)


class ReferenceExport(FilePage):
    """A reference table as a file: all its rows, in the columns that its import reads."""

    template_name = "admin/export.html"
    admin: Any = None

    @classmethod
    def is_open_to(cls, reader: Reader) -> bool:
        return reader.is_administrator

    def get_title(self) -> str:
        return str(self.resource.title)

    @property
    def resource(self) -> Resource:
        found: Resource | None = self.admin.resource(self.reader)
        if found is None:
            raise PermissionDenied
        return found

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        file_format = request.GET.get("format")
        if not file_format:
            return super().get(request, *args, **kwargs)
        if file_format not in exports.FORMATS:
            raise Http404
        resource = self.resource
        with transaction.atomic():
            rows = list(resource.importable())
        return self.file(file_format, resource.slug, resource.columns(), rows)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        resource = self.resource
        return {
            **super().get_context_data(**kwargs),
            **self.admin.admin_site.each_context(self.request),
            "formats": exports.FORMATS,
            "opts": self.admin.opts,
            "count": resource.importable().count(),
            "columns": resource.columns(),
        }
