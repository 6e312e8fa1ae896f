"""The pages everything else is made of: a page, a list, a row's page."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Any, ClassVar

import django_filters
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, ObjectDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.functional import Promise, cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View

from . import exportlog, exports, formats, rawrows
from .access import Reader
from .dataversion import data_version
from .exportlog import Named
from .forms import PurposeForm
from .imports import resources
from .periods import day_within_reach, today
from .savedviews import BARE, NO_VIEW, VIEW, SavedViews, saved
from .tables import Column, cells

PAGE_SIZES = (25, 50, 100)
# How many rows of a file are completed at once.
FILE_ROWS = 500
# What the language toggle of a form that was posted adds.
LANGUAGE = "_language"


def marking() -> str:
    """Return the sensitivity mark of every page and workbook, in the active language."""
    return str(settings.MARKING[get_language() or settings.LANGUAGE_CODE])


def marks() -> list[tuple[str, str]]:
    """Return what every workbook says first: its sensitivity, and that its data are made up where they are."""
    said = [(_("Sensitivity"), marking())]
    if settings.DEMONSTRATION:
        said.append((_("Note"), _("Demonstration data: the people, dates and files are made up.")))
    return said


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return what the frame of every page needs (a context processor)."""
    return {
        "marking": marking(),
        "is_demonstration": settings.DEMONSTRATION,
        "portal_today": today(),
        "is_stopped_calendar": settings.TODAY is not None,
    }


@dataclass(frozen=True)
class Crumb:
    """One step of the way to a page."""

    label: str | Promise
    href: str


class Page(TemplateResponseMixin, ContextMixin, View):
    """A page for signed-in readers: the roles in `readers`, or all of them when it is None.

    `day` is the date the page shows, from `?as_of=`; on any day but today the page offers no change.
    """

    readers: ClassVar[frozenset[str] | None] = None
    title: str | Promise = ""
    section: ClassVar[str] = ""  # the entry of the main navigation that the page belongs to
    # The browser keeps no page that its Back button would show to the next person, but for what was typed.
    is_typed_into: ClassVar[bool] = False

    @classmethod
    def is_open_to(cls, reader: Reader) -> bool:
        """Say whether the reader, who is signed in, may open pages of this sort at all."""
        return cls.readers is None or reader.role in cls.readers

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            if request.method == "POST":
                messages.warning(request, _("Your session had ended, so nothing was saved. Sign in and send it again."))
            return redirect_to_login(request.get_full_path())
        if not self.is_open_to(self.reader):
            raise PermissionDenied
        response = super().dispatch(request, *args, **kwargs)
        patch_cache_control(response, private=True, **({} if self.is_typed_into else {"no_store": True}))
        return response

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer with the page; a subclass may answer with a file."""
        return self.render_to_response(self.get_context_data(**kwargs))

    @property
    def user(self) -> Any:
        """The signed-in user, whose writes these are."""
        return self.request.user

    @property
    def reader(self) -> Reader:
        """The signed-in user, as far as reading goes."""
        return self.user  # type: ignore[no-any-return]

    @cached_property
    def day(self) -> date:
        """The day asked for, or today; a date that cannot be read leaves a message and shows today, but makes no file,
        which could not say so."""
        asked = self.request.GET.get("as_of", "").strip()
        if not asked:
            return today()
        day = day_within_reach(asked)
        if day is None:
            if self.request.GET.get("format"):
                raise BadRequest(f"as_of: {asked!r}")
            messages.error(
                self.request,
                _("“%(text)s” is not a date. Type it as YYYY-MM-DD, for example %(today)s. The page shows %(today)s.")
                % {"text": asked, "today": today()},
            )
        return day or today()

    @property
    def is_read_only(self) -> bool:
        """Whether the page shows another day than today."""
        return self.day != today()

    @property
    def on_day(self) -> str:
        """What a link to another page adds to keep the day shown; nothing for today."""
        return f"?as_of={self.day}" if self.is_read_only else ""

    def get_title(self) -> str | Promise:
        return self.title

    def crumbs(self) -> Sequence[Crumb]:
        """Return the way to this page, without the page itself."""
        return ()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "title": self.get_title(),
            "section": self.section,
            "crumbs": self.crumbs(),
            "day": self.day,
            "asked_day": self.request.GET.get("as_of", ""),
            "is_read_only": self.is_read_only,
            "on_day": self.on_day,
        }


class FilePage(Page):
    """A page that also answers with files of what it shows: `?format=` in its address.

    A file that names many officers first asks what it is for, on a page of its own; the purpose is posted to the same
    address, answered with the file, and kept in the log of exports.
    """

    purpose_template = "components/purpose.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer with the file that the address asks for, whose purpose is sent."""
        if not request.GET.get("format"):
            return self.http_method_not_allowed(request, *args, **kwargs)
        return self.get(request, *args, **kwargs)

    def file(
        self,
        file_format: str,
        name: str,
        columns: Sequence[Column],
        rows: exports.Rows,
        *,
        notes: exports.Notes = (),
    ) -> HttpResponseBase:
        """Return the rows as a file (kit.exports.response), or the page that asks what it is for.

        A workbook says below the notes who took it, when, from where, of which state of the records, and what for. Rows
        that it has no room for lead back to the page, which says so.
        """

        def make(purpose: str) -> HttpResponseBase:
            return exports.response(
                file_format,
                name,
                columns,
                rows,
                notes=[*notes, *self._provenance(purpose)] if file_format == "xlsx" else (),
                title=str(self.get_title()),
                mark=marking(),
            )

        try:
            return self.given(file_format, name, columns, rows, make)
        except exports.DoesNotFit as refusal:
            messages.error(self.request, str(refusal))
            return redirect(f"{self.request.path}{self._asked_of_page}")

    def given(
        self,
        file_format: str,
        name: str,
        columns: Sequence[Column],
        rows: exports.Rows,
        make: Callable[[str], HttpResponseBase],
    ) -> HttpResponseBase:
        """Return the file that `make` makes, told its purpose, of the columns and rows; or the page that asks for that.

        It is logged when it names many officers.
        """
        if file_format not in exports.FORMATS:
            return make("")
        named = self.named([column for column in columns if not column.is_for_page_alone], rows)
        if named is None or not named.asks_for_purpose:
            return make("")
        form = PurposeForm(self.request.POST if self.request.method == "POST" else None)
        if LANGUAGE in self.request.POST or not form.is_valid():
            return self._asking(form, file_format, named)
        purpose = form.cleaned_data["purpose"]
        response = make(purpose)
        exportlog.log(
            by=self.user,
            what=exportlog.in_each_language(self.get_title),
            address=self.request.get_full_path(),
            file_format=file_format,
            file_name=f"{name}.{exports.FORMATS[file_format].suffix}",
            named=named,
            purpose=purpose,
        )
        return response

    def named(self, columns: Sequence[Column], rows: exports.Rows) -> Named | None:
        """Return how many rows and officers a file of the columns has; None where none of them names officers.

        `rows` are looked at: a page that streams them counts otherwise.
        """
        paths = [column.names for column in columns if column.names]
        if not paths:
            return None
        if isinstance(rows, rawrows.RawRows):
            raise TypeError("Rows that are streamed are counted by who streams them.")
        return Named.found(rows, paths)

    @property
    def _asked_of_page(self) -> str:
        """What the address asks besides the format, with its question mark; nothing where it asks no more."""
        data = self.request.GET.copy()
        data.pop("format", None)
        return f"?{data.urlencode()}" if data else ""

    def _provenance(self, purpose: str) -> list[tuple[str, str]]:
        said = [
            (_("Taken by"), f"{self.user.get_full_name() or self.user.username}, {self.user.get_role_display()}"),
            (_("Taken at"), formats.moment(timezone.now())),
            (_("Address"), self.request.build_absolute_uri()),
            (_("Data version"), data_version()),
        ]
        return [*said, (_("Purpose"), purpose)] if purpose else said

    def _asking(self, form: PurposeForm, file_format: str, named: Named) -> HttpResponseBase:
        context = Page.get_context_data(self) | {
            "title": _("What is the file for?"),
            "crumbs": [*self.crumbs(), Crumb(self.get_title(), self._asked_of_page or self.request.path)],
            "form": form,
            "hidden": (),
            "submit_label": _("Take the file"),
            "keeps_typing": form.is_bound,
            "format": exports.FORMATS[file_format],
            "what": self.get_title(),
            "most_named": exportlog.MOST_NAMED,
            "named": named,
        }
        return self.response_class(
            request=self.request, template=[self.purpose_template], context=context, using=self.template_engine
        )


@dataclass(frozen=True)
class Chip:
    """One filter in force, and the address of the page without it."""

    label: str
    href: str


def chips_of(form: BaseForm, query: QueryDict, *, bare: str = "") -> list[Chip]:
    """Return a chip for each of the form's filters in force; `query` is the page's own, `bare` what the address of the
    page without any filter says."""
    form.is_valid()  # a filter that cannot be read is not in force; the others are
    chips = []
    for name, field in form.fields.items():
        value = form.cleaned_data.get(name)
        if value in (None, "", [], False) or (hasattr(value, "exists") and not value):
            continue
        data = query.copy()
        data.pop(name, None)
        data.pop("page", None)
        choices = {str(key): str(label) for key, label in getattr(field, "choices", [])}
        words = choices.get(str(getattr(value, "pk", value)), str(value))
        if value is True:
            chips.append(Chip(str(field.label), f"?{data.urlencode() or bare}"))
        else:
            chips.append(
                Chip(
                    _("%(filter)s: %(value)s") % {"filter": field.label, "value": words},
                    f"?{data.urlencode() or bare}",
                )
            )
    return chips


def require_readable(filterset: django_filters.FilterSet | None) -> None:
    """Answer 400 where a filter cannot be read: a file without it would hold other rows than were asked for."""
    if filterset is not None and not filterset.form.is_valid():
        raise BadRequest(filterset.form.errors.as_json())


@dataclass(frozen=True)
class Heading:
    """A column's heading, with its sort link where the column sorts."""

    label: str
    href: str | None
    direction: str | None
    is_numeric: bool
    scale: str | None = None
    is_of_links: bool = False


class ListPage(FilePage):
    """Rows as a table: filters, sort, columns and page are the address; the same view is the file.

    A subclass gives `columns`, and `get_queryset()`, which begins with `visible_to(self.reader)`. `empty`
    is what is said of a list without rows, and `table_template` shows the rows. `import_kind` names the import, where
    there is one, that takes such rows back from a spreadsheet (kit.imports).
    """

    template_name = "list.html"
    columns: Sequence[Column] = ()
    filterset_class: type[django_filters.FilterSet] | None = None
    ordering: ClassVar[tuple[str, ...]] = ()
    file_name = "list"
    has_as_of = False
    import_kind: ClassVar[str] = ""
    empty: str | Promise = ""
    table_template = "components/table.html"

    def get_queryset(self) -> models.QuerySet:
        raise NotImplementedError

    def get_columns(self) -> Sequence[Column]:
        """Return the columns the reader may see; the default is all of them."""
        return self.columns

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        file_format = request.GET.get("format", "")
        if not file_format:
            if not request.GET and (default := self.views.default) is not None:
                return redirect(default.list_href)
            return super().get(request, *args, **kwargs)
        if file_format not in exports.FORMATS:
            raise Http404
        require_readable(self.filterset)
        columns = [column for column in self.shown_columns if not column.is_for_page_alone]
        name = f"{self.file_name}-{self.day}"
        return self.file(file_format, name, columns, self._file_rows(columns), notes=self.notes())

    @cached_property
    def views(self) -> SavedViews:
        """The saved views of the list; of a list of one row's, such as its history, there are none."""
        match = self.request.resolver_match
        page = match.view_name if match and not match.kwargs else ""
        return SavedViews(self.reader, page, self.request.GET.get(VIEW, NO_VIEW), self.asked)

    @property
    def asked(self) -> QueryDict:
        """What the address says that a view keeps: not the columns and the page size that the list has by itself."""
        asked = saved(self.request.GET)
        own = {column.name for column in self.get_columns() if not column.extra and not column.is_header}
        if set(asked.getlist("cols")) == own:
            del asked["cols"]
        if asked.get("per") == str(PAGE_SIZES[1]):
            del asked["per"]
        return asked

    def named(self, columns: Sequence[Column], rows: exports.Rows) -> Named | None:
        """Return how many rows and officers a file of the columns has, by two queries; None where it names none."""
        paths = [column.names for column in columns if column.names]
        return Named.counted(self.filtered, paths) if paths else None

    def _file_rows(self, columns: Sequence[Column]) -> exports.Rows:
        """Return the rows of a file as they are asked for: as values alone, where all the columns are fields."""
        if columns and all(column.fields for column in columns):
            return rawrows.RawRows(self.sorted_rows(), columns)
        return self._objects()

    def _objects(self) -> Iterator[Any]:
        rows = self.sorted_rows().iterator(chunk_size=2000)
        while some := list(islice(rows, FILE_ROWS)):
            yield from self.completed(some)

    @property
    def may_edit_in_spreadsheet(self) -> bool:
        """Whether the list leads to its rows as a file that the reader may import again."""
        return not self.is_read_only and resources.get(self.import_kind, self.reader) is not None

    def completed(self, rows: list[Any]) -> list[Any]:
        """Return the page's rows, or some of a file's, with what is looked up for all of them at once."""
        return rows

    def notes(self) -> list[tuple[str, str]]:
        """Return what a workbook says of itself: its marks, the list, the day, the filters."""
        return [
            *marks(),
            (_("List"), str(self.get_title())),
            (_("As of"), str(self.day)),
            *((_("Filter"), chip.label) for chip in self.chips()),
        ]

    @cached_property
    def filterset(self) -> django_filters.FilterSet | None:
        if self.filterset_class is None:
            return None
        filterset = self.filterset_class(self.request.GET, queryset=self.get_queryset(), request=self.request)
        filterset.day = self.day  # the day shown, for filters whose rows depend on it
        return filterset

    @cached_property
    def filtered(self) -> models.QuerySet:
        return self.get_queryset() if self.filterset is None else self.filterset.qs

    @cached_property
    def shown_columns(self) -> list[Column]:
        chosen = set(self.request.GET.getlist("cols"))
        if not chosen:
            return [column for column in self.get_columns() if not column.extra]
        return [column for column in self.get_columns() if column.name in chosen or column.is_header]

    @cached_property
    def sort(self) -> tuple[Column, str] | None:
        """The column asked for and its direction, or None for the list's own order."""
        asked = self.request.GET.get("sort", "")
        for column in self.get_columns():
            if column.sort and column.name == asked.removeprefix("-"):
                return column, "descending" if asked.startswith("-") else "ascending"
        return None

    def order(self) -> Sequence[Any]:
        """Return what the rows are ordered by: the column asked for, or the list's own order."""
        if self.sort is None:
            return self.ordering
        column, direction = self.sort
        name = str(column.sort)
        field = models.F(name)
        if self._is_never_empty(name):
            # As an index has it: PostgreSQL walks through none for an order that says where no value goes.
            return (field.desc() if direction == "descending" else field.asc()), "pk"
        return (field.desc(nulls_last=True) if direction == "descending" else field.asc(nulls_last=True)), "pk"

    def _is_never_empty(self, name: str) -> bool:
        """Say whether it is a field of the rows themselves that always has a value."""
        field = next((one for one in self.filtered.model._meta.fields if one.name == name), None)
        return field is not None and not field.null

    def sorted_rows(self) -> models.QuerySet:
        order = self.order()
        return self.filtered.order_by(*order) if order else self.filtered

    def headings(self) -> list[Heading]:
        return [self._heading(column) for column in self.shown_columns]

    def _heading(self, column: Column) -> Heading:
        direction = self.sort[1] if self.sort and self.sort[0].name == column.name else None
        href = None
        if column.sort:
            data = self.request.GET.copy()
            data.pop("page", None)
            data["sort"] = f"-{column.name}" if direction == "ascending" else column.name
            href = f"?{data.urlencode()}"
        return Heading(
            str(column.label), href, direction, column.is_numeric, column.scale, is_of_links=column.links is not None
        )

    def chips(self) -> list[Chip]:
        """Return a chip for each filter in force."""
        if self.filterset is None:
            return []
        return chips_of(self.filterset.form, self.request.GET, bare=BARE)

    @property
    def page_size(self) -> int:
        asked = self.request.GET.get("per", "")
        return int(asked) if asked.isascii() and asked.isdigit() and int(asked) in PAGE_SIZES else PAGE_SIZES[1]

    def caption(self, count: int) -> str:
        """Return the table's caption, with the count."""
        return formats.number(count)

    def get_page(self) -> Any:
        """Return the page of rows asked for, a django.core.paginator.Page."""
        return Paginator(self.sorted_rows(), self.page_size).get_page(self.request.GET.get("page"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if self.views.is_missing:
            messages.warning(
                self.request,
                _("The view that this address names was removed, or is not shared with you. Its filters still hold."),
            )
        page = self.get_page()
        columns = self.shown_columns
        shown = {column.name for column in columns}
        rows = self.completed(list(page))
        return super().get_context_data(**kwargs) | {
            "page": page,
            "caption": self.caption(page.paginator.count),
            "headings": self.headings(),
            "objects": rows,
            "rows": rows_of(columns, rows),
            "empty": self.empty,
            "table_template": self.table_template,
            "filters": self.filterset.form if self.filterset else None,
            "chips": self.chips(),
            "has_as_of": self.has_as_of,
            "import_kind": self.import_kind if self.may_edit_in_spreadsheet else "",
            "views": self.views,
            "choosable": [
                (column.name, column.label, column.name in shown)
                for column in self.get_columns()
                if not column.is_header
            ],
            "page_sizes": PAGE_SIZES,
            "page_size": self.page_size,
            "sort_value": self.request.GET.get("sort", ""),
            "formats": exports.FORMATS,
        }


class RowPage(Page):
    """One row, found by its `row_field`, as the address gives it, among the rows the reader may see; 404 otherwise."""

    row_field = "pk"

    def get_queryset(self) -> models.QuerySet:
        raise NotImplementedError

    @staticmethod
    def found(rows: models.QuerySet, **lookup: Any) -> Any:
        """Return the one row; 404 where there is none, or the address cannot name one."""
        try:
            return rows.get(**lookup)
        except (ObjectDoesNotExist, OverflowError, ValueError):
            raise Http404 from None

    @cached_property
    def row(self) -> Any:
        return self.found(self.get_queryset(), **{self.row_field: self.kwargs[self.row_field]})

    def get_title(self) -> str | Promise:
        return str(self.row)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"row": self.row}


def rows_of(columns: Sequence[Column], rows: Iterable[Any]) -> list[list[Any]]:
    """Return the rows as printable cells, for a table inside another page."""
    # The labels put into words once, and not for each cell.
    worded = [replace(column, label=str(column.label)) for column in columns]
    return [cells(worded, row) for row in rows]


def headings_of(columns: Sequence[Column]) -> list[Heading]:
    """Return the columns' headings, for a table inside another page, which does not sort."""
    return [
        Heading(str(column.label), None, None, column.is_numeric, is_of_links=column.links is not None)
        for column in columns
    ]
