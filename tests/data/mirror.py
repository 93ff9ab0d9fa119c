"""A mirror on this machine: a small HTTP server which can also behave badly."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Mirror:
    """A running server. url: its address, with a slash at the end; asked: the files it was asked for."""

    url: str
    asked: list[str] = field(default_factory=list)


@contextlib.contextmanager
def mirror(folder: Path, *, cut: bool = False, halfway: Callable[[], object] | None = None) -> Iterator[Mirror]:
    """Serve the files of a folder; 404 for others.

    cut: close each connection in the middle of the file. halfway: called in the middle of each file.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/")
            asked.append(name)
            if not (folder / name).is_file():
                self.send_error(404)
                return
            content = (folder / name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            middle = len(content) // 2
            with contextlib.suppress(ConnectionError):
                self.wfile.write(content[:middle])
                if halfway is not None:
                    halfway()
                if not cut:
                    self.wfile.write(content[middle:])

        def log_message(self, format: str, *args: object) -> None:
            pass

    # Not http.server.HTTPServer, which asks the network for the name of this machine.
    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Mirror(f"http://127.0.0.1:{server.server_address[1]}/", asked)
        finally:
            server.shutdown()
            thread.join()
