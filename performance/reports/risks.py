"""Exhibit 4: the risks that JFOs answer."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.reports import Parameters, register
from jfo_portal.kit.tables import Column
from registry.measures.strength import Place
from registry.models import RiskCoverage
from registry.models.jfos import RiskLevel

from .exhibits import RISK_EDITION, Exhibit, Table, by_kind_and_code, jfos_of


@register
class RisksByJFO(Exhibit):
    """Exhibit 4: how many risks of each level a program or JFO answers."""

    slug = "exhibit-4"
    title = _("Exhibit 4: Risks that JFOs answer")
    description = _(
        "How many high, medium and low risks of the 2011 Border Threat and Risk Assessment each program or JFO answers."
    )
    columns = (
        Column("jfo", _("Program or JFO"), is_header=True),
        Column("high", _("High risks"), "integer"),
        Column("medium", _("Medium risks"), "integer"),
        Column("low", _("Low risks"), "integer"),
    )

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        jfos = jfos_of(reader, parameters.region).as_of(parameters.as_of)
        coverage = (
            RiskCoverage.objects.visible_to(reader)
            .filter(risk__edition=RISK_EDITION, jfo__in=jfos)
            .select_related("jfo__program", "jfo__region", "risk")
        )
        by_line = grouped(
            sorted(coverage, key=lambda row: by_kind_and_code(Place.of(row.jfo))),
            lambda row: row.jfo.program.code if row.jfo.program.is_single_risk_line else row.jfo.code,
        )
        rows = []
        for line, covered in by_line.items():
            risks = {row.risk_id: row.risk.level for row in covered}
            rows.append({"jfo": line} | {level: list(risks.values()).count(level) for level in RiskLevel.values})
        note = gettext("A program or JFO that answers none of these risks is not listed.")
        return Table(rows, {}, [note])
