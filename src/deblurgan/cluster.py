"""One batch on many machines: Ray Data hands photographs to workers, each with an engine of its own."""

from __future__ import annotations

import dataclasses
import logging
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from deblurgan.errors import DeblurganError
from deblurgan.extras import require
from deblurgan.formats import is_video
from deblurgan.jobs import Job, PhotoOptions
from deblurgan.object_store import ObjectJob, is_address, restore_object
from deblurgan.outcome import Outcome
from deblurgan.photo import restore_photo
from deblurgan.restore import Restorer, load

_PATIENCE = 5.0


@dataclasses.dataclass(frozen=True)
class WorkerOptions:
    """What each worker opens.

    Attributes:
        model: name or path, the same on every machine; None for the default.
        engine: key of `deblurgan.engines.ENGINES`, or 'auto'.
        precision: one of `deblurgan.engines.PRECISIONS`.
        threads: of the processor for each worker; None for all of a machine, and so one worker on each.
    """

    model: str | None = None
    engine: str = "auto"
    precision: str = "auto"
    threads: int | None = None


def restore_on_cluster(
    jobs: Sequence[Job | ObjectJob | Outcome], address: str, worker: WorkerOptions, options: PhotoOptions
) -> Iterator[Outcome]:
    """Restore photographs that every machine sees under the same path or address.

    Args:
        jobs: as `jobs.plan` or `object_store.plan_objects` gives them; an outcome among them is passed on.
        address: of a Ray cluster; 'auto' for the one this machine is part of, or else one of this machine alone.
        worker: what each worker opens.
        options: for all photographs.

    Yields:
        the outcomes, in the order of the jobs; files are those that one machine would write.

    Raises:
        DeblurganError: no cluster answers, or no machine of it offers as many processor cores as a worker needs.
        MissingExtra: Ray is not installed.
    """
    require("batch", "A cluster")
    import ray

    jobs = [_unless_video(job) for job in jobs]
    cores = _connect(address)
    threads = worker.threads or int(min(cores))
    if threads > max(cores):
        raise DeblurganError(f"No machine has {threads} cores; the largest has {int(max(cores))}, ask for fewer.")
    count = int(sum(available // threads for available in cores))
    rows = [{"number": number, **_places(job)} for number, job in enumerate(jobs) if not isinstance(job, Outcome)]
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    restored: Iterator[dict[str, Any]] = iter(())
    if rows:
        restored = iter(
            ray.data.from_items(rows, override_num_blocks=len(rows))
            .map(
                _Worker,
                fn_constructor_args=(dataclasses.replace(worker, threads=threads), options),
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, min(count, len(rows)))),
                num_cpus=threads,
            )
            .iter_rows()
        )
    for job in jobs:
        if isinstance(job, Outcome):
            yield job
        else:
            outcome, place = Outcome(**next(restored)), _places(job)
            # Whole paths are for the machines; who gave others knows the files by those.
            reason = outcome.reason
            for called, given in ((place["source"], str(job.source)), (place["target"], str(job.target))):
                reason = reason.replace(called, given)
            output = outcome.output and str(job.target)
            yield dataclasses.replace(outcome, input=str(job.source), output=output, reason=reason)


def _places(job: Job | ObjectJob) -> dict[str, str]:
    if isinstance(job, ObjectJob):
        return {"source": job.source, "target": job.target}
    return {"source": str(job.source.absolute()), "target": str(job.target.absolute())}


def _unless_video(job: Job | ObjectJob | Outcome) -> Job | ObjectJob | Outcome:
    if isinstance(job, Outcome) or not is_video(job.source):
        return job
    return Outcome(str(job.source), None, "failed", f"{job.source} is a video; run it without --cluster.")


class _Worker:
    """An engine on one machine."""

    def __init__(self, worker: WorkerOptions, options: PhotoOptions) -> None:
        self._options = options
        self._restorer: Restorer | DeblurganError
        try:
            self._restorer = load(
                worker.model, engine=worker.engine, threads=worker.threads, precision=worker.precision
            )
        except DeblurganError as error:
            # Raised here, it would be tried again without end.
            self._restorer = error

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Restore one photograph; whatever goes wrong with it is in the outcome."""
        if isinstance(self._restorer, DeblurganError):
            return dataclasses.asdict(Outcome(row["source"], None, "failed", str(self._restorer)))
        if is_address(row["source"]):
            stored = ObjectJob(row["source"], row["target"])
            return dataclasses.asdict(restore_object(stored, self._restorer, self._options))
        job = Job(Path(row["source"]), Path(row["target"]))
        return dataclasses.asdict(restore_photo(job, self._restorer, self._options))


def _connect(address: str) -> list[float]:
    """Join the cluster and return the processor cores of each machine that offers any: a head often does not."""
    import ray

    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address != "auto":
        _expect_answer(address)
    if not ray.is_initialized():
        try:
            ray.init(address=address, **quiet)
        except ConnectionError as error:
            if address != "auto":
                raise _no_cluster(address) from error
            ray.init(**quiet)
    nodes: list[dict[str, Any]] = ray.nodes()
    cores = [node["Resources"].get("CPU", 0.0) for node in nodes if node["Alive"]]
    offered = [available for available in cores if available >= 1]
    if not offered:
        raise DeblurganError("No machine of the cluster offers processor cores; start Ray on one with --num-cpus.")
    return offered


def _expect_answer(address: str) -> None:
    """Knock at the address: Ray itself would try for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()
    except (OSError, ValueError) as error:
        raise _no_cluster(address) from error


def _no_cluster(address: str) -> DeblurganError:
    return DeblurganError(f"No Ray cluster answers at {address}; start one there or use --cluster auto.")
