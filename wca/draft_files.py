"""A draft as a file: HTML of one language that stands alone, and a Word document of both."""

import io
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import docx
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext
from docx.document import Document as WordDocument
from docx.enum.section import WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Inches, Pt, RGBColor
from docx.text.paragraph import Paragraph

from jfo_portal.kit.views import marking

from . import composing
from .models import Draft, DraftParagraph

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

# What Word draws across the page, under the text; the size of the letters is fitted to the shape.
_WATERMARK = """
<w:r %(ns)s xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"><w:rPr><w:noProof/></w:rPr><w:pict>
<v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800" path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/><v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/><v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/><v:f eqn="mid @5 @6"/><v:f eqn="mid @8 @5"/><v:f eqn="mid @7 @8"/><v:f eqn="mid @6 @7"/><v:f eqn="sum @6 0 @5"/></v:formulas><v:path textpathok="t" o:connecttype="custom" o:connectlocs="@9,0;@10,10800;@11,21600;@12,10800" o:connectangles="270,180,90,0"/><v:textpath on="t" fitshape="t"/></v:shapetype>
<v:shape id="PowerPlusWaterMarkObject%(number)s" o:spid="_x0000_s20%(number)s" type="#_x0000_t136" style="position:absolute;margin-left:0;margin-top:0;width:560pt;height:44pt;rotation:315;z-index:-251658752;mso-position-horizontal:center;mso-position-horizontal-relative:margin;mso-position-vertical:center;mso-position-vertical-relative:margin" fillcolor="#c9ced4" stroked="f"><v:fill opacity=".6"/><v:textpath style="font-family:&quot;Arial&quot;;font-size:1pt" string=""/></v:shape>
</w:pict></w:r>
"""  # noqa: E501


def file_name(draft: Draft, language: str, suffix: str) -> str:
    """Return a safe file name: the draft's number, the language if it is of one, and the suffix."""
    stem = f"draft-{draft.pk}"
    return f"{stem}-{language}.{suffix}" if language else f"{stem}.{suffix}"


def safe(code: str) -> str:
    """Return the code as part of a file name: letters, digits, points and hyphens, and never a way to elsewhere."""
    return re.sub(r"[^\w.-]+", "-", code).strip(".-") or "draft"


def as_html(draft: Draft, paragraphs: Sequence[DraftParagraph], language: str, day: date) -> str:
    """Return the draft in one language as a page that needs nothing else."""
    with translation.override(language):
        return render_to_string(
            "wca/draft_file.html", text_of(draft, paragraphs, day) | {"language": language, "marking": marking()}
        )


def text_of(draft: Draft, paragraphs: Sequence[DraftParagraph], day: date) -> dict[str, Any]:
    """Return what templates/wca/draft_text.html shows, in the active language."""
    return {
        "draft": draft,
        "sections": composing.sections_of(paragraphs),
        "signing": composing.signing(draft),
        "watermark": composing.watermark(paragraphs, day),
    }


# Word


def as_docx(
    draft: Draft, paragraphs: Sequence[DraftParagraph], day: date, languages: Sequence[str] = composing.LANGUAGES
) -> bytes:
    """Return the draft as a Word document on Letter paper: in the languages one after the other, each on a new page."""
    document = docx.Document()
    _style(document)
    number = _numbering(document)
    for position, language in enumerate(languages):
        section = document.sections[0] if position == 0 else document.add_section(WD_SECTION.NEW_PAGE)
        section.page_width, section.page_height = Inches(8.5), Inches(11)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Inches(1)
        with translation.override(language):
            _frame(section, composing.watermark(paragraphs, day), position)
            _body(document, draft, paragraphs, number[position])
    _set_languages(document, languages)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = getattr(draft, f"title_{languages[0]}"), "", ""
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _style(document: WordDocument) -> None:
    styles: Any = document.styles
    normal = styles["Normal"]
    normal.font.name, normal.font.size = "Arial", Pt(11)
    normal.paragraph_format.space_after = Pt(8)
    for name, size in (("Title", 18), ("Heading 1", 13)):
        style = styles[name]
        style.font.name, style.font.size = "Arial", Pt(size)
        style.font.color.rgb = RGBColor(0x1F, 0x2A, 0x37)
        # The theme's fonts and rule would win over these.
        fonts = style.element.rPr.rFonts
        for attribute in list(fonts.attrib):
            if "Theme" in attribute or "theme" in attribute:
                del fonts.attrib[attribute]
        for border in style.element.pPr.findall(qn("w:pBdr")):
            style.element.pPr.remove(border)


def _numbering(document: WordDocument) -> list[int]:
    """Return the keys of a list for each language, which number paragraphs 1., 2., 3."""
    numbering = document.part.numbering_part.element
    found = []
    for key, _language in enumerate(composing.LANGUAGES, start=90):
        abstract = parse_xml(
            f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{key}"><w:multiLevelType w:val="singleLevel"/>'
            '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/>'
            '<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="540" w:hanging="540"/></w:pPr></w:lvl></w:abstractNum>'
        )
        # Word wants every abstract list before the first list.
        numbering.insert(0, abstract)
        found.append(numbering.add_num(key).numId)
    return found


def _frame(section: Any, watermark: str, position: int) -> None:
    """Write the header, with the watermark where there is one, and the footer of the section."""
    header, footer = section.header, section.footer
    header.is_linked_to_previous = footer.is_linked_to_previous = False
    if watermark:
        paragraph = header.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = paragraph.add_run(watermark)
        run.bold, run.font.size, run.font.color.rgb = True, Pt(9), RGBColor(0x8A, 0x1F, 0x11)
        drawn = parse_xml(_WATERMARK % {"ns": nsdecls("w"), "number": 49 + position})
        drawn.find(".//{urn:schemas-microsoft-com:vml}shape/{urn:schemas-microsoft-com:vml}textpath").set(
            "string", watermark
        )
        paragraph._p.append(drawn)
    paragraph = footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.add_run(f"{marking()} · ").font.size = Pt(9)
    _page_number(paragraph)


def _page_number(paragraph: Paragraph) -> None:
    run = paragraph.add_run()
    run.font.size = Pt(9)
    for kind, instruction in (("begin", ""), ("", "PAGE"), ("end", "")):
        if kind:
            element = OxmlElement("w:fldChar")
            element.set(qn("w:fldCharType"), kind)
        else:
            element = OxmlElement("w:instrText")
            element.text = instruction
        run._r.append(element)


def _body(document: WordDocument, draft: Draft, paragraphs: Sequence[DraftParagraph], number: int) -> None:
    document.add_paragraph(composing.tidy(draft.title), style="Title")
    for section in composing.sections_of(paragraphs):
        document.add_paragraph(composing.tidy(section.heading), style="Heading 1")
        for row in section.paragraphs:
            _number(document.add_paragraph(composing.tidy(row.text), style="List Number"), number)
    names = composing.signing(draft)
    if not names:
        return
    table = document.add_table(rows=1, cols=3, style="Table Grid")
    for cell, heading in zip(
        table.rows[0].cells, (gettext("Participant"), gettext("Name and signature"), gettext("Date")), strict=True
    ):
        cell.text = heading
        cell.paragraphs[0].runs[0].bold = True
    _repeat(table.rows[0])
    for name in names:
        row = table.add_row()
        row.height = Pt(36)
        row.cells[0].text = composing.tidy(name)


def _number(paragraph: Paragraph, number: int) -> None:
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = number
    paragraph.paragraph_format.left_indent, paragraph.paragraph_format.first_line_indent = Inches(0.375), Inches(-0.375)


def _repeat(row: Any) -> None:
    """Let the row head the table on every page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _set_languages(document: WordDocument, languages: Sequence[str]) -> None:
    """Say of every run in which language it is, so that it is spelled and read aloud in it; a section has one."""
    left = list(languages)
    for element in document.element.body.iter(qn("w:r"), qn("w:sectPr")):
        if element.tag == qn("w:sectPr"):
            left.pop(0)
        else:
            _set_language(element, left[0])
    for section, language in zip(document.sections, languages, strict=True):
        for part in (section.header, section.footer):
            for run in part._element.iter(qn("w:r")):
                _set_language(run, language)


def _set_language(run: Any, language: str) -> None:
    said = OxmlElement("w:lang")
    said.set(qn("w:val"), f"{language}-CA")
    run.get_or_add_rPr().append(said)
