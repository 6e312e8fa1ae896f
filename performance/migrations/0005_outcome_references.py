"""Each outcome gets the reference by which an import knows it."""

from django.db import migrations, models

FIELD = {
    "blank": True,
    "help_text": "The one that regions use for it; an outcome without one is given one.",
    "max_length": 40,
    "verbose_name": "reference",
}


def give_references(apps, _schema_editor):
    """Give each outcome on record, and each version of one, a reference made of its key."""
    for name in ("OutcomeEvent", "HistoricalOutcomeEvent"):
        rows = apps.get_model("performance", name)._base_manager
        for key in rows.order_by().values_list("id", flat=True).distinct():
            rows.filter(id=key).update(reference=f"OUT-{key:04}")


class Migration(migrations.Migration):
    dependencies = [("performance", "0004_results")]

    operations = [
        migrations.AddField("outcomeevent", "reference", models.CharField(default="", **FIELD), preserve_default=False),
        migrations.AddField(
            "historicaloutcomeevent",
            "reference",
            models.CharField(db_index=True, default="", **FIELD),
            preserve_default=False,
        ),
        migrations.RunPython(give_references, migrations.RunPython.noop),
        migrations.AlterField("outcomeevent", "reference", models.CharField(unique=True, **FIELD)),
    ]
