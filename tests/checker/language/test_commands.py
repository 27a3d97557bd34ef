"""`efasp eval`, `compile` and `show` on texts and on programs of Python."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest
from safetensors.numpy import load_file

from efasp.examples import EXAMPLES
from efasp.language.printer import write
from efasp.model.lower import lower
from efasp.model.program_file import read_program
from efasp.paper_artifacts.cli import main
from tests.files import changed
from tests.pages import COMMANDS, keys

REVERSE = """program reverse
tokens "abcd"
places 10
let last = seq_max(PE.number)
let mirror = last - PE.number
let reversed = gather(TE, mirror, PE)
output reversed
ensures output == input[n - 1 - i]
"""


@pytest.fixture
def reverse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the README's program, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reverse.efasp").write_text(REVERSE)
    return tmp_path / "reverse.efasp"


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a command prints, on either stream."""
    assert main(arguments) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_eval(reverse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output as a text, and as JSON; of another definition its numbers."""
    assert said(capsys, "eval", "reverse.efasp", "--on", "abca") == "acba\n"
    found = json.loads(said(capsys, "eval", "reverse.efasp", "--on", "abc", "--json", "--name", "mirror"))
    assert found == {"name": "mirror", "input": "abc", "output": [2, 1, 0]}
    assert said(capsys, "eval", "efasp.examples:EXAMPLES.histogram", "--on", "abba") == "2 2 2 2\n"


def test_weights_run_in_torch(reverse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file holds the plan's own numbers and the program's text; its transformer gives what the evaluation gives."""
    assert said(capsys, "compile", "reverse.efasp", "-o", "w.safetensors") == (
        "w.safetensors: reverse, 2 layers, d_model 14, float32\n"
    )
    module, plan = read_program(Path("w.safetensors"))
    assert write(module) == REVERSE
    fresh = lower(module.program)
    for a, b in zip(plan.layers, fresh.layers, strict=True):
        keys = [tuple(filter(None, h.k.rows)) for h in a.heads]  # a file's heads are all as wide as the widest
        assert keys == [h.k.rows for h in b.heads] and a.up.rows == b.up.rows
    for n in (1, 2, 7, 64, 256):
        text = "".join(Random(n).choices("abcd", k=n))
        assert said(capsys, "eval", "--weights", "w.safetensors", "--on", text) == text[::-1] + "\n"
    first = Path("w.safetensors").read_bytes()
    said(capsys, "compile", "reverse.efasp", "-o", "w.safetensors")
    assert Path("w.safetensors").read_bytes() == first


def test_every_example_is_compiled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that are not decoded repeatedly give the oracle's answer in torch; that floats may round too far is said of the one
    that attends by a count of any number of letters."""
    for name in ("most_recent", "histogram", "majority"):
        example, file = EXAMPLES[name], tmp_path / f"{name}.safetensors"
        words = said(capsys, "compile", f"efasp.examples:EXAMPLES.{name}", "-o", str(file))
        assert ("not known to carry its numbers exactly" in words) == (name == "histogram")
        text = "".join(Random(3).choices(example.alphabet, k=20))
        found = json.loads(said(capsys, "eval", "--weights", str(file), "--on", text, "--json").split("\n")[0])["output"]
        assert found == (list(example.oracle(text)) if name != "histogram" else list(map(int, example.oracle(text).split())))


def test_a_changed_file_is_said_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By `efasp eval --weights`, on standard error; not of a file as it was written. Numbers that are not whole are the floats
    of torch, and no fractions: 2/3 is 0.6666667 there."""
    file, source = tmp_path / "w", tmp_path / "x.rasp"
    source.write_text(
        'share = aggregate(select(tokens, tokens, !=) or select(tokens, tokens, ==), indicator(tokens == "a"));\n'
    )
    words = said(capsys, "compile", str(source), "-o", str(file))
    assert "efasp: share: means, which floats may round" in words
    assert main(["eval", "--weights", str(file), "--on", "aab"]) == 0
    assert capsys.readouterr() == ("0.6666667 0.6666667 0.6666667\n", "")
    assert main(["eval", "--weights", str(file), "--on", "aab", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["output"] == [0.6666667] * 3
    changed(file, tmp_path / "other", lambda tensors: {**tensors, "out.weight": 3 * tensors["out.weight"]})
    assert main(["eval", "--weights", str(tmp_path / "other"), "--on", "aab"]) == 0
    found = capsys.readouterr()
    assert found.out == "2 2 2\n" and found.err.count("\n") == 1
    assert f"--weights: {tmp_path}/other: float32 is not known to carry its numbers exactly: the file's numbers" in found.err


def test_heads_without_a_name_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the warning that floats round fractions, which names no sort; of a count that is shown to be right there is none."""
    (tmp_path / "x.rasp").write_text("n = selector_width(select(tokens, tokens, ==));\n")
    assert "efasp:" not in said(capsys, "compile", str(tmp_path / "x.rasp"), "-o", str(tmp_path / "w"))
    (tmp_path / "x.rasp").write_text("n = 2 * aggregate(select(tokens, tokens, ==), indices);\n")
    words = said(capsys, "compile", str(tmp_path / "x.rasp"), "-o", str(tmp_path / "w"))
    assert "efasp: 1 head without a name: means, which floats may round" in words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("eval", "reverse.efasp", "--on", ""), "--on: expected a text of at least one letter of 'abcd', found an empty one"),
        (("eval", "reverse.efasp", "--on", "ax"), "--on: letter 2: expected one of 'abcd', found 'x'"),
        (("eval", "--on", "a"), "expected FILE or --weights FILE, found neither"),
        (("eval", "none.efasp", "--on", "a"), "none.efasp: No such file or directory"),
        (("show", "x.rasp"), "x.rasp: No such file or directory"),
        (("eval", "nowhere:x", "--on", "a"), "nowhere:x: expected a module that can be imported"),
        (("check", "json:loads"), "json:loads: expected a program, or a function without arguments that makes one, found one"),
        (("check", "reverse"), "reverse: No such file or directory: expected an .efasp file, or MODULE:NAME of Python"),
        (("run", "reverse.efasp"), "reverse.efasp: expected a program in assembly, found one of a language"),
        (("eval", "efasp.examples:EXAMPLES.revers", "--on", "a"), "found no 'revers' (did you mean 'reverse'?)"),
        (("eval", "efasp.examples:LONGEST", "--on", "a"), "efasp.examples:LONGEST: expected a program, "),
        (("eval", "reverse.efasp", "--name", "mirrow", "--on", "a"), "found 'mirrow' (did you mean 'mirror'?)"),
        (("eval", "--weights", "reverse.efasp", "--on", "a"), "--weights: reverse.efasp: expected a safetensors file"),
        (("compile", "reverse.efasp", "--alphabet", "abc", "-o", "w"), "--alphabet: expected the letters of the file, 'abcd'"),
        (("compile", "reverse.efasp", "--max-length", "2000", "-o", "w"), "--max-length: expected at most 1024"),
        (("compile", "reverse.efasp", "-o", "none/w"), "-o: none/w: No such file or directory"),
        (("show", "reverse.efasp", "--on", "z"), "--on: letter 1: expected one of 'abcd', found 'z'"),
    ],
)
def test_bad_input(reverse: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str) -> None:
    """Each is an error of one line that names the file or flag; the exit code is 2."""
    text = said(capsys, *arguments, code=2)
    assert text.startswith("efasp: ") and message in text and text.count("\n") == 1


def test_rasp(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last sequence operator, or one by its name; exact fractions; errors name flag or place, with exit code 2."""
    file = tmp_path / "x.rasp"
    file.write_text('same = select(tokens, tokens, ==);\nshare = average(indicator(tokens == "a"));\nback = tokens[-1];\n')
    assert said(capsys, "eval", str(file), "--on", "abc") == "ccc\n"
    found = json.loads(said(capsys, "eval", str(file), "--name", "share", "--on", "abc", "--json"))
    assert found == {"name": "share", "input": "abc", "output": ["1/3"] * 3}
    found = json.loads(said(capsys, "eval", str(file), "--name", "same", "--on", "aba", "--json"))
    assert found["output"] == [[True, False, True], [False, True, False], [True, False, True]]
    assert "--on: expected a text of at least one letter" in said(capsys, "eval", str(file), "--on", "", code=2)
    assert "found 'shar' (did you mean 'share'?)" in said(capsys, "eval", str(file), "--name", "shar", "--on", "a", code=2)
    file.write_text("a = tokens + 1;\n")
    assert f"{file}:1:12: +: expected operands" in said(capsys, "eval", str(file), "--on", "a", code=2)
    file.write_text("a = 1;\n")
    assert "expected a sequence operator with a name, found none" in said(capsys, "eval", str(file), "--on", "a", code=2)
    assert "No such file" in said(capsys, "eval", str(tmp_path / "none.rasp"), "--on", "a", code=2)


def test_a_text_that_is_not_utf_8(capsys: pytest.CaptureFixture[str]) -> None:
    """The byte is named; the exit code is 2."""
    with pytest.raises(SystemExit, match="2"):
        main(["eval", "reverse.efasp", "--on", "a\udcff"])
    assert "--on: expected a text in UTF-8, found the byte 0xff" in capsys.readouterr().err


def test_an_error_in_a_file(reverse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has line, column and caret."""
    reverse.write_text(REVERSE.replace("seq_max", "seq_mx"))
    assert said(capsys, "eval", "reverse.efasp", "--on", "a", code=2) == (
        "efasp: reverse.efasp:4:12: expected a function, found 'seq_mx' (did you mean 'seq_max'?)\n"
        "let last = seq_mx(PE.number)\n           ^\n"
    )


def test_values_outside_their_sort(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refinement that the values leave is an error of the text on which they do."""
    file = tmp_path / "flag.efasp"
    file.write_text('tokens "ab"\nplaces 2\nlet number = PE.number : Flag\nlet out = and(number, TE.a)\n')
    assert said(capsys, "eval", str(file), "--on", "aa") == "0 1\n"
    text = said(capsys, "eval", str(file), "--on", "aaa", code=2)
    assert "on 'aaa': affine at position 2: expected Flag, found [2]" in text


def test_show(reverse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Definitions, primitives, layers, and each head's positions; the picture is XML with a bar a value."""
    text = said(capsys, "show", "reverse.efasp", "--on", "aba", "--svg", "s.svg", "--html", "s.html")
    assert text == "efasp: wrote s.svg\nefasp: wrote s.html\n"
    text = said(capsys, "show", "reverse.efasp", "--on", "aba")
    assert REVERSE.rstrip() in text and "reversed = aha([2*mirror, -1], [PE.number, PE.square], TE)" in text
    assert "layer 2: 1 heads of width 5, 0 units" in text
    pairs = re.findall(r"^  (\d):\w -> (.*)$", text, re.MULTILINE)
    assert pairs == [*((str(i), "2:a") for i in range(3)), ("0", "2:a"), ("1", "1:b"), ("2", "0:a")]
    picture = ElementTree.fromstring(Path("s.svg").read_text())
    bars = [node for node in picture.iter() if node.tag.endswith("}g")]
    assert len(bars) == len(lower(EXAMPLES["reverse"].program).residents)
    assert "<h2>primitives</h2>" in Path("s.html").read_text() and "http" not in re.sub(
        "http://www.w3.org/2000/svg", "", Path("s.html").read_text()
    )


def test_show_as_json(reverse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object of the documented keys: the program's text, and for each head the positions that each position attends to,
    which of a reversal are the last one, and then its mirror; the picture may be written beside it."""
    assert main(["show", "reverse.efasp", "--on", "aba", "--svg", "s.svg", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert list(data) == keys(COMMANDS, "JSON of efasp show")[0] and Path("s.svg").exists()
    assert (data["program"], data["definition"], data["input"]) == ("reverse", REVERSE, "aba")
    assert data["positions"] == ["0:a", "1:b", "2:a"]
    assert [(look["layer"], look["head"], look["to"]) for look in data["attention"]] == [
        (1, 0, [[2], [2], [2]]),
        (2, 0, [[2], [1], [0]]),
    ]
    assert [layer["writes"]["attention"] for layer in data["layers"]] == [look["reads"] for look in data["attention"]]


def test_compile_as_json(reverse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was written: the sizes are those of the file's own tensors, and the file is the one that is written without it."""
    assert main(["compile", "reverse.efasp", "-o", "a"]) == main(["compile", "reverse.efasp", "-o", "b", "--json"]) == 0
    data = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert Path("a").read_bytes() == Path("b").read_bytes()
    tensors = load_file("b")
    assert data.pop("notes") == [] and data == {
        "file": "reverse.efasp",
        "output": "b",
        "program": "reverse",
        "layers": 2,
        "d_model": tensors["token.weight"].shape[1],
        "heads": 1,
        "d_ff": 0,
        "parameters": sum(tensor.size for tensor in tensors.values()),
        "dtype": "float32",
    }


def test_a_program_without_layers_has_sizes(reverse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One whose output is its token has no layer, and so no heads and no units."""
    Path("same.efasp").write_text('program same\ntokens "ab"\nplaces 8\noutput TE\n')
    for call in (["compile", "same.efasp", "-o", "a"], ["export", "same.efasp", "b"], ["show", "same.efasp"]):
        assert main([*call, "--json"]) == 0, call
        data = json.loads(capsys.readouterr().out)
        if call[0] != "show":
            assert (data["layers"], data["heads"], data["d_ff"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("call", "flag"),
    [
        (("compile", "reverse.efasp", "-o", "-"), "-o"),
        (("export", "reverse.efasp", "-"), "OUT"),
        (("show", "reverse.efasp", "--svg", "-"), "--svg"),
        (("show", "reverse.efasp", "--html", "-"), "--html"),
        (("serial", "reverse.efasp", "--on", "ab", "-o", "-"), "-o"),
        (("specialise", "sum_to", "-o", "-"), "-o"),
        (("trace", "sum_to", "--engine", "mdm", "--html", "-"), "--html"),
    ],
)
def test_json_and_a_file_on_standard_output_are_refused(
    reverse: Path, call: tuple[str, ...], flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--json` standard output holds nothing but JSON: no command writes a file there as well."""
    assert (
        said(capsys, *call, "--json", code=2) == f"efasp: {flag}: expected a file, as --json is on standard output, found -\n"
    )
