"""Exhibit 4: the risks that JFOs answer; and each risk with the JFOs that answer it and what they cost."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.reports import Parameters, Report, register
from jfo_portal.kit.tables import Column
from registry.measures.strength import Place
from registry.models import Assignment, RiskCoverage, RiskEdition
from registry.models.jfos import RiskLevel

from ..measures.cost import half_up, pays
from ..measures.risks import Spread, Ticks, spread, ticks_on
from .exhibits import RISK_ASSESSMENT, Exhibit, Row, Table, by_kind_and_code, jfos_of, region_codes


@register
class RisksByJFO(Exhibit):
    """Exhibit 4: how many risks of each level a program or JFO answers."""

    slug = "exhibit-4"
    title = _("Exhibit 4: Risks that JFOs answer")
    description = _(
        "How many high, medium and low risks of the Border Threat and Risk Assessment each program or JFO answers, by "
        "the edition in force on the day."
    )
    columns = (
        Column("jfo", _("Program or JFO"), is_header=True),
        Column("high", _("High risks"), "integer"),
        Column("medium", _("Medium risks"), "integer"),
        Column("low", _("Low risks"), "integer"),
    )

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        editions = RiskEdition.objects.in_force_on(parameters.as_of).filter(assessment=RISK_ASSESSMENT)
        jfos = jfos_of(reader, parameters.region).as_of(parameters.as_of)
        coverage = (
            RiskCoverage.objects.visible_to(reader)
            .filter(risk__edition__in=editions.values("code"), jfo__in=jfos)
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
        in_force = [edition.name for edition in editions]
        notes = [gettext("A program or JFO that answers none of these risks is not listed.")]
        notes.append(
            gettext("Edition in force: %(edition)s.") % {"edition": in_force[0]}
            if in_force
            else gettext("No edition of the assessment on record was in force on %(day)s.")
            % {"day": formats.day(parameters.as_of)}
        )
        return Table(rows, {}, notes)


@dataclass(frozen=True)
class RiskFigures:
    """What the JFOs of a year's last day answer, and what those whose cost the reader may see cost in the year."""

    year: FiscalYear
    ticks: Ticks
    costs: Mapping[str, Fraction]
    spread: Spread


def risk_figures(reader: Reader, year: FiscalYear, region: str | None) -> RiskFigures:
    """Return the figures of one region's JFOs, or of all; a manager's costs are those of the JFOs of own regions.

    Seven queries.
    """
    jfos = jfos_of(reader, region)
    ticks = ticks_on(jfos, year.last_day)
    costs: dict[str, Fraction] = defaultdict(Fraction)
    for pay in pays(Assignment.objects.filter(jfo__in=jfos.of_own_regions(reader)), year):
        costs[pay.jfo] += pay.cost.salaries
    return RiskFigures(year, ticks, costs, spread(costs, ticks))


@register
class RiskCosts(Report):
    """Each risk in force: how many JFOs answer it, and its part of what they cost."""

    slug = "risk-coverage"
    title = _("Risks: coverage and cost")
    description = _(
        "How many JFOs answer each risk at the end of a fiscal year, and how what they cost spreads over risks."
    )
    uses = ("fy", "region")
    columns = (
        Column("risk", _("Risk"), is_header=True),
        Column("level", _("Level"), text=lambda row: str(RiskLevel(row["level"]).label)),
        Column("edition", _("Edition")),
        Column("jfos", _("JFOs that answer it"), "integer"),
        Column("cost", _("Salaries spread over risks"), "money"),
    )
    measures = (Column("without", _("Salaries of JFOs that answer no risk"), "money"),)

    def regions(self) -> list[str]:
        return region_codes()

    def rows(self, reader: Reader, parameters: Parameters) -> Table:
        """Return a row for each risk, high ones first."""
        return self.table_of(reader, risk_figures(reader, parameters.fiscal_year, parameters.region))

    def table_of(self, reader: Reader, figures: RiskFigures) -> Table:
        """Return the rows, totals and notes; no query."""
        rows: list[Row] = [
            {
                "risk": risk.name,
                "code": risk.code,
                "level": risk.level,
                "edition": risk.edition,
                "jfos": len(figures.ticks.answering(risk)),
                "cost": int(half_up(figures.spread.by_risk[risk.pk])),
            }
            for risk in figures.ticks.risks
        ]
        totals = {
            "cost": int(half_up(figures.spread.total - figures.spread.without)),
            "without": int(half_up(figures.spread.without)),
        }
        return Table(rows, totals, _how(reader, figures.spread))

    def totals(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> Row:
        return (rows if isinstance(rows, Table) else self.rows(reader, parameters)).totals

    def notes(self, rows: Sequence[Mapping[str, Any]], reader: Reader, parameters: Parameters) -> list[str]:
        return list((rows if isinstance(rows, Table) else self.rows(reader, parameters)).notes)


def _how(reader: Reader, spread: Spread) -> list[str]:
    notes = [
        gettext(
            "A JFO’s salaries are spread over the risks it answers: by weight where each of its ticks has one, and "
            "equally otherwise. By weight: %(weighted)s. Equally: %(equal)s."
        )
        % {
            "weighted": ngettext("%(count)s JFO", "%(count)s JFOs", len(spread.weighted))
            % {"count": formats.number(len(spread.weighted))},
            "equal": ngettext("%(count)s JFO", "%(count)s JFOs", len(spread.equal))
            % {"count": formats.number(len(spread.equal))},
        },
        gettext("Each amount is rounded once, so that the lines need not add to the total to the dollar."),
        gettext(
            "What an officer did against which risk is not on record: this is where effort may go, not where it went."
        ),
    ]
    if not reader.sees_everything:
        notes.append(gettext("Salaries are those of the JFOs of your regions; JFOs are counted in all."))
    return notes
