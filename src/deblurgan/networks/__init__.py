"""The networks, in PyTorch; needs the `train` extra."""

from deblurgan.networks.cost import macs_per_pixel
from deblurgan.networks.discriminators import DISCRIMINATORS, build_discriminator
from deblurgan.networks.generators import GENERATORS, FPNGenerator, build
from deblurgan.networks.receptive_field import reach_of

__all__ = [
    "DISCRIMINATORS",
    "GENERATORS",
    "FPNGenerator",
    "build",
    "build_discriminator",
    "macs_per_pixel",
    "reach_of",
]
