"""Risk coverage against cost: who answers which risk at the end of a fiscal year, and where what JFOs cost may go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.charts import Bar, Bars
from jfo_portal.kit.reports import Parameters
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, headings_of, rows_of
from performance.charts import Figure, make_figure
from performance.measures.cost import half_up
from performance.measures.risks import active_jfos, costly_on_low_risk, is_stale
from performance.reports.exhibits import Table, jfos_of
from performance.reports.risks import RiskCosts, RiskFigures, risk_figures
from registry.models import Risk
from registry.models.jfos import RiskLevel

from .figures import FiguresPage


@dataclass(frozen=True)
class MatrixRow:
    """A JFO in the matrix: whether it answers each risk, and its salaries in words where the reader may see them."""

    jfo: str
    href: str
    ticks: Sequence[tuple[str, bool]]
    cost: str


class RiskPage(FiguresPage):
    """The matrix of JFOs and risks, risks that few answer, cost spread over risks, and ticks that want a look."""

    template_name = "performance/risks.html"
    section = "performance"
    title = gettext_lazy("Risk coverage and cost")

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Performance"), f"{reverse('performance')}?fy={self.year}")]

    def read_parameters(self, data: Mapping[str, str]) -> Parameters:
        return RiskCosts().parameters(data)

    @cached_property
    def found(self) -> RiskFigures:
        return risk_figures(self.reader, self.year, self.parameters.region)

    @cached_property
    def table(self) -> Table:
        return RiskCosts().table_of(self.reader, self.found)

    def figures(self) -> dict[str, Figure]:
        rows = sorted(self.table, key=lambda row: (-row["cost"], row["risk"]))
        total = self.table.totals["cost"]
        if not total:
            return {}
        first = rows[0]
        title = _("%(risk)s takes the largest part of salaries: %(amount)s, %(share)s") % {
            "risk": first["risk"],
            "amount": formats.money(first["cost"]),
            "share": formats.percent(formats.rounded(first["cost"] / total, 3)),
        }
        return {
            "risks": make_figure(
                Bars,
                RiskCosts.columns,
                rows,
                id="risks",
                title=title,
                description=_(
                    "Salaries of fiscal year %(year)s spread over the risks that JFOs answer: %(place)s. At the right: "
                    "how many JFOs answer the risk."
                )
                % {"year": self.year, "place": self.places.label(self.parameters.region)},
                bars=[
                    Bar(
                        row["risk"],
                        row["cost"],
                        _("%(amount)s, %(jfos)s")
                        % {"amount": formats.money(row["cost"]), "jfos": formats.number(row["jfos"])},
                    )
                    for row in rows
                ],
            )
        }

    def matrix(self) -> list[MatrixRow]:
        ticks, costs = self.found.ticks, self.found.costs
        return [
            MatrixRow(
                jfo,
                reverse("jfo", args=[jfo]),
                [(risk.name, risk.pk in answered) for risk in ticks.risks],
                formats.money(half_up(costs[jfo])) if jfo in costs else formats.NO_VALUE,
            )
            for jfo in ticks.jfos
            for answered in [{tick.risk_id for tick in ticks.by_jfo.get(jfo, ())}]
        ]

    def levels(self) -> list[tuple[str, int]]:
        """Return the groups of the matrix's columns, each with its number of risks."""
        counts = {level: sum(risk.level == level for risk in self.found.ticks.risks) for level in RiskLevel}
        return [(str(level.label), number) for level, number in counts.items() if number]

    def stale(self) -> list[dict[str, Any]]:
        """Return the JFOs with ticks that nobody looked at for a year, how many, and when the last one was."""
        day = self.year.last_day
        found = []
        for jfo in self.found.ticks.jfos:
            own = [tick for tick in self.found.ticks.by_jfo.get(jfo, ()) if is_stale(tick, day)]
            if own:
                last = max((tick.confirmed_on for tick in own if tick.confirmed_on), default=None)
                found.append({"jfo": jfo, "ticks": len(own), "last": last})
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {"uses": ("fy", "region"), "regions": self.region_choices()}
        if self.error:
            return context
        ticks = self.found.ticks
        own = jfos_of(self.reader, self.parameters.region).of_own_regions(self.reader)
        mine = frozenset(own.values_list("code", flat=True))
        idle = [jfo for jfo in ticks.with_nothing_behind(active_jfos(own.order_by(), self.year)) if jfo in mine]
        stale = self.stale()
        return context | {
            "editions": ticks.editions,
            "place": self.places.label(self.parameters.region),
            "is_narrow_reader": not self.reader.sees_everything,
            "uncovered": _names(ticks.answered_by(0)),
            "once": [(risk.name, ticks.answering(risk)[0]) for risk in ticks.answered_by(1, [RiskLevel.HIGH])],
            "chart": self.charts().get("risks"),
            "notes": self.table.notes,
            "report": f"{reverse('report', args=[RiskCosts.slug])}?fy={self.year}"
            + (f"&region={self.parameters.region}" if self.parameters.region else ""),
            "levels": self.levels(),
            "risks": ticks.risks,
            "matrix": self.matrix(),
            "matrix_caption": ngettext(
                "%(count)s JFO by the risks it answers", "%(count)s JFOs by the risks they answer", len(ticks.jfos)
            )
            % {"count": formats.number(len(ticks.jfos))},
            "answering": [len(ticks.answering(risk)) for risk in ticks.risks],
            "costly": costly_on_low_risk(self.found.costs, ticks),
            "idle": idle,
            "stale_caption": ngettext(
                "%(count)s JFO with ticks not confirmed for a year",
                "%(count)s JFOs with ticks not confirmed for a year",
                len(stale),
            )
            % {"count": formats.number(len(stale))},
            "stale_headings": headings_of(STALE),
            "stale": rows_of(STALE, stale),
        }


STALE = (
    Column(
        "jfo", gettext_lazy("JFO"), is_header=True, href=lambda row: reverse("jfo-part", args=[row["jfo"], "risks"])
    ),
    Column("ticks", gettext_lazy("Ticks not confirmed for a year"), "integer"),
    Column("last", gettext_lazy("Last confirmed on"), "date"),
)


def _names(risks: Sequence[Risk]) -> list[str]:
    return [_("%(risk)s (%(level)s)") % {"risk": risk.name, "level": RiskLevel(risk.level).label} for risk in risks]
