"""`w2s-bench leaderboard serve`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("serve")
@click.argument("site", type=click.Path(path_type=Path, exists=True, file_okay=False), default="site")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 for any that is free.")
def command(site: Path, port: int) -> None:
    """Show the folder SITE (by default site/) to a browser on this machine, and to nobody else. Ctrl-C ends it.

    Nothing needs it: the pages open from the folder too.
    """
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    from w2s_bench.contracts.errors import UsageError

    if not (site / "index.html").is_file():
        raise UsageError("no site lies here", where=str(site), hint="w2s-bench leaderboard build -o site makes one")
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(site)))
    except OSError as error:
        raise UsageError(f"port {port} cannot be had: {error.strerror}", hint="--port 0 takes any that is free") from None
    with server:
        click.echo(f"http://127.0.0.1:{server.server_port}/ shows {site}; Ctrl-C ends it")
        server.serve_forever()
