"""What pages and files say."""

import csv
import io
import re
from html import unescape
from typing import Any


def body(response: Any) -> str:
    """Return the text of a page or file as it was sent."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return str(content.decode())


def words(response: Any) -> str:
    """Return what the page's main part says, without markup, in one line."""
    main = body(response).split("<main")[1].split(">", 1)[1].split("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def csv_rows(response: Any) -> list[dict[str, str]]:
    """Return the rows of a CSV file by the labels of its columns."""
    return list(csv.DictReader(io.StringIO(body(response))))
