import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from jfo_portal.kit import exportlog


class Migration(migrations.Migration):
    dependencies = [
        ("kit", "0003_import_steps"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(help_text="That of the person at that time.", max_length=20, verbose_name="role"),
                ),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="when")),
                ("what", models.CharField(max_length=255, verbose_name="list or report")),
                ("address", models.TextField(help_text="With all its parameters.", verbose_name="address")),
                ("file_format", models.CharField(max_length=10, verbose_name="format")),
                ("file_name", models.CharField(max_length=255, verbose_name="file")),
                ("rows", models.PositiveIntegerField(verbose_name="rows")),
                ("officers", models.PositiveIntegerField(verbose_name="officers named")),
                ("purpose", models.TextField(verbose_name="purpose")),
                (
                    "data_version",
                    models.CharField(
                        help_text="It changes with every change of the records.",
                        max_length=64,
                        verbose_name="data version",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who",
                    ),
                ),
            ],
            options={
                "verbose_name": "export",
                "verbose_name_plural": "exports",
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.RunPython(exportlog.install, exportlog.uninstall),
    ]
