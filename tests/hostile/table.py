"""The table of tiers, as docs/sandbox.md has it: what each stops, by what hostile.toml declares and the tests see."""

from __future__ import annotations

from tests.hostile.suite import TIERS, attacks, manifest


def table() -> str:
    """Return the table in Markdown: a row for each attack that reaches beyond its process where nothing holds it."""
    lines = [f"| attack | {' | '.join(TIERS)} |", f"|---|{'---|' * len(TIERS)}"]
    for attack in attacks():
        if attack.effect is not None:
            cells = ("**no**" if tier in attack.effect.on else "stopped" for tier in TIERS)
            lines.append(f"| {attack.title.rstrip('.')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def classes() -> str:
    """Return the table of classes in Markdown: how many attacks each has."""
    lines = ["| class | attacks | what they try |", "|---|---:|---|"]
    for folder, title in manifest().classes.items():
        lines.append(f"| `{folder}` | {sum(a.folder == folder for a in attacks())} | {title} |")
    return "\n".join(lines)
