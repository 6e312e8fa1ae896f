"""What the database itself refuses of assignments, however they are written (domain rule 1), and what it keeps of them.

PostgreSQL takes an exclusion constraint and triggers, SQLite triggers. A migration that makes SQLite
copy registry_assignment or registry_officer loses them, or fails since they name the table: run
`uninstall` and `uninstall_regions` at its beginning, and `install` and `install_regions` at its end
(the tests of the guards fail otherwise).
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

OVERLAP = "registry_assignment_no_overlap"
ONE_FTE = "registry_assignment_one_fte"

# The columns that those are about: a write of others alone is not looked at.
_GUARDED = 'officer_id, jfo_id, start, "end", fte'

# The highest sum of an officer's FTE on the days of the row NEW. It rises only where an assignment starts.
_PEAK = """
    SELECT MAX(ROUND(day_total, 2)) FROM (
        SELECT (
            SELECT SUM(b.fte) FROM registry_assignment b
            WHERE b.officer_id = NEW.officer_id AND b.start <= d.day AND (b."end" IS NULL OR b."end" >= d.day)
        ) AS day_total
        FROM (
            SELECT NEW.start AS day
            UNION
            SELECT a.start FROM registry_assignment a
            WHERE a.officer_id = NEW.officer_id AND a.start > NEW.start
              AND (NEW."end" IS NULL OR a.start <= NEW."end")
        ) AS d
    ) AS totals
"""

# The officer's row is locked, so that of two transactions the second sees what the first wrote.
_POSTGRESQL = [
    f"""
    ALTER TABLE registry_assignment ADD CONSTRAINT {OVERLAP} EXCLUDE USING gist (
        int8range(officer_id, officer_id, '[]') WITH &&,
        int8range(jfo_id, jfo_id, '[]') WITH &&,
        daterange(start, "end", '[]') WITH &&
    ) DEFERRABLE INITIALLY IMMEDIATE
    """,
    f"""
    CREATE FUNCTION {ONE_FTE}() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE peak numeric;
    BEGIN
        PERFORM 1 FROM registry_officer WHERE id = NEW.officer_id FOR NO KEY UPDATE;
        peak := ({_PEAK});
        IF peak > 1 THEN
            RAISE EXCEPTION 'officer % would reach % FTE', NEW.officer_id, peak
                USING ERRCODE = 'check_violation', CONSTRAINT = '{ONE_FTE}';
        END IF;
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE CONSTRAINT TRIGGER {ONE_FTE} AFTER INSERT OR UPDATE OF {_GUARDED} ON registry_assignment
        DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION {ONE_FTE}()
    """,
]
_POSTGRESQL_DROP = [
    f"DROP TRIGGER IF EXISTS {ONE_FTE} ON registry_assignment",
    f"DROP FUNCTION IF EXISTS {ONE_FTE}()",
    f"ALTER TABLE registry_assignment DROP CONSTRAINT IF EXISTS {OVERLAP}",
]

_SQLITE = [
    f"""
    CREATE TRIGGER registry_assignment_guard_{event} AFTER {when} ON registry_assignment BEGIN
        SELECT RAISE(ABORT, '{OVERLAP}') WHERE EXISTS (
            SELECT 1 FROM registry_assignment a
            WHERE a.id <> NEW.id AND a.officer_id = NEW.officer_id AND a.jfo_id = NEW.jfo_id
              AND (NEW."end" IS NULL OR a.start <= NEW."end")
              AND (a."end" IS NULL OR a."end" >= NEW.start)
        );
        SELECT RAISE(ABORT, '{ONE_FTE}') WHERE ({_PEAK}) > 1;
    END
    """
    for event, when in (("insert", "INSERT"), ("update", f"UPDATE OF {_GUARDED}"))
]
_SQLITE_DROP = [f"DROP TRIGGER IF EXISTS registry_assignment_guard_{event}" for event in ("insert", "update")]


def install(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Put the guards on the assignment table, whether or not they are there."""
    uninstall(_apps, schema_editor)
    for statement in _SQLITE if schema_editor.connection.vendor == "sqlite" else _POSTGRESQL:
        schema_editor.execute(statement, None)


def uninstall(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the guards off."""
    for statement in _SQLITE_DROP if schema_editor.connection.vendor == "sqlite" else _POSTGRESQL_DROP:
        schema_editor.execute(statement, None)


# The officer's row is locked, so that an officer who changes regions at the same time takes the assignment along.
_POSTGRESQL_REGIONS = [
    """
    CREATE FUNCTION registry_assignment_region() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        SELECT region_id INTO NEW.officer_region FROM registry_officer WHERE id = NEW.officer_id FOR NO KEY UPDATE;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER registry_assignment_region BEFORE INSERT OR UPDATE OF officer_id, officer_region
        ON registry_assignment FOR EACH ROW EXECUTE FUNCTION registry_assignment_region()
    """,
    """
    CREATE FUNCTION registry_officer_region() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE registry_assignment SET officer_region = NEW.region_id WHERE officer_id = NEW.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER registry_officer_region AFTER UPDATE OF region_id ON registry_officer
        FOR EACH ROW WHEN (OLD.region_id <> NEW.region_id) EXECUTE FUNCTION registry_officer_region()
    """,
]
_POSTGRESQL_REGIONS_DROP = [
    "DROP TRIGGER IF EXISTS registry_assignment_region ON registry_assignment",
    "DROP TRIGGER IF EXISTS registry_officer_region ON registry_officer",
    "DROP FUNCTION IF EXISTS registry_assignment_region()",
    "DROP FUNCTION IF EXISTS registry_officer_region()",
]

_OFFICERS_REGION = "(SELECT o.region_id FROM registry_officer o WHERE o.id = officer_id)"
_SQLITE_REGIONS = [
    *(
        f"""
        CREATE TRIGGER registry_assignment_region_{event} AFTER {when} ON registry_assignment BEGIN
            UPDATE registry_assignment SET officer_region = {_OFFICERS_REGION}
            WHERE id = NEW.id AND officer_region IS NOT {_OFFICERS_REGION};
        END
        """
        for event, when in (("insert", "INSERT"), ("update", "UPDATE OF officer_id, officer_region"))
    ),
    """
    CREATE TRIGGER registry_officer_region AFTER UPDATE OF region_id ON registry_officer
        WHEN OLD.region_id <> NEW.region_id
    BEGIN
        UPDATE registry_assignment SET officer_region = NEW.region_id WHERE officer_id = NEW.id;
    END
    """,
]
_SQLITE_REGIONS_DROP = [
    f"DROP TRIGGER IF EXISTS {name}"
    for name in ("registry_assignment_region_insert", "registry_assignment_region_update", "registry_officer_region")
]


def install_regions(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Have the database keep each assignment's `officer_region`, and fill in that of all rows; one write of each."""
    uninstall_regions(_apps, schema_editor)
    schema_editor.execute(f"UPDATE registry_assignment SET officer_region = {_OFFICERS_REGION}", None)
    for statement in _SQLITE_REGIONS if schema_editor.connection.vendor == "sqlite" else _POSTGRESQL_REGIONS:
        schema_editor.execute(statement, None)


def uninstall_regions(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Leave `officer_region` as it is from here on."""
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for statement in _SQLITE_REGIONS_DROP if is_sqlite else _POSTGRESQL_REGIONS_DROP:
        schema_editor.execute(statement, None)
