"""Two days compared: of one JFO, or of a region's JFOs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Min
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jfo_portal.kit import formats
from jfo_portal.kit.periods import day_within_reach, today, year_before
from jfo_portal.kit.tables import Cell
from jfo_portal.kit.views import Crumb, Heading, Page, RowPage, headings_of, rows_of
from registry import panels
from registry.figure_tables import SUM_COLUMNS, agreed_columns, difference_columns, move_columns, signed
from registry.measures.comparison import (
    Agreed,
    Differences,
    Movement,
    Moves,
    agreed,
    in_words,
    moved,
    moves,
    of_agencies,
    of_contacts,
    of_jfos,
    on_either,
)
from registry.models import JFO, Assignment, Officer, Region
from registry.tables import keeping_day, sees_officers_of

# How many rows of a list a page holds.
SHOWN = 20


class Counted(Paginator):
    """Pages of rows whose number is known already."""

    def __init__(self, rows: Any, size: int, count: int) -> None:
        super().__init__(rows, size)
        self.count = count


@dataclass(frozen=True)
class Section:
    """What came and went of one sort, as a table: the first of its rows, and how many there are in all."""

    title: str
    summary: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[Cell]]
    totals: Sequence[Cell] | None = None
    more: str = ""


class Comparison(Page):
    """A page that compares the days `from` and `to`, by default today and a year before it.

    Days that cannot be compared are answered 400, on the same page, with a sentence that says what would do.
    It offers no change: it shows two days at once.
    """

    template_name = "registry/comparison.html"
    section = "jfos"
    error = ""
    has_jfo = False  # whether rows name their JFO

    @property
    def jfos(self) -> Sequence[JFO]:
        """The JFOs of either day."""
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.before, self.after = self.read_days()
        except ValueError as error:
            self.error = str(error)
        self.require_found()
        return self.render_to_response(self.get_context_data(**kwargs), status=400 if self.error else 200)

    def require_found(self) -> None:
        """Answer 404 for an address that names nothing."""
        raise NotImplementedError

    def read_days(self) -> tuple[date, date]:
        """Return the two days asked for; ValueError, in the reader's language, for those that cannot be compared."""
        after = self._read("to") or self.day
        before = self._read("from") or year_before(after)
        if before > after:
            raise ValueError(
                _("The first day, %(before)s, comes after the second, %(after)s. Give the earlier one first.")
                % {"before": before, "after": after}
            )
        return before, after

    def _read(self, name: str) -> date | None:
        text = self.request.GET.get(name, "").strip()
        if not text:
            return None
        day = day_within_reach(text)
        if day is None:
            raise ValueError(
                _("“%(text)s” is not a date. Type it as YYYY-MM-DD, for example %(today)s.")
                % {"text": text, "today": today()}
            )
        return day

    @property
    def movement(self) -> Movement | None:
        """The movement that the list is narrowed to; None for all, and for an unknown one."""
        asked = self.request.GET.get("movement", "")
        return Movement(asked) if asked in Movement.values else None

    def sees_counts(self) -> bool:
        """Say whether the reader is told how many officers there are, those of other regions among them."""
        raise NotImplementedError

    def hint(self) -> str:
        """Return what is to be known of the days: that one lies before the data; nothing otherwise."""
        return ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {
            "error": self.error,
            "from_text": self.request.GET.get("from", ""),
            "to_text": self.request.GET.get("to", ""),
        }
        if self.error:
            return context
        return context | {
            "from_text": str(self.before),
            "to_text": str(self.after),
            "before": self.before,
            "after": self.after,
            "hint": self.hint(),
            "movement": self.movement,
            "sections": self.sections(),
            **self.officers(),
        }

    # Officers

    def officers(self) -> dict[str, Any]:
        """Return the sums of places on JFOs, as far as the reader is told them, and the rows the reader may see."""
        own = None if self.reader.sees_everything else Officer.objects.visible_to(self.reader)
        everybody = moves(Assignment.objects.all(), self.jfos, self.before, self.after, own)
        others = Moves()
        if own is not None and everybody.strangers:
            strangers = Assignment.objects.exclude(officer__in=own.order_by().values("pk"))
            others = moves(strangers, self.jfos, self.before, self.after)
        seen = everybody - others
        is_known = self.sees_counts()
        visible = Assignment.objects.visible_to(self.reader)
        # Without strangers all rows are visible ones, and the databases find them faster if not asked.
        within = visible if everybody.strangers else Assignment.objects.all()
        keys = moved(within, self.jfos, self.before, self.after, self.movement).values("pk")
        count = sum(seen.count(kind) for kind in ([self.movement] if self.movement else Movement))
        page = Counted(keys, SHOWN, count).get_page(self.request.GET.get("page"))
        # The database sorts keys alone, and reads the rows of this page.
        rows = visible.filter(pk__in=page.object_list).select_related("officer", "jfo")
        columns = move_columns(self.before, self.after, has_jfo=self.has_jfo)
        return {
            "is_known": is_known,
            "has_unseen": is_known and seen != everybody,
            # Nothing is said of nobody, where others may be.
            "sums": self._sums(everybody if is_known else seen) if is_known or seen != Moves() else [],
            "sums_headings": headings_of(SUM_COLUMNS),
            "page": page,
            "headings": headings_of(columns),
            "rows": rows_of(
                columns, in_words(list(rows.order_by("officer__number", "jfo__code")), self.before, self.after)
            ),
            "caption": ngettext("%(count)s row", "%(count)s rows", count) % {"count": formats.number(count)},
        }

    def _sums(self, found: Moves) -> list[list[Cell]]:
        """Return the places on the two days, and the movements, which add up to the difference."""

        def line(label: str, count: str, fte: str, movement: Movement | None = None) -> dict[str, Any]:
            query = self.request.GET.copy()
            query.pop("page", None)
            query["movement"] = movement or ""
            return {
                "what": label,
                "officers": count,
                "fte": fte,
                "href": f"?{query.urlencode()}#officers" if movement else None,
            }

        def day_line(day: date, places: Any) -> dict[str, Any]:
            label = _("On %(day)s") % {"day": day}
            return line(label, formats.number(places.count), formats.text(places.fte, "fte"))

        difference = found.after - found.before
        return rows_of(
            SUM_COLUMNS,
            [
                day_line(self.before, found.before),
                line(
                    str(Movement.ARRIVED.label),
                    signed(found.arrived.count),
                    signed(found.arrived.fte),
                    Movement.ARRIVED,
                ),
                line(str(Movement.LEFT.label), signed(-found.left.count), signed(-found.left.fte), Movement.LEFT),
                line(
                    ngettext("Changed: %(count)s", "Changed: %(count)s", found.changed)
                    % {"count": formats.number(found.changed)},
                    signed(0),
                    signed(found.changed_fte),
                    Movement.CHANGED,
                ),
                day_line(self.after, found.after),
                line(_("Difference"), signed(difference.count), signed(difference.fte)),
            ],
        )

    # What the JFOs have beside their officers

    def sections(self) -> list[Section]:
        """Return what came and went: agencies, contacts, what other apps know of, and the agreed FTE."""
        before, after = self.before, self.after
        found = [
            *([of_jfos(self.jfos, before, after)] if self.has_jfo else []),
            *of_agencies(self.jfos, before, after),
            of_contacts(self.jfos, before, after),
            *(one.load(self.jfos, self.reader, before, after) for one in panels.compared()),
        ]
        return [*map(self._section, found), self._agreed(agreed(self.jfos, before, after))]

    def _section(self, found: Differences) -> Section:
        columns = difference_columns(has_jfo=self.has_jfo)
        return Section(
            found.title,
            _("%(before)s before, %(gained)s came, %(lost)s went, %(after)s after")
            % {
                "before": formats.number(found.before),
                "gained": formats.number(found.gained),
                "lost": formats.number(found.lost),
                "after": formats.number(found.after),
            },
            headings_of(columns),
            rows_of(columns, found.rows[:SHOWN]),
            more=_more(len(found.rows)),
        )

    def _agreed(self, rows: list[Agreed]) -> Section:
        columns = agreed_columns(self.before, self.after)
        none = Decimal("0.00")
        total = Agreed("", sum((row.before for row in rows), none), sum((row.after for row in rows), none))
        changed = [row for row in rows if row.change]
        summary = _("%(before)s FTE before, %(change)s, %(after)s FTE after") % {
            "before": formats.text(total.before, "fte"),
            "change": signed(total.change),
            "after": formats.text(total.after, "fte"),
        }
        shown = rows_of(columns, changed[:SHOWN])
        return Section(_("Agreed FTE"), summary, headings_of(columns), shown, more=_more(len(changed)))


class CompareJFO(Comparison):
    """One JFO on two days."""

    @cached_property
    def row(self) -> JFO:
        jfo: JFO = RowPage.found(JFO.objects.visible_to(self.reader).with_names(), code=self.kwargs["code"])
        return jfo

    @property
    def jfos(self) -> Sequence[JFO]:
        return [self.row]

    def require_found(self) -> None:
        self.row  # noqa: B018  (404 where there is none)

    def get_title(self) -> str:
        return _("%(place)s: two days compared") % {"place": self.row.code}

    def crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("JFOs"), keeping_day(reverse("jfos"), self.day)),
            Crumb(self.row.code, keeping_day(self.row.get_absolute_url(), self.day)),
        ]

    def sees_counts(self) -> bool:
        return sees_officers_of(self.row, self.reader)

    def hint(self) -> str:
        if self.row.start > self.after:
            return _("The JFO starts on %(day)s: there is nothing to compare.") % {"day": self.row.start}
        if self.row.start > self.before:
            return _("On %(before)s there was no such JFO yet: it starts on %(day)s.") % {
                "before": self.before,
                "day": self.row.start,
            }
        if self.row.end is not None and self.row.end < self.before:
            return _("The JFO ended on %(day)s: there is nothing to compare.") % {"day": self.row.end}
        return ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if self.error:
            return context
        code, address = self.row.code, self.row.get_absolute_url()
        return context | {
            "links": [
                (_("%(jfo)s on %(day)s") % {"jfo": code, "day": day}, keeping_day(address, day))
                for day in (self.before, self.after)
            ]
        }


class CompareRegion(Comparison):
    """The JFOs of one region on two days; a manager of another region is told nothing of its officers: what came and
    went between two days would be told of few."""

    has_jfo = True

    @cached_property
    def region(self) -> Region:
        if not self.error and self.jfos:
            return self.jfos[0].region
        region: Region = RowPage.found(Region.objects.visible_to(self.reader), code=self.kwargs["code"])
        return region

    @cached_property
    def jfos(self) -> Sequence[JFO]:
        # PostgreSQL takes no NUL in a text, and no code has one.
        code = self.kwargs["code"].replace("\0", "")
        jfos = JFO.objects.visible_to(self.reader).filter(region__code=code).select_related("region")
        return list(on_either(jfos, self.before, self.after).order_by("code"))

    def require_found(self) -> None:
        self.region  # noqa: B018  (404 where there is none)

    def get_title(self) -> str:
        return _("%(place)s: two days compared") % {"place": self.region.name}

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Capacity"), keeping_day(reverse("capacity"), self.day))]

    def sees_counts(self) -> bool:
        return self.reader.sees_everything or self.region.pk in self.reader.scope_ids

    def hint(self) -> str:
        if self.jfos:
            return ""
        first = JFO.objects.visible_to(self.reader).filter(region=self.region).aggregate(first=Min("start"))["first"]
        if first is None:
            return _("No JFO of this region is recorded.")
        return _("On neither day did the region have a JFO. Its first began on %(day)s.") % {"day": first}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if self.error:
            return context
        days = {"from": str(self.before), "to": str(self.after)}
        return context | {
            "links": [
                (_("Capacity on %(day)s") % {"day": day}, keeping_day(reverse("capacity"), day))
                for day in (self.before, self.after)
            ],
            "jfo_links": [
                (jfo.code, f"{reverse('jfo-compare', args=[jfo.code])}?{urlencode(days)}") for jfo in self.jfos
            ],
        }


def _more(count: int) -> str:
    """Return a sentence on the rows beyond those a page holds; nothing where it holds them all."""
    if count <= SHOWN:
        return ""
    return _("%(shown)s of %(count)s rows are shown. Compare one JFO at a time to see them all.") % {
        "shown": formats.number(SHOWN),
        "count": formats.number(count),
    }
