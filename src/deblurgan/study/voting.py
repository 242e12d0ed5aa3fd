"""The page on which people compare versions of a picture by twos, without knowing which is which."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from importlib import resources
from itertools import combinations
from string import Template


def as_page(pictures: Mapping[str, Mapping[str, bytes]], title: str) -> str:
    """A self-contained page.

    Every two versions of every picture are one question. Order and sides are drawn anew for each rater, names
    of versions are not on the screen and not readable in the page's source at a glance. Votes stay in the
    rater's browser until they are exported.

    Args:
        pictures: JPEG files by picture and version; the same versions of each, at least two.
        title: above the questions.
    """
    versions = list(next(iter(pictures.values())))
    digest = hashlib.sha256(title.encode())
    shown = []
    for name, files in pictures.items():
        shown.append([_data_uri(files[version]) for version in versions])
        for version in versions:
            digest.update(f"{name}\n{version}\n".encode() + files[version])
    study = digest.hexdigest()[:16]
    names = base64.b64encode(json.dumps({"versions": versions, "pictures": list(pictures)}).encode()).decode()
    content = {
        "study": study,
        "names": names,
        "pictures": shown,
        "questions": [
            [picture, *pair] for picture in range(len(pictures)) for pair in combinations(range(len(versions)), 2)
        ],
    }
    template = Template(resources.files("deblurgan.study").joinpath("voting.html").read_text("utf-8"))
    # Nothing in the data may end the script that holds it.
    return template.substitute(title=html.escape(title), data=json.dumps(content).replace("<", "\\u003c"))


def _data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
