"""Who takes part in what: regions, agencies, programs, JFOs, officers and their assignments."""
