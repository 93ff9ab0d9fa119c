"""Ask a web server, whose address holds what is to be told."""

import urllib.request

PORT = 0


def attack() -> None:
    urllib.request.urlopen(f"http://127.0.0.1:{PORT}/score?of=everyone", timeout=1)
