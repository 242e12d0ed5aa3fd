"""Motion blur made on purpose: exposures are drawn first, then applied to sharp pictures."""

from deblurgan.blur.synthesis import BlurSettings, Exposure, draw_exposure, expose

__all__ = ["BlurSettings", "Exposure", "draw_exposure", "expose"]
