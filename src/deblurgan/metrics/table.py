"""The table of metrics, and what each one is."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from numpy.typing import ArrayLike

from deblurgan.extras import require
from deblurgan.metrics import alignment, gradients, no_reference, pixels, structure, wavelet


@dataclass(frozen=True)
class Metric:
    """A metric and how to read it.

    Attributes:
        function: of (picture, reference) and the keyword `data_range`; of (picture) and `data_range` if
            `needs_reference` is false. A text 'module:name' is imported when it is first called.
        higher_is_better: direction.
        digits: after the decimal point, when shown.
        definition: in words, since names alone have meant different things in print.
        source: who defined it, and where.
        needs_reference: false for a metric that looks at the picture alone.
        extra: of this package that must be installed.
    """

    function: Callable[..., float] | str
    higher_is_better: bool
    digits: int
    definition: str
    source: str
    needs_reference: bool = True
    extra: str | None = None

    def __call__(self, picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
        """Measure a picture [H, W, 3] against a sharp one, which a no-reference metric does not look at.

        Raises:
            ValueError: the shapes differ or are too small.
            MissingExtra: the metric needs packages or weights that are not there.
        """
        function = self.resolved()
        if self.needs_reference:
            return function(picture, reference, data_range=data_range)
        return function(picture, data_range=data_range)

    def resolved(self) -> Callable[..., float]:
        """The function itself.

        Raises:
            MissingExtra: what it needs is not installed.
        """
        if self.extra:
            require(self.extra, "This metric")
        if not isinstance(self.function, str):
            return self.function
        module, _, name = self.function.partition(":")
        function: Callable[..., float] = getattr(importlib.import_module(module), name)
        return function


_WANG = "Wang et al., IEEE TIP 13(4), 2004"

METRICS: dict[str, Metric] = {
    "psnr": Metric(pixels.psnr, True, 2, "RGB, 8-bit rounded, mean over pictures, dB", "10 log10(range^2 / MSE)"),
    "ssim": Metric(structure.ssim, True, 4, "RGB mean, Gaussian 11x11 sigma 1.5, 8-bit rounded", _WANG),
    "psnr_y": Metric(
        pixels.psnr_y, True, 2, "luma of ITU-R BT.601 in studio range, dB", "10 log10(range^2 / MSE)"
    ),
    "ssim_y": Metric(structure.ssim_y, True, 4, "luma, Gaussian 11x11 sigma 1.5 (MATLAB-like)", _WANG),
    "ssim_uniform": Metric(structure.ssim_uniform, True, 4, "RGB mean, uniform 7x7, sample covariance", _WANG),
    "ms_ssim": Metric(
        structure.ms_ssim,
        True,
        4,
        "RGB mean, five scales, Gaussian 11x11 sigma 1.5",
        "Wang, Simoncelli and Bovik, Asilomar 2003",
    ),
    "cw_ssim": Metric(
        wavelet.cw_ssim,
        True,
        4,
        "row-wise wavelet similarity of the official test script",
        "pyssim's cw_ssim_value, after Sampat et al., IEEE TIP 18(11), 2009",
    ),
    "gradient": Metric(
        gradients.gradient_similarity,
        True,
        4,
        "Prewitt gradient magnitudes of the luma",
        "Xue et al., IEEE TIP 23(2), 2014, averaged instead of spread",
    ),
    "aligned_psnr": Metric(
        alignment.aligned_psnr,
        True,
        2,
        "RGB after ECC homography and intensity scaling, over what both show, dB",
        "Rim et al. (RealBlur), ECCV 2020",
        extra="evaluate",
    ),
    "aligned_ssim": Metric(
        alignment.aligned_ssim,
        True,
        4,
        "RGB mean, Gaussian 11x11 sigma 1.5, after the same alignment",
        "Rim et al. (RealBlur), ECCV 2020",
        extra="evaluate",
    ),
    "shifted_psnr": Metric(
        alignment.shifted_psnr,
        True,
        2,
        "RGB after a shift to a tenth of a pixel and intensity scaling, dB",
        "Köhler et al., ECCV 2012",
    ),
    "shifted_ssim_y": Metric(
        alignment.shifted_ssim_y,
        True,
        4,
        "luma, Gaussian 11x11 sigma 1.5, after the same shift",
        "Köhler et al., ECCV 2012",
    ),
    "sharpness": Metric(
        no_reference.sharpness,
        True,
        4,
        "no reference: share of edges that a blur of 11 pixels would take away; noise counts as edges",
        "1 - blur effect of Crété-Roffet et al., SPIE 6492, 2007",
        needs_reference=False,
    ),
    "lpips": Metric(
        "deblurgan.networks.perceptual_metrics:lpips",
        False,
        4,
        "learned distance, AlexNet, version 0.1",
        "Zhang et al., CVPR 2018",
        extra="train",
    ),
    "dists": Metric(
        "deblurgan.networks.perceptual_metrics:dists",
        False,
        4,
        "learned distance of structure and texture, VGG16",
        "Ding et al., IEEE TPAMI 44(5), 2022",
        extra="train",
    ),
}
DEFAULT_METRICS = ("psnr", "ssim")
