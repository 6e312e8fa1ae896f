"""The figures of one JFO, and of one officer, in a fiscal year: the last steps from the national page down."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.reports import Parameters
from jfo_portal.kit.tables import Column
from jfo_portal.kit.views import Crumb, RowPage, headings_of, rows_of
from performance.charts import Figure
from performance.drill_charts import Beside, by_kind, by_month, by_status
from performance.drilling import address
from performance.file_filters import serving_in
from performance.file_tables import officer_address
from performance.freshness import ims_span
from performance.measures.activity import Group
from performance.measures.cost import Cost, half_up, total_cost
from performance.measures.quality import caveats
from performance.measures.rates import Rates, rates_of
from performance.measures.serving import Opened, opened, opened_by_month
from performance.models import Claim, ImsFile, ImsFileQuerySet, ImsStatus
from performance.reports.cost import no_benefit_rate
from registry.models import JFO, Assignment, Officer, Region
from registry.models.assignments import AssignmentQuerySet
from registry.tables import sees_officers_of

from .figures import FiguresPage


class _Level(FiguresPage):
    """One JFO or officer in a fiscal year, beside the mean of others; `row` is it, 404 where the reader may not see it.

    `files` are all files of it that the reader may see, and `compared_files` those beside which they stand.
    """

    template_name = "performance/level.html"
    section = "performance"
    is_one = False

    @property
    def row(self) -> Any:
        raise NotImplementedError

    @property
    def label(self) -> str:
        """What the figures are of, in words."""
        raise NotImplementedError

    @property
    def files(self) -> ImsFileQuerySet:
        raise NotImplementedError

    @property
    def compared_files(self) -> ImsFileQuerySet:
        raise NotImplementedError

    def compared_label(self, officers: int) -> str:
        """Return whose mean stands beside the figures."""
        raise NotImplementedError

    def to_files(self, **narrower: str) -> str | None:
        """Return the list of the files behind a figure."""
        raise NotImplementedError

    @property
    def service(self) -> AssignmentQuerySet:
        """The assignments whose cost is shown."""
        raise NotImplementedError

    @property
    def pay_address(self) -> str | None:
        """Return the list of what each assignment cost."""
        raise NotImplementedError

    @property
    def is_shown(self) -> bool:
        """Whether the reader is told of the officers behind it."""
        return True

    def get_title(self) -> str:
        return _("Performance: %(place)s") % {"place": self.label}

    def read_parameters(self, data: Mapping[str, str]) -> Parameters:
        self.row  # noqa: B018  (404 before anything is said of it)
        return super().read_parameters(data)

    @cached_property
    def own(self) -> Opened:
        return opened(self.files, self.year)

    @cached_property
    def compared(self) -> Opened:
        return opened(self.compared_files, self.year)

    @cached_property
    def rates(self) -> Rates:
        return rates_of(self.year)

    @cached_property
    def cost(self) -> Cost:
        return total_cost(self.service, self.year, self.rates)

    def figures(self) -> dict[str, Figure]:
        if not self.is_shown or not self.own.officers:
            return {}
        labels = (self.own_label, self.compared_label(self.compared.officers))
        kinds = Beside(labels[0], self.own.kinds, labels[1], self.compared.kinds, self.is_one)
        statuses = Beside(labels[0], self.own.statuses, labels[1], self.compared.statuses, self.is_one)
        return {
            "kinds": by_kind(kinds, self.year, self.to_files),
            "statuses": by_status(statuses, self.year, self.to_files),
            "months": by_month(opened_by_month(self.files, self.year), self.label, self.year, self.to_files),
        }

    @property
    def own_label(self) -> str:
        return self.label

    def file_name(self, name: str) -> str:
        return f"{name}-{self.year}-{self.row}".lower()

    def cost_facts(self) -> list[tuple[str, str, str | None]]:
        """Return the label, the text and the link of each figure of cost; none where nobody served."""
        if not self.cost.fte_years and not self.cost.unpaid_days:
            return []
        rate = self.rates.benefits
        return [
            (_("FTE-years paid"), formats.text(half_up(self.cost.fte_years, 2), "fte"), self.pay_address),
            (_("Salaries"), formats.money(half_up(self.cost.salaries)), self.pay_address),
            (
                _("Salaries and benefits"),
                no_benefit_rate(self.year) if rate is None else formats.money(half_up(self.cost.total(rate))),
                None,
            ),
        ]

    def cost_note(self) -> str:
        days = self.cost.unpaid_days
        if not days:
            return ""
        return ngettext(
            "%(days)s day of an assignment has no salary rate and costs nothing here.",
            "%(days)s days of assignments have no salary rate and cost nothing here.",
            days,
        ) % {"days": formats.number(days)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {
            "label": self.label,
            "is_shown": self.is_shown,
            "is_of_own_regions": not self.reader.sees_everything,
        }
        if self.error:
            return context
        if not self.is_shown:
            return context | self.for_everybody()
        return (
            context
            | self.for_everybody()
            | {
                "activity_charts": self.charts().values(),
                "caveats": self.caveats(),
                "span": ims_span(),
                "cost_facts": self.cost_facts(),
                "cost_note": self.cost_note(),
            }
        )

    def caveats(self) -> list[str]:
        """Return what to keep in mind with the figures."""
        return []

    def for_everybody(self) -> dict[str, Any]:
        """Return what everybody may read of it."""
        return {}


class JFOFigures(_Level):
    """One JFO: what its officers opened, what it cost, what it claims.

    Of another region's JFO, a manager reads what is not about its officers.
    """

    @cached_property
    def row(self) -> JFO:
        found: JFO = RowPage.found(JFO.objects.visible_to(self.reader).with_names(), code=self.kwargs["code"])
        return found

    @property
    def label(self) -> str:
        return self.row.code

    @property
    def is_shown(self) -> bool:
        return sees_officers_of(self.row, self.reader)

    def crumbs(self) -> Sequence[Crumb]:
        region = self.row.region
        return [
            Crumb(_("Performance"), f"{reverse('performance')}?fy={self.year}"),
            Crumb(region.name, f"{reverse('performance-region', args=[region.code])}?fy={self.year}"),
        ]

    @property
    def serving(self) -> AssignmentQuerySet:
        """The assignments to it in the year of the officers the reader may see."""
        serving = Assignment.objects.visible_to(self.reader).filter(jfo=self.row)
        return serving.during(self.year.first_day, self.year.last_day).order_by()

    @property
    def files(self) -> ImsFileQuerySet:
        return ImsFile.objects.visible_to(self.reader).filter(officer__in=self.serving.values("officer"))

    @property
    def compared_files(self) -> ImsFileQuerySet:
        serving = serving_in(self.year).filter(officer=OuterRef("officer"))
        return ImsFile.objects.visible_to(self.reader).filter(Exists(serving), region=self.row.region)

    @property
    def own_label(self) -> str:
        return _("%(jfo)s (n = %(number)s)") % {"jfo": self.row.code, "number": formats.number(self.own.officers)}

    def compared_label(self, officers: int) -> str:
        return _("JFO officers, %(region)s (n = %(number)s)") % {
            "region": self.row.region.short,
            "number": formats.number(officers),
        }

    def to_files(self, **narrower: str) -> str | None:
        return address("performance-files", fy=str(self.year), jfo=self.row.code, **narrower)

    @property
    def service(self) -> AssignmentQuerySet:
        # A sum of the reader's own region, whichever region employs the officers, as in Exhibit 11.
        return Assignment.objects.filter(jfo=self.row)

    @cached_property
    def pay_address(self) -> str | None:
        in_year = self.service.during(self.year.first_day, self.year.last_day)
        is_whole = (
            self.reader.sees_everything or not in_year.exclude(officer__region__in=self.reader.scope_ids).exists()
        )
        return address("performance-pay", fy=str(self.year), jfo=self.row.code) if is_whole else None

    @cached_property
    def officers(self) -> list[dict[str, Any]]:
        """The officers on it in the year whom the reader may see, by number, with their assignments."""
        rows = self.serving.select_related("officer").order_by("officer__number", "start")
        return [
            {
                "number": row.officer.number,
                "name": row.officer.name,
                "fte": row.fte,
                "dates": row.dates,
                "href": officer_address(row.officer.number, self.year) + f"&jfo={self.row.code}",
            }
            for row in rows
        ]

    def caveats(self) -> list[str]:
        with_files = self.own.officers
        serving = len({row["number"] for row in self.officers})
        return caveats(
            [
                {
                    "group": Group.JFO,
                    "officers": with_files,
                    "without_files": serving - with_files,
                    "files": self.own.kinds.total,
                    "unspecified": self.own.statuses.counts[ImsStatus.UNSPECIFIED],
                }
            ]
        )

    def for_everybody(self) -> dict[str, Any]:
        outcomes = Claim.objects.visible_to(self.reader).filter(jfo=self.row, event__fiscal_year=self.year.start_year)
        jfo, year = self.row.code, str(self.year)
        context = {
            "outcomes": formats.number(outcomes.count()),
            "outcomes_href": address("performance-outcome-list", fy=year, jfo=jfo),
            "expectations_href": address("performance-expectations", fy=year, jfo=jfo),
            "jfo_href": self.row.get_absolute_url(),
            "is_of_a_jfo": True,
        }
        if not self.is_shown:
            return context
        columns = [
            Column("number", _("Number"), href=lambda row: row["href"], is_header=True),
            Column("name", _("Name")),
            Column("fte", _("FTE"), "fte"),
            Column("dates", _("Days")),
        ]
        rows = self.officers
        return context | {
            "officer_headings": headings_of(columns),
            "officer_rows": rows_of(columns, rows),
            "officer_caption": ngettext(
                "%(count)s assignment to this JFO in the year",
                "%(count)s assignments to this JFO in the year",
                len(rows),
            )
            % {"count": formats.number(len(rows))},
        }


class OfficerFigures(_Level):
    """One officer, for those who may see the officer: counts beside the mean of the region that employed the officer
    on the year's last day, where the reader sees its officers, else of the one that employs the officer now.

    No page sets officers beside one another. `?jfo=` is the JFO from whose page one came.
    """

    is_one = True

    @cached_property
    def row(self) -> Officer:
        found: Officer = RowPage.found(
            Officer.objects.visible_to(self.reader).with_names(), number=self.kwargs["number"]
        )
        return found

    @property
    def label(self) -> str:
        return _("%(name)s, %(number)s") % {"name": self.row.name, "number": self.row.number}

    @property
    def own_label(self) -> str:
        return self.row.number

    def file_name(self, name: str) -> str:
        return f"{name}-{self.year}-{self.row.number}".lower()

    @cached_property
    def posts(self) -> list[Assignment]:
        """The officer's assignments in the year."""
        return list(
            Assignment.objects.visible_to(self.reader)
            .filter(officer=self.row)
            .during(self.year.first_day, self.year.last_day)
            .with_names()
            .order_by("jfo__code", "start")
        )

    def crumbs(self) -> Sequence[Crumb]:
        codes = list(dict.fromkeys(post.jfo.code for post in self.posts))
        asked = self.request.GET.get("jfo", "")
        through = [asked] if asked in codes else codes[:1]
        region = next((post.jfo.region for post in self.posts if post.jfo.code in through), self.row.region)
        return [
            Crumb(_("Performance"), f"{reverse('performance')}?fy={self.year}"),
            Crumb(region.name, f"{reverse('performance-region', args=[region.code])}?fy={self.year}"),
            *(Crumb(code, f"{reverse('performance-jfo', args=[code])}?fy={self.year}") for code in through),
        ]

    @property
    def files(self) -> ImsFileQuerySet:
        return ImsFile.objects.visible_to(self.reader).filter(officer=self.row)

    @cached_property
    def region(self) -> Region:
        """The region whose mean stands beside the counts; one query."""
        postings = self.row.postings.as_of(self.year.last_day).select_related("region")
        then = next((posting.region for posting in postings), self.row.region)
        return then if self.reader.sees_everything or then.pk in self.reader.scope_ids else self.row.region

    @property
    def compared_files(self) -> ImsFileQuerySet:
        return ImsFile.objects.visible_to(self.reader).filter(region=self.region)

    def compared_label(self, officers: int) -> str:
        return _("Mean of the region, %(region)s (n = %(number)s)") % {
            "region": self.region.short,
            "number": formats.number(officers),
        }

    def to_files(self, **narrower: str) -> str | None:
        return address("performance-files", fy=str(self.year), officer=self.row.number, **narrower)

    @property
    def service(self) -> AssignmentQuerySet:
        return Assignment.objects.visible_to(self.reader).filter(officer=self.row)

    @property
    def pay_address(self) -> str | None:
        return None

    def for_everybody(self) -> dict[str, Any]:
        columns = [
            Column("jfo", _("JFO"), value=lambda post: post.jfo.code, href=self._jfo_href, is_header=True),
            Column("fte", _("FTE"), "fte"),
            Column("dates", _("Days"), value=lambda post: post.dates),
        ]
        return {
            "officer_href": self.row.get_absolute_url(),
            "officer_headings": headings_of(columns),
            "officer_rows": rows_of(columns, self.posts),
            "officer_caption": ngettext(
                "%(count)s assignment of the officer in the year",
                "%(count)s assignments of the officer in the year",
                len(self.posts),
            )
            % {"count": formats.number(len(self.posts))},
        }

    def _jfo_href(self, post: Assignment) -> str:
        return f"{reverse('performance-jfo', args=[post.jfo.code])}?fy={self.year}"
