"""Addresses of performance: the dashboards, national and by region, and the exhibits."""

from django.urls import path

from .views import dashboards, reports

urlpatterns = [
    path("performance/", dashboards.National.as_view(), name="performance"),
    path("performance/regions/<str:code>/", dashboards.Regional.as_view(), name="performance-region"),
    path("reports/", reports.ReportList.as_view(), name="reports"),
    path("reports/<slug:slug>/", reports.ReportPage.as_view(), name="report"),
]
