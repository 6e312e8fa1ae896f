"""The import of what a reviewer found of arrangements, part by part of a clause set, as drafts of assessments."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from django.db import IntegrityError, models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.access import Reader
from jfo_portal.kit.imports.cells import Cell, fold
from jfo_portal.kit.imports.fields import (
    CellRefused,
    ChoiceField,
    ForeignKeyField,
    ImportField,
    TextField,
    as_text,
    shown,
)
from jfo_portal.kit.imports.preview import NOTHING, Preview, PreviewRow, Said
from jfo_portal.kit.imports.reading import Sheet
from jfo_portal.kit.imports.resources import Resource, lock_table, register
from jfo_portal.kit.periods import today
from registry.models import Role
from wca import assessing
from wca.assessing import Texts
from wca.models import Arrangement, Assessment, ClausePart, ClauseSet, Document, Finding, Verdict

# c.2, and what else somebody writes of it: c 2, c2, c) 2, c, part 2.
_PART = re.compile(r"([a-z]{1,2})\W*(?:part|partie)?\W*(\d{1,4})", re.ASCII)
# What a quotation is looked up by.
_QUOTED = ("verdict", "quotation", "quotation_language", "place")
_WRITTEN = ("verdict", "quotation", "quotation_language", "place", "missing_en", "missing_fr", "note")


class Readings:
    """The assessments that the rows of a file are findings of: the user's own draft, or one that the import begins.

    What is asked for is read once, for all rows.
    """

    def __init__(self, user: Reader) -> None:
        self.user: Any = user
        self.day = today()
        # What a person said that a value stands for, by column.
        self.choices: Mapping[str, Mapping[str, str]] = {}
        self._drafts: dict[tuple[int, int], Assessment] = {}
        self._texts: dict[int, Texts] = {}

    @cached_property
    def clause_sets(self) -> list[ClauseSet]:
        """The latest version of every clause set."""
        rows = ClauseSet.objects.visible_to(self.user).order_by("code", "version")
        return list({row.code: row for row in rows}.values())

    @cached_property
    def arrangements(self) -> list[Arrangement]:
        """What the user may assess."""
        return list(Arrangement.objects.editable_by(self.user))

    @cached_property
    def open(self) -> dict[tuple[int, int], Assessment]:
        """The user's own assessments that nobody approved yet, of the newest texts against the latest clauses."""
        rows = Assessment.objects.visible_to(self.user).filter(author=self.user, approved_on=None)
        latest = {row.pk for row in self.clause_sets}
        found: dict[tuple[int, int], Assessment] = {}
        for row in rows.select_related("arrangement", "clause_set", "document").order_by("pk"):
            if row.clause_set_id in latest and self._reads_newest(row):
                found[row.arrangement_id, row.clause_set_id] = row
        return found

    def _reads_newest(self, row: Assessment) -> bool:
        newest = self._newest.get(row.arrangement_id)
        return (row.document.version if row.document else None) == (newest.version if newest else None)

    @cached_property
    def _newest(self) -> dict[int, Document]:
        return assessing.newest_documents(self.arrangements, self.day)

    def draft(self, arrangement: Arrangement, clause_set: ClauseSet) -> Assessment:
        """Return the assessment that a row is about; one that is to begin has a negative key until it is saved."""
        about = (arrangement.pk, clause_set.pk)
        if about not in self._drafts:
            self._drafts[about] = self.open.get(about) or Assessment(
                pk=-1 - len(self._drafts),
                arrangement=arrangement,
                clause_set=clause_set,
                document=self._newest.get(arrangement.pk),
                assessed_on=self.day,
                author=self.user,
            )
        return self._drafts[about]

    def texts(self, assessment: Assessment) -> Texts:
        """Return the texts that the assessment reads; one query for those of all the file's rows."""
        if assessment.pk not in self._texts:
            wanted = [one for one in self._drafts.values() if one.pk not in self._texts]
            self._texts |= {one.pk: texts for one, texts in zip(wanted, assessing.texts_of_each(wanted), strict=True)}
        return self._texts[assessment.pk]

    def meant(self, row: Mapping[str, Cell], name: str) -> Cell:
        """Return the cell of another column, or what a person said that it stands for."""
        cell = row.get(name)
        return cell if cell is None else self.choices.get(name, {}).get(fold(as_text(cell)), cell)


class ReadingField(ImportField):
    """A column whose meaning depends on which assessment the row is about."""

    readings: Readings
    arrangement: "ArrangementField"
    clause_set: "ClauseSetField"

    def assessment(self, row: Mapping[str, Cell]) -> Assessment | None:
        """Return the assessment that the row is about; None where its own columns do not tell."""
        arrangement, clause_set = (self.readings.meant(row, name) for name in ("arrangement", "clause_set"))
        if arrangement is None or clause_set is None:
            return None
        try:
            return self.readings.draft(self.arrangement.named(arrangement), self.clause_set.read(clause_set))
        except CellRefused:
            return None


class ClauseSetField(ForeignKeyField, ReadingField):
    """A clause set, in its latest version."""

    @property
    def rows(self) -> list[Any]:
        return self.readings.clause_sets


class ArrangementField(ForeignKeyField, ReadingField):
    """The arrangement that was read; typed, the user's draft of its assessment."""

    reads_also = ("clause_set",)

    @property
    def rows(self) -> list[Any]:
        return self.readings.arrangements

    def named(self, cell: Any) -> Arrangement:
        """Return the arrangement that the cell names."""
        found: Arrangement = super().read(cell)
        return found

    def clean(self, row: dict[str, Cell], **kwargs: Any) -> Any:
        arrangement = super().clean(row, **kwargs)
        clause_set = self.readings.meant(row, "clause_set")
        if clause_set is None:
            raise CellRefused(_("The row does not say against which clauses it was read. Fill in the clause set."))
        draft = self.readings.draft(arrangement, self.clause_set.read(clause_set))
        if draft.submitted_on is not None:
            raise CellRefused(
                _(
                    "Your assessment of %(reference)s is submitted and waits for approval. "
                    "Withdraw it on its page to change it."
                )
                % {"reference": arrangement.reference}
            )
        return draft

    def of_stored(self, stored: Any) -> Any:
        return next((row for row in self.readings.open.values() if row.pk == stored), None)

    def words(self, value: Any) -> str:
        return super().words(None if value is None else value.arrangement)

    def file_value(self, value: Any) -> Any:
        return None if value is None else value.arrangement.reference


class PartField(ForeignKeyField, ReadingField):
    """One part of one clause, such as c.2, of the row's clause set."""

    reads_also = ("clause_set",)

    @cached_property
    def rows(self) -> list[Any]:
        """The parts of every clause set that may be named, in their order; one query."""
        parts = ClausePart.objects.visible_to(self.readings.user).filter(
            clause__clause_set__in=self.readings.clause_sets
        )
        return list(parts.select_related("clause").order_by("clause__letter", "number"))

    @cached_property
    def _parts(self) -> dict[int, dict[tuple[str, int], ClausePart]]:
        found: dict[int, dict[tuple[str, int], ClausePart]] = {row.pk: {} for row in self.readings.clause_sets}
        for part in self.rows:
            found[part.clause.clause_set_id][fold(part.clause.letter), part.number] = part
        return found

    def rule(self) -> str:
        return _("The letter of the clause, a full stop and the number of the part.")

    def names(self, row: Any) -> list[Any]:
        return [part_code(row)]

    @property
    def options(self) -> list[str]:
        return list(dict.fromkeys(map(part_code, self.rows)))

    def clean(self, row: dict[str, Cell], **kwargs: Any) -> Any:
        # What every column refuses.
        cell = ImportField.clean(self, row, **kwargs)
        clause_set = self.readings.meant(row, "clause_set")
        if clause_set is None:
            raise CellRefused(_("The row does not say of which clauses it is a part. Fill in the clause set."))
        return self._part(cell, self.clause_set.read(clause_set))

    def read(self, cell: Any, *, decimal_comma: bool = False) -> Any:
        return as_text(cell)

    def _part(self, text: str, clause_set: ClauseSet) -> ClausePart:
        parts = self._parts[clause_set.pk]
        written = _PART.fullmatch(fold(text))
        found = parts.get((written[1], int(written[2]))) if written else None
        if found is not None:
            return found
        clause = fold(text).rstrip(").")
        own = [part for (letter, _number), part in parts.items() if letter == clause]
        if own:
            raise CellRefused(
                _("“%(value)s” is a whole clause. Give each of its parts a row: %(parts)s.")
                % {"value": shown(text), "parts": ", ".join(map(part_code, own))}
            )
        raise CellRefused(
            _("“%(value)s” is no part of %(set)s. Write one of these: %(parts)s.")
            % {"value": shown(text), "set": clause_set.code, "parts": ", ".join(map(part_code, parts.values()))},
            is_unmatched=True,
        )

    def words(self, value: Any) -> str:
        return super().words(None) if value is None else part_code(value)

    def file_value(self, value: Any) -> Any:
        return None if value is None else part_code(value)


def part_code(part: ClausePart) -> str:
    """Return what a part is called in a file: c.2."""
    return f"{part.clause.letter}.{part.number}"


class LanguageField(ChoiceField, ReadingField):
    """The language of a quotation: that of the text in which it stands, where it stands in one."""

    reads_also = ("arrangement", "clause_set", "quotation")

    def clean(self, row: dict[str, Cell], **kwargs: Any) -> Any:
        language = super().clean(row, **kwargs)
        assessment, quotation = self.assessment(row), row.get("quotation")
        if assessment is None or quotation is None:
            return language
        return self.readings.texts(assessment).holding(as_text(quotation), language)[0]


class PlaceField(TextField, ReadingField):
    """Where a quotation stands; left empty, it is looked up in the text."""

    reads_also = ("arrangement", "clause_set", "quotation")

    def clean(self, row: dict[str, Cell], **kwargs: Any) -> Any:
        place = super().clean(row, **kwargs)
        assessment, quotation = self.assessment(row), row.get("quotation")
        if place or assessment is None or quotation is None:
            return place
        looked_for = Finding(quotation=as_text(quotation))
        assessing.settle(looked_for, self.readings.texts(assessment))
        return looked_for.place


class QuotationField(TextField, ReadingField):
    """The words of the arrangement, as they stand in its text; a part that is met needs them (domain rule 8)."""

    reads_also = ("arrangement", "clause_set", "verdict")
    verdict: ChoiceField

    def clean(self, row: dict[str, Cell], **kwargs: Any) -> Any:
        quotation = super().clean(row, **kwargs)
        assessment = self.assessment(row)
        if assessment is not None and self._is_met(row):
            faults = assessing.settle(
                Finding(verdict=Verdict.MET, quotation=quotation), self.readings.texts(assessment)
            )
            if faults:
                raise CellRefused(" ".join(faults.values()))
        return quotation

    def _is_met(self, row: Mapping[str, Cell]) -> bool:
        verdict = self.readings.meant(row, "verdict")
        try:
            return verdict is not None and self.verdict.read(verdict) == Verdict.MET
        except CellRefused:
            return False


@register
class FindingResource(Resource):
    """Findings of assessments: the user's own drafts, a row for each part of a clause.

    For NHQ reviewers, who make assessments; an administrator holds the imports but makes none, and so reviewers see
    the imports for this one alone. Findings come as a draft of the user's, which is submitted and approved on screen:
    never as approved, since somebody else than the author approves (domain rule 8).

    A row is about the draft of the arrangement's newest text against the latest clauses, as the pages of an assessment
    would begin it. Where there is none, the import begins one, and takes over what an earlier one found of parts that
    the file does not name, to be confirmed. What is approved never changes: a file about it begins another draft, which
    its author is warned of.
    """

    class Meta:
        model = Finding
        slug = "findings"
        title = gettext_lazy("Findings of assessments")
        key = ("arrangement", "part")
        roles = frozenset({Role.NHQ_REVIEWER})

    clause_set = ClauseSetField(
        attribute="part__clause__clause_set",
        label_en="Clause set",
        label_fr="Ensemble de clauses",
        lookup="code",
        also=("name_en", "name_fr"),
        required=True,
        example="information-sharing",
        help_text=gettext_lazy("Its code; the latest version is meant."),
    )
    arrangement = ArrangementField(
        attribute="assessment",
        label_en="Arrangement",
        label_fr="Entente",
        lookup="reference",
        example="WCA-2004-0001",
        help_text=gettext_lazy("Its number. Its newest text is meant, and your own draft of its assessment."),
    )
    part = PartField(
        label_en="Part",
        label_fr="Partie",
        lookup="pk",
        example="a.1",
    )
    verdict = ChoiceField(
        label_en="Verdict",
        label_fr="Verdict",
        required=True,
        example="Met",
        help_text=gettext_lazy("What was met needs a quotation from the document."),
    )
    quotation = QuotationField(
        label_en="Quotation",
        label_fr="Citation",
        example=(
            "The Participants recognize that Agency information stays in the ownership of the Agency "
            "after it has been supplied"
        ),
        help_text=gettext_lazy("The words of the arrangement that meet the part, as they stand in its document."),
    )
    quotation_language = LanguageField(
        label_en="Language of the quotation",
        label_fr="Langue de la citation",
        example="English",
        help_text=gettext_lazy("Where the words stand in the document, it is the document's."),
    )
    place = PlaceField(
        label_en="Place",
        label_fr="Endroit",
        example="p. 3, s. 7.1",
        help_text=gettext_lazy("Page or section of the quotation; left empty, it is looked up in the document."),
    )
    missing_en = TextField(
        label_en="What is missing, in English",
        label_fr="Ce qui manque, en anglais",
        help_text=gettext_lazy("Of a part that is not met."),
    )
    missing_fr = TextField(
        label_en="What is missing, in French",
        label_fr="Ce qui manque, en français",
        help_text=gettext_lazy("Of a part that is not met."),
    )
    note = TextField(
        label_en="Note",
        label_fr="Note",
        example="Read with the annexes",
        help_text=gettext_lazy("For those who read the assessment."),
    )

    def __init__(self, user: Reader) -> None:
        super().__init__(user)
        self.readings = Readings(user)
        for field in self.fields.values():
            if isinstance(field, ReadingField):
                field.readings = self.readings
                field.arrangement, field.clause_set = self.fields["arrangement"], self.fields["clause_set"]
        self.fields["quotation"].verdict = self.fields["verdict"]

    def importable(self) -> models.QuerySet:
        """Return the findings of the user's own drafts that a file may be about."""
        drafts = [row.pk for row in self.readings.open.values() if row.submitted_on is None]
        rows = Finding.objects.editable_by(self.user).filter(assessment__in=drafts)
        return rows.select_related("assessment__arrangement", "part__clause__clause_set")

    def preview(self, sheet: Sheet, said: Said = NOTHING, **options: Any) -> Preview:
        self.readings.choices = said.choices
        return super().preview(sheet, said, **options)

    def complete(self, row: PreviewRow) -> None:
        if not row.knows(*_WRITTEN):
            return
        values = row.values
        stored = {} if row.is_new else {name: getattr(row.before, name) for name in _WRITTEN}
        made = Finding(**stored | {name: values[name] for name in _WRITTEN if name in values})
        absent = {"place", "quotation_language"}.difference(values)
        if "place" in absent and (row.is_new or "quotation" in row.changed_names):
            made.place = ""
        if absent:
            assessing.settle(made, self.readings.texts(row["arrangement"]))
        # Whoever writes about a part that was taken over has looked at it.
        row.derive(is_carried=False, **{name: getattr(made, name) for name in sorted(absent)})

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        warned: set[int] = set()
        for row in rows:
            if (row.is_new or row.changed_names) and row.knows(*_QUOTED):
                self._check_quotation(row)
        for row in rows:
            draft = row["arrangement"]
            standing = self._standing.get((draft.arrangement_id, draft.clause_set.code))
            if draft.pk > 0 or standing is None or draft.pk in warned:
                continue
            warned.add(draft.pk)
            row.warn(
                _(
                    "The assessment of %(reference)s that was approved on %(day)s stands and never changes. "
                    "These rows begin another draft, which stands once somebody else approves it."
                )
                % {"reference": draft.arrangement.reference, "day": standing.approved_on},
                "arrangement",
            )

    @cached_property
    def _standing(self) -> dict[tuple[int, str], Assessment]:
        rows = Assessment.objects.visible_to(self.user).standing_on(self.readings.day).select_related("clause_set")
        return {(row.arrangement_id, row.clause_set.code): row for row in rows}

    def _check_quotation(self, row: PreviewRow) -> None:
        """Refuse words that do not stand in the document, or in another place of it."""
        made = Finding(**{name: getattr(row.instance, name) for name in _WRITTEN})
        for name, sentence in assessing.settle(made, self.readings.texts(row["arrangement"])).items():
            row.refuse(sentence, name)

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        """Begin the drafts that are not there, write what the file says of them, and what they take over."""
        attribution = self.attribution(reason)
        begun = {row["arrangement"].pk: row["arrangement"] for row in new if row["arrangement"].pk < 0}
        drafts = {key: self._beginning(draft) for key, draft in begun.items()}
        if drafts:
            Assessment.objects.bulk_create(drafts.values(), **attribution)
        findings = []
        for row in new:
            finding = row.instance
            finding.assessment = drafts.get(row["arrangement"].pk, row["arrangement"])
            findings.append(finding)
        told = {(finding.assessment_id, finding.part_id) for finding in findings}
        taken = assessing.carried_over(list(drafts.values()), self.readings.day) if drafts else []
        findings += [finding for finding in taken if (finding.assessment_id, finding.part_id) not in told]
        if changed:
            Finding.objects.bulk_update([row.instance for row in changed], [*_WRITTEN, "is_carried"], **attribution)
        if findings:
            Finding.objects.bulk_create(findings, **attribution)

    def _beginning(self, draft: Assessment) -> Assessment:
        return Assessment(
            arrangement=draft.arrangement,
            clause_set=draft.clause_set,
            document=draft.document,
            assessed_on=self.readings.day,
            author=draft.author,
        )

    def lock(self) -> None:
        # The acts on an assessment lock it first, and then its findings; so does this, and they wait for each other in
        # turn. No other text comes in meanwhile.
        lock_table(Assessment, "EXCLUSIVE")
        super().lock()
        lock_table(Document, "SHARE")

    def refusal(self, error: IntegrityError) -> str:
        if "approved" in str(error):
            return _("One of the assessments was approved meanwhile, and never changes. Look at the preview again.")
        return super().refusal(error)
