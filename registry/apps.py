from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistryConfig(AppConfig):
    name = "registry"
    verbose_name = _("Registry")

    def ready(self) -> None:
        from . import admin, checks, home, needs, needs_training  # noqa: F401  (admin and checks register themselves)
        from .measures import capacity, tenure  # noqa: F401  (they say whom their figures count)

        needs.register(groups=home.waiting_imports)
        needs.register(needs=home.NEEDS, figures=home.figures, coming=home.coming)
        needs.register(30, needs=home.STEERING_NEEDS)
        needs.register(40, needs=needs_training.NEEDS)
