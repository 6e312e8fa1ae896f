"""Files broken in every way, read as an import reads them; `python -m tests.fuzz_reader` says how."""
