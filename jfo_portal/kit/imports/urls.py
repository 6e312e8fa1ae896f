"""Addresses of the imports."""

from django.urls import path

from . import progress, reading_steps, records, review_steps, views

urlpatterns = [
    path("", views.ImportList.as_view(), name="imports"),
    path("new/", views.NewImport.as_view(), name="import-new"),
    path("templates/<slug:slug>/", views.Template.as_view(), name="import-template"),
    path("samples/<slug:slug>/", views.Sample.as_view(), name="import-sample"),
    path("records/<slug:slug>/", records.Records.as_view(), name="import-records"),
    path("<int:pk>/", views.Resume.as_view(), name="import"),
    path("<int:pk>/file/", reading_steps.FileStep.as_view(), name="import-file"),
    path("<int:pk>/columns/", reading_steps.ColumnsStep.as_view(), name="import-columns"),
    path("<int:pk>/values/", reading_steps.ValuesStep.as_view(), name="import-values"),
    path("<int:pk>/review/", review_steps.Review.as_view(), name="import-review"),
    path("<int:pk>/errors.xlsx", review_steps.Errors.as_view(), name="import-errors"),
    path("<int:pk>/confirm/", review_steps.Confirm.as_view(), name="import-confirm"),
    path("<int:pk>/progress/", progress.Progress.as_view(), name="import-progress"),
    path("<int:pk>/result/", views.Result.as_view(), name="import-result"),
]
