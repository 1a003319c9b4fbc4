"""A local look at the pages."""

from __future__ import annotations

import functools
import http.server
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from merbench.errors import OutputError

__all__ = ["serve"]

HOST = "127.0.0.1"  # nobody else's machine can reach it


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Says nothing of requests that went well."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Ignored."""


class Server(http.server.ThreadingHTTPServer):
    """Says nothing of a browser that did not wait for the answer."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A traceback, unless the other side has gone."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def serve(site: Path, port: int, on_start: Callable[[str], None]) -> None:
    """Serves a built site to this machine until it is interrupted.

    Args:
        site: its folder.
        port: 0 takes any that is free.
        on_start: told the address.

    Raises:
        OutputError: nothing was built there, or the port is in use.
    """
    if not (site / "index.html").is_file():
        raise OutputError(f"{site} has no index.html; build it: merbench leaderboard build --out {site}")
    handler = functools.partial(Quiet, directory=str(site))
    try:
        server = Server((HOST, port), handler)
    except OSError as error:
        raise OutputError(f"cannot serve on port {port}: {error.strerror}; choose another: --port") from error
    with server:
        on_start(f"http://{HOST}:{server.server_port}/")
        server.serve_forever()
