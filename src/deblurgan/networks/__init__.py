"""The networks, in PyTorch; needs the `train` extra."""

from deblurgan.networks.cost import live_parameters, macs_per_pixel
from deblurgan.networks.discriminators import DISCRIMINATORS, build_discriminator
from deblurgan.networks.engine_form import as_engines_compute
from deblurgan.networks.generators import GENERATORS, FPNGenerator, build
from deblurgan.networks.normalisation import set_statistics
from deblurgan.networks.official import load_official, read_official, save_official
from deblurgan.networks.receptive_field import noticeable_reach_of, reach_of
from deblurgan.networks.timm_backbones import BACKBONES
from deblurgan.networks.weights import load, save

__all__ = [
    "BACKBONES",
    "DISCRIMINATORS",
    "GENERATORS",
    "FPNGenerator",
    "as_engines_compute",
    "build",
    "build_discriminator",
    "live_parameters",
    "load",
    "load_official",
    "macs_per_pixel",
    "noticeable_reach_of",
    "reach_of",
    "read_official",
    "save",
    "save_official",
    "set_statistics",
]
