"""Load the demonstration and say who can sign in."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from performance import demonstration
from registry.models import Role


class Command(BaseCommand):
    help = "Load the demonstration data into an empty database, and print the sign-ins; changes nothing if it is there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--facts-only",
            action="store_true",
            help="without what the portal does by itself every day: no entries of arrangements that are needed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            is_new = demonstration.load()
            if is_new and not options["facts_only"]:
                demonstration.live_on()
        except demonstration.Refused as refusal:
            raise CommandError(str(refusal)) from None
        if options["verbosity"] == 0:
            return
        self.stdout.write("Demonstration data loaded." if is_new else "The demonstration data is already loaded.")
        self.stdout.write("\nSign in as:")
        for row in demonstration.users():
            self.stdout.write(f"  {row['username']:<14} {Role(row['role']).label:<18} {settings.DEMO_PASSWORD}")
