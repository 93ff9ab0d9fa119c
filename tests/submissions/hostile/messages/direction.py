"""Text that reads from right to left, characters that are not seen, half characters and names with line ends."""


def attack() -> None:
    name = "Passed\u202e\u2066\u200b\ufeff\ud800\x00\n\u2028\x85 100"
    raise type(name.replace("\x00", ""), (Exception,), {})(
        "\ud83d \udc00 \u202edessap\u202c \x00 \ufdd0" + "e\u0301" * 500
    )
