"""How a picture is restored: what a caller may choose."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deblurgan.errors import DeblurganError
from deblurgan.presets import PRESETS


@dataclass(frozen=True)
class RestoreOptions:
    """How a picture is restored.

    Attributes:
        strength: 0 gives the input back, 1 the network's whole effect.
        tile: 'auto' for what memory allows, 'off' for the whole picture at once, or the side of the largest
            tile in pixels, whose area is what bounds memory.
        preset: a key of `deblurgan.presets.PRESETS`.
        memory_limit: bytes the whole program may take, about, where tile is 'auto'; None for
            `memory.default_limit()`.
        guard: what would harm the picture is mixed back towards the input (see `deblurgan.guard`), unless the
            preset forbids it or the model enlarges.
        self_ensemble: the mean over the picture's flips and quarter turns: eight times as long, and a little
            better if the model is not equivariant.
        multi_scale: the mean over several sizes of the picture: six times as long, and better (see
            `deblurgan.multi_scale`); not for models that enlarge.
        one_of_many: others of its size will follow, as in a video, so that preparing for them pays.
    """

    strength: float = 1.0
    tile: int | str = "auto"
    preset: str = "default"
    memory_limit: int | None = None
    guard: bool = True
    self_ensemble: bool = False
    multi_scale: bool = False
    one_of_many: bool = False

    @property
    def of_each_frame(self) -> RestoreOptions:
        """The same for the frames of a clip: many alike, and never mixed by the guard, which would flicker."""
        return replace(self, guard=False, one_of_many=True)

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise DeblurganError(f"No preset is called {self.preset!r}; known: {', '.join(PRESETS)}.")
        if not 0 <= self.strength <= 1:
            raise DeblurganError(f"Strength is {self.strength}; it must lie between 0 and 1.")
        if self.tile not in ("auto", "off") and not (isinstance(self.tile, int) and self.tile > 0):
            raise DeblurganError(f"Tile is {self.tile!r}; use auto, off or a number of pixels.")
