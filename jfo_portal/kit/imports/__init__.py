"""Imports: a spreadsheet is read, compared with the database, shown, and saved whole or not at all."""
