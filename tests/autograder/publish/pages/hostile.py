"""What hand-ins print and are named by those who want it to run in a browser."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec

from autograder.gradebook import Book, Kind
from autograder.handins import Attempt, Id, Person
from autograder.verdict import CheckResult, SubmissionRef, SubmissionResult
from tests.autograder.gradebook.fakes import Clock, key, sha
from tests.autograder.publish.pages.samples import rich_result

if TYPE_CHECKING:
    from pathlib import Path

RUN = "window.ran=1;alert(1)"
CORPUS = (
    f"<script>{RUN}</script>",
    f"</title></style></textarea></script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}><animate onbegin={RUN} attributeName=x></svg>",
    f'"><input autofocus onfocus={RUN} x="',
    f"' onmouseover='{RUN}' x='",
    f'" style="position:fixed;inset:0" onclick="{RUN}',
    f"<iframe srcdoc='<script>{RUN}</script>'></iframe>",
    f"<a href=javascript:{RUN}>click</a>",
    f"javascript:{RUN}",
    f"<details open ontoggle={RUN}>",
    f'<math><mtext><table><mglyph><style><!--</style><img title="--><img src=1 onerror={RUN}>">',
    f"<!--><script>{RUN}</script>",
    f"]]><script>{RUN}</script>",
    f"&lt;script&gt;{RUN}&lt;/script&gt; &#60;script&#62;",
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    "<img src=http://evil.example/pixel.png>",
    "<link rel=stylesheet href=//evil.example/x.css><style>@import '//evil.example/y.css'</style>",
    "<meta http-equiv=refresh content='0;url=http://evil.example/'><base href=http://evil.example/>",
    "<form action=http://evil.example/><button>go</button></form>",
    "{{ 7*7 }} {% include '/etc/passwd' %} ${7*7} #{7*7} {0.__class__} {score.__class__}",
    "\u202eevil\u202c \u2066x\u2069 \u200b\ufeff \x1b[31mred\x1b[0m \x07\x08",
    f"\u2028<script>{RUN}</script>\u2029",
    f"＜script＞{RUN}＜/script＞ <\u0000script>{RUN}</script>",
    "half a character: \ud83d",
)


def hostile_result(text: str, content: bytes = b"x = 1\n") -> SubmissionResult:
    """Return a result with `text` wherever a hand-in, an assignment or a machine has a say."""
    full = rich_result()
    checks = [
        msgspec.structs.replace(
            c, title=text, message=f"{text} `{text}`", hint=text, evidence=poisoned(c.evidence, text) | {text: text}
        )
        for c in full.checks
    ]
    named = CheckResult(
        id=text, title=text, status=checks[1].status, score=0, max_score=5, visibility=text, seconds=0.0, message=text
    )
    return msgspec.structs.replace(
        full,
        assignment=text,
        submission=SubmissionRef(text, sha(content)),
        sandbox=text,
        seed=0,
        language=text,
        environment={text: text},
        checks=(*checks, named),
    )


def poisoned(value: Any, text: str) -> Any:
    """Put `text` in place of each text within a value, but for numbers that are written as text."""
    if isinstance(value, dict):
        return {k: poisoned(v, text) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(v, text) for v in value]
    return text if isinstance(value, str) and value not in ("nan", "inf", "-inf") else value


def hostile_class(path: Path) -> Book:
    """Make a book in which every name, reason and file name is one of CORPUS, each for a student of its own."""
    book = Book(path, clock=Clock())
    texts = [text.encode("utf-8", "replace").decode() for text in CORPUS]  # no database holds half a character
    with book.writing():
        book.add_roster([Person(f"p{n}", text, {Id.SID: text}) for n, text in enumerate(texts)])
        for n, text in enumerate(texts):
            source = f"# {text}\nx = '''{text}'''\n".replace("\0", "").encode()
            book.add_attempts(
                "cnn",
                [
                    Attempt(student=f"p{n}", name=text, number=1, origin=text, content=source),
                    Attempt(student=f"p{n}", name=text, number=2, origin=text, content=source + b"# not graded"),
                    Attempt(student=text * 2, name=f"{text} of nobody", number=1, origin=text, problem=text),
                ],
            )
            result = hostile_result(text, source)
            newer = msgspec.structs.replace(result, checks=result.checks[1:], score=1)
            book.add_result("cnn", key(source), result)
            book.add_result("cnn", key(source, grader="g2"), newer)
            enter = functools.partial(book.enter, who=text, why=text, assignment="cnn")
            enter(Kind.SCORE, student=f"p{n}", points=5)
            enter(Kind.SCORE, student=f"{text}?", points=5)
            enter(Kind.CHECK, student=f"p{n}", points=1, hand_in=sha(source), part=text)
    return book
