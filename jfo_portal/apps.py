"""The installed packages that the portal does not take as they are: which files are served, and whose admin it is."""

from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class StaticFiles(StaticFilesConfig):
    """Bootstrap's minified style sheet and script alone; its other builds stay in the package."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        "*.rtl.*",
        "bootstrap-*",
        "bootstrap.css*",
        "bootstrap.js*",
        "bootstrap.esm*",
        "bootstrap.min.js*",
    ]


class Admin(SimpleAdminConfig):
    """The portal's own site, with the tables that its apps register and none of the packages' own."""

    default_site = "jfo_portal.kit.admin.ReferenceSite"
