"""What the portal does by itself once a day: entries for arrangements that are needed, reminders of expiries, and the
end of imports that nobody finished."""

from typing import Any

from django.core.management.base import BaseCommand

from jfo_portal.kit.imports.actions import expire
from jfo_portal.kit.periods import today
from wca.needed import open_needed
from wca.reminders import remind


class Command(BaseCommand):
    help = (
        "Enter the arrangements that are needed, give the reminders that are due, give up the imports that nobody "
        "finished in time, and print a line for each."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        day = today()
        entries = open_needed(day)
        for arrangement in entries:
            self.stdout.write(f"needed {arrangement.reference} {arrangement.title_en}")
        notices = remind(day)
        for notice in notices:
            late = f", late: due {notice.due_on}" if notice.is_late else ""
            self.stdout.write(f"notice {notice.arrangement} expires {notice.expiry}, {notice.days} days{late}")
        for staged in expire():
            self.stdout.write(f"expired import {staged.number} of {staged.by.username}, {staged.file_name}")
        self.stdout.write(f"{day}: needed {len(entries)}, notices {len(notices)}")
