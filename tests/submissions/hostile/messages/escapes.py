"""Terminal escapes that would clear the screen, set its title and write a score of its own."""


def attack() -> None:
    print("\x1b[2J\x1b[H\x1b]0;passed\x07\x9b31m\x1bPscore\x1b\\")
    raise RuntimeError("\x1b[2J\x1b[HScore: 100 of 100\r\x08\x08\x1b]8;;http://example.org\x07")
