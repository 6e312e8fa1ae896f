"""Signing in."""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.urls import translate_url
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from registry.models import User

# The key of the session under which the moment of the sign-in before this one stands.
PREVIOUS_SIGN_IN = "previous_sign_in"


class SignIn(LoginView):
    """User name and password; afterwards the portal speaks the user's language."""

    template_name = "registry/sign_in.html"
    redirect_authenticated_user = True
    extra_context = {"title": gettext_lazy("Sign in")}

    def form_valid(self, form: Any) -> HttpResponse:
        previous = form.get_user().last_login  # signing in writes this one's moment over it
        response = super().form_valid(form)
        if previous is not None:
            self.request.session[PREVIOUS_SIGN_IN] = previous.isoformat()
        return response

    def get_success_url(self) -> str:
        user = self.request.user
        return translate_url(super().get_success_url(), user.language if isinstance(user, User) else "en")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if settings.DEMONSTRATION:
            users = User.objects.order_by("pk").prefetch_related("regions")
            context["demonstration_users"] = [
                {
                    "username": user.username,
                    "role": user.get_role_display(),
                    "regions": _("every region")
                    if user.sees_everything
                    else ", ".join(region.name for region in user.regions.all()) or _("none yet"),
                }
                for user in users
            ]
            context["demonstration_password"] = settings.DEMO_PASSWORD
        return context
