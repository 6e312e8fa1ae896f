"""Sums over officers and their assignments."""
