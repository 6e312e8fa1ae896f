"""Pages of the arrangements."""
