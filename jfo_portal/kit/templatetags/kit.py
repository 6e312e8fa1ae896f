"""Tags and filters of every template; registered as built-ins, so no template loads them."""

from datetime import date, datetime
from typing import Any

from django import template
from django.http import QueryDict
from django.urls import translate_url

from .. import formats

register = template.Library()


@register.filter
def formatted(value: Any, kind: str = "text") -> str:
    """Return the value as its kind prints in the active language; an en dash for none."""
    return formats.text(value, kind)


@register.filter
def long_day(value: date) -> str:
    """Return the date in words."""
    return formats.long_day(value)


@register.filter
def moment(value: datetime) -> str:
    """Return date and time."""
    return formats.moment(value)


@register.filter
def undoes(message: Any) -> str:
    """Return the number of the change set that the message offers to undo; nothing for none."""
    tags = (message.extra_tags or "").split()
    return next((tag.removeprefix("undo:") for tag in tags if tag.startswith("undo:")), "")


@register.simple_tag(takes_context=True)
def in_other_language(context: template.Context, language: str) -> str:
    """Return this page's address in the language, its query unchanged."""
    return translate_url(context["request"].get_full_path(), language)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """Return the page's query string with the changes made; None drops a key. Always starts with “?”.

    Unlike {% querystring %} it always drops the page number, since another filter or order is another list.
    """
    data: QueryDict = context["request"].GET.copy()
    data.pop("page", None)
    for key, value in changes.items():
        data.pop(key, None)
        if value not in (None, ""):
            data[key] = value
    return "?" + data.urlencode()
