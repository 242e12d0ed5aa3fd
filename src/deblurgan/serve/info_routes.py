"""What the server offers and how it is: models, health, readiness, metrics."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from deblurgan import __version__
from deblurgan.serve import metrics, schemas
from deblurgan.serve.handlers import HANDLERS
from deblurgan.serve.jobs import Jobs
from deblurgan.serve.media import CLIPS, RESULTS
from deblurgan.serve.problems import Problem, responses
from deblurgan.serve.work import Service


def routes(service: Service, jobs: Jobs) -> APIRouter:
    """The routes, for one service."""
    router = APIRouter()

    @router.get("/v1/models", summary="What is offered", responses=responses("token-needed", "other-host"))
    async def offer() -> schemas.Offer:
        """Models, types of files, and limits."""
        return schemas.Offer(
            models=[
                schemas.Model.of(manifest, name=name, default=name == service.models.names[0])
                for name, manifest in service.models.manifests.items()
            ],
            media_types=list(HANDLERS),
            formats=list(RESULTS),
            video_formats=[suffix for suffix, media_type in CLIPS.items() if media_type in HANDLERS],
            upload_bytes=service.limits.upload_bytes,
            job_bytes=service.limits.job_bytes,
            picture_bytes=service.limits.picture_bytes,
            pixels=service.limits.pixels,
        )

    @router.get("/health", summary="Whether the server lives", responses=responses("other-host"))
    async def health() -> schemas.State:
        """Needs no token."""
        return schemas.State(version=__version__)

    @router.get(
        "/ready", summary="Whether it takes work", responses=responses("other-host", "not-ready", "stopping")
    )
    async def ready() -> schemas.State:
        """Needs no token. Says no until the default model is loaded, and once the server was told to stop."""
        if service.line.is_closed:
            raise Problem("stopping", "The server is about to stop.")
        if not service.models.is_ready:
            raise Problem("not-ready", "The model is being loaded.", {"Retry-After": "1"})
        return schemas.State(version=__version__)

    @router.get(
        "/metrics",
        summary="Figures for Prometheus",
        response_class=PlainTextResponse,
        responses=responses("token-needed", "other-host"),
    )
    async def show_metrics() -> PlainTextResponse:
        """In its text format."""
        gauges = {
            "deblurgan_waiting": service.line.waiting,
            "deblurgan_running": service.line.running,
            "deblurgan_jobs": len(jobs),
        }
        return PlainTextResponse(service.metrics.text(gauges), media_type=metrics.MEDIA_TYPE)

    return router
