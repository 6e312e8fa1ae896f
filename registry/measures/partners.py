"""How many JFOs an agency leads, and in how many it is a partner."""

from datetime import date

from django.db import models
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from registry.models import Participation, ParticipationRole


def with_jfos(agencies: models.QuerySet, day: date) -> models.QuerySet:
    """Annotate each agency with the JFOs it `leads` and those it `partners` on the day."""
    on_day = Participation.objects.as_of(day).filter(agency=OuterRef("pk")).order_by().values("agency")

    def jfos(role: ParticipationRole) -> Coalesce:
        return Coalesce(Subquery(on_day.filter(role=role).annotate(n=Count("jfo", distinct=True)).values("n")), 0)

    lead, partner = jfos(ParticipationRole.LEAD), jfos(ParticipationRole.PARTNER)
    annotated: models.QuerySet = agencies.annotate(leads=lead, partners=partner)
    return annotated
