"""What the tests of imports are tried on: two resources over the registry's own models, and a little data."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.history import Door
from jfo_portal.kit.imports.fields import ChoiceField, CodeField, DateField, DecimalField, ForeignKeyField, TextField
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource
from registry.models import JFO, Assignment, Level, Officer, OfficerLevel, Program, Region, Role

START = date(2009, 4, 1)


class AssignmentResource(Resource):
    class Meta:
        model = Assignment
        slug = "test-assignments"
        title = _("Assignments")
        key = ("officer", "jfo", "start")
        roles = frozenset({Role.ADMINISTRATOR, Role.REGIONAL_MANAGER})

    officer = ForeignKeyField(label_en="Officer", label_fr="Employé", lookup="number", example="O-0042")
    jfo = ForeignKeyField(label_en="JFO", label_fr="OPC", lookup="code", also=("name_en", "name_fr"))
    start = DateField(label_en="First day", label_fr="Premier jour", example="2010-04-01")
    end = DateField(label_en="Last day", label_fr="Dernier jour")
    fte = DecimalField(label_en="FTE", label_fr="ETP", min=Decimal("0.01"), max=1, kind="fte", example="0.50")
    end_reason = ChoiceField(label_en="Reason for the end", label_fr="Motif de la fin")


class OfficerResource(Resource):
    """An officer with the open level, which is a row of another table."""

    class Meta:
        model = Officer
        slug = "test-officers"
        title = _("Officers")
        key = ("number",)
        roles = frozenset({Role.ADMINISTRATOR})

    number = CodeField(label_en="Number", label_fr="Numéro", example="O-0042")
    family_name = TextField(label_en="Family name", label_fr="Nom", example="Roy")
    given_name = TextField(label_en="Given name", label_fr="Prénom", example="Ana")
    function = ChoiceField(label_en="Function", label_fr="Fonction", example="IO")
    region = ForeignKeyField(label_en="Region", label_fr="Région", lookup="code", also=("code_fr",), example="QUE")
    start = DateField(label_en="First day", label_fr="Premier jour", example="2005-04-01")
    level = ChoiceField(label_en="Level", label_fr="Niveau", choices=Level.choices, example="FB-04")

    def importable(self) -> models.QuerySet:
        open_level = OfficerLevel.objects.filter(officer=OuterRef("pk"), end=None)
        return super().importable().annotate(level=Subquery(open_level.values("level")))

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        for row in rows:
            if row.values.get("level") is None:
                row.refuse("An officer has a level.", "level")

    def write(self, new: Sequence[PreviewRow], changed: Sequence[PreviewRow], *, reason: str) -> None:
        super().write(new, changed, reason=reason)
        OfficerLevel.objects.bulk_create(
            [OfficerLevel(officer=row.instance, level=row.values["level"], start=row.values["start"]) for row in new],
            by=self.user,
            reason=reason,
            door=Door.IMPORT,
        )


def make_region() -> Region:
    return Region.objects.create(code="TST", code_fr="TSF", name_en="Test", name_fr="Essai", start=START)


def make_officer(region: Region, number: str) -> Officer:
    return Officer.objects.create(
        number=number, family_name="Roy", given_name="Ana", function="IO", region=region, start=START
    )


def make_assignment() -> Assignment:
    """Half of T-0001's time on TST-1 from 2010-04-01, both in the region TST."""
    region = make_region()
    program = Program.objects.create(code="TESTS", name_en="Tests", name_fr="Essais", kind="regional")
    jfo = JFO.objects.create(
        code="TST-1", name_en="Operation One", name_fr="Opération Un", program=program, region=region, start=START
    )
    officer = make_officer(region, "T-0001")
    return Assignment.objects.create(officer=officer, jfo=jfo, start=date(2010, 4, 1), fte=Decimal("0.50"))
