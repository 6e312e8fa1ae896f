"""Addresses of the registry: sign-in, home, JFOs, officers, assignments, history, help."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from .views import assignments, history, home, jfos, officers, session
from .views.help import Help

urlpatterns = [
    path("", home.Home.as_view(), name="home"),
    path("sign-in/", session.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("help/", Help.as_view(), name="help"),
    path("jfos/", jfos.JFOList.as_view(), name="jfos"),
    path("jfos/<str:code>/", jfos.JFOPage.as_view(), name="jfo"),
    path("officers/", officers.OfficerList.as_view(), name="officers"),
    path("officers/<str:number>/", officers.OfficerPage.as_view(), name="officer"),
    path("assignments/", assignments.AssignmentList.as_view(), name="assignments"),
    path("assignments/new/", assignments.Assign.as_view(), name="assignment-new"),
    path("assignments/<int:pk>/", assignments.AssignmentPage.as_view(), name="assignment"),
    path("assignments/<int:pk>/extend/", assignments.Extend.as_view(), name="assignment-extend"),
    path("assignments/<int:pk>/end/", assignments.End.as_view(), name="assignment-end"),
    path("assignments/<int:pk>/transfer/", assignments.Transfer.as_view(), name="assignment-transfer"),
    path("history/<int:pk>/undo/", history.Undo.as_view(), name="undo"),
    path("history/", history.HistoryList.as_view(), name="history"),
]
