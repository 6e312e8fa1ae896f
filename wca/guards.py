"""What the database itself refuses of assessments, however they are written: an approved one never changes (domain
rule 8).

A migration that makes SQLite copy wca_assessment or wca_finding loses the triggers: run `install` again at its end (the
tests of the guards fail otherwise).
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

APPROVED = "wca_assessment_approved"

# The condition on the row, by the event: what is old of an assessment, and of which assessment a finding is.
_OF_ASSESSMENT = {"update": "OLD.approved_on IS NOT NULL", "delete": "OLD.approved_on IS NOT NULL"}
_OF = "EXISTS (SELECT 1 FROM wca_assessment a WHERE a.id = {row}.assessment_id AND a.approved_on IS NOT NULL)"
_OF_FINDING = {
    "insert": _OF.format(row="NEW"),
    "update": f"{_OF.format(row='OLD')} OR {_OF.format(row='NEW')}",
    "delete": _OF.format(row="OLD"),
}
_TRIGGERS = [
    (f"{table}_approved_{event}", table, event, condition)
    for table, events in (("wca_assessment", _OF_ASSESSMENT), ("wca_finding", _OF_FINDING))
    for event, condition in events.items()
]

_SQLITE = [
    f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{APPROVED}'); END"
    for name, table, event, condition in _TRIGGERS
]
_POSTGRESQL = [
    statement
    for name, table, event, condition in _TRIGGERS
    for statement in (
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {condition} THEN
                RAISE EXCEPTION 'an approved assessment never changes'
                    USING ERRCODE = 'check_violation', CONSTRAINT = '{APPROVED}';
            END IF;
            RETURN {"OLD" if event == "delete" else "NEW"};
        END $$
        """,
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    )
]


def install(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Put the guards on the tables, whether or not they are there."""
    uninstall(_apps, schema_editor)
    for statement in _SQLITE if schema_editor.connection.vendor == "sqlite" else _POSTGRESQL:
        schema_editor.execute(statement, None)


def uninstall(_apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the guards off."""
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for name, table, _event, _condition in _TRIGGERS:
        drops = [f"DROP TRIGGER IF EXISTS {name}"]
        if not is_sqlite:
            drops = [f"DROP TRIGGER IF EXISTS {name} ON {table}", f"DROP FUNCTION IF EXISTS {name}()"]
        for statement in drops:
            schema_editor.execute(statement, None)
