from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PerformanceConfig(AppConfig):
    name = "performance"
    verbose_name = _("Performance")

    def ready(self) -> None:
        from registry import needs

        from . import admin, beside, checks, expectation_panels, home, panels, reports  # noqa: F401  (register tables, rules, reports and a part of the JFO page)

        needs.register(20, needs=home.NEEDS, figures=home.figures)
