"""Drafts as files, from the command line."""

import pytest
from django.core.management import CommandError, call_command

from wca.models import Draft, Fragment

pytestmark = pytest.mark.django_db


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def test_every_uncovered_jfo_gets_three_files_and_holds_seven_of_seven(tmp_path, capsys):
    folder = tmp_path / "drafts"
    call_command("compose", "--uncovered", str(folder))
    said = lines(capsys)
    assert len(said) == 19
    assert all(line.endswith(" 7/7") for line in said)
    codes = [line.split()[0] for line in said]
    assert codes == sorted(codes)
    names = {f"{code}{end}" for code in codes for end in ("-en.html", "-fr.html", ".docx")}
    assert {path.name for path in folder.iterdir()} == names
    assert "Sûreté du Québec (SQ)" in (folder / "FAE-en.html").read_text(encoding="utf-8")
    assert "non examinée par les Services juridiques" in (folder / "FAE-fr.html").read_text(encoding="utf-8")
    assert not Draft.objects.exists()


def test_jfos_that_are_named_are_composed_covered_or_not(tmp_path, capsys):
    call_command("compose", "IBET-QUE-1", "FAE", "FAE", str(tmp_path))
    assert lines(capsys) == ["IBET-QUE-1 7/7", "FAE 7/7"]
    assert len(list(tmp_path.iterdir())) == 6


def test_it_ends_with_1_where_a_fragment_is_missing(tmp_path, capsys):
    Fragment.objects.filter(code="return-notice").delete()
    with pytest.raises(CommandError) as refusal:
        call_command("compose", "FAE", str(tmp_path))
    assert refusal.value.returncode == 1
    assert lines(capsys) == ["FAE 6/7"]


def test_it_ends_with_1_without_clauses_or_fragments(tmp_path, capsys):
    Fragment.objects.all().delete()
    with pytest.raises(CommandError):
        call_command("compose", "FAE", str(tmp_path))
    assert lines(capsys) == ["FAE 0/7"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Give codes of JFOs, or --uncovered."),
        (["NOPE"], "There is no JFO 'NOPE' today."),
        (["--uncovered", "FAE"], "not both"),
    ],
)
def test_what_it_cannot_do_it_says(tmp_path, arguments, sentence):
    with pytest.raises(CommandError, match=sentence.replace(".", r"\.")):
        call_command("compose", *arguments, str(tmp_path))


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot be made a folder"):
        call_command("compose", "FAE", str(tmp_path / "file"))
