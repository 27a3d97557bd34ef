"""Runs that are killed or interrupted: what was discharged is kept, and nothing is invented."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.pages import ROOT

COMMAND = [
    sys.executable,
    "-m",
    "efasp.checker.cli",
    "check",
    "--n-max",
    "32",
    "--lemma",
    "gates.*",
    "lowering.*",
    "--jobs",
    "1",
]


def test_killed_runs_lose_nothing_and_invent_nothing(tmp_path: Path) -> None:
    """kill -9 at several moments, then a whole run: the verdicts are those of an undisturbed run."""
    files = [tmp_path / name for name in ("killed.json", "whole.json")]
    environment = {**os.environ, "EFASP_STORE": str(tmp_path / "checks.sqlite")}
    for moment in (0.9, 1.8):
        process = subprocess.Popen(COMMAND, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        process.kill()
        process.wait()
    for file, extra in zip(files, ([], ["--no-cache"]), strict=True):
        done = subprocess.run(
            [*COMMAND, *extra, "--json", str(file)], env=environment, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    killed, whole = (json.loads(file.read_text())["obligations"] for file in files)
    for row in killed + whole:
        del row["seconds"], row["cached"]
    assert killed == whole


def at_work(process: subprocess.Popen[str]) -> None:
    """Waits until a command has forked a worker, which has its command line; other programs that it starts have not, after a
    moment."""
    proc, before = Path("/proc"), set[str]()
    own = (proc / str(process.pid) / "cmdline").read_bytes()
    for _ in range(300):
        children = (proc / str(process.pid) / "task" / str(process.pid) / "children").read_text().split()
        alike = {child for child in children if _line(proc / child / "cmdline") == own}
        if alike & before:
            return
        before = alike
        time.sleep(0.2)
    raise AssertionError("no worker was started")


def _line(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # it has ended
        return b""


def test_interrupt_keeps_discharged_rows(tmp_path: Path) -> None:
    """Ctrl-C: exit 130, a summary of the rows so far, and no worker is left."""
    environment = {**os.environ, "EFASP_STORE": str(tmp_path / "checks.sqlite")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    on_result = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell starts what runs in the background without it
    command = [*COMMAND, "--n-max", str(1 << 40)]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, preexec_fn=on_result, **pipes)
    at_work(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130 and "interrupted" in err and "interrupted" in out
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_what_was_discharged_is_written_when_a_signal_ends_a_run(name: str, tmp_path: Path) -> None:
    """To the file of --json too; nothing is left in the temporary folder, and the exit code names the signal."""
    folder, file, number = tmp_path / "temporary", tmp_path / "report.json", getattr(signal, name)
    folder.mkdir()
    on_result = partial(signal.signal, number, signal.SIG_DFL)
    command = [*COMMAND, "--n-max", str(1 << 40), "--no-cache", "--json", str(file)]
    environment = {**os.environ, "TMPDIR": str(folder)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    process = subprocess.Popen(command, env=environment, cwd=ROOT, preexec_fn=on_result, **pipes)
    at_work(process)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 128 + number and "interrupted" in out
    assert ("interrupted" if name == "SIGINT" else f"ended by {name}") in err and "Traceback" not in err
    said = json.loads(file.read_text())
    assert said["environment"]["interrupted"] is True and len(said["obligations"]) == sum(said["summary"].values())
    assert list(folder.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
