"""Tags and filters of every template; registered as built-ins, so no template loads them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django import template
from django.core.paginator import Page
from django.http import QueryDict
from django.urls import translate_url
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from .. import formats
from ..savedviews import BARE
from ..tables import Cell, Link

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


@register.filter
def as_markup(cells: Sequence[Cell]) -> SafeString:
    """Return the cells of one row of a table.

    Here and not in a template, which takes five times as long, for what a page of 100 rows asks a thousand times.
    """
    return mark_safe("".join(map(_cell, cells)))  # noqa: S308  (each part is escaped)


def _cell(cell: Cell) -> str:
    label = f' data-label="{conditional_escape(cell.label)}"'
    text: str = conditional_escape(cell.text)
    if cell.href:
        text = f'<a href="{conditional_escape(cell.href)}">{text}</a>'
    if cell.is_header:
        return f'<th scope="row"{label}>{text}</th>'
    if cell.drawing:
        return f'<td{label} class="drawn">{conditional_escape(cell.drawing)}</td>'
    if cell.links:
        return f'<td{label} class="acts">{"".join(map(_link, cell.links))}</td>'
    name = ' class="numeric"' if cell.is_numeric else ' class="date"' if cell.is_date else ""
    return f"<td{label}{name}>{text}</td>"


def _link(link: Link) -> str:
    href, label, about = map(conditional_escape, (link.href, link.label, link.about))
    return f'<a href="{href}">{label}<span class="visually-hidden"> {about}</span></a> '


@register.filter
def page_numbers(page: Page) -> list[int | None]:
    """Return the numbers of the first page, the last, this one and its neighbours, with None where two or more are
    left out."""
    last, here = page.paginator.num_pages, page.number
    before: list[int | None] = [1, None] if here > 5 else list(range(1, here - 2))
    after: list[int | None] = [None, last] if here < last - 4 else list(range(here + 3, last + 1))
    return [*before, *range(max(1, here - 2), min(last, here + 2) + 1), *after]


@register.simple_tag(takes_context=True)
def in_other_language(context: template.Context, language: str) -> str:
    """Return this page's address in the language, its query unchanged."""
    return translate_url(context["request"].get_full_path(), language)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """Return the page's query string with the changes made; None drops a key. Always starts with “?”.

    Unlike {% querystring %} it always drops the page number, since another filter or order is another list. Of a
    list it is never empty, since the bare address may lead to a saved view.
    """
    data: QueryDict = context["request"].GET.copy()
    data.pop("page", None)
    for key, value in changes.items():
        data.pop(key, None)
        if value not in (None, ""):
            data[key] = value
    return "?" + (data.urlencode() or (BARE if "views" in context else ""))


@register.simple_tag(takes_context=True)
def page_query(context: template.Context, number: int) -> str:
    """Return the page's query string for another page of a long table, which `page_name` names if it is not “page”."""
    name = context.get("page_name") or "page"
    return f"{query(context, **{name: None})}&{name}={number}"
