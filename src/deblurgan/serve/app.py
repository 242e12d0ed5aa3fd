"""The application: routes, gate and page put together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from deblurgan import __version__
from deblurgan.serve import info_routes, job_routes, restore_route
from deblurgan.serve.gate import Gate
from deblurgan.serve.jobs import Jobs
from deblurgan.serve.limits import Limits
from deblurgan.serve.line import Line
from deblurgan.serve.metrics import Metrics
from deblurgan.serve.models import Models
from deblurgan.serve.problems import ProblemDocument, answer_errors
from deblurgan.serve.work import Service

PAGE = Path(__file__).parent / "page"
_OPEN = ("/", "/health", "/ready", "/openapi.json")
_EXPIRY_SECONDS = 2.0


def create_app(
    models: Models,
    folder: Path,
    *,
    limits: Limits = Limits(),
    token: str | None = None,
    origins: Collection[str] = (),
    hosts: Collection[str] | None = (),
) -> FastAPI:
    """The server as an ASGI application.

    Args:
        models: to offer; they are closed when the application ends.
        folder: private and empty, for uploads and results.
        limits: of requests.
        token: that requests must bring; None for none.
        origins: of pages elsewhere that may use the server.
        hosts: names that it may be called by, beside those of loopback; None for any.

    Returns:
        the application; `state.service` and `state.jobs` are what its routes share.
    """
    service = Service(limits, models, Line(limits.queue), Metrics(), folder)
    jobs = Jobs(service)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        expiry = asyncio.create_task(_expire(jobs))
        yield
        expiry.cancel()
        jobs.clear()
        await asyncio.to_thread(service.line.close)
        models.close()

    app = FastAPI(
        title="deblurgan",
        version=__version__,
        summary="Sharp photographs from motion-blurred ones.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service, app.state.jobs = service, jobs
    app.include_router(restore_route.routes(service))
    app.include_router(job_routes.routes(service, jobs))
    app.include_router(info_routes.routes(service, jobs))
    page_paths = [f"/{path.relative_to(PAGE).as_posix()}" for path in PAGE.rglob("*") if path.is_file()]
    page = StaticFiles(directory=PAGE, html=True)
    # One by one: mounted as a whole, it would answer whatever the other routes take by another method.
    app.router.routes += [Route(path, page, methods=["GET"]) for path in ("/", *page_paths)]
    answer_errors(app)
    _describe(app)
    app.add_middleware(
        Gate,
        open_paths=[*_OPEN, *page_paths],
        token=token,
        origins=origins,
        hosts=hosts,
        metrics=service.metrics,
    )
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization"],
            expose_headers=["Location", "Retry-After", "Server-Timing", "Content-Disposition"],
        )
    return app


async def _expire(jobs: Jobs) -> None:
    while True:
        await asyncio.sleep(_EXPIRY_SECONDS)
        jobs.expire()


def _describe(app: FastAPI) -> None:
    """Add to the OpenAPI document what FastAPI cannot know: problems, and the token."""
    document = app.openapi()
    schemas = document["components"]["schemas"]
    schemas[ProblemDocument.__name__] = ProblemDocument.model_json_schema()
    for left_over in ("HTTPValidationError", "ValidationError"):
        schemas.pop(left_over, None)
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "Where the server has a DEBLURGAN_TOKEN."}
    }
    document["security"] = [{}, {"token": []}]
