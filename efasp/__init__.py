"""E-FASP: the language, its evaluation, and the PRAM written in it; and the package's public interface.

``import efasp`` loads no library: each name below is imported when it is first asked for.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

try:
    __version__ = version("efasp")
except PackageNotFoundError:  # a checkout that is not installed
    import tomllib

    PROJECT = Path(__file__).parents[1] / "pyproject.toml"
    __version__ = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]

# Each public name, and where it is defined.
PUBLIC = {
    # Programs of the PRAM, and what runs and checks them.
    "assemble": "efasp.pram.assembler:assemble",
    "AssemblyError": "efasp.pram.assembler:AssemblyError",
    "run": "efasp.checker.interface:run",
    "check": "efasp.checker.interface:check",
    "compile": "efasp.model.compile:compile_machine",
    # The language: all of its names are in ``efasp.language``.
    "Program": "efasp.syntax:Program",
    "Codebook": "efasp.codebook:Codebook",
    "show": "efasp.printer:show",
    # From a program to a transformer.
    "lower": "efasp.model.lower:lower",
    "Plan": "efasp.model.plan:Plan",
    "Transformer": "efasp.model.transformer:Transformer",
}
__all__ = ["__version__", *PUBLIC]


def __getattr__(name: str) -> Any:
    """A public name's value. Raises AttributeError for any other."""
    if name not in PUBLIC:
        raise AttributeError(f"module 'efasp' has no attribute {name!r}")
    module, _, attribute = PUBLIC[name].partition(":")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
