"""What the tags and filters of every template print."""

from jfo_portal.kit.tables import Cell, Link
from jfo_portal.kit.templatetags.kit import as_markup


def test_a_header_leads_to_its_row_and_nothing_typed_becomes_markup() -> None:
    cell = Cell(text="<b>Tom & Ana</b>", label='"Name"', href="/en/?a=1&b=2", is_header=True)
    assert as_markup([cell]) == (
        '<th scope="row" data-label="&quot;Name&quot;">'
        '<a href="/en/?a=1&amp;b=2">&lt;b&gt;Tom &amp; Ana&lt;/b&gt;</a></th>'
    )


def test_numbers_dates_and_acts_are_told_apart() -> None:
    link = Link("End", "/en/end/", "A – B")
    row = [
        Cell(text="1.00", label="FTE", is_numeric=True),
        Cell(text="2011-03-31", label="Day", is_date=True),
        Cell(text="", label="Acts", links=[link]),
    ]
    assert as_markup(row) == (
        '<td data-label="FTE" class="numeric">1.00</td>'
        '<td data-label="Day" class="date">2011-03-31</td>'
        '<td data-label="Acts" class="acts">'
        '<a href="/en/end/">End<span class="visually-hidden"> A – B</span></a> </td>'
    )
