"""The Video tab: a visitor's file through two networks, batch by batch between other visitors' photos.

A result lies in a folder whose name nobody can guess, one a visitor, and goes with the visitor.
"""

from __future__ import annotations

import secrets
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.utils import get_upload_folder
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from ..locales import UserError
from ..networks.upsampling import STOPS
from . import work, xray
from .compare import sentence
from .photo_input import of_file, uploaded
from .schema import See, Video, VideoFar, VideoResult, VideoSeen, read, said
from .session import Session

if TYPE_CHECKING:
    from ..moving.video import Far, VideoComparison

#: Of a video, in megabytes: as film.MAX_BYTES, which is not imported before somebody brings one.
LARGEST = 200
#: Frames of one that are looked at, about 11 minutes at 30 a second: a small file may hold millions, and hours of work.
FRAMES = 20_000
#: The first part of the address under which a browser fetches a result, and what there is to fetch.
ADDRESS = "pose-video"
_KINDS = {"skeletons.mp4": "video/mp4", "joints.json": "application/json", "joints.csv": "text/csv"}
#: Videos that are worked on at a time; their passes wait in the queue of all passes like any photo's.
_VIDEOS = ThreadPoolExecutor(2, "video")


class Results:
    """Each visitor's last result by its key, the oldest first; and whose video is worked on."""

    def __init__(self, most: int = 60):
        self._most, self._lock = most, threading.Lock()
        self._kept: OrderedDict[str, tuple[str, Path]] = OrderedDict()
        self.working: dict[str, Session] = {}

    def keep(self, owner: str, folder: Path) -> None:
        """The folder's name is the key. The visitor's result before this one goes."""
        self.forget(owner)
        with self._lock:
            self._kept[folder.name] = owner, folder
            gone = [self._kept.popitem(last=False)[1] for _ in range(len(self._kept) - self._most)]
        for _, old in gone:
            shutil.rmtree(old, ignore_errors=True)

    def forget(self, owner: str) -> None:
        with self._lock:
            gone = [self._kept.pop(key)[1] for key in [k for k, kept in self._kept.items() if kept[0] == owner]]
        for folder in gone:
            shutil.rmtree(folder, ignore_errors=True)

    async def serve(self, request: Request) -> Response:
        """A file of a result, or a range of it: a browser that plays a video asks for these."""
        if not _may(request):
            return Response(status_code=401)
        _, folder = self._kept.get(request.path_params["key"], ("", None))
        kind = _KINDS.get(name := request.path_params["file"])
        if folder is None or kind is None or not (folder / name).is_file():
            return Response(status_code=404)
        return FileResponse(folder / name, media_type=kind, headers={"cache-control": "private"})


def _may(request: Request) -> bool:
    """Whether who asks gave the password, where there is one: Gradio looks at its own routes alone."""
    app: Any = request.app
    if getattr(app, "auth", None) is None:
        return True
    cookies = (request.cookies.get(f"access-token{kind}-{app.cookie_id}") for kind in ("", "-unsecure"))
    return any(app.tokens.get(cookie) for cookie in cookies if cookie)


RESULTS = Results()


def routes() -> list[Route]:
    return [Route(f"/{ADDRESS}/{{key}}/{{file}}", RESULTS.serve, methods=["GET"])]


def left(request: gr.Request) -> None:
    """The visitor left: what is worked on for them ends, and their result goes."""
    owner = request.session_hash or ""
    if session := RESULTS.working.get(owner):
        cancel(session)
    RESULTS.forget(owner)


def end() -> None:
    """Nothing is worked on any more: Python waits at its end for what is."""
    for session in list(RESULTS.working.values()):
        cancel(session)


def cancel(session: Session, _: object = None) -> None:
    session.video_turn += 1


def run(
    session: Session, stop: float, decoder: str, flip: bool, threshold: float, request: gr.Request, data: gr.EventData
) -> Iterator[dict[str, Any]]:
    """The video that was sent, as the controls say: how far it is, and at the end what came out. Never raises."""
    cancel(session)
    turn, owner = session.video_turn, request.session_hash or ""
    folder = Path(get_upload_folder()) / "videos" / secrets.token_urlsafe(24)
    RESULTS.working[owner], name = session, ""
    try:
        asked = read(Video, getattr(data, "_data", None))
        name = asked["path"]
        if not all(session.networks):  # Gradio has put a new session in its place
            raise UserError("page.expired")
        how = {
            "networks": session.networks,
            "upsampling": xray.scoped(session, session.networks, STOPS[int(stop)]),
            "silence": [dict(cuts) for cuts in session.cuts],
            "decoder": decoder, "flip": bool(flip), "threshold": float(threshold), "smooth": asked["smooth"],
            "finder": session.finder,
        }  # fmt: skip
        yield session.patch(error=None, busy=said("page.starting"), far=None, result=None, seen=None)
        job = partial(_look, uploaded(asked["path"]), folder, how)
        for news in work.follow(_VIDEOS, job, lambda: session.video_turn != turn):
            if isinstance(news, tuple):
                yield session.patch(busy=None if news else said("page.waiting"), far=_far(*news) if news else None)
            else:
                result = news.result()
                RESULTS.keep(owner, folder)
                if session.video_turn != turn:  # stopped, or left, just now
                    RESULTS.forget(owner)
                    raise work.Stale
                session.video = result
                yield session.patch(busy=None, far=None, result=_result(result), seen=_first(result, session.joint))
    except work.Stale:
        if session.video_turn == turn + 1:  # stopped by hand; where another one came, that one's patches count
            yield session.patch(busy=None, far=None)
    except Exception as problem:
        yield session.patch(busy=None, far=None, error=of_file(name, sentence(problem)))
    finally:
        RESULTS.working.pop(owner, None)
        if session.video is None or session.video.folder != folder:
            shutil.rmtree(folder, ignore_errors=True)


def _look(file: Path, folder: Path, how: dict[str, Any], tell: work.Tell) -> VideoComparison:
    from ..moving.video import compare_video

    return compare_video(file, folder, progress=tell, turn=work.in_turn, frames=FRAMES, **how)


def _far(far: Far) -> VideoFar:
    return {"share": far.share, "frames": far.frames, "speed": far.frames / max(far.seconds, 1e-9), "left": far.left}


def _result(result: VideoComparison) -> VideoResult:
    video, known = result.about["video"], [card.joints.joints for card in result.cards]
    notes = [said("video.followed", follows=result.about["follows"])]
    if video["frames"] == FRAMES:
        notes.append(said("video.most_frames", frames=FRAMES))
    if result.about["memory"]:
        notes.append(result.about["memory"])
    if video["damaged"]:
        notes.append(said("video.damaged_parts", count=video["damaged"]))
    if video["sound"] and not video["sound_copied"]:
        notes.append(said("video.sound_left", sound=video["sound"]))
    return {
        "address": f"{ADDRESS}/{result.folder.name}/", "networks": [card.title for card in result.cards],
        "frames": video["frames"], "seconds": video["seconds"], "took": result.about["seconds"],
        "smooth": result.about["smooth"], "notes": notes, "people": list(result.people),
        "joints": list(dict.fromkeys(joint for names in known for joint in names)),
    }  # fmt: skip


def see(session: Session, asked: See) -> dict[str, Any]:
    """One joint's path, and how much every joint of that person trembles; where the result went, that it did."""
    if (video := session.video) is None:
        return session.patch(error=said("video.gone"), result=None, seen=None)
    return session.patch(seen=_seen(video, asked["joint"], asked["person"]))


def _first(result: VideoComparison, joint: str) -> VideoSeen | None:
    """What is shown before anybody chose: the page's joint, of the person who is in most frames."""
    known, person = result.cards[0].joints.joints, next(iter(result.people), None)
    return None if person is None else _seen(result, joint if joint in known else known[0], person)


def _seen(result: VideoComparison, joint: str, person: int) -> VideoSeen:
    from ..draw import path

    smooth = result.about["smooth"]
    paths, raw = result.path(joint, person, smooth), result.path(joint, person) if smooth else ()
    measured = [result.jitter(person, drawn) for drawn in ([False, True] if smooth else [False])]
    names = dict.fromkeys(name for each in measured[0] for name in each)
    rows = {name: [_finite(one.get(name)) for side in zip(*measured, strict=True) for one in side] for name in names}
    svg = path.svg(paths, [card.title for card in result.cards], "", raw)
    return {"joint": joint, "person": person, "svg": svg, "jitter": rows}


def _finite(value: float | None) -> float | None:
    return value if value is not None and value == value else None
