"""What the foot of every page says of the IMS data."""

from datetime import date

from django import template

from ..freshness import ims_span

register = template.Library()


@register.simple_tag
def ims_data_to() -> date | None:
    """Return the day up to which there are IMS files; None without files."""
    span = ims_span()
    return span[1] if span else None
