"""The pages of docs/: their links, examples and tables are those of the program; the sources cite only files of the repository.

In a page a fenced block ``pram file=NAME`` (or json) is a file, one of ``console`` is a session that is run, and one of ``sh``
holds commands that are parsed and not run. One that ends with ``extra=NAME`` needs an optional extra of the package.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import shlex
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from efasp.checker import cli, results
from efasp.checker.certificates.archive import NOTHING
from efasp.checker.certificates.command import Certificate
from efasp.model.closed_forms import pieces
from efasp.paper_artifacts.cli import extend, main
from efasp.pram.isa import operations
from efasp.proofs.obligation import Batch, Obligation
from tests.pages import ASSEMBLY, COMMANDS, DOCS, ROOT, Fence, fences, headings, keys, parts, prose, tables

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS]
SILENT = ("glossary.md", "cluster.md")  # generated; its commands are for clusters: they show no output of a command
GUIDES = [page for page in DOCS if page.name not in SILENT]


# Links.


def anchors(text: str) -> list[str]:
    """The anchors of a page's headings, as GitHub makes them (of headings that differ)."""
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(text)]


def broken(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere: to no file, or to no heading of one."""
    text, found = page.read_text(), []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
        file, _, anchor = target.partition("#")
        if "://" in file:
            continue
        to = page.parent / file if file else page
        if not to.exists() or (anchor and anchor not in anchors(to.read_text())):
            found.append(target)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_resolve(page: Path) -> None:
    """Every relative link of a page, with its heading."""
    assert broken(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    """To a file, to a heading here, to one there; not in a fenced block, nor in another site."""
    (tmp_path / "other.md").write_text("# One `two`, three\n```\n# four\n```\n")
    page = tmp_path / "page.md"
    links = ["none.md", "other.md", "other.md#one-two-three", "other.md#four", "#here", "#there", "https://x.org/none.md"]
    page.write_text("## Here\n" + "".join(f"[x]({link})\n" for link in links) + "```\n[x](none.md)\n```\n")
    assert broken(page) == ["none.md", "other.md#four", "#there"]


# Examples.


def session(lines: list[str]) -> list[tuple[str, str, int]]:
    """The commands of a console block, each with its output and its exit code (0, unless ``$ echo $?`` follows)."""
    found: list[tuple[str, str, int]] = []
    for line in lines:
        if line == "$ echo $?":
            found.append((line, "", 0))
        elif line.startswith("$ "):
            found.append((line.removeprefix("$ "), "", 0))
        else:
            command, output, code = found[-1]
            found[-1] = (command, f"{output}{line}\n", code)
    out: list[tuple[str, str, int]] = []
    for command, output, code in found:
        if command == "$ echo $?":
            out[-1] = (*out[-1][:2], int(output))
        else:
            out.append((command, output, code))
    return out


def ran(command: str) -> tuple[str, int]:
    """What a command of efasp, or of Python, prints, on both streams, and its exit code."""
    name, *arguments = shlex.split(command)
    if name == "python":
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr, done.returncode
    assert name == "efasp", command
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(arguments)
    return said.getvalue(), code


def steady(output: str) -> str:
    """An output without what differs from run to run: seconds, versions of other packages, and blanks at the ends of lines."""
    output = re.sub(r"(?m)(; )\d+\.\d s$", r"\1T s", output)
    return re.sub(r"(?m)(onnxruntime|transformers) \d[\w.]*", r"\1 V", re.sub(r"(?m) +$", "", output))


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the library's programs, the examples and the artifacts in it; it has a store of its own."""
    for name in ("programs", "examples", "paper_artifacts"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.setenv("EFASP_STORE", str(tmp_path / "store" / "checks.sqlite"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_examples_print_what_is_shown(page: Path, workplace: Path) -> None:
    """Every command that shows its output gives it, with its exit code; every listing is a file of an example."""
    listings(page, workplace)
    commands = [one for fence in fences(page, "console") if extra(fence) is None for one in session(fence.lines)]
    assert commands
    for command, output, code in commands:
        said, left = ran(command)
        assert (command, steady(said), left) == (command, output, code)


def listings(page: Path, folder: Path) -> None:
    """Write the files that a page lists, each of which its sessions name."""
    for kind in ("pram", "json", "efasp", "rasp", "grammar"):
        for fence in fences(page, kind):
            name = fence.info.removeprefix(f"{kind} file=")
            assert name in "".join(line for block in fences(page, "console") for line in block.lines), fence.info
            (folder / name).write_text("\n".join(fence.lines) + "\n")


def extra(fence: Fence) -> str | None:
    """The optional extra that a block needs."""
    return next((word.removeprefix("extra=") for word in fence.info.split() if word.startswith("extra=")), None)


@pytest.mark.parametrize("name", ["onnx", "hf"])
def test_examples_that_need_an_extra(name: str, workplace: Path) -> None:
    """Their sessions give what is shown, and their Python runs, after the commands that write a weights file."""
    package = {"onnx": "onnxruntime", "hf": "transformers"}[name]
    pytest.importorskip(package, reason=f"the optional package {package} is not installed")
    found = [
        (page, fence)
        for page in GUIDES
        for fence in parts(page.read_text())
        if isinstance(fence, Fence) and extra(fence) == name
    ]
    assert found
    for page, fence in found:
        listings(page, workplace)
        earlier = [one for block in fences(page, "console") if extra(block) is None for one in session(block.lines)]
        for command, _, code in earlier:
            if command.startswith("efasp compile"):
                assert ran(command)[1] == code
        if fence.info.startswith("python"):
            exec(compile("\n".join(fence.lines), str(page), "exec"), {})
        else:
            for command, output, code in session(fence.lines):
                said, left = ran(command)
                assert (command, steady(said), left) == (command, output, code)


def test_what_differs_from_run_to_run_is_left_out() -> None:
    """Times and versions, and nothing else."""
    assert steady("3 proved; 1.5 s\nx  \n") == steady("3 proved; 20.1 s\nx\n") == "3 proved; T s\nx\n"
    assert steady("onnxruntime 1.32.0 on 10") == "onnxruntime V on 10" and steady("2 proved") != steady("3 proved")


def test_an_example_that_shows_something_else_is_found(workplace: Path) -> None:
    """A session is read with its outputs and exit codes, and what a command prints is compared with nothing of its own."""
    lines = ["$ efasp run none.pram", "none.pram: halted", "$ echo $?", "0", "$ efasp info", "x"]
    assert session(lines) == [("efasp run none.pram", "none.pram: halted\n", 0), ("efasp info", "x\n", 0)]
    assert ran("efasp run none.pram") == ("efasp: none.pram: No such file or directory\n", 2)


def test_commands_without_output_are_commands() -> None:
    """Every command line of the blocks that are not run is accepted by the parser."""
    lines = [line for page in DOCS for fence in fences(page, "sh") for line in fence.lines]
    assert len(lines) > 10
    for line in lines:
        name, *arguments = shlex.split(line)
        assert name == "efasp" and cli.parser(extend).parse_args(arguments).command


# Tables.


def test_every_instruction_is_listed() -> None:
    """The table has the operations of the instruction set and no other, in order, with their operands."""
    names = {"d": "rd", "s": "rs", "a": "ra", "x": "x", "m": "[ra + imm]", "t": "imm"}
    (table,) = tables(ASSEMBLY, "Instructions")
    listed = [(row[0].strip("`"), row[1].strip("`"), row[3]) for row in table[1:]]
    wanted = [
        (
            operation.name,
            f"{operation.mnemonic} {', '.join(names[kind] for kind in operation.shape)}".strip(),
            operation.extension,
        )
        for operation in operations("M")
    ]
    assert listed == wanted


def subcommands() -> dict[str, argparse.ArgumentParser]:
    """The parsers of the commands, by name."""
    actions = cli.parser(extend)._actions
    (found,) = (action.choices for action in actions if isinstance(action, argparse._SubParsersAction))
    return dict(found)


def test_every_command_is_listed() -> None:
    """The page has a section for each command, and its first table names each."""
    wanted = [f"efasp {name}" for name in subcommands()]
    assert sorted(name for name in headings(COMMANDS.read_text()) if name.startswith("efasp ")) == sorted(wanted)
    listed = re.findall(r"^\| \[`(efasp \w+)`\]\(#", COMMANDS.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(wanted)


@pytest.mark.parametrize("name", subcommands())
def test_every_flag_is_listed(name: str) -> None:
    """Its flags and operands, and no others, with the choices that each has."""
    (table,) = (table for table in tables(COMMANDS, f"efasp {name}") if table[0][0] == "flag")
    listed = {row[0].strip("`"): set(re.findall("`([^`]+)`", row[1])) for row in table[1:]}
    actions = [action for action in subcommands()[name]._actions if action.dest != "help"]
    known = {str(action.option_strings[-1] if action.option_strings else action.metavar): action for action in actions}
    assert sorted(listed) == sorted(known) and len(table) == len(known) + 1
    for flag, action in known.items():
        if action.choices is not None:
            assert listed[flag] == set(map(str, action.choices)), flag


def test_keys_of_a_run(workplace: Path) -> None:
    """`efasp run --json` prints objects with the keys that the page lists, in this order."""
    (workplace / "breach.pram").write_text(".processors 2\n.policy erew\nld r1, [0]\nhalt\n")
    (workplace / "fine.pram").write_text("halt\n")
    said, _ = ran("efasp run fine.pram breach.pram none.pram --json")
    fine, breach, none = (json.loads(line) for line in said.splitlines() if line.startswith("{"))
    plain, more, refused = keys(COMMANDS, "JSON of efasp run")
    assert list(fine) == plain and list(breach) == plain + more and list(none) == refused


def test_keys_of_info(workplace: Path) -> None:
    """`efasp info --json` prints objects with the keys that the page lists."""
    said, _ = ran("efasp info --word 5 --engine apmdm --json")
    assert [list(json.loads(said))] == keys(COMMANDS, "JSON of efasp info")


def test_keys_of_obligations_and_certificates() -> None:
    """A row of `efasp check --json` and one of `efasp certify --json`; the statuses of the first."""
    row = results.failed(Batch(("a",), {}, lambda: iter([])), "a", 1, "")
    known = keys(COMMANDS, "JSON of efasp check")[1]
    assert sorted(row) == sorted(known)
    statuses = [
        [line[0].strip("`") for line in table[1:]] for table in tables(COMMANDS, "efasp check") if table[0][0] == "status"
    ]
    assert [sorted(names) for names in statuses] == [sorted(results.summary([]))]
    obligation = Obligation("a", "F", {}, "all n", (1, 1), "smt", "")
    assert list(Certificate([obligation], NOTHING, 0).row) == keys(COMMANDS, "JSON of efasp certify")[1]


# What is cited.

PATH = re.compile(r"(?<![\w./*-])[A-Za-z_][\w/.-]*\.(?:py|md|toml|pram|v|ml|cff|yaml)\b(?!\.?\w)")
PART = re.compile(r'((?:docs/)?\w+\.md), "([^"]+)"')
ELSEWHERE = re.compile(r"shared contract|\bshared/|\b[A-Z]{4,}, section \d|\(section \d")
MODULE = re.compile(r"``(efasp|model|proofs|checker|paper_artifacts|benchmarks|tests)\.(\w+)[\w.]*``")
# Not files of the repository: a package, a tensor, what Rocq extracts, any file's name.
EXAMPLES = re.compile(r"efasp\.pram|layers\.i\.v|(checkers|statement)\.ml|[A-Z]+\.pram")
TEXTS = {".py", ".md", ".toml", ".v", ".ml", ".cff", ".yaml", ".pram", ""}


def texts(root: Path) -> list[Path]:
    """The files of a repository that are written by hand, as far as they are text; links are not followed."""
    hidden = {".ci", ".pre-commit-config.yaml"}
    skipped = {"__pycache__", "build", "generated"}

    def inside(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            name = path.name
            if path.is_symlink() or name in skipped or name.endswith(".egg-info") or (name[0] == "." and name not in hidden):
                continue
            if path.is_dir():
                yield from inside(path)
            elif path.suffix in TEXTS:
                yield path

    return list(inside(root))


def said(suffix: str, text: str) -> str:
    """What a file says to its readers: of Python its docstrings and comments, of a page all but its fenced blocks, of a list of
    changes all but the passages of code."""
    if suffix == ".md":
        return prose(text)
    if suffix == ".toml":
        return re.sub(r"(?m)^(old|new|also) = .*$", "", text)
    if suffix != ".py":
        return text
    found, begins = [], True
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and begins):
            found.append(token.string)
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            begins = token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    return "\n".join(found)


def dangling(root: Path) -> list[str]:
    """What files cite that is not in the repository: a path from its root or from the file's folder, the name of a file
    anywhere in it, a part of a page under its heading, or a module in double backticks."""
    every = texts(root)
    names, found = {path.name for path in every}, []
    for path in every:
        whole, here = path.read_text(encoding="utf-8"), path.relative_to(root)
        if not any(pattern.search(whole) for pattern in (PATH, MODULE, ELSEWHERE)):
            continue  # it need not be split into tokens
        text = said(path.suffix, whole)
        own = re.findall(r"(?m)^```\w+ file=(\S+)$", whole)  # the files of a page's examples
        for cited in PATH.findall(text):
            by_name = "/" not in cited and (cited in names or cited in own)
            there = by_name or (root / cited).exists() or (path.parent / cited).exists()
            if not there and not EXAMPLES.fullmatch(cited):
                found.append(f"{here}: {cited}")
        for page, heading in PART.findall(" ".join(text.replace("\n#", "\n").split())):
            to = root / page
            if to.exists() and heading not in headings(to.read_text()):
                found.append(f"{here}: {page}, {heading}")
        for package, module in MODULE.findall(text):
            if not (root / package / module).is_dir() and not (root / package / f"{module}.py").exists():
                found.append(f"{here}: {package}.{module}")
        found += [f"{here}: {words}" for words in ELSEWHERE.findall(text)]
    return found


def test_what_is_cited_is_in_the_repository() -> None:
    """No docstring, comment, page or data file cites a file that is not there."""
    assert len(texts(ROOT)) > 200 and dangling(ROOT) == []


def test_a_citation_of_what_is_not_there_is_found(tmp_path: Path) -> None:
    """In a docstring, a comment, a page and a data file, by path, by name and by heading; not in code, nor in an example."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("# One\n`none.py`, `example.pram`\n```pram file=example.pram\n; no.py\n```\n")
    docstring = '"""As docs/page.md, "Two" and\n(PLAN, section 2) say; docs/page.md, "One"."""'
    bad = docstring + '\n# see gone/there.md, data.toml, ``proofs.gone.f``\nx = "x.py"\n'
    (tmp_path / "bad.py").write_text(bad)
    (tmp_path / "data.toml").write_text('a = "the shared contract"  # bad.py, docs/lost.md\n')
    assert dangling(tmp_path) == [
        "bad.py: gone/there.md",
        "bad.py: docs/page.md, Two",
        "bad.py: proofs.gone",
        "bad.py: PLAN, section 2",
        "data.toml: docs/lost.md",
        "data.toml: shared contract",
        "docs/page.md: none.py",
    ]


def test_the_width_is_the_compiled_one() -> None:
    """The README and the page of Masked-ARMs give the closed form of the log's d_model with the widths for which it holds."""
    (piece,) = pieces("mdm")["d_model"]
    assert f"| {piece} |" in (ROOT / "docs" / "any-order.md").read_text()
    assert f"| {piece.form} (w >= {piece.first}) |" in (ROOT / "README.md").read_text()


# Versions.


def test_versions_agree() -> None:
    """The changelog's last version and the citation's are the package's, and the paper is cited by its number."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    changes = [heading for heading in headings((ROOT / "CHANGELOG.md").read_text()) if heading[0].isdigit()]
    citation = (ROOT / "CITATION.cff").read_text()
    assert changes[0].split(" ")[0] == version
    assert re.findall(r"(?m)^version: (.+)$", citation) == [version] and "arXiv:2510.06190" in citation
