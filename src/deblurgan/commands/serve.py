"""`deblurgan serve`: an HTTP API and a page in the browser."""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import click

from deblurgan import catalogue
from deblurgan.commands.options import engine_option, precision_option, quiet_option, threads_option
from deblurgan.errors import DeblurganError
from deblurgan.extras import require
from deblurgan.hosts import is_loopback, name_of
from deblurgan.memory import parse_size
from deblurgan.restore import Restorer, load

TOKEN = "DEBLURGAN_TOKEN"
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@A-Z]+|null")


def _origins(context: click.Context, parameter: click.Parameter, given: Sequence[str]) -> Sequence[str]:
    for origin in given:
        if not _ORIGIN.fullmatch(origin):
            raise click.BadParameter(
                f"{origin!r} is no origin as browsers write them, such as https://photos.example."
            )
    return given


def _names(context: click.Context, parameter: click.Parameter, given: Sequence[str]) -> Sequence[str]:
    names = [name_of(host) for host in given]
    if None in names:
        raise click.BadParameter(f"{given[names.index(None)]!r} is no name of a host, such as photos.example.")
    return [name for name in names if name]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 for any free one.")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="NAME_OR_PATH",
    help="Model to offer, may be given several times, the first is the default; all installed if not given.",
)
@engine_option
@precision_option
@threads_option
@click.option("--memory", metavar="SIZE", help="About what the program may take, such as 3G; 2.8G if not given.")
@click.option("--queue", type=click.IntRange(0), default=128, show_default=True, help="Requests that may wait.")
@click.option(
    "--max-upload", type=click.IntRange(1), default=64, show_default=True, help="Largest picture, in MB."
)
@click.option(
    "--max-job-upload",
    type=click.IntRange(1),
    default=2000,
    show_default=True,
    help="Largest file of a job, in MB.",
)
@click.option(
    "--max-pixels", type=click.IntRange(1), default=100, show_default=True, help="Largest picture, in millions."
)
@click.option(
    "--timeout",
    type=click.IntRange(1),
    default=120,
    show_default=True,
    help="Seconds for one picture, waiting too.",
)
@click.option(
    "--keep", type=click.IntRange(1), default=900, show_default=True, help="Seconds that results of jobs wait."
)
@click.option(
    "--cors-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    callback=_origins,
    help="Let pages of this origin, such as https://photos.example, use the server.",
)
@click.option(
    "--allowed-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    callback=_names,
    help="Answer to this name, beside those of loopback; if not given, with a token to any, and else to no other.",
)
@quiet_option
def serve(
    host: str,
    port: int,
    models: tuple[str, ...],
    engine: str,
    precision: str,
    threads: int | None,
    memory: str | None,
    queue: int,
    max_upload: int,
    max_job_upload: int,
    max_pixels: int,
    timeout: int,
    keep: int,
    origins: Sequence[str],
    hosts: Sequence[str],
    quiet: bool,
) -> int:
    """Serve a page for the browser at / and an HTTP API that /openapi.json describes.

    Only this computer can reach it, unless --host says otherwise; then the environment variable DEBLURGAN_TOKEN
    must hold a token, which every request has to bring. SIGTERM and Ctrl+C finish what was accepted.
    """
    require("serve", "The server")
    token = os.environ.get(TOKEN, "").strip() or None
    if token is None and not is_loopback(host):
        raise DeblurganError(
            f"{host} can be reached from elsewhere: set the environment variable {TOKEN} to a long random text."
        )
    offered = _offered(models)

    def opener(name: str) -> Restorer:
        return load(str(offered[name].path), engine=engine, threads=threads, precision=precision)

    listener = listen(host, port)
    with ThreadPoolExecutor(1) as aside:
        # Loading the model takes as long as loading the server, so they go side by side.
        opening = aside.submit(opener, next(iter(offered)))
        from deblurgan.serve.limits import Limits, memory_per_picture
        from deblurgan.serve.models import Models
        from deblurgan.serve.server import serve_until_stopped

        first = opening.result()
    limits = Limits(
        upload_bytes=max_upload * 10**6,
        job_bytes=max_job_upload * 10**6,
        pixels=max_pixels * 10**6,
        queue=queue,
        seconds=timeout,
        keep_seconds=keep,
        memory=memory_per_picture(parse_size(memory) if memory else None),
    )
    restorers = Models({name: folder.manifest for name, folder in offered.items()}, opener, opened=first)
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("deblurgan").setLevel(logging.WARNING if quiet else logging.INFO)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"
    serve_until_stopped(
        restorers,
        listener,
        limits,
        token=token,
        origins=origins,
        # A page elsewhere knows no token, by whatever name it calls the server.
        hosts=hosts or (None if token else ()),
        on_start=lambda: click.echo(address),
    )
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any free one.

    Raises:
        DeblurganError: the address is not to be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, port), family=family, backlog=512)
    except (socket.gaierror, UnicodeError):
        raise DeblurganError(f"There is no host {host}; give a name or an address of this machine.") from None
    except OSError as error:
        raise DeblurganError(f"Port {port} of {host} is not to be had ({error.strerror}); take another.") from None


def _offered(models: tuple[str, ...]) -> dict[str, catalogue.ModelFolder]:
    """Model folders by the names they are offered by, the default first."""
    default = catalogue.find()
    folders = [catalogue.find(model) for model in models] or [
        default,
        *(catalogue.find(name) for name in catalogue.available_models()),
    ]
    offered: dict[str, catalogue.ModelFolder] = {}
    for folder in folders:
        known = offered.setdefault(folder.manifest.name, folder)
        if known.path.resolve() != folder.path.resolve():
            raise DeblurganError(
                f"{known.path} and {folder.path} are both called {folder.manifest.name!r}; offer one of them."
            )
    return offered
