"""The first page after signing in: the figures that matter to the reader, and what needs them."""

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.periods import today
from jfo_portal.kit.views import Page
from registry import needs


class Home(Page):
    """What the apps know of that needs the reader, by role and region."""

    template_name = "registry/home.html"
    title = _("Home")
    section = "home"

    @property
    def day(self) -> date:
        """Today: what needs the reader needs them now, whatever day the address names."""
        return today()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "figures": needs.figures_of(self.reader, self.day),
            "groups": needs.needs_of(self.reader, self.day),
        }
