"""Views of lists that somebody saved under a name: the filters, columns, order and date of an address."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from .access import Reader
from .history import Tracked
from .scoping import PersonalQuerySet

# The key of an address that names the view it shows, and its value for a list without any view.
VIEW = "view"
NO_VIEW = "none"
# What the address of a list says when it says nothing else, so that it opens without filters.
BARE = f"{VIEW}={NO_VIEW}"
# What an address says that is no part of a view: where in the list one is, as what it is read.
_PASSING = frozenset({VIEW, "page", "format"})


def saved(query: QueryDict) -> QueryDict:
    """Return what a view keeps of a list's address: what is not empty, without where in the list one was."""
    kept = QueryDict(mutable=True)
    for key, values in query.lists():
        if key not in _PASSING and (said := [value for value in values if value.strip()]):
            kept.setlist(key, said)
    return kept


def bare(address: str) -> str:
    """Return the address of a list without filters, so that it does not open in the default view of a role.

    For links that promise what the list holds, such as a count.
    """
    return address if "?" in address else f"{address}?{BARE}"


class SavedViewQuerySet(PersonalQuerySet):  # type: ignore[override]  # the plugin mistakes whose manager it is
    """Saved views: a reader sees their own, those that were shared, and the default of their role."""

    def visible_to(self, reader: Reader) -> Self:
        """Return the views the reader may open; an administrator, the defaults of every role among them."""
        if not reader.is_authenticated:
            return self.none()
        default = ~Q(role="") if reader.is_administrator else Q(role=reader.role)
        return self.filter(Q(owner=reader) | Q(is_shared=True) | default)

    def editable_by(self, reader: Reader) -> Self:
        """Return the views the reader may change: their own; the default of a role is the administrators'."""
        if not reader.is_authenticated:
            return self.none()
        return self.filter(Q(owner=reader) | ~Q(role="") if reader.is_administrator else Q(owner=reader, role=""))

    def own(self, reader: Reader) -> Self:
        """Return the reader's own."""
        return self.filter(owner=reader)


class SavedView(Tracked):
    """One view of one list, by name."""

    page = models.CharField(_("list"), max_length=60, help_text=_("The name of the list’s address."))
    name = models.CharField(_("name"), max_length=80)
    query = models.TextField(_("query"), blank=True, help_text=_("What the address says after the question mark."))
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.CASCADE)
    is_shared = models.BooleanField(_("shared"), default=False, help_text=_("Whether everybody may open it."))
    role = models.CharField(
        _("default of the role"), max_length=20, blank=True, help_text=_("The role for which the list opens so.")
    )

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["page", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "page", "name"],
                name="kit_savedview_once",
                violation_error_message=_("You already have a view of this list with this name. Choose another name."),
            ),
            models.UniqueConstraint(
                fields=["page", "role"],
                condition=~Q(role=""),
                name="kit_savedview_one_default",
                violation_error_message=_(
                    "This role already has a default view of this list. Take the mark from that view first."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("view", args=[self.pk])

    @property
    def asked(self) -> QueryDict:
        """What the view says of filters, columns, order and date."""
        return QueryDict(self.query)

    @property
    def keeps_day(self) -> bool:
        """Whether it opens as of a date of its own, and so read-only."""
        return "as_of" in self.asked

    @property
    def list_href(self) -> str:
        """The list's address with all that the view says; NoReverseMatch if there is no such list any more."""
        query = self.asked.copy()
        query[VIEW] = str(self.pk)
        return f"{reverse(self.page)}?{query.urlencode()}"

    def may_be_changed_by(self, reader: Reader) -> bool:
        """Say what SavedViewQuerySet.editable_by says, of a row that is loaded."""
        return reader.is_administrator if self.role else self.owner == reader


class SavedViews:
    """What a list's page says of its saved views; one query, the first time. A page without a name has none.

    `named` is what the address says of the view it shows, `asked` what else it says that a view keeps.
    """

    def __init__(self, reader: Reader, page: str, named: str, asked: QueryDict) -> None:
        self.reader, self.page, self.named, self.asked = reader, page, named, asked

    @cached_property
    def rows(self) -> list[SavedView]:
        """The views that the reader may open, their own first."""
        if not self.page:
            return []
        rows = SavedView.objects.visible_to(self.reader).filter(page=self.page).select_related("owner")
        return sorted(rows, key=lambda row: (row.owner != self.reader, row.name.casefold()))

    @property
    def default(self) -> SavedView | None:
        """The view in which the list opens for the reader's role."""
        return next((row for row in self.rows if row.role == self.reader.role), None)

    @cached_property
    def present(self) -> SavedView | None:
        """The view that the address names."""
        return next((row for row in self.rows if str(row.pk) == self.named), None)

    @property
    def is_missing(self) -> bool:
        """Whether the address names a view that the reader may not open, or none."""
        return bool(self.page) and self.named != NO_VIEW and self.present is None

    @property
    def is_changed(self) -> bool:
        """Whether the list shows something else than the view that the address names says."""
        return self.present is not None and _sorted(self.asked) != _sorted(self.present.asked)

    @property
    def may_be_changed(self) -> bool:
        """Whether the view that the address names is the reader's to change."""
        return self.present is not None and self.present.may_be_changed_by(self.reader)

    @property
    def save_href(self) -> str:
        """Where what the list shows can be saved under a new name."""
        return _with(reverse("view-new", args=[self.page]), self.asked)

    @property
    def change_href(self) -> str:
        """Where the view that the address names can be made what the list shows; nothing for the bare list."""
        if self.present is None or not self.asked:
            return ""
        return _with(reverse("view-edit", args=[self.present.pk]), self.asked)


def _with(address: str, query: QueryDict) -> str:
    return f"{address}?{query.urlencode()}" if query else address


def _sorted(query: QueryDict) -> list[tuple[str, list[Any]]]:
    return sorted((key, sorted(values)) for key, values in query.lists())
