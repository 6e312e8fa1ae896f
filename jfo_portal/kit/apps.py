from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "jfo_portal.kit"
    label = "kit"
