"""Joint sets: which points a network was taught to find, how they connect, and what two sets share.

Left and right are the person's own. The orders are those of the data sets: COCO keypoints,
MPII Human Pose, and Leeds Sports Pose (also LSP-extended).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from .locales import UserError

# Okabe and Ito's palette, safe for the common kinds of colour blindness: one colour a body part.
_ORANGE, _BLUE, _GREY = "#E69F00", "#56B4E9", "#999999"


@dataclass(frozen=True)
class JointSet:
    """An ordered list of joints.

    name    -- "coco", "mpii" or "lsp"; "people" for what the finder of people answers; "own" or "unnamed" for a network
               of one's own
    joints  -- J names; index = channel of the heatmaps
    limbs   -- pairs of joint names that a skeleton draws as one segment
    chance  -- the first channel alone is a heatmap, in logits; the others say something else at each cell
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[tuple[str, str], ...]
    chance: bool = False

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Channel of a joint. Raises KeyError that lists the joints there are."""
        try:
            return self.joints.index(joint)
        except ValueError:
            raise KeyError(f"{self.name} has no joint {joint!r}; it has {', '.join(self.joints)}") from None

    @property
    def title(self) -> str:
        """For people, beside a network's name: the data set that it was trained on. Networks with LSP's joints are
        ours, and saw other photos too: for them, how many joints it has."""
        return f"{len(self)} joints" if self.name == "lsp" else self.name.upper()

    @property
    def text(self) -> str:
        """What `joint_set` takes to give this set again."""
        return self.name if self.name in JOINT_SETS else ", ".join(self.joints) + ("," if len(self) == 1 else "")

    @cached_property
    def flip(self) -> tuple[int, ...]:
        """flip[k] is the channel that joint k has in a mirrored photo: its own where it has no other side."""
        channels = {joint: k for k, joint in enumerate(self.joints)}
        return tuple(channels.get(_mirror(joint), k) for joint, k in channels.items())

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(left, right) channels of every joint that comes twice."""
        return tuple((k, m) for k, m in enumerate(self.flip) if self.joints[k].startswith("left "))

    @cached_property
    def limb_indices(self) -> tuple[tuple[int, int], ...]:
        return tuple((self.index(a), self.index(b)) for a, b in self.limbs)

    @cached_property
    def colours(self) -> tuple[str, ...]:
        """One colour a joint: orange right, sky blue left, grey in the middle."""
        return tuple(side_colour(joint) for joint in self.joints)

    @cached_property
    def torso(self) -> tuple[int, int] | None:
        """Left shoulder and right hip, whose distance is PCK's yardstick; None where one is missing."""
        if "left shoulder" in self.joints and "right hip" in self.joints:
            return self.index("left shoulder"), self.index("right hip")
        return None


def side_colour(joint: str) -> str:
    """The colour of a joint's side: "#rrggbb"."""
    return _ORANGE if joint.startswith("right ") else _BLUE if joint.startswith("left ") else _GREY


def _mirror(joint: str) -> str:
    for side, other in (("left ", "right "), ("right ", "left ")):
        if joint.startswith(side):
            return other + joint.removeprefix(side)
    return joint


_LEGS_AND_ARMS = (
    *tuple(
        (f"{side} {a}", f"{side} {b}")
        for side in ("right", "left")
        for a, b in (("ankle", "knee"), ("knee", "hip"), ("wrist", "elbow"), ("elbow", "shoulder"), ("hip", "shoulder"))
    ),
    ("left hip", "right hip"),
    ("left shoulder", "right shoulder"),
)

COCO = JointSet(
    "coco",
    (
        "nose", "left eye", "right eye", "left ear", "right ear",
        "left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist",
        "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle",
    ),
    (
        *_LEGS_AND_ARMS,
        ("nose", "left eye"), ("nose", "right eye"), ("left eye", "left ear"), ("right eye", "right ear"),
        ("left ear", "left shoulder"), ("right ear", "right shoulder"),
    ),
)  # fmt: skip

MPII = JointSet(
    "mpii",
    (
        "right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle",
        "pelvis", "thorax", "neck", "head top",
        "right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist",
    ),
    (*_LEGS_AND_ARMS, ("pelvis", "thorax"), ("thorax", "neck"), ("neck", "head top")),
)  # fmt: skip

LSP = JointSet(
    "lsp",
    (
        "right ankle", "right knee", "right hip", "left hip", "left knee", "left ankle",
        "right wrist", "right elbow", "right shoulder", "left shoulder", "left elbow", "left wrist",
        "neck", "head top",
    ),
    (*_LEGS_AND_ARMS, ("neck", "head top")),
)  # fmt: skip

#: No joints: what the finder of people says at each cell, see networks/finder.py.
PEOPLE = JointSet("people", ("person", "left edge", "top edge", "right edge", "bottom edge"), (), chance=True)

JOINT_SETS: dict[str, JointSet] = {s.name: s for s in (COCO, MPII, LSP, PEOPLE)}
_BY_COUNT = {len(s): s for s in (COCO, MPII, LSP)}


def joint_set(which: str | int | Sequence[str]) -> JointSet:
    """A joint set by its name ("coco", "mpii", "lsp"), by the number of its joints (17, 16, 14), or by the names of
    any joints in order, as a sequence or with commas. Raises UserError for a name or number that there is not.
    """
    if isinstance(which, str) and "," in which:
        which = [name.strip() for name in which.split(",") if name.strip()]
    if isinstance(which, str | int):
        found = JOINT_SETS.get(which) if isinstance(which, str) else _BY_COUNT.get(which)
        if found is None:
            raise UserError("joint_set.unknown", given=repr(which))
        return found
    names = tuple(which)
    if known := next((s for s in JOINT_SETS.values() if s.joints == names), None):
        return known
    limbs = {limb: None for s in JOINT_SETS.values() for limb in s.limbs if set(limb) <= set(names)}
    return JointSet("own", names, tuple(limbs))


def channels(count: int) -> JointSet:
    """The joint set of a network of which only the number of heatmaps is known.

    Seventeen, sixteen and fourteen are taken for COCO's, MPII's and LSP's; any other number of joints has no names,
    and without names no limbs and no left and right.
    """
    return _BY_COUNT.get(count) or JointSet("unnamed", tuple(f"joint {k + 1}" for k in range(count)), ())


def shared(a: JointSet, b: JointSet) -> tuple[tuple[str, int, int], ...]:
    """Joints that both sets have: (name, channel in a, channel in b), in a's order."""
    return tuple((joint, k, b.index(joint)) for k, joint in enumerate(a.joints) if joint in b.joints)
