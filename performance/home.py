"""What performance puts on the home page: the activity on record for NHQ, the cost of their own JFOs for managers."""

from collections.abc import Sequence
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from jfo_portal.kit import formats
from jfo_portal.kit.access import Reader
from jfo_portal.kit.fiscal import FiscalYear
from registry.models import Assignment
from registry.needs import Figure

from .measures.cost import cost, half_up, pays
from .models import ImsFile


def figures(reader: Reader, day: date) -> Sequence[Figure]:
    """Return one figure of the day's fiscal year; three queries at most.

    The sums of a manager's own regions are theirs to see, whichever region employs the officers.
    """
    year = FiscalYear.of(day)
    if reader.sees_everything:
        files = ImsFile.objects.visible_to(reader).of_year(year).count()
        label = _("IMS files opened in %(year)s") % {"year": year}
        return [Figure(formats.number(files), label, reverse("performance"))]
    paid = pays(Assignment.objects.filter(jfo__region__in=reader.scope_ids), year)
    label = _("salaries on your region’s JFOs in %(year)s") % {"year": year}
    codes = list({pay.region for pay in paid})
    href = reverse("performance-region", args=codes) if len(codes) == 1 else reverse("performance")
    return [Figure(formats.money(half_up(cost(paid).salaries)), label, href)]
