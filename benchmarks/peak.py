"""Import the workbook that the command line names, in a process of its own, and print its peak memory."""

import json
import os
import sys
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
django.setup()

from .imports import peaks  # noqa: E402

if __name__ == "__main__":
    print(json.dumps(peaks(Path(sys.argv[1]).read_bytes())))
