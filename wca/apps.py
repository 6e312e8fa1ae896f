from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WcaConfig(AppConfig):
    name = "wca"
    verbose_name = _("Written collaborative arrangements")

    def ready(self) -> None:
        from registry import needs

        from . import agencies, checks, home, panels  # noqa: F401  (register rules, and what JFO pages show of arrangements)

        needs.register(10, needs=home.NEEDS, figures=home.figures, coming=home.coming)
