"""Simultaneous writers against the rules of assignments: `make stress`, or `python -m tests.stress --help`.

A round makes two officers with assignments, lets two or eight writers (each a process with a connection of
its own) act on them in the same moment, and then looks for breaches. What each writer does is drawn by the
round's seed: forms, bulk changes, imports, undo and the bare ORM.
"""
