"""Texts that a spreadsheet would run as formulas, made safe for a CSV file and read back; loads no Django.

A text that begins like a formula gets an apostrophe in front. So does what stands behind a separator of columns or rows
inside a text, which begins a cell where the file is opened in another language's spreadsheet, that takes another sign
for the separator. What has apostrophes before such a sign gets one more, so that taking one off gives back every text
exactly.
"""

import re

# Some spreadsheets take the wide signs of East Asian writing for the others.
_SIGNS = "=@\uff1d\uff20"
_PLUS_OR_MINUS = "+\\-\uff0b\uff0d"
_BEGINS = f"[{_SIGNS}{_PLUS_OR_MINUS}\\t\\r\\n]"
# Inside a text, a dash before a space is a dash, such as that of a list.
_GOES_ON = f"(?:[{_SIGNS}]|[{_PLUS_OR_MINUS}](?=\\S))"

# A text that neither begins with such a sign nor holds a separator is its own escape.
is_harmless = re.compile(f"(?:[^'{_SIGNS}{_PLUS_OR_MINUS};,\\t\\r\\n][^;,\\t\\r\\n]*)?").fullmatch
_LIKE_A_FORMULA = re.compile(f"'*{_BEGINS}")
_ESCAPED = re.compile(f"'+{_BEGINS}")
_LIKE_A_FORMULA_INSIDE = re.compile(f"([;,\\t\\r\\n]\"*)(?='*{_GOES_ON})")
_ESCAPED_INSIDE = re.compile(f"([;,\\t\\r\\n]\"*)'(?='*{_GOES_ON})")


def escape(text: str) -> str:
    """Return the text as a CSV cell that no spreadsheet will run."""
    safe = _LIKE_A_FORMULA_INSIDE.sub(r"\1'", text)
    return f"'{safe}" if _LIKE_A_FORMULA.match(text) else safe


def unescape(text: str) -> str:
    """Return the text that `escape` was given; for cells read from CSV, not from a workbook, which needs no escape."""
    if "'" not in text:
        return text
    return _ESCAPED_INSIDE.sub(r"\1", text[1:] if _ESCAPED.match(text) else text)
