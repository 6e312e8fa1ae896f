"""What may be done to expectations: each act is one transaction and one change set.

Every act locks the row first, so that of two simultaneous ones the second is checked against what the first wrote. A
rule it would break raises ValidationError, and nothing is saved then. `within` makes an act part of a larger one.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from jfo_portal.kit.changesets import ChangeSet, act
from registry.models import User

from .models import Expectation, Unlock
from .models.expectations import locked_sentence


def reread(row: Expectation) -> Expectation:
    """Return the row as it is now, locked against others; ValidationError where it is gone."""
    rows = Expectation.objects.select_for_update(of=("self",)).select_related("jfo__region")
    found = rows.filter(pk=row.pk).first()
    if found is None:
        raise ValidationError(_("This expectation is not there any more: somebody undid it meanwhile."))
    return found


def correct(
    row: Expectation, values: Mapping[str, Any], *, by: User | None, within: ChangeSet | None = None
) -> Expectation:
    """Give the expectation other values, by the names of its fields, while it is open; returns it as saved."""
    with act(by, within=within) as change:
        now = reread(row)
        if now.locked_on is not None:
            raise ValidationError(locked_sentence(now.locked_on))
        for name, value in values.items():
            setattr(now, name, value)
        return change.save_row(now)


def explain(row: Expectation, note: str, *, by: User | None, within: ChangeSet | None = None) -> Expectation:
    """Write why the actual figure is another, which a lock does not forbid; returns the expectation as saved."""
    with act(by, within=within) as change:
        now = reread(row)
        now.variance_note = note
        return change.save_row(now)


def lock(
    rows: Iterable[Expectation], *, by: User | None, day: date, reason: str = "", within: ChangeSet | None = None
) -> list[Expectation]:
    """Lock all of the expectations as they are, or none; returns them as saved.

    The ValidationError names each that stands in the way.
    """
    with act(by, reason=reason, within=within) as change:
        now = [reread(row) for row in sorted(rows, key=lambda row: row.pk or 0)]
        if refusals := [
            _("%(row)s is locked already, since %(day)s.") % {"row": row, "day": row.locked_on}
            for row in now
            if row.locked_on is not None
        ]:
            raise ValidationError(refusals)
        for row in now:
            row.locked_on, row.locks = day, row.locks + 1
            change.save_row(row)
        return now


def unlock(
    row: Expectation, *, by: User | None, day: date, reason: str, within: ChangeSet | None = None
) -> Expectation:
    """Open a locked expectation again and leave the trace that every report shows from then on; returns it as saved."""
    with act(by, reason=reason, within=within) as change:
        now = reread(row)
        if now.locked_on is None:
            raise ValidationError(_("The expectation is open already."))
        if not reason.strip():
            raise ValidationError({"reason": _("Say why it is unlocked: every report shows it from then on.")})
        change.save_row(
            Unlock(
                expectation=now,
                number=now.locks,
                unlocked_on=day,
                locked_on=now.locked_on,
                expected=now.expected,
                reason=reason.strip(),
            )
        )
        now.locked_on = None
        return change.save_row(now)
