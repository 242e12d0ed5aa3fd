"""/v1/jobs: large pictures, videos, and whatever else takes long, with progress and cancellation."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, JSONResponse, Response

from deblurgan.serve import schemas
from deblurgan.serve.jobs import Jobs
from deblurgan.serve.problems import Problem, responses
from deblurgan.serve.restore_route import PROBLEMS
from deblurgan.serve.schemas import UPLOAD
from deblurgan.serve.upload import receive_form
from deblurgan.serve.work import Service, check

Id = Annotated[str, InPath(description="Of the job.", max_length=64, examples=["Jq3v0bJYd2nUGl2P4x1q8A"])]

_GENERAL = ("token-needed", "other-host", "other-origin", "not-found")


def routes(service: Service, jobs: Jobs) -> APIRouter:
    """The routes, for one service."""
    router = APIRouter(prefix="/v1/jobs")

    @router.post(
        "",
        summary="Leave a file to be restored",
        status_code=202,
        response_model=schemas.Job,
        openapi_extra=UPLOAD,
        responses={202: {"description": "It was accepted.", "headers": _LOCATION}, **responses(*PROBLEMS)},
    )
    async def create(request: Request) -> Response:
        """Takes what POST /v1/restore takes, and larger files; follow `Location` for progress and the result."""
        jobs.make_room()
        with contextlib.ExitStack() as undo:
            ticket = service.line.take()
            undo.callback(service.line.leave, ticket)
            folder = Path(tempfile.mkdtemp(dir=service.folder))
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            with (folder / "source").open("w+b") as sink:
                form = await receive_form(request, sink, service.limits, file_bytes=service.limits.job_bytes)
                # The answer is JSON, so the Accept header says nothing of the result.
                order = check(form, sink, service, accept="", at_once=False)
            job = jobs.start(order, ticket, folder)
            undo.pop_all()
        content = jobs.view(job).model_dump(mode="json")
        return JSONResponse(content, 202, {"Location": f"/v1/jobs/{job.id}"})

    @router.get("/{id}", summary="How a job is", responses=responses(*_GENERAL))
    async def show(id: Id) -> schemas.Job:
        """Ask again every second or so."""
        return jobs.view(jobs.find(id))

    @router.get(
        "/{id}/result",
        summary="The result of a job",
        response_class=FileResponse,
        responses={
            200: {
                "description": "The file.",
                "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
            },
            206: {"description": "The range of it that was asked for."},
            416: {"description": "There is no such range of it."},
            **responses(*_GENERAL, "not-finished", "unreadable-picture", "unreadable-video"),
        },
    )
    async def result(id: Id) -> FileResponse:
        """Ranges are served. Delete the job when you have its result, or it stays until it expires."""
        job = jobs.find(id)
        if job.problem:
            raise job.problem
        if job.done is None or job.ended is None:
            raise Problem("not-finished", "The job is not finished yet; ask again.", {"Retry-After": "1"})
        job.is_fetched = True
        headers = {"Cache-Control": "no-store"}
        return FileResponse(job.result, 200, headers, job.order.result_type, filename=job.order.result_name)

    @router.delete(
        "/{id}",
        summary="Cancel or forget a job",
        status_code=204,
        responses=responses(*_GENERAL),
        response_class=Response,
    )
    async def delete(id: Id) -> Response:
        """What runs stops before its next tile; files are removed."""
        jobs.remove(id)
        return Response(status_code=204)

    return router


_LOCATION = {"Location": {"schema": {"type": "string"}, "description": "Of the job."}}
