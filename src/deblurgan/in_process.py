"""Do some work in a process of its own, whose memory is that work's alone."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar

Result = TypeVar("Result")


def in_process(work: Callable[..., Result], *arguments: object) -> Result:
    """Call a function in a new process and wait for what it gives.

    Unlike a pool of one, it neither waits for a process that was killed nor leaves one behind if it is itself.

    Args:
        work: a function of a module, which the process imports.
        arguments: for it; they and its result are sent as pickles.

    Raises:
        ChildProcessError: the process ended without an answer, as one that is killed for its memory does.
        Exception: what the function raises.
    """
    context = multiprocessing.get_context("spawn")
    answer, says = context.Pipe(duplex=False)
    process = context.Process(target=_say, args=(says, work, arguments), daemon=True)
    process.start()
    says.close()
    try:
        result, error = answer.recv()
    except EOFError:
        process.join()
        raise ChildProcessError(f"The process ended without an answer, with code {process.exitcode}.") from None
    finally:
        process.terminate()
        process.join()
        answer.close()
    if error is not None:
        raise error
    return result


def _say(says: Connection, work: Callable[..., object], arguments: tuple[object, ...]) -> None:
    # An interrupt reaches the caller, too, who then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        said: tuple[object, Exception | None] = work(*arguments), None
    except Exception as error:
        said = None, error
    says.send(said)
