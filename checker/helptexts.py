"""The ends of the help texts: examples, engines and exit codes of each command (docs/commands.md has more)."""

from __future__ import annotations

ENGINES = """
engines:
  reference  the PRAM itself, executed directly
  mdm        masked diffusion: a log of every write, context O(P T)
  apmdm      any-process generation: cells that are rewritten, context O(S)
  marm       for run only: the log from left to right, one token per pass, by a Masked-ARM
"""
KERNEL_ENGINES = """\
  kernel-mdm, kernel-apmdm
             the same plans in exact arithmetic, in the semantics of the Rocq theorem (slow; words of <= 12 bits;
             needs Rocq and OCaml)
"""
VERDICTS = "0 all proved or measured; 1 refuted, or a mutant survived; 2 bad usage; 3 not all discharged"
EXAMPLES = {
    "run": (
        "run scan",
        "run scan sort --engine apmdm --json",
        "run - --word 0x10 --data memory.json",
        "run sum_to --engine kernel-mdm",
    ),
    "cfg": ("cfg dyck.cfg --word '(())()'", "cfg dyck.cfg --word '(())()' --engine mdm --json"),
    "programs": ("programs", "programs scan"),
    "info": ("info --word 16", "info --word 5..64 --engine mdm --ext M --json"),
    "specialise": ("specialise sum_to -o sum.safetensors", "specialise scan -o scan.safetensors --engine apmdm --json"),
    "export": (
        "export --word 16 --engine mdm mdm.safetensors",
        "export --word 6 --engine apmdm --format hf apmdm-hf",
        "export mdm.safetensors mdm.onnx --format onnx",
        "export reverse.efasp reverse-hf --format hf",
    ),
    "check": (
        "check",
        "check --n-max 2^20 --lemma 'gates.*' 'step.*'",
        "check --weights mdm.safetensors --mutants",
        "check --json report.json --html report",
        "check --mutants --cluster local:4",
        "check reverse.efasp --weights reverse.safetensors",
        "check --learned parity.safetensors --task parity",
    ),
    "certify": ("certify --lemma 'gates.*' --out certificates",),
    "audit": ("audit", "audit T1", "audit gates.add --mutants", "audit 'gates.*' --format json", "audit reverse.efasp"),
    "trace": (
        "trace sum_to --engine mdm --step 8",
        "trace scan --engine apmdm --html scan.html",
        "trace --case report.json",
        "trace --generate dyck --k 2 --seed 2",
    ),
    "generate": ("generate dyck --k 2 --seed 7 --count 20", "generate dyck --k 3 --max-length 60 --json"),
    "tables": ("tables --only width growth --out tables", "tables --check"),
    "opening": ("opening scan --engine mdm", "opening sum_to --engine apmdm --word 6 --json"),
    "eval": ("eval reverse.efasp --on abca", "eval --weights reverse.safetensors --on abca --json"),
    "compile": ("compile reverse.efasp -o reverse.safetensors",),
    "decompile": (
        "decompile reverse.safetensors -o again.efasp",
        "decompile mdm.safetensors -o -",
    ),
    "serial": (
        "serial efasp.examples:EXAMPLES.reverse --on abca",
        "serial reverse.efasp --on abca -o serial.pram",
        "serial two.pram --json",
    ),
    "train": ("train parity -o parity.safetensors", "train parity-published --seed 3 --steps 2000 -o published.safetensors"),
    "repl": ("repl", "repl reverse.efasp"),
    "show": ("show reverse.efasp --on abca", "show reverse.efasp --svg stream.svg", "show efasp.examples:EXAMPLES.majority"),
    "completion": ("completion bash",),
}
EXITS = {
    "export": "0; 1 the exported model gives other tokens than torch (nothing is written); 2 bad usage or input",
    "run": "0 halted; 2 bad usage or input; 4 a fault, or a breach of the policy; 5 not finished within --max-steps",
    "cfg": "0 decided, member or not; 2 bad usage or input",
    "check": VERDICTS,
    "certify": "0 every script is proved or confirmed by a second solver; 1 a solver contradicts; 2 bad usage; 3 some are open",
    "audit": VERDICTS,
    "trace": "0 the run agrees with the machine; 1 it differs; 2 bad usage or input",
    "serial": "0 halted; 1 steps or log differ from those expected; 2 bad usage or input; 4 a fault: a mean is inexact",
    "tables": "0 nothing differs; 1 a table differs, or a check of it fails; 2 bad usage",
}
TOP = """
first steps:
  efasp run scan --engine mdm     runs a program of the library in a compiled transformer
  efasp check                     proves the construction for n = 1..64
  efasp audit T1                  shows the parts of a claim that are proved, and its limits

exit codes: 1 means refuted or different, and nothing else; 2 bad usage or input; efasp COMMAND --help lists the others
"""


def epilog(command: str) -> str:
    """The text that ends the help of a command: its examples and what else its options mean."""
    shown = "\n".join(f"  efasp {example}" for example in EXAMPLES[command])
    engines = {
        "run": ENGINES + KERNEL_ENGINES,
        "cfg": ENGINES.replace("for run only", "for run and cfg only") + KERNEL_ENGINES,
        "trace": ENGINES,
    }
    exits = EXITS.get(command, "0; 2 bad usage or input")
    return f"examples:\n{shown}\n{engines.get(command, '')}\nexit codes: {exits}\n"
