"""Bring the catalogues up to date with the sources: `make words`. Needs Babel, as tests do; nothing else does.

    python -m autograder.locale.update

For each language but English, `LANGUAGE/LC_MESSAGES/autograder.po` gets every text that students see, keeps the
translations that it has, and is compiled to `autograder.mo`. New texts come in untranslated: edit the .po, and run
this again. Done twice, it changes nothing. The texts are

    the literals in `_(...)` and `N_(...)`, in autograder and in assignments; those in `_(...)` of templates;
    the titles of checks: the first lines of the docstrings of functions under `@check(...)`;
    what stubs and harnesses raise: the literals in `raise SomeError("...")`.
"""

from __future__ import annotations

import ast
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from autograder.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
_HEADER = """\
# Texts that students see. Statements end in -습니다, requests in -세요. Code, identifiers and values stay as they are;
# a particle after a value is written in both forms, 을(를), or left out. `make words` keeps this file up to date.
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
"""No dates and no versions: they would change what has not changed."""


def main() -> None:
    """Update every catalogue, and say how many texts have no translation."""
    wanted = texts()
    for language in LANGUAGES[1:]:
        file = po_file(language)
        updated = merged(wanted, read(file) if file.exists() else {})
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(po(updated, language))
        file.with_suffix(".mo").write_bytes(mo(updated, language))
        missing = sum(not m.string for m in updated if m.id)
        print(f"{language}: {len(updated)} texts, {missing} without a translation")  # noqa: T201


def po_file(language: str) -> Path:
    """Return where the catalogue of a language lies."""
    return Path(__file__).parent / language / "LC_MESSAGES" / "autograder.po"


def texts(root: Path = ROOT) -> dict[str, list[str]]:
    """Return every text of a source tree that students see, each with the files it is in, in their order."""
    found: dict[str, list[str]] = {}
    sources = [*root.glob("autograder/**/*.py"), *root.glob("assignments/*/*.py")]
    for file in sorted([*sources, *root.glob("autograder/**/templates/**/*.html")]):
        name = file.relative_to(root).as_posix()
        for text in _texts_of_template(file) if file.suffix == ".html" else _texts_of(file):
            places = found.setdefault(text, [])
            if name not in places:
                places.append(name)
    found.pop("", None)  # it is where a catalogue keeps its header
    return found


def read(file: Path) -> dict[str, str]:
    """Return the translations in a .po file, by their texts."""
    with file.open("rb") as stream:
        return {str(m.id): str(m.string) for m in read_po(stream) if m.id}


def merged(wanted: dict[str, list[str]], known: dict[str, str]) -> Catalog:
    """Return a catalogue of the texts wanted, with the translations known."""
    catalog = Catalog(charset="utf-8")
    for text, places in wanted.items():
        catalog.add(text, known.get(text, ""), [(place, 0) for place in places]).flags.clear()
    return catalog


def po(catalog: Catalog, language: str) -> bytes:
    """Write a catalogue as a .po file."""
    out = BytesIO()
    write_po(out, catalog, width=0, include_lineno=False, omit_header=True)
    return (_HEADER.format(language=language) + out.getvalue().decode()).encode()


def mo(catalog: Catalog, language: str) -> bytes:
    """Compile a catalogue."""
    out = BytesIO()
    compiled = _Headed(language, charset="utf-8")
    for message in catalog:
        if message.id and message.string:
            compiled.add(message.id, message.string)
    write_mo(out, compiled)
    return out.getvalue()


class _Headed(Catalog):
    """A catalogue whose header says no more than is needed to read it."""

    def __init__(self, language: str, charset: str) -> None:
        super().__init__(charset=charset)
        self._language = language

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """The lines of the header."""
        return [("Language", self._language), ("Content-Type", "text/plain; charset=utf-8")]


def _texts_of(file: Path) -> Iterator[str]:
    for node in _in_order(ast.parse(file.read_bytes())):
        match node:
            case ast.Call(func=ast.Name(id="_" | "N_"), args=[ast.Constant(value=str(text)), *_]):
                yield text
            case ast.FunctionDef(decorator_list=decorators) if any(_is_check(d) for d in decorators):
                yield (ast.get_docstring(node) or "").partition("\n")[0].removesuffix(".")
            case ast.Raise(exc=ast.Call(args=[ast.Constant(value=str(text)), *_])) if _travels(file):
                yield text


def _texts_of_template(file: Path) -> Iterator[str]:
    with file.open("rb") as stream:
        for _line, _function, found, _comments in babel_extract(stream, ["_"], [], {"silent": "false"}):
            match found:
                case str(text) | (str(text), *_):  # with values, these come after the text
                    yield text


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it, as they stand in the source. (Babel's own reader sees none within f-strings.)"""
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)


def _is_check(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "check"


def _travels(file: Path) -> bool:
    """Whether a worker runs the file, so that what it raises comes back in English: see `sandbox.said`."""
    return file.name in ("assignment.py", "harness.py") and file.parents[1].name == "assignments"


if __name__ == "__main__":
    main()
