"""Every address of the portal, in both languages: /en/… and /fr/…"""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from jfo_portal.kit.exportpages import ExportList

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="home"), name="root"),
    *i18n_patterns(
        path("", include("registry.urls")),
        path("", include("wca.urls")),
        path("", include("performance.urls")),
        path("imports/", include("jfo_portal.kit.imports.urls")),
        path("views/", include("jfo_portal.kit.urls")),
        path("exports/", ExportList.as_view(), name="exports"),
        path("admin/", admin.site.urls),
    ),
]
