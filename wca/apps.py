from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WcaConfig(AppConfig):
    name = "wca"
    verbose_name = _("Written collaborative arrangements")

    def ready(self) -> None:
        from registry import needs

        from . import (  # noqa: F401  (register rules, and what JFO pages show of arrangements)
            agencies,
            assessment_section,
            checks,
            document_section,
            draft_panels,
            home,
            lifecycle_section,
            panels,
            plan_panels,
            reviewer_home,
        )

        needs.register(10, needs=home.NEEDS, figures=home.figures, coming=home.coming)
        needs.register(8, needs=reviewer_home.ASSESSMENT_NEEDS)
        needs.register(12, needs=reviewer_home.NEEDS)
        needs.register(50, groups=reviewer_home.missing_translations)
