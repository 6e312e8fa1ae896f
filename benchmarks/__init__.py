"""How fast the portal is: ratios of two sides measured in one run (docs/performance.md has the tables)."""
