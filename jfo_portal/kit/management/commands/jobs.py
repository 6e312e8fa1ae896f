"""The worker: does what the portal leaves for later, one thing after another, until it is told to stop."""

import logging
import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError, connection

from jfo_portal.kit.imports import jobs

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Do what waits to be done in the background: large imports. What a worker that ended left is begun again."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="end when nothing waits any more")

    def handle(self, *args: Any, **options: Any) -> None:
        while True:
            try:
                for pk in jobs.resume():
                    logger.warning("Import %s was interrupted, and is begun again.", pk)
                call_command(
                    "db_worker", reload=False, interval=0.5, batch=options["once"], startup_delay=False, verbosity=0
                )
            except OperationalError:
                # The database is starting again, or busy for long.
                logger.warning("The database does not answer; the worker tries again.", exc_info=True)
                connection.close()
                time.sleep(1)
            else:
                return
