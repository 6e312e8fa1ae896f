"""Addresses of the imports."""

from django.urls import path

from . import progress, records, steps, views

urlpatterns = [
    path("", views.ImportList.as_view(), name="imports"),
    path("new/", views.NewImport.as_view(), name="import-new"),
    path("templates/<slug:slug>/", views.Template.as_view(), name="import-template"),
    path("samples/<slug:slug>/", views.Sample.as_view(), name="import-sample"),
    path("records/<slug:slug>/", records.Records.as_view(), name="import-records"),
    path("<int:pk>/", views.Resume.as_view(), name="import"),
    path("<int:pk>/file/", steps.FileStep.as_view(), name="import-file"),
    path("<int:pk>/columns/", steps.ColumnsStep.as_view(), name="import-columns"),
    path("<int:pk>/values/", steps.ValuesStep.as_view(), name="import-values"),
    path("<int:pk>/review/", steps.Review.as_view(), name="import-review"),
    path("<int:pk>/errors.xlsx", steps.Errors.as_view(), name="import-errors"),
    path("<int:pk>/confirm/", steps.Confirm.as_view(), name="import-confirm"),
    path("<int:pk>/progress/", progress.Progress.as_view(), name="import-progress"),
    path("<int:pk>/result/", views.Result.as_view(), name="import-result"),
]
