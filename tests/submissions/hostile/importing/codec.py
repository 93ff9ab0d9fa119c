"""Register an encoding that decodes everything to the same text, under a name that is used for all text."""

import codecs


def attack() -> None:
    def search(name: str) -> codecs.CodecInfo:
        return codecs.CodecInfo(lambda text, errors="": (b"{}", len(text)), lambda data, errors="": ("{}", len(data)))

    codecs.register(search)
    codecs.lookup_error("strict")
    codecs.register_error("replace", lambda error: ("passed", error.end))
