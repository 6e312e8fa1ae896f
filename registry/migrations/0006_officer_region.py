from django.db import migrations, models

import registry.models.assignments
from registry import guards


class Migration(migrations.Migration):
    """Hold with each assignment its officer's region, kept by the database, so that they are counted by it."""

    dependencies = [("registry", "0005_risk_editions")]

    operations = [
        migrations.RemoveIndex(model_name="assignment", name="registry_assignment_jfo"),
        migrations.AddField(
            model_name="assignment",
            name="officer_region",
            field=registry.models.assignments.KeptNumber(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                "jfo",
                "officer_region",
                registry.models.assignments.LastDay("end"),
                "start",
                "end",
                "fte",
                "officer",
                name="registry_assignment_jfo",
            ),
        ),
        # Those of before look at every write of an assignment; to fill in the regions is one of each.
        migrations.RunPython(guards.install, migrations.RunPython.noop),
        migrations.RunPython(guards.install_regions, guards.uninstall_regions),
    ]
