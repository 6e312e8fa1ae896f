from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    name = "registry"
    verbose_name = _("Registry")

    def ready(self) -> None:
        from . import checks, home, needs  # noqa: F401  (checks registers the rules)

        needs.register(needs=home.waiting_imports)
        needs.register(needs=home.needs, figures=home.figures)
