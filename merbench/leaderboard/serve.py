"""Serve the pages to a browser on this machine."""

from __future__ import annotations

import functools
import http.server
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from merbench.errors import OutputError

__all__ = ["serve"]

HOST = "127.0.0.1"  # no other machine can reach it


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Does not print successful requests."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Do nothing."""


class Server(http.server.ThreadingHTTPServer):
    """Does not print when a browser closes the connection early."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print a traceback, unless the browser closed the connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def serve(site: Path, port: int, on_start: Callable[[str], None]) -> None:
    """Serve a built site to this machine until interrupted.

    Args:
        site: the folder.
        port: 0 chooses a free port.
        on_start: called with the address.

    Raises:
        OutputError: the folder contains no site, or the port is in use.
    """
    if not (site / "index.html").is_file():
        raise OutputError(f"{site} has no index.html; build it: merbench leaderboard build --out {site}")
    handler = functools.partial(Quiet, directory=str(site))
    try:
        server = Server((HOST, port), handler)
    except OSError as error:
        raise OutputError(f"cannot serve on port {port}: {error.strerror}; choose another port: --port") from error
    with server:
        on_start(f"http://{HOST}:{server.server_port}/")
        server.serve_forever()
