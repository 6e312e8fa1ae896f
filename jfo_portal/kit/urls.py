"""Addresses of the saved views."""

from django.urls import path

from . import viewpages

urlpatterns = [
    path("", viewpages.Views.as_view(), name="views"),
    path("new/<slug:page>/", viewpages.Save.as_view(), name="view-new"),
    path("<int:pk>/", viewpages.Open.as_view(), name="view"),
    path("<int:pk>/edit/", viewpages.Change.as_view(), name="view-edit"),
    path("<int:pk>/remove/", viewpages.Remove.as_view(), name="view-remove"),
]
