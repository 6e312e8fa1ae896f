"""What every page, report, import and rule is made of; it knows no word of the domain."""
