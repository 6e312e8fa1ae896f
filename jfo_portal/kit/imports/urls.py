"""Addresses of the imports."""

from django.urls import path

from . import progress, views

urlpatterns = [
    path("", views.ImportList.as_view(), name="imports"),
    path("new/", views.NewImport.as_view(), name="import-new"),
    path("templates/<slug:slug>/", views.Template.as_view(), name="import-template"),
    path("samples/<slug:slug>/", views.Sample.as_view(), name="import-sample"),
    path("<int:pk>/", views.Review.as_view(), name="import-review"),
    path("<int:pk>/progress/", progress.Progress.as_view(), name="import-progress"),
    path("<int:pk>/result/", views.Result.as_view(), name="import-result"),
]
