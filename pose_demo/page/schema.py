"""What crosses the wire between browser and Python: values by key, never sentences. web/channel.js is the other end.

Python sends patches of a component's state, numbered; the browser triggers events and asks the X-ray's questions. All
are declared here, or beside the function that answers (answers/); tests write the same for the browser's side and
check its code against it. What comes from a browser may be forged: `read` lets through what is declared.
"""

# ruff: noqa: UP013
from __future__ import annotations

from functools import cache
from typing import Any, NotRequired, TypeVar

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from ..locales import Said, UserError
from ..locales import said as said

T = TypeVar("T")
Box = list[float]

# fmt: off
#: A map for the browser to colour: float32 values (h, w) in base64, and the range of its colours.
NumberMap = TypedDict("NumberMap", {"h": int, "w": int, "low": float, "high": float, "data": str})

# --- what the browser sends
#: A cell of one side's map.
Pin = TypedDict("Pin", {"side": int, "cell": str})
#: Every event: n grows.
Sent = TypedDict("Sent", {"n": int})
#: A photo: an uploaded file, or an example by name; a slow upload replaces no newer photo. box, who -- of a page that
#: was set before
Take = TypedDict("Take", {
    "n": int, "path": NotRequired[str], "example": NotRequired[str], "box": NotRequired[Box | None],
    "who": NotRequired[int],
})
Frame = TypedDict("Frame", {"box": Box | None})
#: One of the people who were found, by number, from 1.
Chosen = TypedDict("Chosen", {"who": int})
To = TypedDict("To", {"to": str})
Joint = TypedDict("Joint", {"joint": str})
Uploaded = TypedDict("Uploaded", {"path": str})
#: A network of one's own, and what its tensors cannot tell: fields of its card.
Own = TypedDict("Own", {"path": str, "fields": NotRequired[dict[str, str]]})
#: scope -- the stage or stack that the slider changes, "" for all; own -- the right network's own stop, None: the
#: slider's; cuts -- {place: "zero", "flat" or "patch:EXAMPLE"} of the left network and of the right
Setup = TypedDict("Setup", {"scope": str, "own": str | None, "cuts": list[dict[str, str]]})
#: Into the finder of people, or back out of it.
Inside = TypedDict("Inside", {"finder": bool})
Nothing = TypedDict("Nothing", {})
Key = TypedDict("Key", {"key": str})
Surface = TypedDict("Surface", {"key": str, "side": int, "frame": int, "joint": str})
#: Two networks, the slider's stop, the right one's own, and what is cut in each.
Pair = TypedDict("Pair", {"networks": list[str], "stop": str, "own": str | None, "cuts": list[dict[str, str]]})
#: smooth -- by the One Euro filter
Video = TypedDict("Video", {"path": str, "smooth": bool})
See = TypedDict("See", {"joint": str, "person": int})
#: What a component's script may trigger, by the event's name.
Events = TypedDict("Events", {
    "language": To, "network": To, "take": Take, "frame": Frame, "person": Chosen, "inside": Inside,
    "pick": Joint,
    "choose": Joint, "setup": Setup,
    "fetch": Nothing, "take_weights": Uploaded, "own": Own, "pair_that_ships": Nothing, "anew": Take,
    "surface": Surface, "wake": Nothing,
    "beside": Pair, "measure": Key, "video": Video, "stop_video": Nothing, "see_video": See,
})
#: A view of the X-ray, asked with the key of the browser's own comparison. by -- the order of a cell's channels;
#: against -- a stop, None: as each network was trained; at -- row and column of a map's cell, None: the one in the
#: middle; what -- to export, or whose findings a lesson tells; measure -- of a lesson; frame -- a webcam's picture,
#: base64; threshold -- from which score a report shows joints
Question = TypedDict("Question", {
    "key": str, "view": str, "joint": str, "language": str, "side": NotRequired[int], "cell": NotRequired[str],
    "channel": NotRequired[int | None], "by": NotRequired[str], "against": NotRequired[str | None],
    "at": NotRequired[list[int] | None], "what": NotRequired[str], "measure": NotRequired[str],
    "frame": NotRequired[str], "threshold": NotRequired[float],
})

# --- what Python sends
#: note -- what of a link cannot be followed
#: The pair that ships; local -- only people at this machine reach the server.
TourPatch = TypedDict("TourPatch", {"pair": list[str], "local": bool})
HeaderPatch = TypedDict("HeaderPatch", {
    "languages": NotRequired[dict[str, str]], "language": NotRequired[str], "note": NotRequired[Said | None],
})
#: As it is shown: number counts the session's photos, src is its preview, width and height are its own; whole -- those
#: of its file where it is kept smaller.
Photo = TypedDict("Photo", {"number": int, "src": str, "width": int, "height": int, "whole": list[int] | None})
#: box -- the example's own.
Example = TypedDict("Example", {"name": str, "says": list[Said], "hard": bool, "box": Box})
Thumbnail = TypedDict("Thumbnail", {"name": str, "hard": bool, "image": str})
#: person -- False where nobody was found and the whole photo is the box; people -- all who were found; who -- of them
#: finder -- whether what finds people is here, to be looked into
#: asked -- the number of the event that is answered
PhotoPatch = TypedDict("PhotoPatch", {
    "photo": Photo | None, "example": Example | None, "thumbnails": list[Thumbnail], "megabytes": float,
    "box": Box | None, "found": Box | None, "confidence": float | None, "person": bool, "people": list[Box], "who": int,
    "error": Said | None, "nearer": Said | None, "finder": bool, "asked": NotRequired[int],
})
#: what -- how full resolution comes through; None where nobody said; ghost -- the skeleton before the cuts
#: note -- where the device's memory was too small
PoseView = TypedDict("PoseView", {
    "title": str, "status": str, "trained": bool, "what": str | None, "note": Said | None, "svg": str,
    "ghost": str | None, "shown": int, "joints": int, "seconds": float,
})
#: A joint as somebody placed it, pixels of the photo.
Mark = TypedDict("Mark", {"joint": str, "x": float, "y": float})
#: A joint that both networks know; a, b -- its channels; errors -- of both, pixels from where it was placed by hand.
#: moved -- by the cuts, or from the left side to the right, pixels, read by DARK. None: a network gives no answer;
#: torsos -- None too where the first sees no torso.
Row = TypedDict("Row", {
    "joint": str, "colour": str, "a": int, "b": int, "scores": list[float | None], "pixels": float | None,
    "torsos": float | None, "shown": bool, "errors": list[float | None], "moved": list[float | None],
})
#: What is shown in the photo's place where the person would be too small in it.
Closeup = TypedDict("Closeup", {"src": str, "width": int, "height": int})
#: photo -- the number of the photo that is answered; person -- False where probably nobody is in it
ViewsPatch = TypedDict("ViewsPatch", {
    "busy": Said | None, "error": Said | None, "photo": int, "person": bool, "closeup": Closeup | None,
    "poses": list[PoseView], "marks": list[Mark], "threshold": float,
})
#: mean -- pixels and torsos, errors -- of both networks where joints were placed by hand, of what is shown; moved -- by
#: "cuts" or between "sides"; steps -- why distances come in steps, where they do
TablePatch = TypedDict("TablePatch", {
    "both": str, "names": list[str], "untrained": bool, "rows": list[Row], "mean": list[float | None],
    "errors": list[float | None] | None, "torso": float | None, "moved": str | None, "steps": list[Said],
})
HeatMap = TypedDict("HeatMap", {"src": str, "peak": float})
HeatSide = TypedDict("HeatSide", {"title": str, "status": str, "trained": bool, "pictures": list[HeatMap]})
HeatPatch = TypedDict("HeatPatch", {"joint": str, "top": float, "sides": list[HeatSide]})
#: trained -- {stop: the networks that were trained with it}
StopsPatch = TypedDict("StopsPatch", {"stops": list[str], "trained": dict[str, list[str]]})
#: A network to choose; figure -- what was measured of it, None where nobody did; unproven, single -- see weights.Entry
Choice = TypedDict("Choice", {"name": str, "title": str, "figure": str | None, "unproven": bool, "single": bool})
#: group -- one of pickers.GROUPS
Group = TypedDict("Group", {"group": str, "choices": list[Choice]})
#: side -- "left" or "right", its word; value -- the network that is picked
#: says -- None where nothing need be done; fetch, take -- whether they can be fetched, or taken from a file
#: fields -- what no tensor of one's own file shows, as it is taken now; known -- a field's choices, where it has few
WeightsPatch = TypedDict("WeightsPatch", {
    "megabytes": int, "says": Said | None, "fetch": bool, "take": bool, "own": bool, "side": NotRequired[str],
    "groups": NotRequired[list[Group]], "value": NotRequired[str],
    "fields": NotRequired[dict[str, str]], "known": NotRequired[dict[str, list[str]]],
})
#: One network's map, or why there is none. groups -- what shares a colour range, and its top; ways -- kinds of arrow
#: and their words; notes -- words of the remarks
MapSide = TypedDict("MapSide", {
    "title": str, "status": str, "trained": bool, "why": NotRequired[str], "svg": str, "width": float,
    "groups": list[tuple[str, float]], "ways": list[tuple[str, str]], "notes": list[str],
})
#: A comparison whose maps may be asked for by its key; ramps, examples -- the colour maps, and the photos whose maps a
#: cut can take, sent once; name -- the photo's, for files; found_by -- by what people
#: were found, None: what ships; finder -- what is said of it where it is the finder of people
XrayPatch = TypedDict("XrayPatch", {
    "ramps": NotRequired[dict[str, str]], "examples": NotRequired[list[str]],
    "key": str, "sides": list[MapSide], "networks": list[str],
    "joints": list[str], "joint": str, "stop": str | None, "stops": list[str], "scope": str, "scopes": list[str],
    "own": str | None, "cuts": list[dict[str, str]], "decoder": str, "flip": bool, "found_by": str | None,
    "trained": dict[str, list[str]], "example": str | None, "name": str, "pin": NotRequired[Pin | None],
    "channel": NotRequired[int | None], "costs": list[list[Said]] | None, "finder": Said | None,
})
#: share -- 0 to 1; speed -- frames a second; left -- seconds, None: not known yet
VideoFar = TypedDict("VideoFar", {"share": float, "frames": int, "speed": float, "left": float | None})
#: address -- where its files lie; seconds -- of the video; took -- to make it; people -- who is in most frames first
VideoResult = TypedDict("VideoResult", {
    "address": str, "networks": list[str], "frames": int, "seconds": float, "took": float, "smooth": bool,
    "notes": list[Said], "people": list[int], "joints": list[str],
})
#: svg -- the joint's path; jitter -- {joint: pixels in each network, and where smoothed of each also afterwards}
VideoSeen = TypedDict("VideoSeen", {
    "joint": str, "person": int, "svg": str, "jitter": dict[str, list[float | None]],
})
VideoPatch = TypedDict("VideoPatch", {
    "megabytes": int, "error": Said | None, "busy": Said | None, "far": VideoFar | None, "result": VideoResult | None,
    "seen": VideoSeen | None,
})
# fmt: on


@cache
def _adapter(kind: Any) -> TypeAdapter:
    return TypeAdapter(kind)


def read(kind: type[T], sent: object) -> T:
    """What a browser sent, if it is what was declared, without any field that was not. Raises UserError."""
    try:
        return _adapter(kind).validate_python(sent, strict=True)
    except ValidationError:
        raise UserError("xray.wrong") from None
