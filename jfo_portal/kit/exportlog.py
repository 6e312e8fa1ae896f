"""The log of files that name many officers: who took which, when, what for, and how many officers it names.

A file is data on persons that leaves the portal, its scopes and its history. From a number of officers on, whoever
takes it says what for, and an administrator or auditor can ask about it later. The log is only ever added to: neither
the portal nor the database changes or removes a row of it.
"""

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, Never, Self

from django.conf import settings
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import QuerySet
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from .access import SYSTEM, Reader
from .dataversion import data_version
from .scoping import ScopedQuerySet

# A file may name so many officers without a word; with one more, it asks for its purpose.
MOST_NAMED = 50
# Who reads the log, by role.
LOG_READERS = frozenset({"administrator", "auditor"})
KEPT = "kit_export_kept"


class Kept(Exception):
    """The log of exports is only added to."""


class ExportQuerySet(ScopedQuerySet):
    """Files that were taken: administrators and auditors read of them, and nobody changes or removes any."""

    def visible_to(self, reader: Reader) -> Self:
        return self.all() if reader.is_authenticated and reader.role in LOG_READERS | {SYSTEM.role} else self.none()

    def _refuse(self, *_args: Any, **_options: Any) -> Never:
        raise Kept

    update = bulk_update = update_or_create = delete = _refuse


class Export(models.Model):
    """One file of a list or report, which named more than MOST_NAMED officers, as it was taken."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("who"), on_delete=models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=20, help_text=_("That of the person at that time."))
    at = models.DateTimeField(_("when"), auto_now_add=True)
    # Its title in each language, a line each: see `in_each_language`.
    what = models.CharField(_("list or report"), max_length=255)
    address = models.TextField(_("address"), help_text=_("With all its parameters."))
    file_format = models.CharField(_("format"), max_length=10)
    file_name = models.CharField(_("file"), max_length=255)
    rows = models.PositiveIntegerField(_("rows"))
    officers = models.PositiveIntegerField(_("officers named"))
    purpose = models.TextField(_("purpose"))
    data_version = models.CharField(
        _("data version"), max_length=64, help_text=_("It changes with every change of the records.")
    )

    objects = ExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"X-{self.pk:04d}"

    @property
    def title(self) -> str:
        """The title of the list or report in the active language; of an older entry in that of who took the file."""
        titles = dict(zip(_languages(), self.what.split("\n"), strict=False))
        return titles.get(get_language() or "") or self.what

    def save(self, *args: Any, **options: Any) -> None:
        """Add the row; Kept for one that is there already."""
        if not self._state.adding:
            raise Kept
        super().save(*args, **options)

    def delete(self, *_args: Any, **_options: Any) -> Never:
        raise Kept


class Named:
    """How many rows a file has, and how many officers it names."""

    def __init__(self, rows: int, officers: int) -> None:
        self.rows = rows
        self.officers = officers

    @property
    def asks_for_purpose(self) -> bool:
        return self.officers > MOST_NAMED

    @classmethod
    def counted(cls, rows: QuerySet, paths: Iterable[str]) -> "Named":
        """Return what there is of the rows, by the look-ups from them to officers; two queries.

        An officer whom several of the look-ups lead to is one.
        """
        named = [
            rows.order_by().filter(**{f"{path}__isnull": False}).values_list(path, flat=True).distinct()
            for path in sorted(set(paths))
        ]
        return cls(rows.count(), named[0].union(*named[1:]).count())

    @classmethod
    def found(cls, rows: Iterable[Any], paths: Iterable[str]) -> "Named":
        """Return what there is of rows that are read already, mappings or objects."""
        held, looked_up = list(rows), sorted(set(paths))
        return cls(len(held), len({_at(row, path) for row in held for path in looked_up} - {None}))


def _languages() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


def in_each_language(title: Callable[[], Any]) -> str:
    """Return what `title` says in each of the portal's languages, a line each, as the log keeps it."""
    most = (Export._meta.get_field("what").max_length or 0) // len(_languages()) - 1
    titles = []
    for code in _languages():
        with override(code):
            titles.append(" ".join(str(title()).split())[:most])
    return "\n".join(titles)


def _at(row: Any, path: str) -> Any:
    return row.get(path) if isinstance(row, Mapping) else attrgetter(path.replace("__", "."))(row)


def log(*, by: Any, what: str, address: str, file_format: str, file_name: str, named: Named, purpose: str) -> Export:
    """Add a file that is about to be given to the log, under its title `in_each_language`; two queries."""
    return Export.objects.create(
        by=by,
        role=by.role,
        what=what,
        address=address,
        file_format=file_format,
        file_name=file_name[:255],
        rows=named.rows,
        officers=named.officers,
        purpose=purpose,
        data_version=data_version(),
    )


# What the database itself refuses. A migration that makes SQLite copy kit_export loses the triggers: run `install`
# again at its end (the tests of the log fail otherwise).

_EVENTS = ("update", "delete")


def install(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Put the guards on the table, whether or not they are there."""
    uninstall(_apps, schema_editor)
    if schema_editor.connection.vendor == "sqlite":
        for event in _EVENTS:
            schema_editor.execute(
                f"CREATE TRIGGER {KEPT}_{event} BEFORE {event} ON kit_export BEGIN SELECT RAISE(ABORT, '{KEPT}'); END",
                None,
            )
        return
    schema_editor.execute(
        f"""
        CREATE FUNCTION {KEPT}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the log of exports is only added to'
                USING ERRCODE = 'check_violation', CONSTRAINT = '{KEPT}';
        END $$
        """,
        None,
    )
    for event in _EVENTS:
        schema_editor.execute(
            f"CREATE TRIGGER {KEPT}_{event} BEFORE {event} ON kit_export FOR EACH ROW EXECUTE FUNCTION {KEPT}()", None
        )


def uninstall(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the guards off."""
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for event in _EVENTS:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {KEPT}_{event}" + ("" if is_sqlite else " ON kit_export"), None)
    if not is_sqlite:
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {KEPT}()", None)
