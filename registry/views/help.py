"""Help: how to do the work, what the words mean, and whom to ask."""

from typing import Any

from django.utils.translation import gettext_lazy

from jfo_portal.kit.views import Page
from registry.models import Role, User


class Help(Page):
    template_name = "registry/help.html"
    title = gettext_lazy("Help and glossary")
    section = "help"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "administrators": User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).order_by("last_name", "pk")
        }
