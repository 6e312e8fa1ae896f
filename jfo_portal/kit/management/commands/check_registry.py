"""Look at every rule of the domain over the whole database, and name each breach."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from jfo_portal.kit import checks


class Command(BaseCommand):
    help = "Check every rule over the whole database: a line for each breach, and exit code 1 if there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        for breach in checks.breaches():
            self.stdout.write(str(breach))
            count += 1
        self.stdout.write(f"rules {len(checks.rules())}, breaches {count}")
        if count:
            sys.exit(1)
