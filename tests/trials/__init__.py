"""Trials of imports: awkward and hostile files, processes killed at any moment, two at once, what goes out and in."""
