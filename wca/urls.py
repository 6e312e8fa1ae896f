"""Addresses of the arrangements: register, gap report, what is behind a cell of its matrix."""

from django.urls import path

from .views import arrangements, clauses, gaps

urlpatterns = [
    path("arrangements/", arrangements.ArrangementList.as_view(), name="arrangements"),
    path("arrangements/gaps/", gaps.GapReport.as_view(), name="gap-report"),
    path("arrangements/<str:reference>/", arrangements.ArrangementPage.as_view(), name="arrangement"),
    path("arrangements/<str:reference>/clauses/<str:letter>/", clauses.ClausePage.as_view(), name="arrangement-clause"),
]
