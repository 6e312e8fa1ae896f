"""The first page after signing in: the figures that matter to the reader, what needs them, and what others changed."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jfo_portal.kit import changes, viewpages
from jfo_portal.kit.periods import today
from jfo_portal.kit.views import Page
from registry import needs
from registry.models import Snooze
from registry.views.session import PREVIOUS_SIGN_IN

# How many of the changes by others the page shows.
CHANGES = 5


class Home(Page):
    """What the apps know of that needs the reader, by role and region; `?snoozed=yes` shows what was put off."""

    template_name = "registry/home.html"
    title = gettext_lazy("Home")
    section = "home"

    @property
    def day(self) -> date:
        """Today: what needs the reader needs them now, whatever day the address names."""
        return today()

    @property
    def is_put_off(self) -> bool:
        """Whether the lines that the reader put off are asked for."""
        return self.request.GET.get("snoozed") == "yes" and self.may_snooze

    @property
    def may_snooze(self) -> bool:
        return self.reader.role in needs.SNOOZERS

    @cached_property
    def previous_sign_in(self) -> datetime | None:
        """When the reader signed in before this time; None the first time."""
        return parse_datetime(self.request.session.get(PREVIOUS_SIGN_IN) or "")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        groups = needs.groups_of(self.reader, self.day, is_put_off=self.is_put_off)
        context = super().get_context_data(**kwargs) | {
            "groups": self._with_reasons(groups) if self.is_put_off else groups,
            "is_put_off": self.is_put_off,
            "may_snooze": self.may_snooze,
        }
        if self.is_put_off:
            return context
        all_put_off = [group for group in groups if not group.count]
        needs_nothing = len(all_put_off) == len(groups)
        return context | {
            "figures": needs.figures_of(self.reader, self.day),
            "saved_views": viewpages.of_reader(self.reader),
            "all_put_off": all_put_off,
            "needs_nothing": needs_nothing,
            "coming": needs.next_of(self.reader, self.day) if needs_nothing else None,
            **self._changes(),
        }

    def _with_reasons(self, groups: list[needs.NeedGroup]) -> list[needs.NeedGroup]:
        """Return the groups, each line with the day until which it was put off, and why; one query."""
        snoozes: dict[tuple[str, int | None], Snooze] = {
            (snooze.need, snooze.row_id): snooze for snooze in Snooze.objects.visible_to(self.reader).on(self.day)
        }
        return [
            replace(group, lines=[replace(line, note=_why(snoozes[group.need, line.row_id])) for line in group.lines])
            for group in groups
        ]

    def _changes(self) -> dict[str, Any]:
        """Return what others changed in the reader's regions since the sign-in before this one; three queries."""
        since = self.previous_sign_in
        if since is None:
            return {"since": None}
        keys = changes.versions(self.reader, own=True, not_by=self.user, history_date__gt=since)
        day = localtime(since).date()
        return {
            "since": since,
            "versions": changes.in_words(list(keys[:CHANGES])),
            "changes_href": f"{reverse('history')}?first={day}&own=yes&others=yes",
        }


def _why(snooze: Snooze) -> str:
    return _("Until %(day)s: %(reason)s") % {"day": snooze.until, "reason": snooze.reason}
