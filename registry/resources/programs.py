"""The import of programs, the families that JFOs belong to."""

from django.utils.translation import gettext_lazy

from jfo_portal.kit.imports.fields import ChoiceField, CodeField, TextField, YesNoField
from jfo_portal.kit.imports.resources import Resource, register

from ..models import Program, Role


@register
class ProgramResource(Resource):
    """Programs: the code tells which one a row means."""

    class Meta:
        model = Program
        slug = "programs"
        title = gettext_lazy("Programs")
        key = ("code",)
        roles = frozenset({Role.ADMINISTRATOR})

    code = CodeField(
        label_en="Code",
        label_fr="Code",
        example="IBET",
        help_text=gettext_lazy("It tells which program the row is about, and never changes."),
    )
    name_en = TextField(
        label_en="Name in English",
        label_fr="Nom en anglais",
        required=True,
        example="Integrated Border Enforcement Teams",
    )
    name_fr = TextField(
        label_en="Name in French",
        label_fr="Nom en français",
        required=True,
        example="Équipes intégrées de la police des frontières",
    )
    kind = ChoiceField(label_en="Kind", label_fr="Type", required=True, example="Bi-national")
    is_single_risk_line = YesNoField(
        label_en="One line in the risk exhibit",
        label_fr="Une ligne dans la pièce sur les risques",
        help_text=gettext_lazy("Whether Exhibit 4 shows the program's JFOs as one line."),
    )
