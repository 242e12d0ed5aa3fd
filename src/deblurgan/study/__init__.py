"""A blind comparison by people: a page that asks, and strengths from what they answer (Lai et al., CVPR 2016)."""

from deblurgan.study.strengths import Strength, fit
from deblurgan.study.votes import Vote, read_votes
from deblurgan.study.voting import as_page

__all__ = ["Strength", "Vote", "as_page", "fit", "read_votes"]
