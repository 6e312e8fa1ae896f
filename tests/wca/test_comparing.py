"""What became of a draft's paragraphs in a text that came back."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wca import comparing
from wca.comparing import Fate, compare, differences, weakened
from wca.models import Draft, DraftParagraph, Fragment

from .test_composing import unsaved

pytestmark = pytest.mark.django_db


@pytest.fixture
def paragraphs():
    return list(unsaved("FAE").paragraphs)


def returned(paragraphs, language="en", **changed):
    """Return the text of the paragraphs in the language, those of some codes replaced, or left out for None."""
    texts = []
    for row in paragraphs:
        code = row.fragment.code.replace("-", "_")
        text = changed.get(code, getattr(row, f"text_{language}"))
        if text is not None:
            texts.append(text)
    return "\n".join(texts)


def fates(comparison):
    """Return the paragraphs that are not as they were, by code."""
    return {one.paragraph.fragment.code: one.fate for one in comparison.found if one.fate > Fate.UNCHANGED}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_very_text_is_unchanged_and_of_its_language(paragraphs, language):
    comparison = compare(paragraphs, returned(paragraphs, language))
    assert list(comparison.languages) == [language]
    assert (fates(comparison), list(comparison.added)) == ({}, [])
    assert set(comparison.fates.values()) == {Fate.UNCHANGED}


def test_both_languages_one_after_the_other_are_both_compared(paragraphs):
    text = returned(paragraphs) + "\n" + returned(paragraphs, "fr", return_notice=None)
    comparison = compare(paragraphs, text)
    assert list(comparison.languages) == ["en", "fr"]
    assert fates(comparison) == {"return-notice": Fate.DROPPED}
    assert comparison.fates["information-sharing.c.2"] == Fate.DROPPED


@pytest.mark.parametrize(
    "retold",
    [
        lambda text: text.replace(" ", "\xa0"),
        lambda text: text.replace("’", "'"),
        lambda text: text.replace("\n", "\r\n\r\n"),
        lambda text: "\n".join(f"{number}. {line}" for number, line in enumerate(text.split("\n"), start=1)),
        lambda text: "\n\n".join(line.replace(" the ", "\nthe ") for line in text.split("\n")),
        lambda text: "Property in the information\n" + text + "\nSignatures",
    ],
    ids=["spaces", "quotes", "ends of lines", "numbers", "wrapped lines", "headings"],
)
def test_how_a_text_is_set_does_not_matter(paragraphs, retold):
    comparison = compare(paragraphs, retold(returned(paragraphs)))
    assert (fates(comparison), list(comparison.added)) == ({}, [])


def test_a_dropped_paragraph_drops_its_part(paragraphs):
    comparison = compare(paragraphs, returned(paragraphs, legal_proceedings=None))
    assert fates(comparison) == {"legal-proceedings": Fate.DROPPED}
    assert comparison.fates["information-sharing.c.3"] == Fate.DROPPED


def test_a_paragraph_elsewhere_has_moved_and_the_others_have_not(paragraphs):
    order = [*paragraphs[1:], paragraphs[0]]
    assert fates(compare(paragraphs, returned(order))) == {"preamble": Fate.MOVED}


def test_an_obligation_that_became_a_choice_is_weakened(paragraphs):
    (row,) = [one for one in paragraphs if one.fragment.code == "return-notice"]
    softer = row.text_en.replace("must notify", "should, where possible, notify")
    comparison = compare(paragraphs, returned(paragraphs, return_notice=softer))
    assert fates(comparison) == {"return-notice": Fate.WEAKENED}
    (found,) = [one for one in comparison.found if one.fate == Fate.WEAKENED]
    assert list(found.reasons) == ["An obligation is gone: “must”.", "A choice was added: “should”, “where possible”."]
    marked = [(words.kind, words.text) for words in found.words if words.kind != "equal"]
    assert marked == [("delete", "must"), ("insert", "should, where possible,")]
    assert comparison.fates["information-sharing.c.2"] == Fate.WEAKENED


@pytest.mark.parametrize(
    ("was", "now", "language"),
    [
        ("It must be kept.", "It may be kept.", "en"),
        ("It shall be kept.", "It is kept where possible.", "en"),
        ("It must not be used.", "It must be used.", "en"),
        ("It must be kept.", "It must not be kept.", "en"),
        ("It must be kept.", "It must be kept, unless the head decides otherwise.", "en"),
        ("It must be kept without delay.", "It must be kept.", "en"),
        ("L’information doit être rendue.", "L’information peut être rendue.", "fr"),
        ("L’information doit être rendue.", "L’information devrait être rendue.", "fr"),
        ("Ils doivent l’aviser.", "Ils doivent, si possible, l’aviser.", "fr"),
        ("Il ne doit pas servir.", "Il doit servir.", "fr"),
        ("Il doit être rendu.", "Il doit être rendu, sauf exception.", "fr"),
        ("Ils n’ont pas accès.", "Ils ont accès.", "fr"),
    ],
)
def test_what_binds_less_is_weakened_and_says_why(was, now, language):
    assert weakened(was, now, language)


@pytest.mark.parametrize(
    ("was", "now", "language"),
    [
        ("It must be kept.", "It shall be kept.", "en"),
        ("It must be kept.", "It must be kept and must be sealed.", "en"),
        ("It must be kept.", "It must be kept for 3 years.", "en"),
        ("It must not be used.", "It may not be used.", "en"),
        ("It must be kept in May.", "It must be kept in May and June.", "en"),
        ("It may be used.", "It must be used.", "en"),
        ("It must be kept.", "It must be kept; it must not be copied.", "en"),
        ("Il doit être rendu.", "Il est tenu de le rendre.", "fr"),
        ("Ils doivent l’aviser.", "Ils doivent l’aviser par écrit.", "fr"),
        ("Il peut servir.", "Il doit servir.", "fr"),
    ],
)
def test_what_binds_as_much_is_not(was, now, language):
    assert not weakened(was, now, language)


def test_a_paragraph_split_in_two_is_found_again(paragraphs):
    (row,) = [one for one in paragraphs if one.fragment.code == "misuse"]
    split = row.text_en.replace(". The persons", ".\nThe persons")
    comparison = compare(paragraphs, returned(paragraphs, misuse=split))
    assert (fates(comparison), list(comparison.added)) == ({}, [])


def test_what_the_draft_does_not_know_was_added(paragraphs):
    text = returned(paragraphs) + "\nThe provincial police provides boats and horses free of charge."
    comparison = compare(paragraphs, text)
    assert list(comparison.added) == ["The provincial police provides boats and horses free of charge."]


def test_a_text_of_something_else_dropped_everything(paragraphs):
    comparison = compare(paragraphs, "Minutes of the picnic committee.\nThere will be cake.")
    assert {one.fate for one in comparison.found} == {Fate.DROPPED}
    assert len(comparison.found) == 2 * len(paragraphs)
    assert len(comparison.added) == 2


def test_a_text_that_is_too_long_is_refused(paragraphs):
    with pytest.raises(comparing.TooLong):
        compare(paragraphs, "x" * (comparing.LONGEST + 1))


@pytest.mark.parametrize(
    "text",
    [
        "information that must be returned " * (comparing.LONGEST // 34),
        "must not\n" * (comparing.LONGEST // 9),
        "\n".join(["Information must be kept by the CBSA, the participant and others to 30 days"] * 3200),
        "".join(f"{number % 999}. " for number in range(50_000)),
    ],
    ids=["one paragraph", "short lines", "paragraphs all alike", "numbers"],
)
def test_the_longest_text_is_compared_in_bounded_time(paragraphs, text):
    began = time.process_time()
    compare(paragraphs, text[: comparing.LONGEST])
    assert time.process_time() - began < 20


SOME_WORDS = ["must", "may", "not", "the", "CBSA", "kept,", "returned.", "unless", "L’ASFC", "doit"]
WORDS = st.lists(st.sampled_from(SOME_WORDS), min_size=1)


@given(WORDS, WORDS)
def test_the_words_that_are_marked_make_both_texts_again(was, now):
    was, now = " ".join(was), " ".join(now)
    found = differences(was, now)
    assert " ".join(one.text for one in found if one.kind != "insert") == was
    assert " ".join(one.text for one in found if one.kind != "delete") == now


@given(WORDS)
def test_a_text_is_never_weaker_than_itself(words):
    text = " ".join(words)
    assert not weakened(text, text, "en")
    assert not weakened(text, text, "fr")


def test_whatever_comes_back_each_paragraph_has_one_fate_a_language(paragraphs):
    """Some dropped, the rest in any order: the dropped are those, none is changed, and nothing was added."""

    @settings(max_examples=40, deadline=None)
    @given(st.permutations(range(len(paragraphs))), st.integers(5, len(paragraphs)), st.sampled_from(["en", "fr"]))
    def check(order, count, language):
        kept = order[:count]
        comparison = compare(paragraphs, returned([paragraphs[index] for index in kept], language))
        dropped = {one.number - 1 for one in comparison.found if one.fate == Fate.DROPPED}
        assert dropped == set(range(len(paragraphs))) - set(kept)
        assert {one.fate for one in comparison.found} <= {Fate.UNCHANGED, Fate.MOVED, Fate.DROPPED}
        assert [one.number for one in comparison.found] == list(range(1, len(paragraphs) + 1))
        assert list(comparison.added) == []
        in_place = [one.number - 1 for one in comparison.found if one.fate == Fate.UNCHANGED]
        positions = [kept.index(number) for number in in_place]
        assert positions == sorted(positions)

    check()


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=400))
def test_any_text_at_all_is_compared(text):
    row = DraftParagraph(
        draft=Draft(title_en="A", title_fr="B", filled_in={}),
        fragment=Fragment(code="a", heading_en="A", heading_fr="B", holds=["information-sharing.a.1"]),
        position=1,
        text_en="Information must be kept.",
        text_fr="L’information doit être conservée.",
    )
    comparison = compare([row], text)
    assert comparison.found
