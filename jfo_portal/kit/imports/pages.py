"""What every page of the imports has in common."""

from collections.abc import Sequence

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from ..access import Reader
from ..views import Crumb, Page
from . import resources
from .resources import Resource


class ImportPage(Page):
    """A page for those whose role may import something."""

    section = "imports"

    @classmethod
    def is_open_to(cls, reader: Reader) -> bool:
        return resources.may_import(reader)

    def crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Imports"), reverse("imports"))]

    def resource(self, slug: str) -> Resource:
        """Return the resource of that slug; 404 if the reader may not import it."""
        found = resources.get(slug, self.reader)
        if found is None:
            raise Http404
        return found
