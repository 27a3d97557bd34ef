"""The glossary: well-formed, on its pages as generated, linked from statements; and the wording of statements."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from efasp.paper_artifacts.claims.claims import claims
from efasp.paper_artifacts.claims.trust import bases
from efasp.paper_artifacts.report import glossary as glossary_module
from efasp.paper_artifacts.report.glossary import COMMAND, FILE, GlossaryError, glossary, main, page, pieces, used
from efasp.proofs.statements import statements
from tests.pages import DOCS, ROOT, headings
from tests.test_docs import anchors

PAGE = ROOT / "docs" / "glossary.md"

# Phrases that stopped a reader, and the turns that they are cases of.
STOPPERS = (
    "what is no id and what is no word is refused",
    "turns undo",
    "goes on",
    "candidates, and that their ranks tell them apart",
    "that nothing beats",
    "perhaps the sink beside it",
    "halves what is read",
    "every value but its own flag",
    "its queries match nothing",
    "what the machine's own steps give",
    "is read by what is proved",
    "checkers that are no solvers",
    "computes nothing more",
    "each by its own check",
    "coefficients of the definition's rows",
    "or why no better",
)
# Free relatives, and "no X" for "not an X".
TURNS = re.compile(
    r"\bwhat (?:is|loses|wins|differs|runs|has|lacks|deviates|it)\b|\b(?:is|are) no\b|\bdoes? no harm\b|\bperhaps\b"
)


def prose() -> dict[str, str]:
    """The prose of every data file that the pages show, by its place."""
    found = {f"{s.lemma}: {key}": getattr(s, key) for s in statements().values() for key in ("states", "notation")}
    found |= {f"{c.id}: {key}": getattr(c, key) for c in claims().values() for key in ("title", "states", "uncovered")}
    return found | {f"{b.id}: {key}": getattr(b, key) for b in bases() for key in ("what", "covered", "trusted")}


def stopping(text: str) -> list[str]:
    """The phrases of a text at which a reader stopped."""
    return [phrase for phrase in STOPPERS if phrase in text.lower()] + TURNS.findall(text.lower())


def test_no_statement_stops_a_reader() -> None:
    """No lemma's statement, claim or entry of the trusted base has a phrase of the list, or a turn that it is a case of."""
    found = {place: stopping(text) for place, text in prose().items()}
    assert {place: phrases for place, phrases in found.items() if phrases} == {}


@pytest.mark.parametrize(
    "text",
    [
        "What is no id and what is no word is refused.",
        "b turns undo b turns.",
        "Every score is an integer, so what loses is 1 below.",
        "The composition is no theorem of a kernel.",
        "Any order computes nothing more",
    ],
)
def test_a_phrase_that_stops_a_reader_is_found(text: str) -> None:
    """The old wordings are recognised."""
    assert stopping(text)


OPENINGS = ("For ", "At ", "In ", "After ", "By induction", "Every ", "Each ", "If ", "Measured ", "The definition ")


def test_statements_are_propositions() -> None:
    """Each opens with what it quantifies over or where it holds, and has up to three sentences, each with a full stop."""
    for statement in statements().values():
        sentences = re.split(r"(?<=\.) (?=[A-Z])", statement.states)
        assert statement.states.startswith(OPENINGS), statement.lemma
        assert len(sentences) <= 3 and all(sentence.endswith(".") for sentence in sentences), statement.lemma


def test_the_glossary_is_well_formed() -> None:
    """It has 40 to 80 sorted terms of one or two sentences, and anchors that differ."""
    terms = glossary()
    assert 40 <= len(terms) <= 80 and list(terms) == sorted(terms, key=str.casefold)
    assert len({term.anchor for term in terms.values()}) == len(terms)
    for term in terms.values():
        assert len(re.findall(r"\.(?= [A-Z]|$)", term.means)) <= 2, term.name


def test_every_term_is_used() -> None:
    """By a statement, a claim, the trusted base, a page of docs, the README, or another term's definition or ``see``."""
    pages = [path.read_text() for path in (ROOT / "README.md", *DOCS) if path != PAGE]
    known = {name for text in (*prose().values(), *pages) for name in used(text)}
    for term in glossary().values():
        known |= {*used(term.means), *term.see} - {term.name}
    assert sorted(glossary().keys() - known) == []


BAD = [
    ('["b"]\nmeans = "x."\n["a"]\nmeans = "y."\n', "a: expected terms in alphabetical order"),
    ('["a"]\nmeans = "x."\n["a"]\nmeans = "y."\n', "glossary.toml: "),
    ('["a"]\nmeans = "x."\nsee = ["c"]\n', "a: see: expected another term, found 'c'"),
    ('["a"]\nmeans = "x."\nsee = ["a"]\n', "a: see: expected another term, found 'a'"),
    ('["a"]\nmeans = "x"\n', "a: means: expected one or two sentences"),
    ('["a"]\nforms = ["b"]\n', "a: means: expected one or two sentences, found 'none'"),
    ('["a"]\nmeans = "x."\ncolour = "red"\n', "found colour = 'red'"),
    ('["a"]\nmeans = "x."\nforms = [1]\n', "a: forms: expected a list of texts"),
    ('["a"]\nmeans = "x."\nforms = ["B"]\n["b"]\nmeans = "y."\n', "b: expected a form of one term, found 'b' also of a"),
    ('a = "x."\n', "a: expected a table with the key means"),
]


@pytest.mark.parametrize("text, message", BAD)
def test_a_malformed_glossary_is_named(tmp_path: Path, text: str, message: str) -> None:
    """The error names the file, the term, and what was expected and found."""
    file = tmp_path / "glossary.toml"
    file.write_text(text)
    with pytest.raises(GlossaryError, match=re.escape(message)) as raised:
        glossary(file)
    assert str(raised.value).startswith("glossary.toml: ")


def test_the_page_is_as_generated() -> None:
    """docs/glossary.md is what the glossary gives; otherwise run the command that its first line names."""
    assert PAGE.read_text(encoding="utf-8") == page(glossary()), f"{PAGE}: regenerate it with: {COMMAND}"
    assert COMMAND in PAGE.read_text(encoding="utf-8").splitlines()[0]


def test_the_page_has_the_anchors_of_its_terms() -> None:
    """The heading of each term has the anchor that links to it use."""
    text = page(glossary())
    assert headings(text) == ["Glossary", *glossary()]
    assert anchors(text) == ["glossary", *(term.anchor for term in glossary().values())]


def test_the_command_writes_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Into the folder docs; exit 2 and a message where there is no such folder."""
    monkeypatch.setattr(glossary_module, "PAGE", tmp_path / "docs" / "glossary.md")
    assert main() == 2 and "expected the folder docs" in capsys.readouterr().err
    (tmp_path / "docs").mkdir()
    assert main() == 0
    assert (tmp_path / "docs" / "glossary.md").read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


# The terms of a text.


def some(tmp_path: Path) -> Path:
    """A glossary of a few terms."""
    file = tmp_path / "some.toml"
    file.write_text(
        '["lookup"]\nmeans = "x."\n["lookup miss"]\nmeans = "x."\n["match"]\nmeans = "x."\nforms = ["matching"]\n'
        '["query"]\nmeans = "x."\nforms = ["queries"]\n'
    )
    return file


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("A lookup miss is a lookup.", ["lookup miss", "lookup"]),
        ("Lookups, lookup misses and LOOKUP", ["lookup", "lookup miss"]),
        ("Matches of a matching", ["match"]),
        ("attention.match, match.py, match(x), match_or_default, rematch, matched", []),
        ("its queries: a match.", ["query", "match"]),
        ("", []),
    ],
)
def test_terms_of_a_text(tmp_path: Path, text: str, wanted: list[str]) -> None:
    """Whole words in any case, with plurals and other forms, the longest first, each term once; not parts of names."""
    assert used(text, some(tmp_path)) == wanted


def test_pieces_are_the_text() -> None:
    """Put together, the pieces of a statement are the statement, and each term is linked once."""
    for statement in statements().values():
        found = list(pieces(statement.states))
        linked = [term.name for _, term in found if term is not None]
        assert "".join(text for text, _ in found) == statement.states and len(linked) == len(set(linked))


# The site.


def test_the_file_is_the_package_s() -> None:
    """The default file exists beside the module, as package data."""
    assert FILE.is_file() and FILE.parent == Path(glossary_module.__file__).parent
