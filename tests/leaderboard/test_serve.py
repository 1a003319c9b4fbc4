"""A look at the pages on this machine: a real server, a real request."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from merbench.errors import OutputError
from merbench.leaderboard.serve import serve


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<p>the boards")
    (tmp_path / "secret").write_text("mine")
    return tmp_path / "site"


@pytest.fixture
def server(site, interruptible):
    """`merbench leaderboard serve` in a process of its own, and its address."""
    command = [sys.executable, "-m", "merbench", "leaderboard", "serve", "--site", str(site), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        assert line.endswith("/ (Ctrl-C to stop)\n")
        yield process, line.split()[0]
        process.kill()


def test_pages_are_served_to_this_machine_until_ctrl_c_which_ends_it_without_a_traceback(server):
    process, address = server
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"<p>the boards"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert err == "merbench: error: interrupted\n"


def test_nothing_outside_the_folder_is_served(server):
    process, address = server
    for path in ("../secret", "%2e%2e/secret", "..%2fsecret"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(address + path)
    assert process.poll() is None


def test_a_browser_that_goes_away_leaves_no_traceback(server, site):
    process, address = server
    (site / "large").write_bytes(os.urandom(1 << 24))
    host, port = address.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET /large HTTP/1.0\r\n\r\n")
        connection.recv(10)
    with urllib.request.urlopen(address) as answer:
        answer.read()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert "Traceback" not in err


def test_a_port_in_use_is_one_line(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OutputError, match=f"cannot serve on port {port}: Address already in use; .*--port"):
            serve(site, port, print)


def test_a_folder_without_pages_is_one_line(tmp_path):
    with pytest.raises(OutputError, match=r"has no index\.html; build it: merbench leaderboard build --out"):
        serve(tmp_path, 0, print)
