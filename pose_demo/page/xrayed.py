"""The X-ray as one object: a photo, two networks, and everything between photo and skeletons.

The page keeps these for its visitors, the command `xray` writes them to files, a notebook shows them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from torch import nn

from .. import weights
from ..comparison import Comparison, Pose, compare
from ..draw import skeleton
from ..examples import Example
from ..locales import say
from ..networks import zoo
from ..networks.trace import Trace
from ..writing import writing
from .answers import export, files
from .answers.maps import maps
from .answers.parts import ALL
from .cached import Cached, without_traces
from .photo_input import data_address
from .session import JOINT


class XRay(Cached):
    """One photo through two networks, with every map on the way. Of the two, 0 is the left one and 1 the right one.

        xray = XRay("photo.jpg", upsampling="bilinear", silence={"stack1": "zero"})
        xray.skeletons[0].joints         # (J, 2) pixels of the photo, see comparison.Pose
        xray.graph(0)                    # which map is made from which (networks.wiring.Wiring)
        xray.maps(0)["stage3.module1.branch1"].tensor       # (1, C, H, W)
        xray.sum(0, "stage3.module1.branch1.fused").terms   # what adds up to a map (xray.sums.Sum)
        xray.field(0, "stem"), xray.effective(0, "stem")    # what a cell can see of the photo, and what it looks at
        xray.effects(1).order()          # every arrow cut alone: which matters most (xray.effects.Effects)
        xray.gradients(1).share          # where the gradient at every map comes from (xray.gradient.Gradients)
        xray.to_npz("out"), xray.to_html("out")

    What is not at hand is computed when it is asked for, and small answers are kept. In a notebook an XRay shows both
    skeletons and both networks drawn.
    """

    def __init__(
        self,
        photo: Any,
        box: Sequence[float] | None = None,
        networks: Sequence[str | Path | nn.Module] | None = None,
        **asked: Any,
    ):
        """All as `compare` takes it, upsampling and silence too; the photo may be an example (pose_demo.examples),
        whose box is known. Raises as `compare` does.
        """
        example = photo if isinstance(photo, Example) else None
        box = example.box if example and box is None else box
        path = example.path if example else photo
        where = zoo.device(asked.get("device"))
        nets = tuple(zoo.shared(each, where) for each in (networks or weights.default_pair()))
        found = compare(path, box, nets, **asked, trace=True)
        self._take(found, "", example, Path(path).stem if isinstance(path, str | Path) else "photo")
        self.nets = nets

    @classmethod
    def of(cls, comparison: Comparison, owner: str = "", example: Example | None = None, name: str = "photo") -> XRay:
        """Of a comparison that is made, with its traces or without, between networks of the zoo."""
        made = cls.__new__(cls)
        made._take(comparison, owner, example, name)
        return made

    def _take(self, found: Comparison, owner: str, example: Example | None, name: str) -> None:
        Cached.__init__(self, without_traces(found), owner, example, example.name if example else name)
        self.traces = {(k, "shown"): pose.trace.cpu() for k, pose in enumerate(found.poses) if pose.trace is not None}

    @property
    def skeletons(self) -> tuple[Pose, ...]:
        """What each network says of the photo."""
        return self.comparison.poses

    def maps(self, side: int) -> Trace:
        """{name: Tap} of every map of one network, in the order of the pass."""
        return self.trace(side)

    # --- taking it away ---------------------------------------------------------------------------------------------

    def to_npz(self, to: str | Path = ".", side: int | None = None, cell: str | None = None) -> Path:
        """Writes the maps of both networks, or one (answers/files.py says how they lie in it), to a file, or into a
        folder under a telling name; returns where it lies.
        """
        return self._write(to, files.called(self, ".npz", side, cell), files.npz(self, side, cell))

    def to_html(self, to: str | Path = ".", language: str = "en", joint: str | None = None) -> Path:
        """Writes the report: one file, no address outside, no script. joint -- whose story it tells; "*": none; None:
        the one that the page opens with, where a network knows it."""
        return self._write(to, files.called(self, ".html"), self.html(language, joint).encode())

    def html(self, language: str = "en", joint: str | None = None) -> str:
        """The report of what is shown, see `to_html`."""
        known = {name for pose in self.skeletons for name in pose.card.joints.joints}
        joint = joint or (JOINT if JOINT in known else ALL)
        return export.report(self, {"key": "", "view": "export", "joint": joint, "language": language})

    def _write(self, to: str | Path, name: str, content: bytes) -> Path:
        file = Path(to)
        if file.is_dir() or not file.suffix:
            file.mkdir(parents=True, exist_ok=True)
            file /= name
        with writing(file) as out:
            out.write(content)
        return file

    def __repr__(self) -> str:
        return f"XRay of {self.name}: {' and '.join(pose.network for pose in self.skeletons)}"

    def _repr_html_(self) -> str:
        """Both skeletons, and both networks drawn with this photo's maps."""
        seen, own = self.comparison.seen, secrets.token_hex(4)
        parts = ["<div style='display:flex;flex-wrap:wrap;gap:12px'>"]
        for pose in self.skeletons:
            drawn = skeleton.picture(self.comparison.photo, pose, 0.1, seen)
            parts.append(f"<figure style='flex:1 1 300px;margin:0'><figcaption><b>{escape(pose.card.title)}</b> · "
                         f"{escape(pose.card.status)}</figcaption><img style='max-width:100%' alt='' "
                         f"src='{data_address(drawn, 640)}'></figure>")  # fmt: skip
        parts.append("</div>")
        for side in maps(self, "en"):  # a document may show several: each has pictures of its own
            svg = side["svg"].replace("sprite-", f"sprite-{own}-")
            parts.append(f"<div style='overflow-x:auto'>{svg or escape(say('en', side.get('why', '')))}</div>")
        return "".join(parts)
