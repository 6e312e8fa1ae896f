"""Texts that a spreadsheet would run as formulas, made safe for a CSV file and read back; loads no Django.

A text that begins like a formula gets an apostrophe in front. A text that has apostrophes before such
a sign gets one more, so that taking one off gives back every text exactly.
"""

import re

_LIKE_A_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def escape(text: str) -> str:
    """Return the text as a CSV cell that no spreadsheet will run."""
    return f"'{text}" if _LIKE_A_FORMULA.match(text) else text


def unescape(text: str) -> str:
    """Return the text that `escape` was given; for cells read from CSV, not from a workbook, which needs no escape."""
    return text[1:] if _ESCAPED.match(text) else text
