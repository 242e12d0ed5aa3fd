"""What requests may ask and what answers say, for validation and for the OpenAPI document."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from deblurgan.jobs import PhotoOptions
from deblurgan.manifest import Manifest
from deblurgan.restore_options import RestoreOptions
from deblurgan.serve.problems import ProblemDocument
from deblurgan.serve.upload import FILE_FIELD

_ALIASES = {"jpeg": "jpg", "tif": "tiff"}


def _as_suffix(value: object) -> object:
    text = str(value).lower().removeprefix(".")
    return _ALIASES.get(text, text)


Suffix = Annotated[
    Literal["jpg", "png", "webp", "tiff", "bmp", "jp2", "avif", "mp4", "mov", "mkv", "webm"],
    BeforeValidator(_as_suffix),
]


class RestoreFields(BaseModel):
    """The options of one file, as those of `deblurgan run`."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    model: Annotated[
        str | SkipJsonSchema[None], Field(description="A name of GET /v1/models; the first of them if not given.")
    ] = None
    strength: Annotated[float, Field(ge=0, le=1, description="0 leaves the picture as it is.")] = 1.0
    guard: Annotated[bool, Field(description="Take back what would harm the picture.")] = True
    preset: Annotated[
        Literal["default", "official"],
        Field(description="'official' for the padding and rounding of the official DeblurGAN-v2."),
    ] = "default"
    format: Annotated[
        Suffix | SkipJsonSchema[None],
        Field(description="Of the result; if not given what Accept says, else the file's own."),
    ] = None
    quality: Annotated[
        int | SkipJsonSchema[None],
        Field(
            ge=1, le=100, description="For lossy formats; as good as the picture if not given. Videos have none."
        ),
    ] = None
    metadata: Annotated[
        Literal["keep", "strip"],
        Field(description="'strip' leaves out EXIF, XMP, IPTC and comments; the colour profile stays."),
    ] = "keep"

    def options(self, suffix: str, memory_limit: int) -> PhotoOptions:
        """As the rest of the package takes them; `suffix` is the result's, `memory_limit` in bytes."""
        restore = RestoreOptions(
            strength=self.strength, preset=self.preset, memory_limit=memory_limit, guard=self.guard
        )
        return PhotoOptions(restore, format=suffix, quality=self.quality, metadata=self.metadata)


def _upload_schema() -> dict[str, Any]:
    schema = RestoreFields.model_json_schema()
    file = {"type": "string", "format": "binary", "description": "The picture; for a job a video, too."}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [FILE_FIELD],
        "properties": {FILE_FIELD: file, **schema["properties"]},
    }


UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": _upload_schema(),
                "examples": {
                    "half": {"summary": "Half the effect", "value": {"strength": 0.5}},
                    "webp": {"summary": "As WebP, no metadata", "value": {"format": "webp", "metadata": "strip"}},
                    "small": {"summary": "A small JPEG", "value": {"format": "jpg", "quality": 80}},
                    "official": {"summary": "As the official code", "value": {"preset": "official"}},
                },
            }
        },
    }
}
"""What OpenAPI says of the body of an upload; FastAPI does not read it, so that limits hold while it arrives."""

_TIME = "2026-11-24T12:00:00Z"


class Job(BaseModel):
    """A file that was left to be restored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "Jq3v0bJYd2nUGl2P4x1q8A",
                    "name": "panorama.tif",
                    "media_type": "image/tiff",
                    "status": "running",
                    "progress": 0.4,
                    "position": 0,
                    "reason": "",
                    "remarks": [],
                    "result_name": "panorama_deblurred.tiff",
                    "created": _TIME,
                }
            ]
        }
    )

    id: str
    name: str = Field(description="Of the file, as the client called it.")
    media_type: str = Field(description="Of the file, by its content.")
    status: Literal["queued", "running", "done", "unchanged", "failed"] = Field(
        description="'unchanged' if the guard kept nothing of the network's change."
    )
    progress: float = Field(ge=0, le=1)
    position: int = Field(ge=0, description="In the queue; 0 once it has begun.")
    reason: str = Field(description="What the guard took back; empty otherwise.")
    remarks: list[str] = Field(description="On what of the file could not be kept.")
    result: str | None = Field(default=None, description="Where the result is, once it is done.")
    result_name: str = Field(description="What the result may be called.")
    problem: ProblemDocument | None = Field(default=None, description="Why it failed.")
    created: datetime.datetime
    expires: datetime.datetime | None = Field(
        default=None, description="When it is removed; null before it is finished."
    )


class Model(BaseModel):
    """A model that pictures can be restored with."""

    name: str
    version: str
    architecture: str
    licence: str
    parameters: int
    scale: int = Field(description="Size of the result over that of the picture.")
    default: bool

    @classmethod
    def of(cls, manifest: Manifest, *, name: str, default: bool) -> Model:
        """From a manifest, under the name it is offered by."""
        return cls(
            name=name,
            version=manifest.version,
            architecture=manifest.architecture,
            licence=manifest.licence,
            parameters=manifest.parameters,
            scale=manifest.scale,
            default=default,
        )


class Offer(BaseModel):
    """What the server restores and how large it may be."""

    models: list[Model]
    media_types: list[str] = Field(description="That are taken.")
    formats: list[str] = Field(description="That results of pictures can have, as suffixes.")
    video_formats: list[str] = Field(description="That results of videos can have; none where they are not taken.")
    upload_bytes: int = Field(description="Most that POST /v1/restore takes.")
    job_bytes: int = Field(description="Most that POST /v1/jobs takes.")
    picture_bytes: int = Field(description="Most that a picture may have, even in a job.")
    pixels: int = Field(description="Most that a picture may have.")


class State(BaseModel):
    """How the server is."""

    status: Literal["ok"] = "ok"
    version: str
