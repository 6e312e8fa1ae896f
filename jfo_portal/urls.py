"""Every address of the portal, in both languages: /en/… and /fr/…"""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="home"), name="root"),
    *i18n_patterns(
        path("", include("registry.urls")),
        path("", include("wca.urls")),
        path("", include("performance.urls")),
        path("imports/", include("jfo_portal.kit.imports.urls")),
        path("views/", include("jfo_portal.kit.urls")),
    ),
]
