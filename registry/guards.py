"""What the database itself refuses of assignments, however they are written (domain rule 1).

PostgreSQL takes an exclusion constraint and a constraint trigger, SQLite two triggers. A migration
that makes SQLite copy registry_assignment loses them: run `install` again at its end (the tests of
the guards fail otherwise).
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

OVERLAP = "registry_assignment_no_overlap"
ONE_FTE = "registry_assignment_one_fte"

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
    CREATE CONSTRAINT TRIGGER {ONE_FTE} AFTER INSERT OR UPDATE ON registry_assignment
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
    CREATE TRIGGER registry_assignment_guard_{event} AFTER {event} ON registry_assignment BEGIN
        SELECT RAISE(ABORT, '{OVERLAP}') WHERE EXISTS (
            SELECT 1 FROM registry_assignment a
            WHERE a.id <> NEW.id AND a.officer_id = NEW.officer_id AND a.jfo_id = NEW.jfo_id
              AND (NEW."end" IS NULL OR a.start <= NEW."end")
              AND (a."end" IS NULL OR a."end" >= NEW.start)
        );
        SELECT RAISE(ABORT, '{ONE_FTE}') WHERE ({_PEAK}) > 1;
    END
    """
    for event in ("insert", "update")
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
