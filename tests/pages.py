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


def taken(response: Any) -> Any:
    """Return the file asked for: where it names many officers, by saying what it is for."""
    if not response.headers["Content-Type"].startswith("text/html"):
        return response
    address = response.wsgi_request.get_full_path()
    return response.client.post(address, {"purpose": "a test of what it holds"})


def csv_rows(response: Any) -> list[dict[str, str]]:
    """Return the rows of a CSV file by the labels of its columns, once its purpose was said where it asks for one."""
    response = taken(response)
    return list(csv.DictReader(io.StringIO(body(response))))
