"""A pose as a skeleton: SVG to lie over the photo in the page, pixels for a file."""

from __future__ import annotations

import json
import re
from html import escape, unescape

import cv2
import numpy as np

from ..comparison import Pose
from ..crop import Box, cut, whole
from ..joints import JointSet, side_colour
from ..locales import Said, said, tell

#: How much is seen of a skeleton where probably nobody is.
PALE = 0.35
#: How much is seen of those who are not looked at more closely.
OTHERS = 0.6
#: A skeleton's stroke as a share of the photo's longer side.
STROKE = 1 / 160


def svg(pose: Pose, seen: Box, threshold: float = 0.0) -> str:
    """An <svg> over what is `seen` of the photo: limbs and joints whose score reaches `threshold`.

    Orange is the person's right, blue the left, grey the middle. Each joint carries its name and score as a title.
    """
    label = said("page.skeleton_of", network=pose.card.title, count=int(drawn(pose, threshold).sum()))
    stroke = stroke_of(seen)
    every = [strokes(pose.card.joints, one.joints, one.scores, stroke, threshold) for one in (*pose.others, pose)]
    rest = f'<g class="others" opacity="{OTHERS}">{"".join(every[:-1])}</g>' if pose.others else ""
    return f"{opening(seen, label)}{rest}{every[-1]}</svg>"


def opening(seen: Box, label: Said) -> str:
    """The <svg> tag that lies over a part of the photo."""
    x0, y0, x1, y1 = seen
    box = f"{x0:g} {y0:g} {x1 - x0:g} {y1 - y0:g}"
    return f'<svg class="skeleton" viewBox="{box}" role="img" aria-label="{escape(tell("en", label))}" {_key(label)}>'


def title(what: Said) -> str:
    """What a hover says: in English, and its key for a browser that speaks otherwise."""
    return f"<title {_key(what)}>{escape(tell('en', what))}</title>"


def _key(what: Said) -> str:
    return f'data-said="{escape(json.dumps(what))}"'


_SAID = re.compile(r'(aria-label="|<title )(?:[^"]*" )?data-said="([^"]*)"(>[^<]*)')


def spoken(drawn: str, language: str) -> str:
    """The same drawing for a file that no script will translate: what hovers and screen readers say, in a language."""

    def words(found: re.Match) -> str:
        text = escape(tell(language, json.loads(unescape(found[2]))))
        return f"<title>{text}" if found[1] == "<title " else f'{found[1]}{text}"{found[3]}'

    return _SAID.sub(words, drawn)


def stroke_of(seen: Box) -> float:
    return max(seen[2] - seen[0], seen[3] - seen[1]) * STROKE


def strokes(
    joints: JointSet, points: np.ndarray, scores: np.ndarray, stroke: float, threshold: float, dash: str = ""
) -> str:
    """The skeleton's lines and circles without the <svg> around them: (J, 2) points and their (J,) scores."""
    names, shown = joints.joints, scores >= threshold
    parts = []
    for a, b in joints.limb_indices:
        if shown[a] and shown[b]:
            (xa, ya), (xb, yb) = points[a], points[b]
            line = f'x1="{xa:.1f}" y1="{ya:.1f}" x2="{xb:.1f}" y2="{yb:.1f}" stroke-linecap="round"'
            parts.append(f'<line {line} stroke="#000" stroke-opacity=".45" stroke-width="{2 * stroke:.2f}"/>')
            colour = limb_colour(names[a], names[b])
            parts.append(f'<line {line} stroke="{colour}" stroke-width="{1.2 * stroke:.2f}" {dash}/>')
    for k in np.flatnonzero(shown):
        x, y = points[k]
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{1.5 * stroke:.2f}" fill="{side_colour(names[k])}" stroke="#fff" '
            f'stroke-width="{0.4 * stroke:.2f}" data-joint="{k}">'
            f"{title(said('page.joint_score', joint=names[k], score=round(float(scores[k]), 2)))}</circle>"
        )
    return "".join(parts)


def picture(
    photo: np.ndarray, pose: Pose, threshold: float = 0.0, seen: Box | None = None, opacity: float = 1.0
) -> np.ndarray:
    """What is `seen` of the photo (H, W, 3) uint8 RGB, by default all, with the skeleton on it: a new array."""
    seen = seen or whole(photo.shape)
    result = np.array(cut(photo, seen), order="C")
    corner = np.array(seen[:2]) + 0.5
    stroke = max(1, round(stroke_of(seen)))
    for one in pose.others:
        paint(result, one.joints - corner, one.scores, pose.card.joints, stroke, threshold)
    if pose.others:
        result = cv2.addWeighted(result, OTHERS, cut(photo, seen), 1 - OTHERS, 0)
    paint(result, pose.joints - corner, pose.scores, pose.card.joints, stroke, threshold)
    return result if opacity == 1 else cv2.addWeighted(result, opacity, cut(photo, seen), 1 - opacity, 0)


def paint(
    canvas: np.ndarray, joints: np.ndarray, scores: np.ndarray, known: JointSet, stroke: int, threshold: float = 0.0
) -> None:
    """Limbs and joints (J, 2), in pixels of the canvas (H, W, 3) uint8, whose score reaches `threshold`."""
    shown = scores >= threshold
    at = np.round(np.where(shown[:, None], joints, 0) * 16).astype(int)  # sixteenths of a pixel: OpenCV's fixed point

    def line(a: int, b: int, colour: tuple[int, ...], wide: int) -> None:
        cv2.line(canvas, at[a].tolist(), at[b].tolist(), colour, wide, cv2.LINE_AA, shift=4)

    for a, b in known.limb_indices:
        if shown[a] and shown[b]:
            line(a, b, (40, 40, 40), 2 * stroke)
            line(a, b, rgb(limb_colour(known.joints[a], known.joints[b])), max(1, round(1.2 * stroke)))
    for k in np.flatnonzero(shown):
        for radius, colour in ((2 * stroke, (255, 255, 255)), (1.5 * stroke, rgb(known.colours[k]))):
            cv2.circle(canvas, at[k].tolist(), round(16 * radius), colour, cv2.FILLED, cv2.LINE_AA, shift=4)


def drawn(pose: Pose, threshold: float) -> np.ndarray:
    """(J,) which joints are shown: the score reaches the threshold, which that of no answer (nan) never does."""
    return pose.scores >= threshold


def limb_colour(a: str, b: str) -> str:
    """A limb takes its joints' side; one that crosses the body is grey."""
    first, second = side_colour(a), side_colour(b)
    return first if first == second else side_colour("")


def rgb(colour: str) -> tuple[int, int, int]:
    """ "#rrggbb" -> (r, g, b)."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
