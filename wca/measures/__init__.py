"""What is counted of arrangements: coverage and clauses; exposure; remedies."""
