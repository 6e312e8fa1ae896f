"""Where a quotation stands in a document: word for word, however the lines break."""

import pytest

from wca.quoting import places_of

PLACES = [
    {"place": "p. 1, s. 1.1", "text": "1.1 The services work together\nin cross-\nborder matters – always."},
    {"place": "p. 3, s. 7.1", "text": "7.1 Information supplied by the “Agency” shall at all\n times remain the prop-"},
    {"place": "p. 4, s. 7.1", "text": "erty of the Agency. L’Agence le tient « à jour »."},
    {"place": "p. 9", "text": "7.1 The services work together, too."},
]


@pytest.mark.parametrize(
    "quotation",
    [
        "Information supplied by the “Agency” shall at all times remain",
        'Information  supplied by the "Agency"\nshall at all\u00a0times remain',
        "Information supplied by the \u201eAgency\u201f shall",
    ],
)
def test_spaces_line_breaks_and_quotation_marks_do_not_matter(quotation: str) -> None:
    assert places_of(quotation, PLACES) == ["p. 3, s. 7.1"]


@pytest.mark.parametrize("quotation", ["cross-border matters", "cross- border matters", "crossborder matters - always"])
def test_a_hyphen_inside_a_word_and_the_length_of_a_dash_do_not_matter(quotation: str) -> None:
    assert places_of(quotation, PLACES) == ["p. 1, s. 1.1"]


@pytest.mark.parametrize("quotation", ["L'Agence le tient «à jour»", "L’Agence le tient « à jour »"])
def test_french_quotation_marks_are_found_with_and_without_their_space(quotation: str) -> None:
    assert places_of(quotation, PLACES) == ["p. 4, s. 7.1"]


def test_a_quotation_that_runs_on_names_both_places() -> None:
    assert places_of("remain the property of the Agency", PLACES) == ["p. 3, s. 7.1", "p. 4, s. 7.1"]


def test_every_place_that_holds_the_quotation_is_named() -> None:
    assert places_of("The services work together", PLACES) == ["p. 1, s. 1.1", "p. 9"]


@pytest.mark.parametrize(
    "quotation",
    [
        "Information provided by the “Agency”",
        "information supplied by the “Agency”",
        "supplied the Agency",
        "L’Agence le tient « a jour »",
        "Agency. The services",
        "",
        " \n ",
    ],
)
def test_other_words_another_order_capitals_and_accents_are_not_found(quotation: str) -> None:
    assert places_of(quotation, PLACES) == []


def test_a_letter_that_fills_a_document_is_found_in_good_time() -> None:
    """Every hit was looked at, of which one letter has a million."""
    places = [{"place": f"p. {number}", "text": "a" * 10_000} for number in range(100)]
    assert len(places_of("a", places)) == 100


def test_accents_and_ligatures_are_found_however_they_are_encoded() -> None:
    assert places_of("identifiés", [{"place": "p. 1", "text": "identi\ufb01e\u0301s"}]) == ["p. 1"]
