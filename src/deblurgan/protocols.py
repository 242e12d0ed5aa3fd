"""Test sets by name: what belongs to them, how they are measured, and what was published about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deblurgan.pairs import Pair

V2 = "DeblurGAN-v2 (Kupyn et al., ICCV 2019)"
COUNTED_FRAME = (736, 1280)
"""Rows and columns of the frame that published multiplications are for."""
QUOTED = "as commonly quoted; compare with the paper before citing"


@dataclass(frozen=True)
class Published:
    """A row somebody printed.

    Attributes:
        model: its name.
        psnr: in dB.
        ssim: by whatever definition the source used.
        source: where it was printed.
        seconds: per picture, on the source's own machine.
        gflops: as printed; see `Protocol.remark`.
        gmacs: of the same network, counted from its layers, each once, for a frame of `COUNTED_FRAME`.
    """

    model: str
    psnr: float
    ssim: float | None
    source: str
    seconds: float | None = None
    gflops: float | None = None
    gmacs: float | None = None


@dataclass(frozen=True)
class Protocol:
    """How a test set is measured.

    Attributes:
        title: of the set.
        layouts: keys of `pairs.LAYOUTS` in which it comes, the first that finds pairs counts.
        counts: numbers of pairs that are the whole set.
        metrics: keys of `METRICS`.
        sequences: names that must all be there; none if they are not known.
        frames: sharp pictures for each blurred one.
        published: rows to print beside what is measured.
        remark: what the figures mean, and what they may be compared with.
    """

    title: str
    layouts: tuple[str, ...]
    counts: tuple[int, ...]
    metrics: tuple[str, ...]
    published: tuple[Published, ...]
    remark: str
    sequences: tuple[str, ...] = ()
    frames: int = 1

    def missing(self, pairs: Sequence[Pair]) -> list[str]:
        """What keeps measured figures from being comparable, in sentences; nothing if the set is whole."""
        said = []
        if len(pairs) not in self.counts:
            whole = " or ".join(f"{count:,}" for count in self.counts)
            said.append(
                f"The {self.title} has {whole} pairs and {len(pairs):,} are here: "
                "measured and published figures are of different pictures."
            )
        present = " ".join(pair.name for pair in pairs)
        if absent := [name for name in self.sequences if name not in present]:
            said.append(f"Missing: {', '.join(absent)}.")
        short = [pair.name for pair in pairs if len(pair.more_sharp) + 1 < self.frames]
        if short:
            said.append(
                f"{len(short)} pictures have fewer than {self.frames} sharp frames: {', '.join(short[:5])}."
            )
        return said


_DOUBLE = (
    "The paper's FLOPs are multiply-accumulates of convolutions at 1280x736 in which the backbone counts twice, "
    "since its layers are stored under two names; counted once they are the GMACs beside it."
)

PROTOCOLS: dict[str, Protocol] = {
    "gopro": Protocol(
        title="GoPro test set",
        layouts=("gopro", "pairs"),
        counts=(1111,),
        metrics=("psnr", "ssim", "cw_ssim"),
        sequences=(
            "GOPR0384_11_00",
            "GOPR0384_11_05",
            "GOPR0385_11_01",
            "GOPR0396_11_00",
            "GOPR0410_11_00",
            "GOPR0854_11_00",
            "GOPR0862_11_00",
            "GOPR0868_11_00",
            "GOPR0869_11_00",
            "GOPR0871_11_00",
            "GOPR0881_11_01",
        ),
        published=(
            Published("DeepDeblur", 29.23, 0.916, f"{V2}, Table 1", 4.33, 1760.04),
            Published("SRN", 30.10, 0.932, f"{V2}, Table 1", 1.6, 1434.82),
            Published("DeblurGAN", 28.70, 0.927, f"{V2}, Table 1", 0.85, 678.29),
            Published("DeblurGAN-v2 Inception-ResNet-v2", 29.55, 0.934, f"{V2}, Table 1", 0.35, 411.34, 273.93),
            Published("DeblurGAN-v2 MobileNet", 28.17, 0.925, f"{V2}, Table 1", 0.06, 43.75, 38.94),
            Published("DeblurGAN-v2 MobileNet-DSC", 28.03, 0.922, f"{V2}, Table 1", 0.04, 14.83, 10.04),
            Published("Restormer", 32.92, 0.961, f"Zamir et al., CVPR 2022, {QUOTED}"),
            Published("NAFNet-32", 32.87, 0.961, f"Chen et al., ECCV 2022, {QUOTED}"),
            Published("NAFNet-64", 33.69, 0.967, f"Chen et al., ECCV 2022, {QUOTED}"),
        ),
        remark=(
            "The folder `blur`, not `blur_gamma`. PSNR compares; the SSIM column of the paper probably mixes "
            "definitions, and for its own models it agrees with `cw_ssim` rather than with `ssim`. " + _DOUBLE
        ),
    ),
    "kohler": Protocol(
        title="Köhler test set",
        layouts=("kohler",),
        counts=(48,),
        metrics=("shifted_psnr", "shifted_ssim_y"),
        frames=199,
        published=(
            Published("DeepDeblur", 26.48, 0.807, f"{V2}, Table 2"),
            Published("SRN", 26.75, 0.837, f"{V2}, Table 2"),
            Published("DeblurGAN", 26.10, 0.816, f"{V2}, Table 2"),
            Published("DeblurGAN-v2 Inception-ResNet-v2", 26.72, 0.836, f"{V2}, Table 2"),
            Published("DeblurGAN-v2 MobileNet", 26.36, 0.820, f"{V2}, Table 2"),
            Published("DeblurGAN-v2 MobileNet-DSC", 26.35, 0.819, f"{V2}, Table 2"),
        ),
        remark=(
            "The best of all frames along the camera's path, each after a shift to a tenth of a pixel; SSIM of "
            "the luma as MATLAB computes it. Frames are called GroundTruth1_2_3, blurred pictures Blurry1_2."
        ),
    ),
    "dvd": Protocol(
        title="DVD test set",
        layouts=("dvd",),
        counts=(1000,),
        metrics=("psnr", "ssim", "cw_ssim"),
        sequences=(
            "720p_240fps_2",
            "IMG_0003",
            "IMG_0021",
            "IMG_0030",
            "IMG_0031",
            "IMG_0032",
            "IMG_0033",
            "IMG_0037",
            "IMG_0039",
            "IMG_0049",
        ),
        published=(
            Published("WFA", 28.35, None, f"{V2}, Table 3"),
            Published("DVD (single)", 28.37, 0.913, f"{V2}, Table 3", 1.0),
            Published("DeblurGAN-v2 MobileNet", 28.54, 0.929, f"{V2}, Table 3", 0.06),
        ),
        remark="One frame at a time, ten videos. Which frames of them the paper measured is not known.",
    ),
    "realblur": Protocol(
        title="RealBlur test set, J or R",
        layouts=("realblur", "pairs"),
        counts=(980,),
        metrics=("aligned_psnr", "aligned_ssim"),
        published=(
            Published("DeepDeblur", 27.87, None, f"RealBlur-J, trained on GoPro, {QUOTED}"),
            Published("SRN", 28.56, None, f"RealBlur-J, trained on GoPro, {QUOTED}"),
            Published("DeblurGAN", 27.97, None, f"RealBlur-J, trained on GoPro, {QUOTED}"),
            Published("DeblurGAN-v2 Inception-ResNet-v2", 28.70, None, f"RealBlur-J, trained on GoPro, {QUOTED}"),
            Published("Restormer", 28.96, None, f"RealBlur-J, trained on GoPro, {QUOTED}"),
            Published("NAFNet-64", 28.32, None, f"RealBlur-J, trained on GoPro, {QUOTED}"),
        ),
        remark="After registration by a homography and scaling of the intensity, as the authors of the set do.",
    ),
    "hide": Protocol(
        title="HIDE test set",
        layouts=("hide", "pairs"),
        counts=(2025,),
        metrics=("psnr", "ssim"),
        published=(
            Published("DeepDeblur", 25.73, None, f"trained on GoPro, {QUOTED}"),
            Published("SRN", 28.36, None, f"trained on GoPro, {QUOTED}"),
            Published("DeblurGAN", 24.51, None, f"trained on GoPro, {QUOTED}"),
            Published("DeblurGAN-v2 Inception-ResNet-v2", 26.61, None, f"trained on GoPro, {QUOTED}"),
            Published("Restormer", 31.22, None, f"trained on GoPro, {QUOTED}"),
            Published("NAFNet-64", 31.32, None, f"trained on GoPro, {QUOTED}"),
        ),
        remark="Both parts, close-ups and long shots; all published models were trained on GoPro.",
    ),
    "reds": Protocol(
        title="REDS validation set",
        layouts=("reds_jpeg", "reds"),
        counts=(3000, 300),
        metrics=("psnr", "ssim"),
        published=(
            Published("HINet", 28.83, 0.862, f"300 frames with JPEG, {QUOTED}"),
            Published("MAXIM", 28.93, 0.865, f"300 frames with JPEG, {QUOTED}"),
            Published("NAFNet-64", 29.09, 0.867, f"300 frames with JPEG, {QUOTED}"),
        ),
        remark=(
            "The published rows are of 300 frames with blur and JPEG (`val_blur_jpeg`, read first); figures "
            "without JPEG (`val_blur`) are of other pictures."
        ),
    ),
}
