"""The networks, in PyTorch; needs the `train` extra."""

from deblurgan.networks.cost import macs_per_pixel
from deblurgan.networks.generators import GENERATORS, FPNGenerator, build
from deblurgan.networks.receptive_field import reach_of

__all__ = ["GENERATORS", "FPNGenerator", "build", "macs_per_pixel", "reach_of"]
