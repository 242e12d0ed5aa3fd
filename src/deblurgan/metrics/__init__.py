"""Quality metrics: functions of pictures and an explicit data range, and the table of them."""

from deblurgan.metrics.alignment import aligned_psnr, aligned_ssim, shifted_psnr, shifted_ssim_y
from deblurgan.metrics.gradients import gradient_similarity
from deblurgan.metrics.no_reference import sharpness
from deblurgan.metrics.pixels import luma, psnr, psnr_y
from deblurgan.metrics.structure import ms_ssim, ssim, ssim_uniform, ssim_y
from deblurgan.metrics.table import DEFAULT_METRICS, METRICS, Metric
from deblurgan.metrics.wavelet import cw_ssim

__all__ = [
    "DEFAULT_METRICS",
    "METRICS",
    "Metric",
    "aligned_psnr",
    "aligned_ssim",
    "cw_ssim",
    "gradient_similarity",
    "luma",
    "ms_ssim",
    "psnr",
    "psnr_y",
    "sharpness",
    "shifted_psnr",
    "shifted_ssim_y",
    "ssim",
    "ssim_uniform",
    "ssim_y",
]
