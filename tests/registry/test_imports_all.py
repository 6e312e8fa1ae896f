"""What every import of the registry keeps: it exports what it imports, once, whole, undoable, and in few queries."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jfo_portal.kit import changesets, exports
from jfo_portal.kit.history import Door
from jfo_portal.kit.imports import resources
from jfo_portal.kit.imports.reading import Sheet
from jfo_portal.kit.imports.resources import Resource
from registry.models import JFO, Agency, AgencyAlias, Level, Officer, OfficerLevel, Participation, Role, User
from tests import rows, sheets
from tests.sheets import Row, errors, save, sheet

pytestmark = pytest.mark.django_db

SLUGS = ("officers", "levels", "assignments", "agencies", "jfos", "participations")
NEW = ("levels", "agencies", "jfos", "participations")
FIRST = date(2011, 5, 2)


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    """A page asked for in French leaves its language behind in the process."""
    with override("en"):
        yield


def a_level(officer: str = "", **values: Any) -> Row:
    number = officer or rows.officer().number
    return {"officer": number, "level": "FB-04", "start": date(2009, 4, 1), "end": None} | values


def an_agency(key: str = "RNC", **values: Any) -> Row:
    names = {name: f"{key} {name}" for name in ("short_en", "short_fr", "name_en", "name_fr")}
    return {"key": key, **names, "level": "provincial", "is_group": "no", "spellings": f"{key} force"} | values


def a_jfo(code: str = "NEW-QUE", **values: Any) -> Row:
    names = {"name_en": "A new JFO", "name_fr": "Une nouvelle OPC", "objectives_en": "To watch", "objectives_fr": None}
    row = {"code": code, **names, "program": "FAE", "region": "QUE", "leads": "SQ", "start": FIRST, "end": None}
    return row | values


def a_part(agency: str = "OPP", jfo: str = "SPVM-JFO", **values: Any) -> Row:
    return {"jfo": jfo, "agency": agency, "role": "partner", "start": FIRST, "end": None} | values


def in_an_act(resource: Resource, made: Sheet, user: User) -> changesets.ChangeSet:
    with changesets.act(user, reason="the sheet of May", door=Door.IMPORT) as change:
        resource.change = change
        save(resource, made)
    return change


@pytest.mark.parametrize("slug", NEW)
@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.NHQ_REVIEWER, Role.AUDITOR])
def test_only_an_administrator_may_import(slug: str, role: Role) -> None:
    assert resources.get(slug, User(username="somebody", role=role)) is None


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_examples_make_a_row_that_passes(administrator: User, slug: str, language: str) -> None:
    resource = sheets.resource(slug, administrator)
    with override(language):
        row = {name: field.example or None for name, field in resource.fields.items()}
        preview = resource.preview(sheet(resource, row))
        assert errors(preview) == []
        for field in resource.fields.values():
            assert field.labels["en"]
            assert field.labels["fr"]
            assert field.explanation


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_headers_tell_the_columns_apart(administrator: User, slug: str, language: str) -> None:
    resource = sheets.resource(slug, administrator)
    labels = [field.labels[language] for field in resource.fields.values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("slug", NEW)
@pytest.mark.parametrize("file_format", ["csv", "csv-fr", "xlsx"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_export_imported_again_changes_nothing(
    administrator: User, slug: str, file_format: str, language: str
) -> None:
    resource = sheets.resource(slug, administrator)
    with override(language):
        made = sheets.exported(resource, resource.importable(), file_format)
        preview = resource.preview(made)
    assert (errors(preview), preview.ignored) == ([], ())
    assert preview.counts.unchanged == len(made) == resource.model._default_manager.count()


@pytest.mark.parametrize(
    ("slug", "name", "value"),
    [
        ("levels", "level", "FB-05"),
        ("agencies", "name_fr", "Un autre nom"),
        ("jfos", "objectives_fr", "Surveiller."),
        ("participations", "end", date(2030, 1, 1)),
    ],
)
def test_an_edited_export_changes_only_the_edited_cells(
    administrator: User, slug: str, name: str, value: object
) -> None:
    resource = sheets.resource(slug, administrator)
    records = resource.importable()
    if slug == "participations":
        records = records.filter(role="partner").exclude(agency__key="CBSA")
    made = sheets.edited(resource, sheets.exported(resource, records), 2, name, value)
    [row] = [row for row in resource.preview(made).rows if row.changed_names]
    assert (list(row.changed_names), errors(resource.preview(made))) == ([name], [])
    versions = resource.model.history.count()  # type: ignore[attr-defined]
    assert save(resource, made).changed == 1
    assert resource.model.history.count() == versions + 1  # type: ignore[attr-defined]


def kinds_of(resource: Resource) -> list[Any]:
    """Return the models of which a row of the import writes records."""
    others: dict[str, list[Any]] = {"agencies": [AgencyAlias], "jfos": [Participation]}
    return [resource.model, *others.get(resource.slug, [])]


@pytest.mark.parametrize(
    ("slug", "make"), [("levels", a_level), ("agencies", an_agency), ("jfos", a_jfo), ("participations", a_part)]
)
def test_an_import_leaves_history_is_idempotent_and_is_undone(
    administrator: User, slug: str, make: Callable[..., Row]
) -> None:
    resource = sheets.resource(slug, administrator)
    made = sheet(resource, make())
    kinds = kinds_of(resource)
    before = [kind._default_manager.count() for kind in kinds]
    change = in_an_act(resource, made, administrator)
    for kind, count in zip(kinds, before, strict=True):
        assert kind._default_manager.count() > count
        for version in kind.history.filter(change_set=change):
            assert (version.who, version.door, version.history_change_reason) == (
                "admin",
                Door.IMPORT,
                "the sheet of May",
            )
    assert sheets.breaches() == []
    versions = [kind.history.count() for kind in kinds]
    assert save(resource, made).unchanged == 1
    assert [kind.history.count() for kind in kinds] == versions
    changesets.undo(change, by=administrator)
    assert [kind._default_manager.count() for kind in kinds] == before
    assert sheets.breaches() == []


def test_a_preview_and_a_save_ask_as_many_queries_for_many_rows_as_for_one(administrator: User) -> None:
    made = {
        "levels": [a_level() for _number in range(25)],
        "agencies": [an_agency(f"NEW-{number}") for number in range(25)],
        "jfos": [a_jfo(f"NEW-{number}") for number in range(25)],
        "participations": [
            a_part(jfo=jfo.code) for jfo in JFO.objects.exclude(participations__agency__key="OPP").order_by("code")[:25]
        ],
    }
    for slug, some_rows in made.items():
        assert len(some_rows) == 25
        asked = []
        for some in (some_rows[:1], some_rows):
            resource = sheets.resource(slug, administrator)
            with CaptureQueriesContext(connection) as previewed:
                assert errors(resource.preview(sheet(resource, *some))) == []
            with transaction.atomic(), CaptureQueriesContext(connection) as saved:
                save(resource, sheet(resource, *some))
                transaction.set_rollback(True)
            asked.append((len(previewed), len(saved)))
        assert asked[0] == asked[1], slug
        assert asked[0][0] <= 9, slug


def test_exports_ask_a_constant_number_of_queries(administrator: User) -> None:
    for slug in NEW:
        resource = sheets.resource(slug, administrator)
        with CaptureQueriesContext(connection) as queries:
            response: Any = exports.response("csv", resource.slug, resource.columns(), resource.importable())
            io.BytesIO(b"".join(response))
        assert len(queries) <= 5, slug


# Whatever the rows are, their export comes back without a difference

DAYS = st.dates(date(2001, 1, 1), date(2010, 12, 31))
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=30).filter(
    lambda text: bool(text.strip()) and "|" not in text
)
FORMATS = st.sampled_from(["csv", "csv-fr", "xlsx"])
quick = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


def comes_back(user: User, slug: str, file_format: str, language: str, make: Callable[[], Any]) -> None:
    resource = sheets.resource(slug, user)
    with transaction.atomic():
        pks = make()
        with override(language):
            made = sheets.exported(resource, resource.importable().filter(pk__in=pks), file_format)
            preview = resource.preview(made)
            assert [(error.label, error.value) for row in preview.rows for error in row.errors] == []
            assert preview.counts.unchanged == len(made) == len(pks)
        transaction.set_rollback(True)


@quick
@given(st.lists(st.tuples(DAYS, st.sampled_from(Level.values)), unique_by=lambda one: one[0], min_size=1), FORMATS)
def test_any_levels_come_back_as_they_were(
    administrator: User, found: list[tuple[date, str]], file_format: str
) -> None:
    def make() -> list[int]:
        officer: Officer = rows.officer()
        found.sort()
        ends = [start - timedelta(days=1) for start, _level in found[1:]]
        made = [
            OfficerLevel(officer=officer, level=level, start=start, end=end)
            for (start, level), end in zip(found, [*ends, None], strict=True)
        ]
        return [level.pk for level in OfficerLevel.objects.bulk_create(made)]

    comes_back(administrator, "levels", file_format, "en", make)


@quick
@given(st.lists(TEXTS, min_size=4, max_size=4), st.lists(TEXTS, max_size=4), FORMATS, st.sampled_from(["en", "fr"]))
def test_any_agency_comes_back_as_it_was(
    administrator: User, names: list[str], spellings: list[str], file_format: str, language: str
) -> None:
    def make() -> list[int]:
        own = dict(zip(("short_en", "short_fr", "name_en", "name_fr"), names, strict=True))
        agency = Agency.objects.create(key="T-1", level="municipal", **own)
        for number, spelling in enumerate(spellings):
            AgencyAlias.objects.create(agency=agency, alias=f"{number} {spelling}")
        return [agency.pk]

    comes_back(administrator, "agencies", file_format, language, make)


@quick
@given(st.tuples(TEXTS, TEXTS), DAYS, st.none() | st.integers(0, 900), FORMATS)
def test_any_jfo_and_its_parts_come_back_as_they_were(
    administrator: User, texts: tuple[str, str], start: date, length: int | None, file_format: str
) -> None:
    name, objectives = texts
    end = None if length is None else start + timedelta(days=length)
    made: list[JFO] = []

    def make() -> list[int]:
        like = JFO.objects.select_related("program", "region").get(code="SPVM-JFO")
        jfo = JFO.objects.create(
            code="T-1",
            program=like.program,
            region=like.region,
            name_en=name,
            name_fr=name,
            objectives_en=objectives,
            start=start,
            end=end,
        )
        agencies = Agency.objects.filter(key__in=["CBSA", "RCMP", "SQ"])
        Participation.objects.bulk_create(
            [
                Participation(jfo=jfo, agency=one, role="lead" if one.key == "SQ" else "partner", start=start, end=end)
                for one in agencies
            ]
        )
        made.append(jfo)
        return [jfo.pk]

    comes_back(administrator, "jfos", file_format, "fr", make)

    def parts() -> list[int]:
        make()
        return list(made[-1].participations.values_list("pk", flat=True))

    comes_back(administrator, "participations", file_format, "en", parts)
