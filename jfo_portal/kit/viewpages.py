"""The pages of saved views: those a reader may open, the way to one, saving, changing and removing one."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from . import formats
from .access import Reader
from .editing import EditPage, FormPage, undoable
from .periods import day_within_reach, today
from .savedviews import SavedView, bare, saved
from .views import PAGE_SIZES, Crumb, ListPage, Page, RowPage, chips_of

# How long what an address says may be.
_LONGEST = 2000


def roles() -> list[tuple[str, str]]:
    """Return the roles that a reader can have, by their name."""
    return [(str(role), str(label)) for role, label in get_user_model()._meta.get_field("role").flatchoices]


# The list that a view is of


def list_class(name: str) -> type[ListPage] | None:
    """Return the page of the list whose address has that name; None if it is no list's."""
    try:
        found = getattr(resolve(reverse(name)).func, "view_class", None)
    except NoReverseMatch:
        return None
    return found if found is not None and issubclass(found, ListPage) else None


def list_page(name: str, request: HttpRequest, query: QueryDict) -> ListPage:
    """Return the list as the reader would open it with the query, but for a date that cannot be read; 404 if there is
    none, 403 if it is not theirs."""
    found = list_class(name)
    if found is None:
        raise Http404
    if not found.is_open_to(request.user):  # type: ignore[arg-type]
        raise PermissionDenied
    asked = copy.copy(request)
    query = query.copy()
    if not day_within_reach(query.get("as_of", "")):
        query.pop("as_of", None)
    asked.method, asked.GET = "GET", query  # type: ignore[assignment]
    page = found()
    page.setup(asked)
    return page


def problems(page: ListPage) -> list[str]:
    """Return, in sentences, what in the list's address is none of the list's, or cannot be read."""
    query = page.request.GET
    form = page.filterset.form if page.filterset else None
    filters = form.fields if form else {}
    known = {*filters, "sort", "cols", "per", "as_of"}
    found = [
        _("“%(key)s” is no filter, column or order of this list. Open the list anew and save the view from there.")
        % {"key": key}
        for key in query
        if key not in known
    ]
    if form is not None and not form.is_valid():
        found += [
            _("%(filter)s: %(sentence)s") % {"filter": filters[name].label, "sentence": sentence}
            for name, sentences in form.errors.items()
            for sentence in sentences
        ]
    columns = {column.name for column in page.get_columns()}
    found += [
        _("The list has no column “%(name)s”. Choose its columns anew.") % {"name": name}
        for name in query.getlist("cols")
        if name not in columns
    ]
    if query.get("sort") and page.sort is None:
        found.append(_("The list has no order “%(name)s”. Sort it by one of its columns.") % {"name": query["sort"]})
    if query.get("per") and query["per"] not in map(str, PAGE_SIZES):
        found.append(
            _("A page has %(sizes)s rows, not “%(size)s”.")
            % {"sizes": ", ".join(map(str, PAGE_SIZES)), "size": query["per"]}
        )
    if len(query.urlencode()) > _LONGEST:
        found.append(_("The filters are too long to be kept. Use fewer of them, or shorter words."))
    return found


def said(page: ListPage) -> list[str]:
    """Return in words what the list's address says of it: filters, columns, order, page size and date."""
    query = page.request.GET
    found = [chip.label for chip in chips_of(page.filterset.form, query)] if page.filterset else []
    if query.getlist("cols"):
        columns = ", ".join(str(column.label) for column in page.shown_columns)
        found.append(_("Columns: %(columns)s") % {"columns": columns})
    if page.sort is not None:
        column, direction = page.sort
        sentence = _("Sorted by %(column)s, descending") if direction == "descending" else _("Sorted by %(column)s")
        found.append(sentence % {"column": column.label})
    if query.get("per"):
        found.append(_("%(count)s rows a page") % {"count": query["per"]})
    if query.get("as_of"):
        found.append(_("As of %(day)s, read-only") % {"day": query["as_of"]})
    return found


@dataclass(frozen=True)
class Named:
    """A view with the title of its list."""

    view: SavedView
    title: str | Promise


def named(views: Iterable[SavedView], reader: Reader) -> list[Named]:
    """Return the views with their lists' titles, by list; without those of lists that the reader may not open."""
    found = []
    for view in views:
        page = list_class(view.page)
        if page is not None and page.is_open_to(reader):
            found.append(Named(view, page.title))
    return sorted(found, key=lambda one: (str(one.title).casefold(), one.view.name.casefold()))


def of_reader(reader: Reader) -> list[Named]:
    """Return the reader's own views; one query."""
    return named(SavedView.objects.visible_to(reader).own(reader), reader)


# The pages


class Views(Page):
    """The reader's views, and those of others that are open to them."""

    title = gettext_lazy("Saved views")
    template_name = "views/list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        everything = named(SavedView.objects.visible_to(self.reader).select_related("owner"), self.reader)
        labels = dict(roles())
        for one in everything:
            one.view.role_label = labels.get(one.view.role, one.view.role)  # type: ignore[attr-defined]
            one.view.is_changeable = one.view.may_be_changed_by(self.reader)  # type: ignore[attr-defined]
        own = [one for one in everything if one.view.owner == self.user]
        return super().get_context_data(**kwargs) | {
            "own": own,
            "others": [one for one in everything if one.view.owner != self.user],
            "own_caption": ngettext("%(count)s view of yours", "%(count)s views of yours", len(own))
            % {"count": formats.number(len(own))},
        }


class Open(RowPage):
    """The way to a view: its list with all that the view says; 404 of one that the reader may not open."""

    def get_queryset(self) -> Any:
        return SavedView.objects.visible_to(self.reader)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        list_page(self.row.page, request, self.row.asked)
        return redirect(self.row.list_href)


class ViewForm(forms.Form):
    """The name of a view, and for whom it is; `has_day` asks whether to keep the date, `roles` for which one it is the
    default."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    keeps_day = forms.BooleanField(
        required=False,
        label=gettext_lazy("Keep the date"),
        help_text=gettext_lazy(
            "The view then always opens as of this date, read-only. Without it, it opens as of today."
        ),
    )
    is_shared = forms.BooleanField(
        required=False,
        label=gettext_lazy("Share with everybody"),
        help_text=gettext_lazy(
            "Everybody who signs in reads the name and the filters, and opens the view. Each sees the rows that are "
            "open to them."
        ),
    )
    role = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Default of a role"),
        help_text=gettext_lazy("For everybody of this role, the list opens so from the main menu."),
    )

    def __init__(self, data: Any = None, *, day: str, reader: Reader, **options: Any) -> None:
        super().__init__(data, **options)
        if day:
            self.fields["keeps_day"].label = _("Keep the date %(day)s") % {"day": day}
        else:
            del self.fields["keeps_day"]
        if reader.is_administrator:
            self.fields["role"].choices = [("", _("None")), *roles()]  # type: ignore[attr-defined]
        else:
            del self.fields["role"]

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("role") and data.get("keeps_day"):
            self.add_error(
                "keeps_day", _("The default of a role opens as of today. Leave the date out, or choose no role.")
            )
        return data


class _OfList(FormPage):
    """A form about a view of a list."""

    template_name = "views/form.html"

    @property
    def list_name(self) -> str:
        """The name of the list's address."""
        raise NotImplementedError

    @property
    def asked(self) -> QueryDict:
        """What the view is to say of the list: the query of the address is the list's own."""
        return saved(self.request.GET)

    @cached_property
    def listed(self) -> ListPage:
        """The list as the view shows it."""
        return list_page(self.list_name, self.request, self.asked)

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Saved views"), reverse("views"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "list_title": self.listed.get_title(),
            "list_href": bare(reverse(self.list_name)),
            "said": said(self.listed),
            "problems": self.problems(),
        }

    def problems(self) -> list[str]:
        """Return, in sentences, what of the address cannot be saved."""
        found = problems(self.listed)
        asked = self.request.GET.get("as_of", "").strip()
        if asked and not day_within_reach(asked):
            found.append(
                _("“%(text)s” is not a date. Type it as YYYY-MM-DD, for example %(today)s.")
                % {"text": asked, "today": today()}
            )
        return found

    def keep(self, view: SavedView, form: ViewForm) -> str:
        """Save the view with what the form and the list say; ValidationError names what is none of the list's."""
        if found := self.problems():
            raise ValidationError(found)
        values = form.cleaned_data
        query = self.listed.request.GET.copy()
        if not values.get("keeps_day"):
            query.pop("as_of", None)
        view.name, view.query, view.is_shared = values["name"], query.urlencode(), values["is_shared"]
        if "role" in form.fields:
            view.role = values["role"]
        self.change.save_row(view)
        undoable(self.request, _("Saved: the view “%(name)s”.") % {"name": view.name}, self.change)
        return view.list_href


class Save(_OfList):
    """What a list shows, by a name."""

    title = gettext_lazy("Save this view")
    submit_label = gettext_lazy("Save the view")

    @property
    def list_name(self) -> str:
        return str(self.kwargs["page"])

    def crumbs(self) -> Sequence[Crumb]:
        query = self.listed.request.GET.urlencode()
        back = reverse(self.list_name)
        return [Crumb(self.listed.get_title(), f"{back}?{query}" if query else bare(back))]

    def get_form(self, data: Mapping[str, Any] | None = None) -> ViewForm:
        return ViewForm(data, day=_day(self.listed), reader=self.reader, initial={"keeps_day": True})

    def save(self, form: ViewForm) -> str:
        return self.keep(SavedView(page=self.list_name, owner=self.user), form)


class _OfView(EditPage, _OfList):
    """A form about one view that the reader may change; 404 for another's."""

    model = SavedView

    @cached_property
    def row(self) -> SavedView:
        row: SavedView = RowPage.found(SavedView.objects.editable_by(self.reader), pk=self.kwargs["pk"])
        return row

    @property
    def list_name(self) -> str:
        return self.row.page

    @property
    def asked(self) -> QueryDict:
        """What the address says, where it says anything, in place of what the view said."""
        return super().asked or self.row.asked


class Change(_OfView):
    """Another name, other people, or what the list shows now in place of what the view said."""

    submit_label = gettext_lazy("Save the view")

    def get_title(self) -> str:
        return _("Change the view “%(name)s”") % {"name": self.row.name}

    def get_form(self, data: Mapping[str, Any] | None = None) -> ViewForm:
        initial = {"name": self.row.name, "is_shared": self.row.is_shared, "role": self.row.role, "keeps_day": True}
        return ViewForm(data, day=_day(self.listed), reader=self.reader, initial=initial)

    def save(self, form: ViewForm) -> str:
        return self.keep(self.row, form)


class Remove(_OfView):
    """The question whether to remove the view; it can be undone."""

    template_name = "views/remove.html"
    submit_label = gettext_lazy("Remove the view")
    edited = ()

    def get_title(self) -> str:
        return _("Remove the view “%(name)s”") % {"name": self.row.name}

    def get_form(self, data: Mapping[str, Any] | None = None) -> forms.Form:
        return forms.Form(data)

    def save(self, form: forms.Form) -> str:
        sentence = _("Removed: the view “%(name)s”.") % {"name": self.row.name}
        self.change.delete_row(self.row)
        undoable(self.request, sentence, self.change)
        return reverse("views")


def _day(page: ListPage) -> str:
    """Return the date in the list's address; nothing for none."""
    return page.request.GET.get("as_of", "")
