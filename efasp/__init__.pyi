# The public interface as type checkers see it: what ``__init__.py`` imports when it is asked.
from efasp.checker.interface import check as check
from efasp.checker.interface import run as run
from efasp.codebook import Codebook as Codebook
from efasp.model.compile import compile_machine
from efasp.model.lower import lower as lower
from efasp.model.plan import Plan as Plan
from efasp.model.transformer import Transformer as Transformer
from efasp.pram.assembler import AssemblyError as AssemblyError
from efasp.pram.assembler import assemble as assemble
from efasp.printer import show as show
from efasp.syntax import Program as Program

compile = compile_machine
PUBLIC: dict[str, str]
__version__: str
