"""The imports of what levels are paid, and of what benefits add, in a fiscal year."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.fiscal import FiscalYear
from jfo_portal.kit.imports.fields import ChoiceField, DecimalField
from jfo_portal.kit.imports.preview import PreviewRow
from jfo_portal.kit.imports.resources import Resource, lock_table, register
from registry.models import Level, Role

from ..models import BenefitRate, SalaryRate, YearClosing
from .years import FiscalYearField


class _RateResource(Resource):
    """Rates by fiscal year. One of a closed year may be corrected, as on screen, and moves no figure of it."""

    def check_rows(self, rows: Sequence[PreviewRow]) -> None:
        closings = dict(YearClosing.objects.visible_to(self.user).values_list("fiscal_year", "closed_on"))
        for row in rows:
            year = row.instance.fiscal_year
            if year in closings and (row.is_new or row.changed_names):
                row.warn(
                    _(
                        "%(closing)s was closed on %(day)s: its figures stay as they are. "
                        "Reopen the year first if they are to change."
                    )
                    % {"closing": FiscalYear(year), "day": closings[year]},
                    "fiscal_year",
                )

    def lock(self) -> None:
        # Whoever closes a year locks its rates, then writes the closing: held in that order, nobody waits in a circle.
        rates = self.model._default_manager.select_for_update().order_by("pk")
        list(rates.values_list("pk"))
        super().lock()
        lock_table(YearClosing, "SHARE")


@register
class SalaryRateResource(_RateResource):
    """Salary rates: level and fiscal year tell which one a row means."""

    class Meta:
        model = SalaryRate
        slug = "salary-rates"
        title = gettext_lazy("Salary rates")
        key = ("level", "fiscal_year")
        roles = frozenset({Role.ADMINISTRATOR})

    level = ChoiceField(label_en="Level", label_fr="Niveau", choices=Level.choices, example="FB-04")
    fiscal_year = FiscalYearField(
        label_en="Fiscal year",
        label_fr="Exercice",
        example="2012-2013",
        help_text=gettext_lazy("With the level it tells which rate the row is about."),
    )
    amount = DecimalField(
        label_en="Salary for a year",
        label_fr="Salaire annuel",
        kind="money",
        max=Decimal("9999999.99"),
        required=True,
        example="72350.50",
        help_text=gettext_lazy("What the level is paid for a fiscal year of full time, in dollars and cents."),
    )


@register
class BenefitRateResource(_RateResource):
    """Benefit rates, one for each fiscal year."""

    class Meta:
        model = BenefitRate
        slug = "benefit-rates"
        title = gettext_lazy("Benefit rates")
        key = ("fiscal_year",)
        roles = frozenset({Role.ADMINISTRATOR})

    fiscal_year = FiscalYearField(
        label_en="Fiscal year",
        label_fr="Exercice",
        example="2012-2013",
        help_text=gettext_lazy("It tells which rate the row is about."),
    )
    rate = DecimalField(
        label_en="Benefits as a share of salaries",
        label_fr="Avantages sociaux, en part des salaires",
        max=1,
        places=4,
        required=True,
        example="0.2",
        help_text=gettext_lazy("A share of one: 0.2 for 20%."),
    )
