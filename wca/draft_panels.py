"""What the page of an arrangement shows of drafts: those whose text was attached to it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from jfo_portal.kit.access import Reader

from .models import Arrangement, Draft
from .sections import Section, register


def drafts_of(arrangement: Arrangement, reader: Reader, day: date, _is_read_only: bool) -> Mapping[str, Any]:
    """Return the drafts that the arrangement's text grew of, composed by the day; one query."""
    return {"drafts": Draft.objects.visible_to(reader).filter(arrangement=arrangement, composed_on__lte=day)}


register(Section("drafts", _("Drafts"), "wca/draft_section.html", drafts_of, position=85, part="documents"))
