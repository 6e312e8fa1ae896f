"""Count the IMS files anew, where the roll-up of them differs."""

from typing import Any

from django.core.management.base import BaseCommand

from performance.recounting import differences, recount


class Command(BaseCommand):
    help = "Make the roll-up of activity anew from the IMS files, and say in how many places it differed from them."

    def handle(self, *args: Any, **options: Any) -> None:
        number = sum(1 for _difference in differences())
        recount()
        self.stdout.write(f"counts put right {number}")
