from django.db import migrations

from registry import guards


class Migration(migrations.Migration):
    """Let the database itself refuse overlaps and more than 1.00 FTE."""

    dependencies = [("registry", "0001_initial")]

    operations = [migrations.RunPython(guards.install, guards.uninstall)]
