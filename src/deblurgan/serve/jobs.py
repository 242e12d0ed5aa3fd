"""Jobs: files that are left to be restored, and their results until they are fetched or expire."""

from __future__ import annotations

import datetime
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deblurgan.serve import schemas
from deblurgan.serve.line import Ticket, Unwanted
from deblurgan.serve.problems import Problem, problem_of
from deblurgan.serve.work import Done, Order, Service, carry_out

_BITS = 128  # of an identifier, which is all that guards a result where there is no token


@dataclass(eq=False)
class Job:
    """One file that was left to be restored.

    Attributes:
        order: what is to be done.
        ticket: its place in the line.
        folder: private, holds `source` and `result`; nothing in it bears a name that a client chose.
        id: that nobody can guess.
        created: when it was accepted.
        done, problem: how it ended; both None before.
        ended: when, by the monotonic clock.
        is_fetched: the result was asked for once.
    """

    order: Order
    ticket: Ticket
    folder: Path
    id: str = field(default_factory=lambda: secrets.token_urlsafe(_BITS // 8))
    created: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    done: Done | None = None
    problem: Problem | None = None
    ended: float | None = None
    is_fetched: bool = False

    @property
    def source(self) -> Path:
        """Path of the upload."""
        return self.folder / "source"

    @property
    def result(self) -> Path:
        """Path of the result."""
        return self.folder / "result"

    @property
    def status(self) -> Literal["queued", "running", "done", "unchanged", "failed"]:
        """As `schemas.Job` has it."""
        if self.problem:
            return "failed"
        if self.done and self.ended is not None:
            return "unchanged" if self.done.outcome.status == "unchanged" else "done"
        return "queued" if self.ticket.started is None else "running"


class Jobs:
    """All jobs that are kept.

    Args:
        service: that does them.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._jobs: dict[str, Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def grace_seconds(self) -> float:
        """That results wait once the server was told to stop."""
        return self._service.limits.grace_seconds

    @property
    def unfetched(self) -> int:
        """Finished jobs whose result nobody asked for yet."""
        return sum(job.done is not None and not job.is_fetched for job in self._jobs.values())

    def make_room(self) -> None:
        """Before another job: remove the oldest whose result was fetched, where too many are kept.

        Raises:
            Problem: none was fetched.
        """
        finished = [job for job in self._jobs.values() if job.ended is not None]
        if len(finished) < self._service.limits.kept_jobs:
            return
        fetched = next((job for job in finished if job.is_fetched or job.problem), None)
        if fetched is None:
            said = f"{len(finished)} results wait to be fetched; fetch or delete them."
            raise Problem("queue-full", said, {"Retry-After": "30"})
        self.remove(fetched.id)

    def start(self, order: Order, ticket: Ticket, folder: Path) -> Job:
        """Put an order whose source is in `folder` into the line."""
        job = Job(order, ticket, folder)
        ticket.seconds_allowed = self._service.limits.job_seconds
        self._jobs[job.id] = job
        self._service.line.submit(ticket, self._work(job))
        self._service.line.leave(ticket)
        return job

    def find(self, id: str) -> Job:
        """The job.

        Raises:
            Problem: there is none of that identifier, or no more.
        """
        if id not in self._jobs:
            raise Problem("not-found", "There is no such job; it may have expired or been deleted.")
        return self._jobs[id]

    def remove(self, id: str) -> None:
        """Forget a job and its files, and stop it if it runs.

        Raises:
            Problem: there is none.
        """
        job = self.find(id)
        del self._jobs[id]
        job.ticket.give_up()
        job.ticket.when_over(lambda: shutil.rmtree(job.folder, ignore_errors=True))

    def expire(self) -> None:
        """Remove what nobody fetched in time."""
        oldest = time.monotonic() - self._service.limits.keep_seconds
        for job in tuple(self._jobs.values()):
            if job.ended is not None and job.ended < oldest:
                self.remove(job.id)

    def clear(self) -> None:
        """Remove all."""
        for id in tuple(self._jobs):
            self.remove(id)

    def view(self, job: Job) -> schemas.Job:
        """What a client may know of a job."""
        status, left = job.status, self._service.limits.keep_seconds - time.monotonic() + (job.ended or 0)
        ended = job.ended is not None
        return schemas.Job(
            id=job.id,
            name=job.order.form.name,
            media_type=job.order.media_type,
            status=status,
            progress=1.0 if ended else job.ticket.progress,
            position=self._service.line.position(job.ticket),
            reason=job.done.outcome.reason if job.done else "",
            remarks=list(job.done.remarks) if job.done else [],
            result=f"/v1/jobs/{job.id}/result" if status in ("done", "unchanged") else None,
            result_name=job.order.result_name,
            problem=job.problem.document if job.problem else None,
            created=job.created,
            expires=datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=left) if ended else None,
        )

    def _work(self, job: Job) -> Callable[[], None]:
        def work() -> None:
            try:
                with job.source.open("rb") as source, job.result.open("w+b") as target:
                    job.done = carry_out(job.order, source, target, job.ticket, self._service)
            except Unwanted:
                return
            except Exception as error:  # whatever it is, the client has to learn that it ended
                job.problem = problem_of(error)
                job.result.unlink(missing_ok=True)
            job.source.unlink(missing_ok=True)
            job.ended = time.monotonic()

        return work
