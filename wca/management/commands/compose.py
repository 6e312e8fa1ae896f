"""Compose drafts of arrangements as files: HTML in each language and a Word document, for JFOs given or uncovered."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jfo_portal.kit.periods import today
from registry.models import JFO
from wca import composing, draft_files
from wca.measures.coverage import covered_on


class Command(BaseCommand):
    help = (
        "Write a draft for each JFO into the folder: JFO-en.html, JFO-fr.html and JFO.docx; print how many clauses "
        "each holds, and exit with 1 if one does not hold them all. Nothing is saved in the database."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("jfos", nargs="*", metavar="JFO", help="codes of JFOs; with --uncovered, none")
        parser.add_argument(
            "--uncovered", action="store_true", help="for every JFO that no arrangement in force covers today"
        )
        parser.add_argument("folder", metavar="DIR", help="where the files go; it is made if it is not there")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["uncovered"] and options["jfos"]:
            raise CommandError("Give codes of JFOs or --uncovered, not both.")
        jfos = _uncovered() if options["uncovered"] else _named(options["jfos"])
        folder = Path(options["folder"])
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"{folder} cannot be made a folder: {error.strerror}.") from None
        day, fragments, parts = today(), composing.newest_fragments(), composing.latest_parts()
        is_whole = True
        for terms in composing.proposed_each(jfos, day):
            made = composing.composed(terms, fragments, by=None)
            code = draft_files.safe(terms.jfos[0].code)
            for language in composing.LANGUAGES:
                text = draft_files.as_html(made.draft, made.paragraphs, language, day)
                (folder / f"{code}-{language}.html").write_text(text, encoding="utf-8")
            (folder / f"{code}.docx").write_bytes(draft_files.as_docx(made.draft, made.paragraphs, day))
            met, count = composing.score(composing.of_set(composing.held(made.paragraphs, parts)))
            is_whole = is_whole and met == count > 0
            self.stdout.write(f"{terms.jfos[0].code} {met}/{count}")
        if not is_whole:
            raise CommandError("Not every draft holds every clause: look at the fragments.", returncode=1)


def _uncovered() -> list[JFO]:
    day = today()
    return list(JFO.objects.as_of(day).exclude(pk__in=covered_on(day)).with_names().order_by("code"))


def _named(codes: list[str]) -> list[JFO]:
    """Return the JFOs of the codes; CommandError for one that does not exist today, or for none."""
    if not codes:
        raise CommandError("Give codes of JFOs, or --uncovered.")
    known = {jfo.code: jfo for jfo in JFO.objects.as_of(today()).with_names()}
    if unknown := [code for code in codes if code not in known]:
        raise CommandError(f"There is no JFO {unknown[0]!r} today.")
    return [known[code] for code in dict.fromkeys(codes)]
