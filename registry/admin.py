"""The registry's reference tables in the Django admin."""

from django.contrib import admin

from jfo_portal.kit.admin import ImportedAdmin, ReferenceAdmin

from .models import Agency, Course, Program, Region, Risk, RiskEdition


@admin.register(Program)
class ProgramAdmin(ImportedAdmin):
    """Programs, which have no page of their own."""

    slug = "programs"
    key = ("code",)
    columns = ("code", "name_en", "name_fr", "kind", "is_single_risk_line")
    list_display = ("code", "name_en", "name_fr", "kind", "is_single_risk_line")
    list_filter = ("kind",)
    search_fields = ("code", "name_en", "name_fr")


@admin.register(Agency)
class AgencyAdmin(ImportedAdmin):
    """Agencies, to look at: their own page also knows their spellings, and merges what is one agency."""

    slug = "agencies"
    is_written_here = False
    columns = ("key", "name_en", "name_fr", "short_en", "short_fr", "level", "is_group")
    list_display = ("key", "name_en", "name_fr", "level", "is_group")
    list_filter = ("level", "is_group")
    search_fields = ("key", "name_en", "name_fr", "short_en", "short_fr")

    def view_on_site(self, obj: Agency) -> str:  # type: ignore[override]
        return obj.get_absolute_url()


@admin.register(Region)
class RegionAdmin(ReferenceAdmin):
    """Regions, to look at: who sees which officer follows from them."""

    columns = ("code", "code_fr", "name_en", "name_fr", "start", "end", "successor")
    list_display = ("code", "code_fr", "name_en", "name_fr", "start", "end", "successor")
    list_select_related = ("successor",)


@admin.register(RiskEdition)
class RiskEditionAdmin(ReferenceAdmin):
    """Editions of risk assessments, to look at."""

    columns = ("assessment", "code", "name_en", "name_fr", "start")
    list_display = ("code", "assessment", "name_en", "name_fr", "start")


@admin.register(Risk)
class RiskAdmin(ReferenceAdmin):
    """Risks, to look at: an edition of an assessment that is published stays as it is."""

    columns = ("edition", "code", "name_en", "name_fr", "level")
    list_display = ("code", "edition", "name_en", "name_fr", "level")
    list_filter = ("edition", "level")
    search_fields = ("code", "name_en", "name_fr")


@admin.register(Course)
class CourseAdmin(ReferenceAdmin):
    """Courses, to look at."""

    columns = ("code", "name_en", "name_fr", "program")
    list_display = ("code", "name_en", "name_fr", "program")
    list_select_related = ("program",)
