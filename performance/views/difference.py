"""JFO officers beside other officers: what each group opened, how sure the difference is, and what would close it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import formats
from jfo_portal.kit.charts import Dot, DotPlot, DotRow, Series
from jfo_portal.kit.tables import Cell, Column, cells
from jfo_portal.kit.views import Heading, headings_of, rows_of
from performance.charts import STYLES, Figure
from performance.measures.activity import Group
from performance.measures.difference import Why
from performance.measures.quality import caveats
from performance.reports.activity import ActivityByKind
from performance.reports.difference import GROUPS, ActivityComparison, kind_label, reading_notes
from performance.reports.exhibits import Row, Table, figure_column

from .own import OwnFiguresPage

# The groups of the report's columns, as lists of files and charts call them.
FILE_GROUPS = {"jfo": Group.JFO, "others": Group.NON_JFO}
SPREAD = ("officers", "mean", "median", "deviation", "lower", "upper")
DRAWN = ("kind", "jfo_mean", "jfo_low", "jfo_high", "others_mean", "others_low", "others_high")
DIFFERENCE = ("difference", "low", "high", "counting_all", "tipping", "tipping_low", "tipping_high", "cannot")


class Comparison(OwnFiguresPage):
    """The comparison of a fiscal year, of the reader's officers; the national means of Exhibit 7 for managers."""

    template_name = "performance/difference.html"
    title = gettext_lazy("JFO officers beside other officers")
    slug = ActivityComparison.slug

    @cached_property
    def table(self) -> Table:
        return ActivityComparison().rows(self.reader, self.parameters)

    @cached_property
    def case(self) -> Row | None:
        """The row of cases, of which the page speaks; None without files."""
        return next((row for row in self.table if row["kind"] == "case"), None)

    def figures(self) -> dict[str, Figure]:
        if not self.table:
            return {}
        columns = [self.report.column(name) for name in DRAWN]
        series = [
            Series(
                _("%(group)s (n = %(number)s)")
                % {"group": label, "number": formats.number(self.table[0][f"{group}_officers"])},
                STYLES[FILE_GROUPS[group]],
            )
            for group, label in GROUPS.items()
        ]
        chart = DotPlot(
            id="comparison",
            title=self.finding(),
            description=_(
                "%(place)s: mean number of IMS files that an officer with at least one file opened in fiscal year "
                "%(year)s, by kind. The line through a mark is the interval that holds 95%% of the means drawn anew."
            )
            % {"place": self.place, "year": self.year},
            headers=[column.label for column in columns],
            rows=[cells(columns, row) for row in self.table],
            series=series,
            categories=[
                DotRow(kind_label(row["kind"]), [self._dot(row, group) for group in GROUPS]) for row in self.table
            ],
        )
        return {"comparison": Figure(chart, columns, self.table)}

    def _dot(self, row: Row, group: str) -> Dot:
        mean = row[f"{group}_mean"]
        text = _("No officer with files") if mean is None else formats.text(mean, "decimal")
        href = None if mean is None else self.files(row["kind"], group)
        return Dot(mean, text, href, low=row[f"{group}_low"], high=row[f"{group}_high"])

    def files(self, kind: str, group: str) -> str | None:
        """Return the address of the files behind a mean; None where it would list others."""
        if not self.is_listed:
            return None
        return self.address("performance-files", kind=None if kind == "total" else kind, group=FILE_GROUPS[group].value)

    # In words

    def caveats(self) -> list[str]:
        """Return who is in none of the means."""
        counted = self.table[0]
        return caveats(
            {
                "group": FILE_GROUPS[group].value,
                "officers": counted[f"{group}_officers"],
                "without_files": self.table.totals[f"{group}_without"],
            }
            for group in GROUPS
        )

    def finding(self) -> str:
        """Return how many more or fewer cases JFO officers opened, and how sure that is."""
        row = self.case
        if row is None or row["difference"] is None:
            return _("IMS files per officer, by kind")
        said = {
            "number": formats.number(abs(row["difference"]), 1),
            "low": signed(row["low"]),
            "high": signed(row["high"]),
        }
        if row["difference"] == 0:
            return _("JFO officers opened as many cases each as other officers")
        is_more = row["difference"] > 0
        if row["low"] is None:
            sentence = (
                _("JFO officers opened %(number)s more cases each than other officers; how sure is not known")
                if is_more
                else _("JFO officers opened %(number)s fewer cases each than other officers; how sure is not known")
            )
        elif row["low"] <= 0 <= row["high"]:
            sentence = _(
                "JFO officers and other officers may have opened as many cases each: the difference lies between "
                "%(low)s and %(high)s"
            )
        else:
            sentence = (
                _("JFO officers opened %(number)s more cases each than other officers: between %(low)s and %(high)s")
                if is_more
                else _(
                    "JFO officers opened %(number)s fewer cases each than other officers: between %(low)s and %(high)s"
                )
            )
        return sentence % said

    def tipping(self) -> list[str]:
        """Return what would close the difference in cases, and what those without an entry do to it."""
        row = self.case
        if row is None:
            return []
        return [*self._what_closes(row), *self._counting_all(row)]

    def _what_closes(self, row: Row) -> list[str]:
        if row["cannot"]:
            return [_("Unrecorded cases that would close the difference. %(why)s") % {"why": Why(row["cannot"]).label}]
        sentences = [
            _(
                "If each of the %(officers)s other officers with files had opened %(number)s cases more that IMS does "
                "not hold, the difference in cases would be closed; the interval is %(low)s to %(high)s."
            )
            % {
                "officers": formats.number(row["others_officers"]),
                "number": formats.number(row["tipping"], 1),
                "low": formats.number(row["tipping_low"], 1),
                "high": formats.number(row["tipping_high"], 1),
            }
        ]
        if row["others_mean"]:
            sentences.append(
                _("That is %(share)s of what they are on record with, %(mean)s cases each.")
                % {
                    "share": formats.percent(row["tipping"] / row["others_mean"], 0),
                    "mean": formats.number(row["others_mean"], 1),
                }
            )
        return sentences

    def _counting_all(self, row: Row) -> list[str]:
        if row["counting_all"] is None or row["difference"] is None:
            return []
        without = self.table.totals
        if not without["jfo_without"] and not without["others_without"]:
            return []
        return [
            _(
                "JFO officers without an entry: %(jfo)s; other officers without one: %(others)s. Counted as having "
                "opened nothing, they make the difference in cases %(all)s in place of %(difference)s."
            )
            % {
                "jfo": formats.number(without["jfo_without"]),
                "others": formats.number(without["others_without"]),
                "all": signed(row["counting_all"]),
                "difference": signed(row["difference"]),
            }
        ]

    # Tables

    def group_columns(self) -> list[Column]:
        names = {
            "officers": (_("Officers with files (n)"), "integer"),
            "mean": (_("Mean"), "decimal"),
            "median": (_("Median"), "decimal"),
            "deviation": (_("Standard deviation"), "decimal"),
            "lower": (_("Lower quartile"), "decimal"),
            "upper": (_("Upper quartile"), "decimal"),
        }
        return [
            Column("kind", _("Kind of file"), text=lambda row: kind_label(row["kind"]), is_header=True),
            Column("group", _("Group"), text=lambda row: str(GROUPS[row["group"]])),
            *(
                replace(
                    figure_column(name, *names[name]),
                    href=self._ways.get(name),
                )
                for name in SPREAD
            ),
        ]

    @property
    def _ways(self) -> dict[str, Any]:
        """What leads from a number of officers to them, and from a mean to the files behind it."""

        def officers(row: Row) -> str | None:
            group = FILE_GROUPS[row["group"]].value
            return self.address("performance-officers", files="yes", group=group) if row["officers"] else None

        def files(row: Row) -> str | None:
            return self.files(row["kind"], row["group"]) if row["officers"] else None

        return {"officers": officers, "mean": files}

    def group_rows(self) -> list[Row]:
        return [
            {"kind": row["kind"], "group": group} | {name: row[f"{group}_{name}"] for name in SPREAD}
            for row in self.table
            for group in GROUPS
        ]

    def difference_columns(self) -> list[Column]:
        kind = self.report.column("kind")
        columns = [self.report.column(name) for name in DIFFERENCE]
        return [kind, *(replace(one, text=_sign_of(one.name)) if one.name in SIGNED else one for one in columns)]

    def national(self) -> tuple[list[Heading], list[list[Cell]], Sequence[str]] | None:
        """Return Exhibit 7 of all regions, as it may be shown to the reader; None for those who see everything."""
        if self.reader.sees_everything:
            return None
        exhibit = ActivityByKind()
        everywhere = replace(self.parameters, region=None)
        rows = exhibit.rows(self.reader, everywhere)
        return (
            headings_of(exhibit.columns),
            rows_of(exhibit.columns, rows),
            exhibit.notes(rows, self.reader, everywhere),
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if self.error:
            return context
        columns, others = self.group_columns(), self.difference_columns()
        said: Mapping[str, str] = {"place": self.place, "year": str(self.year)}
        return context | {
            "charts": self.charts(),
            "reading": reading_notes(),
            "caveats": self.caveats() if self.table else [],
            "quality_href": self.address("performance-quality"),
            "tipping": self.tipping(),
            "group_headings": headings_of(columns),
            "group_rows": rows_of(columns, self.group_rows()),
            "group_caption": _("What each group opened: %(place)s, fiscal year %(year)s") % said,
            "difference_headings": headings_of(others),
            "difference_rows": rows_of(others, self.table),
            "difference_caption": _("The difference: %(place)s, fiscal year %(year)s") % said,
            "notes": self.table.notes,
            "national": self.national(),
            "exhibit_href": f"{reverse('report', args=[ActivityByKind.slug])}?fy={self.year}",
            "without_href": self.address("performance-quality-officers") if self.table else "",
        }


SIGNED = frozenset({"difference", "low", "high", "counting_all"})


def signed(value: Any) -> str:
    """Return the number with its sign, as a difference is read; an en dash where there is none."""
    if value is None:
        return formats.NO_VALUE
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return sign + formats.number(abs(value), 1)


def _sign_of(name: str) -> Any:
    return lambda row: signed(row[name])
