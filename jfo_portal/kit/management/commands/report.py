"""Print a report for a script: what its page shows, as JSON or CSV."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from jfo_portal.kit import exports, reports
from jfo_portal.kit.access import SYSTEM


class Command(BaseCommand):
    help = "Print a report as JSON or CSV, read with every right."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="The report: exhibit-5, for example; an unknown one lists them all.")
        parser.add_argument("--as-of", default="", metavar="DATE", help="The day, as YYYY-MM-DD; today if not given.")
        parser.add_argument(
            "--fy", default="", metavar="YEAR", help="The fiscal year, as 2010-2011; the day's if not given."
        )
        parser.add_argument("--region", default="", metavar="CODE", help="One region alone, as QUE.")
        parser.add_argument("--rule", default="", help="Exhibits 7 and 8: whose files are JFO files, year or day.")
        parser.add_argument("--format", default="json", choices=["json", "csv"], help="The output; JSON if not given.")
        parser.add_argument(
            "--language",
            default=settings.LANGUAGE_CODE,
            choices=[code for code, _name in settings.LANGUAGES],
            help="The language of titles and labels; names of columns and codes are the same in both.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(options["language"]):
            report = _report(options["slug"])
            try:
                parameters = report.parameters({name: options[name] for name in ("as_of", "fy", "region", "rule")})
            except ValueError as error:
                raise CommandError(str(error)) from None
            if options["format"] == "csv":
                for block in exports.csv_blocks(report.columns, report.rows(SYSTEM, parameters)):
                    self.stdout.write(block, ending="")
                return
            self.stdout.write(json.dumps(report.as_json(SYSTEM, parameters), ensure_ascii=False, indent=2))


def _report(slug: str) -> reports.Report:
    try:
        return reports.get(slug)
    except KeyError:
        known = ", ".join(report.slug for report in reports.all_for(SYSTEM))
        raise CommandError(
            _("There is no report “%(slug)s”. Choose one of these: %(slugs)s.") % {"slug": slug, "slugs": known}
        ) from None
