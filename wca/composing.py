"""Drafts of arrangements: what a draft for a JFO would say, composing it of fragments, and which clauses it holds.

The gap engine here reads only texts that the portal composed itself: a part of a clause is held while the paragraph
that holds it stands word for word as its fragment, filled in. It says nothing of an arrangement, which somebody reads.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import translation
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext

from jfo_portal.kit import changesets
from jfo_portal.kit.bilingual import in_language
from jfo_portal.kit.changesets import ChangeSet
from jfo_portal.kit.grouping import grouped
from jfo_portal.kit.history import Door
from jfo_portal.kit.periods import today
from registry.models import JFO, Agency, Contact, Participation, ParticipationRole
from registry.models.partners import OWN_AGENCY, AgencyLevel

from .measures.coverage import INFORMATION_SHARING
from .models import (
    Clause,
    ClausePart,
    ClauseSet,
    Draft,
    DraftJFO,
    DraftParagraph,
    Fragment,
    SecurityLevel,
    Verdict,
    clause_verdict,
)

LANGUAGES = ("en", "fr")
# What stands in a fragment for what a draft says of its own.
PLACES = ("jfos", "leads", "parties", "purpose", "authorities", "security_level", "retention_years", "contacts")
PLACE = re.compile(r"\{([a-z_]+)\}")
# Where nothing else is said: the policy's highest level short of classified information, and two years.
SECURITY_LEVEL = SecurityLevel.PROTECTED_B
RETENTION_YEARS = 2
# How many years information may be kept at most, so that a slip of the keyboard is noticed.
MOST_YEARS = 99

Words = Mapping[str, str]

# The authorities proposed, in English and in French; Legal Services says which of them apply.
_AUTHORITIES_OF_ALL = (
    (
        "Canada Border Services Agency Act, section 5",
        "Loi sur l’Agence des services frontaliers du Canada, article 5",
    ),
    ("Customs Act, section 107", "Loi sur les douanes, article 107"),
    ("Privacy Act, subsection 8(2)", "Loi sur la protection des renseignements personnels, paragraphe 8(2)"),
)
_AUTHORITIES_OF_AGENCY = {
    "RCMP": (
        "Royal Canadian Mounted Police Act, section 18",
        "Loi sur la Gendarmerie royale du Canada, article 18",
    ),
    "CSIS": (
        "Canadian Security Intelligence Service Act, sections 17 and 19",
        "Loi sur le Service canadien du renseignement de sécurité, articles 17 et 19",
    ),
    "CIC": (
        "Immigration and Refugee Protection Act, section 150.1",
        "Loi sur l’immigration et la protection des réfugiés, article 150.1",
    ),
}
_AUTHORITIES_OF_LEVEL = {
    AgencyLevel.PROVINCIAL: (
        "the privacy and police legislation of the province of each provincial participant",
        "les lois sur la protection de la vie privée et sur la police de la province de chaque participant provincial",
    ),
    AgencyLevel.MUNICIPAL: (
        "the privacy and police legislation that governs each municipal participant",
        "les lois sur la protection de la vie privée et sur la police qui régissent chaque participant municipal",
    ),
    AgencyLevel.US_FEDERAL: (
        "the Canada–United States agreement on mutual assistance and cooperation between customs administrations",
        "l’accord Canada–États-Unis sur l’assistance et la coopération mutuelles entre administrations douanières",
    ),
}


# What a draft is to say


@dataclass(frozen=True)
class Terms:
    """What is filled into the fragments of one draft: for which JFOs, who signs, under which law.

    `authorities`, `purpose` are in words of each language. `leads` and `contacts` are those of the JFOs.
    """

    jfos: Sequence[JFO]
    parties: Sequence[Agency]
    leads: Sequence[Agency]
    contacts: Sequence[Contact]
    purpose: Words
    authorities: Mapping[str, Sequence[str]]
    security_level: str = SECURITY_LEVEL
    retention_years: int = RETENTION_YEARS


def proposed(jfos: Sequence[JFO], day: date) -> Terms:
    """Return what a draft for the JFOs together would say on the day, for somebody to correct; three queries."""
    (terms,) = _proposals([jfos], day)
    return terms


def proposed_each(jfos: Iterable[JFO], day: date) -> list[Terms]:
    """Return what a draft for each of the JFOs would say on the day; three queries."""
    return _proposals([[jfo] for jfo in jfos], day)


def _proposals(together: Sequence[Sequence[JFO]], day: date) -> list[Terms]:
    everyone = [jfo for jfos in together for jfo in jfos]
    parts = Participation.objects.as_of(day).filter(jfo__in=everyone, agency__is_group=False).select_related("agency")
    by_jfo = grouped(parts.order_by("agency__key"), lambda row: row.jfo_id)
    people = Contact.objects.as_of(day).filter(jfo__in=everyone, is_primary=True)
    people_by_jfo = grouped(people.order_by("function", "name"), lambda row: row.jfo_id)
    own = Agency.objects.filter(key=OWN_AGENCY).first()
    return [
        _proposal(
            jfos,
            [row for jfo in jfos for row in by_jfo.get(jfo.pk, [])],
            [row for jfo in jfos for row in people_by_jfo.get(jfo.pk, [])],
            own,
        )
        for jfos in together
    ]


def _proposal(
    jfos: Sequence[JFO], parts: Sequence[Participation], contacts: Sequence[Contact], own: Agency | None
) -> Terms:
    leads = list(dict.fromkeys(row.agency for row in parts if row.role == ParticipationRole.LEAD))
    first = [own] if own else []
    parties = list(dict.fromkeys([*first, *leads, *(row.agency for row in parts)]))
    return Terms(
        jfos,
        parties,
        leads,
        contacts,
        {language: _purpose(jfos, language) for language in LANGUAGES},
        proposed_authorities(parties),
    )


def proposed_authorities(parties: Iterable[Agency]) -> dict[str, list[str]]:
    """Return the laws under which parties like these share information, in words of each language."""
    parties = list(parties)
    found = [*_AUTHORITIES_OF_ALL]
    found += [_AUTHORITIES_OF_AGENCY[party.key] for party in parties if party.key in _AUTHORITIES_OF_AGENCY]
    levels = {party.level for party in parties}
    found += [words for level, words in _AUTHORITIES_OF_LEVEL.items() if level in levels]
    return {language: [words[number] for words in found] for number, language in enumerate(LANGUAGES)}


def _purpose(jfos: Sequence[JFO], language: str) -> str:
    """Return the JFOs' objectives, each once; those that have none are left out."""
    with translation.override(language):
        return " ".join(dict.fromkeys(tidy(jfo.objectives) for jfo in jfos if jfo.objectives))


# Composing


@dataclass(frozen=True)
class Composition:
    """A draft with its JFOs and paragraphs: unsaved as `composed` makes it, stored as `compose` does."""

    draft: Draft
    jfos: Sequence[DraftJFO]
    paragraphs: Sequence[DraftParagraph]


def newest_fragments() -> list[Fragment]:
    """Return the newest version of each fragment, in the order of a draft; one query."""
    newer = Fragment.objects.filter(code=OuterRef("code"), version__gt=OuterRef("version"))
    return list(Fragment.objects.filter(~Exists(newer)).order_by("position", "code"))


def composed(terms: Terms, fragments: Sequence[Fragment], *, by: Any) -> Composition:
    """Return the draft of the terms, made of the fragments, without saving anything; no query."""
    said = {language: _places(terms, language) for language in LANGUAGES}
    draft = Draft(
        **{f"title_{language}": _title(terms.jfos, language) for language in LANGUAGES},
        security_level=terms.security_level,
        retention_years=terms.retention_years,
        filled_in=said | {"signing": {language: _names(terms.parties, language) for language in LANGUAGES}},
        composed_on=today(),
        composed_by=by,
    )
    return Composition(
        draft,
        [DraftJFO(draft=draft, jfo=jfo) for jfo in terms.jfos],
        [
            DraftParagraph(
                draft=draft,
                fragment=fragment,
                position=position,
                text_en=filled(fragment.text_en, said["en"]),
                text_fr=filled(fragment.text_fr, said["fr"]),
            )
            for position, fragment in enumerate(fragments, start=1)
        ],
    )


def compose(
    terms: Sequence[Terms], *, by: Any, reason: str = "", door: Door = Door.SCREEN, within: ChangeSet | None = None
) -> list[Composition]:
    """Compose a draft of each of the terms and save it; the number of queries grows with that of drafts alone."""
    fragments = newest_fragments()
    made = [composed(one, fragments, by=by) for one in terms]
    with changesets.act(by, reason=reason, door=door, within=within) as change:
        for one in made:
            change.save_row(one.draft)
        kept: dict[str, Any] = {
            "by": change.by,
            "reason": change.reason,
            "door": Door(change.door),
            "change": change,
        }
        DraftJFO.objects.bulk_create(_of_saved(row for one in made for row in one.jfos), **kept)
        DraftParagraph.objects.bulk_create(
            _of_saved(row for one in made for row in one.paragraphs), batch_size=500, **kept
        )
    return made


def _of_saved(rows: Iterable[Any]) -> list[Any]:
    """Return the rows, each with the key that its draft has now."""
    found = list(rows)
    for row in found:
        row.draft = row.draft
    return found


def filled(text: str, said: Words) -> str:
    """Return the fragment's text with its places filled in; a place of which nothing is said stays as it is."""
    return PLACE.sub(lambda place: said.get(place[1], place[0]), text)


def tidy(text: str) -> str:
    """Return the text as one paragraph: no ends of lines, no control characters; no-break spaces stay."""
    return re.sub(r"[\x00-\x20\x7f-\x84\x86-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]+", " ", text).strip()


def _places(terms: Terms, language: str) -> dict[str, str]:
    with translation.override(language):
        return {
            "jfos": "; ".join(
                gettext("%(name)s (%(code)s)") % {"name": jfo.name, "code": jfo.code} for jfo in terms.jfos
            ),
            "leads": ", ".join(agency.name for agency in terms.leads) or gettext("[lead to be named]"),
            "parties": "; ".join(_names(terms.parties, language)),
            "purpose": terms.purpose[language] or gettext("[purpose to be stated]"),
            "authorities": "; ".join(terms.authorities[language]) or gettext("[authorities to be cited]"),
            "security_level": str(SecurityLevel(terms.security_level).label),
            "retention_years": ngettext("%(count)s year", "%(count)s years", terms.retention_years)
            % {"count": terms.retention_years},
            "contacts": "; ".join(dict.fromkeys(map(_contact, terms.contacts))) or gettext("[contacts to be named]"),
        }


def _names(parties: Iterable[Agency], language: str) -> list[str]:
    """Return the parties' names in the language, each with its short form where that is another."""
    with translation.override(language):
        return [
            # Within brackets, others are square: (ICE [É.-U.]).
            gettext("%(name)s (%(short)s)")
            % {"name": party.name, "short": party.short.replace("(", "[").replace(")", "]")}
            if party.short != party.name
            else party.name
            for party in parties
        ]


def _contact(contact: Contact) -> str:
    said = {"function": contact.get_function_display(), "name": contact.name, "email": contact.email}
    if contact.email:
        return gettext("%(name)s, %(function)s, %(email)s") % said
    return gettext("%(name)s, %(function)s") % said


def _title(jfos: Sequence[JFO], language: str) -> str:
    """Return the title of a draft for the JFOs; of more than three, with how many they are."""
    with translation.override(language):
        if len(jfos) > 3:
            return ngettext(
                "Written collaborative arrangement for %(count)s JFO",
                "Written collaborative arrangement for %(count)s JFOs",
                len(jfos),
            ) % {"count": len(jfos)}
        names = ", ".join(jfo.name for jfo in jfos)
        title = gettext("Written collaborative arrangement for %(jfos)s") % {"jfos": names}
        return Truncator(title).chars(200)


# Which clauses a draft holds


@dataclass(frozen=True)
class PartHeld:
    """A part of a clause, and where the draft holds it: the paragraph, and its number in the draft; None for a gap."""

    part: ClausePart
    paragraph: DraftParagraph | None
    number: int | None

    @property
    def verdict(self) -> Verdict:
        return Verdict.MET if self.paragraph else Verdict.NOT_MET

    @property
    def quotation(self) -> str:
        """The whole paragraph, in the active language; empty for a gap."""
        return self.paragraph.text if self.paragraph else ""

    @property
    def place(self) -> str:
        """Such as “paragraph 7”; empty for a gap."""
        return gettext("paragraph %(number)s") % {"number": self.number} if self.paragraph else ""


@dataclass(frozen=True)
class ClauseHeld:
    """A clause, and each of its parts as the draft holds it."""

    clause: Clause
    parts: Sequence[PartHeld]

    @property
    def verdict(self) -> Verdict:
        return clause_verdict(part.verdict for part in self.parts)

    @property
    def gaps(self) -> list[ClausePart]:
        return [part.part for part in self.parts if part.paragraph is None]


def key_of(part: ClausePart) -> str:
    """Return the key under which fragments name the part: that of every version of its set."""
    return f"{part.clause.clause_set.code}.{part.clause.letter}.{part.number}"


def latest_parts() -> list[ClausePart]:
    """Return the parts of the latest version of every clause set, in order; one query."""
    newer = ClauseSet.objects.filter(
        code=OuterRef("clause__clause_set__code"), version__gt=OuterRef("clause__clause_set__version")
    )
    parts = ClausePart.objects.filter(~Exists(newer)).select_related("clause__clause_set")
    return list(parts.order_by("clause__clause_set__code", "clause__letter", "number"))


def stands(paragraph: DraftParagraph) -> bool:
    """Say whether the paragraph is, in both languages, word for word its fragment, filled in."""
    said, fragment = paragraph.draft.filled_in, paragraph.fragment
    return all(
        getattr(paragraph, f"text_{language}") == filled(getattr(fragment, f"text_{language}"), said.get(language, {}))
        for language in LANGUAGES
    )


def held(paragraphs: Sequence[DraftParagraph], parts: Iterable[ClausePart]) -> list[ClauseHeld]:
    """Return how the draft of the paragraphs, which are in order, stands on each clause of the parts; no query.

    A part is met when a paragraph that holds it stands; the first such is its quotation.
    """
    where: dict[str, tuple[DraftParagraph, int]] = {}
    for number, paragraph in enumerate(paragraphs, start=1):
        if stands(paragraph):
            for key in paragraph.fragment.holds:
                where.setdefault(key, (paragraph, number))
    nowhere = (None, None)
    return [
        ClauseHeld(clause, [PartHeld(part, *where.get(key_of(part), nowhere)) for part in of_clause])
        for clause, of_clause in groupby(parts, lambda part: part.clause)
    ]


def of_set(clauses: Iterable[ClauseHeld], code: str = INFORMATION_SHARING) -> list[ClauseHeld]:
    """Return the clauses of one set."""
    return [clause for clause in clauses if clause.clause.clause_set.code == code]


def score(clauses: Collection[ClauseHeld]) -> tuple[int, int]:
    """Return how many of the clauses are met, and how many there are."""
    return sum(clause.verdict == Verdict.MET for clause in clauses), len(clauses)


def unsigned(paragraphs: Iterable[DraftParagraph], day: date) -> list[DraftParagraph]:
    """Return the paragraphs to which Legal Services had not agreed by the day: their fragment is not signed off, or
    they are no longer as it has them."""
    return [
        paragraph
        for paragraph in paragraphs
        if paragraph.fragment.signed_off_on is None or paragraph.fragment.signed_off_on > day or not stands(paragraph)
    ]


# The text as it is printed


@dataclass(frozen=True)
class Numbered:
    """A paragraph with its number in the draft, and its text in one language."""

    number: int
    text: str
    paragraph: DraftParagraph


@dataclass(frozen=True)
class TextSection:
    """Paragraphs that follow each other under one heading."""

    heading: str
    paragraphs: Sequence[Numbered]


def sections_of(paragraphs: Iterable[DraftParagraph]) -> list[TextSection]:
    """Return the draft's text in the active language; paragraphs whose fragments have one heading stand together."""
    numbered = [Numbered(number, row.text, row) for number, row in enumerate(paragraphs, start=1)]
    return [
        TextSection(heading, list(rows))
        for heading, rows in groupby(numbered, lambda row: in_language(row.paragraph.fragment, "heading"))
    ]


def watermark(paragraphs: Iterable[DraftParagraph], day: date) -> str:
    """Return the watermark in the active language; empty once Legal Services has agreed to every paragraph."""
    return unreviewed() if unsigned(paragraphs, day) else ""


def unreviewed() -> str:
    """Return the words of the watermark, in the active language."""
    return gettext("Draft for consultation – not reviewed by Legal Services")


def signing(draft: Draft) -> list[str]:
    """Return the names of the parties that sign, in the active language."""
    names: list[str] = draft.filled_in.get("signing", {}).get(translation.get_language(), [])
    return names
