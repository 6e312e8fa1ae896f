"""What the database itself refuses of results, however they are written: shares beyond the whole of an outcome (domain
rule 11), a change of what is locked, and a change of what was frozen or is the trace of an unlock.

A migration that makes SQLite copy one of the tables loses the triggers: run `install` again at its end (the tests of
the guards fail otherwise).
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SHARES = "performance_contribution_shares"
LOCKED = "performance_expectation_locked"
TRACE = "performance_unlock_kept"
FROZEN = "performance_snapshot_frozen"

_TOO_MUCH = "(SELECT SUM(c.share) FROM performance_contribution c WHERE c.event_id = NEW.event_id) > 1.0005"
# What a lock keeps as it is; the variance note alone stays open.
_CHANGED = " OR ".join(
    f"OLD.{column} <> NEW.{column}" for column in ("jfo_id", "fiscal_year", "indicator", "expected", "basis", "locks")
)
# Opened again without a row that says so, or its day moved.
_OPENED = (
    "NEW.locked_on IS NULL AND NOT EXISTS (SELECT 1 FROM performance_unlock u WHERE u.expectation_id = OLD.id "
    "AND u.number = OLD.locks AND u.locked_on = OLD.locked_on AND u.expected = OLD.expected)"
)
_MOVED = "NEW.locked_on IS NOT NULL AND NEW.locked_on <> OLD.locked_on"
# Each lock has a number of its own, so that the trace of an earlier one opens no later one.
_MISCOUNTED = "OLD.locked_on IS NULL AND NEW.locks <> OLD.locks + (CASE WHEN NEW.locked_on IS NULL THEN 0 ELSE 1 END)"

# Name, table, when, event, condition, what it is called and says.
_TRIGGERS = [
    (f"{SHARES}_{event}", "performance_contribution", "AFTER", event, _TOO_MUCH, SHARES)
    for event in ("insert", "update")
] + [
    (
        f"{LOCKED}_update",
        "performance_expectation",
        "BEFORE",
        "update",
        f"(OLD.locked_on IS NOT NULL AND ({_CHANGED} OR {_OPENED} OR {_MOVED})) OR ({_MISCOUNTED})",
        LOCKED,
    ),
    (f"{LOCKED}_delete", "performance_expectation", "BEFORE", "delete", "OLD.locked_on IS NOT NULL", LOCKED),
    (f"{TRACE}_update", "performance_unlock", "BEFORE", "update", "1 = 1", TRACE),
    (f"{TRACE}_delete", "performance_unlock", "BEFORE", "delete", "1 = 1", TRACE),
    (f"{FROZEN}_update", "performance_snapshot", "BEFORE", "update", "1 = 1", FROZEN),
    (f"{FROZEN}_delete", "performance_snapshot", "BEFORE", "delete", "1 = 1", FROZEN),
]
# The event's row is locked, so that of two transactions the second sees the shares that the first wrote.
_FIRST = {SHARES: "PERFORM 1 FROM performance_outcomeevent WHERE id = NEW.event_id FOR NO KEY UPDATE;"}


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER {name} {when} {event} ON {table} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{guard}'); END"
        for name, table, when, event, condition, guard in _TRIGGERS
    ]


def _postgresql() -> list[str]:
    return [
        statement
        for name, table, when, event, condition, guard in _TRIGGERS
        for statement in (
            f"""
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                {_FIRST.get(guard, "")}
                IF {condition} THEN
                    RAISE EXCEPTION 'refused by {guard}' USING ERRCODE = 'check_violation', CONSTRAINT = '{guard}';
                END IF;
                RETURN {"OLD" if event == "delete" else "NEW"};
            END $$
            """,
            f"CREATE TRIGGER {name} {when} {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
        )
    ]


def install(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Put the guards on the tables, whether or not they are there."""
    uninstall(_apps, schema_editor)
    for statement in _sqlite() if schema_editor.connection.vendor == "sqlite" else _postgresql():
        schema_editor.execute(statement, None)


def uninstall(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the guards off."""
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for name, table, *_rest in _TRIGGERS:
        drops = [f"DROP TRIGGER IF EXISTS {name}"]
        if not is_sqlite:
            drops = [f"DROP TRIGGER IF EXISTS {name} ON {table}", f"DROP FUNCTION IF EXISTS {name}()"]
        for statement in drops:
            schema_editor.execute(statement, None)
