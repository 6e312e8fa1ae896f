"""The rates in the Django admin."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit.admin import ImportedAdmin, ReferenceForm
from jfo_portal.kit.fiscal import FiscalYear

from .models import BenefitRate, SalaryRate, YearClosing
from .rate_forms import YearField


class YearFilter(admin.SimpleListFilter):
    """The fiscal years of which there are rates."""

    title = gettext_lazy("fiscal year")
    parameter_name = "fy"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        years = model_admin.get_queryset(request).order_by("-fiscal_year").values_list("fiscal_year", flat=True)
        return [(str(FiscalYear(year)), str(FiscalYear(year))) for year in dict.fromkeys(years)]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        if (asked := self.value()) is None:
            return queryset
        try:
            return queryset.filter(fiscal_year=FiscalYear.parse(asked).start_year)
        except ValueError as error:
            raise IncorrectLookupParameters from error


class RateForm(ReferenceForm):
    """A rate of a fiscal year."""

    fiscal_year = YearField()

    class Meta:
        localized_fields: ClassVar = ["amount", "rate"]


class RateAdmin(ImportedAdmin):
    """Rates by fiscal year; one of a closed year may be corrected, and moves no figure of it."""

    form = RateForm
    list_filter: ClassVar[Any] = (YearFilter,)

    @admin.display(description=YearField().label, ordering="fiscal_year")
    def year(self, rate: Any) -> str:
        return str(FiscalYear(rate.fiscal_year))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # The year in words stands in the place of the field.
        return ("year", *super().get_readonly_fields(request, obj))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        names = super().get_fields(request, obj)
        return ["year" if obj is not None and name == "fiscal_year" else name for name in names]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        user: Any = request.user
        closing = YearClosing.objects.visible_to(user).filter(fiscal_year=obj.fiscal_year).first()
        if closing is not None and hasattr(request, "act"):
            messages.warning(
                request,
                _(
                    "%(closing)s was closed on %(day)s: its figures stay as they are. "
                    "Reopen the year first if they are to change."
                )
                % {"closing": closing, "day": closing.closed_on},
            )


@admin.register(SalaryRate)
class SalaryRateAdmin(RateAdmin):
    """What levels are paid."""

    slug = "salary-rates"
    key = ("fiscal_year", "level")
    columns = ("fiscal_year", "level", "amount")
    list_display = ("__str__", "year", "level", "amount")
    list_filter: ClassVar[Any] = (YearFilter, "level")


@admin.register(BenefitRate)
class BenefitRateAdmin(RateAdmin):
    """What employee benefits add to salaries."""

    slug = "benefit-rates"
    key = ("fiscal_year",)
    columns = ("fiscal_year", "rate")
    list_display = ("year", "rate")
