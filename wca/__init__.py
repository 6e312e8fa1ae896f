"""Written arrangements, what they cover, and which information-sharing clauses they hold."""
