"""Colours for code of the languages that people paste most: found by the library, in few faces."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from tui.widgets.prose import Face, Part

if TYPE_CHECKING:
    from pygments.lexer import Lexer

LANGUAGES = {
    "bash", "c", "c++", "c#", "cpp", "csharp", "css", "diff", "docker", "elixir", "go", "haskell",
    "html", "ini", "javascript", "js", "json", "lua", "make", "python", "py", "ruby", "rust", "sh",
    "shell", "sql", "swift", "toml", "ts", "typescript", "xml", "yaml", "yml", "zsh",
}  # fmt: skip
"""Those that are known by name; of another, code is code. None is here whose lexer takes long for
what is made to keep it busy."""

COLOURED_MOST, LINE_MOST = 2_000, 200
"""Characters of code, and of one of its lines; longer code has no colours. Lexers may take as long
as the square of a line."""


@lru_cache(maxsize=64)
def colours(code: str, language: str) -> tuple[Part, ...]:
    """The parts of some code in faces of their own; none of a language that is not known."""
    if language not in LANGUAGES or len(code) > COLOURED_MOST:
        return ()
    if max(map(len, code.split("\n"))) > LINE_MOST:
        return ()
    return tuple(_parts(code, language))


def _parts(code: str, language: str) -> Iterator[Part]:
    at = 0
    for kind, text in _lexer(language).get_tokens(code):
        face = _face(str(kind))
        end = min(at + len(text), len(code))
        if face is not None and at < end:
            yield at, end, face
        at += len(text)


def _face(kind: str) -> Face | None:
    """Pygments' names go from the general to the particular: `Token.Name.Function`."""
    for name, face in _FACES.items():
        if kind.startswith(f"Token.{name}"):
            return face
    return None


_FACES = {
    "Comment": Face.COMMENT,
    "Keyword": Face.KEYWORD,
    "Operator.Word": Face.KEYWORD,
    "Literal.String": Face.STRING,
    "Literal.Number": Face.NUMBER,
    "Name.Function": Face.NAME,
    "Name.Class": Face.NAME,
    "Name.Tag": Face.NAME,
    "Name.Builtin": Face.NAME,
    "Generic.Inserted": Face.STRING,
    "Generic.Deleted": Face.KEYWORD,
    "Generic.Heading": Face.NAME,
}


@cache
def _lexer(language: str) -> Lexer:
    from pygments.lexers import get_lexer_by_name  # when the first code is met

    # Nothing is taken off or put on: positions in the tokens are positions in the code.
    return get_lexer_by_name(language, stripnl=False, ensurenl=False)


def warm_up() -> None:
    """Load what the first code will need."""
    colours("1", "python")
