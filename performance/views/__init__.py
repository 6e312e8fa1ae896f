"""Pages of performance: the exhibits, and the dashboards of a fiscal year."""
