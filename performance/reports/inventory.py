"""Appendix B: the JFOs of a day, who leads them, who takes part and what they are for."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.reports import Parameters, register
from jfo_portal.kit.tables import Column
from registry.measures.strength import Place
from registry.models import Agency, Kind, Participation, ParticipationRole

from .exhibits import KIND_CODES, Exhibit, Row, Table, by_kind_and_code, jfos_of, kind_column


def _agencies(name: str) -> Column:
    """Return a column of agencies: their keys for scripts and files, their short names on the page."""
    label = {"leads": _("Lead"), "partners": _("Who takes part")}[name]
    return Column(name, label, text=lambda row: ", ".join(row["short"].get(key, key) for key in row[name].split(", ")))


@register
class Inventory(Exhibit):
    """Appendix B: one line for each program with its JFOs counted by region, as the evaluation has it.

    Those who take part are the lead and the CBSA too; agencies and regions stand in the order of their keys.
    """

    slug = "appendix-b"
    title = _("Appendix B: Inventory of the JFOs")
    description = _("The JFOs of a day by program: who leads them, who takes part, in which regions, and what for.")
    columns = (
        Column("program", _("Program"), is_header=True),
        Column("name", _("Name")),
        kind_column(),
        _agencies("leads"),
        _agencies("partners"),
        Column("regions", _("JFOs by region")),
        Column("jfos", _("JFOs"), "integer"),
        Column("objectives", _("Objectives")),
    )

    def table(self, reader: Reader, parameters: Parameters) -> Table:
        jfos = jfos_of(reader, parameters.region).as_of(parameters.as_of).with_names()
        taking_part = grouped(
            Participation.objects.visible_to(reader)
            .as_of(parameters.as_of)
            .filter(jfo__in=jfos.order_by())
            .select_related("agency"),
            lambda row: row.jfo_id,
        )
        lines = grouped(sorted(jfos, key=lambda jfo: by_kind_and_code(Place.of(jfo))), lambda jfo: jfo.program.code)
        rows = [
            _line(code, of_program, [row for jfo in of_program for row in taking_part.get(jfo.pk, [])])
            for code, of_program in lines.items()
        ]
        note = gettext("Those who take part are named with the lead and the CBSA among them.")
        return Table(rows, {"jfos": sum(row["jfos"] for row in rows)}, [note])


def _line(code: str, jfos: list[Any], taking_part: list[Participation]) -> Row:
    agencies: Mapping[str, Agency] = {row.agency.key: row.agency for row in taking_part}
    leads = {row.agency.key for row in taking_part if row.role == ParticipationRole.LEAD}
    regions = Counter(jfo.region.code for jfo in jfos)
    place = Place.of(jfos[0])
    return {
        "program": code,
        "name": jfos[0].program.name,
        "kind": KIND_CODES[Kind(place.kind)],
        "leads": ", ".join(sorted(leads)),
        "partners": ", ".join(sorted(agencies)),
        "regions": ", ".join(f"{region} {number}" for region, number in sorted(regions.items())),
        "jfos": len(jfos),
        "objectives": _objectives(jfos),
        "short": {key: agency.short for key, agency in agencies.items()},
    }


def _objectives(jfos: list[Any]) -> str:
    """Return what the JFOs are for, each text once; one that another begins with is said by that one."""
    texts = list(dict.fromkeys(jfo.objectives for jfo in jfos if jfo.objectives))
    return " ".join(text for text in texts if not any(other != text and other.startswith(text) for other in texts))
