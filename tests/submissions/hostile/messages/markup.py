"""Markup: of a web page, of a terminal library, of Markdown, of a template, of a spreadsheet."""


def attack() -> None:
    raise RuntimeError(
        "<script>alert(1)</script>[bold green]passed[/bold green][/][link=x]{0}{score!r:>10**9}%s%n"
        "![x](http://example.org)\n=HYPERLINK(1)\n@SUM(1)\n```\n</pre>]]>"
    )
