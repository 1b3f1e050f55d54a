"""The X-ray for `bench`: a cut against a move of the slider, "what matters here" against as many passes."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

#: Calls so often, and returns the seconds of each: bench.timed.
Timed = Callable[[int, Callable[[], Any]], list[float]]


def cut(runs: int, timed: Timed) -> tuple[float, float]:
    """Seconds from a click to new skeletons and maps, of the page's own way: an arrow that is cut, and a move of the
    slider; each time another one, so that nothing is at hand.
    """
    from .. import photo, weights
    from ..examples import examples
    from ..networks import silence, zoo
    from ..page import compare, xray
    from ..page.session import Session
    from ..page.store import STORE

    example, session = examples()[0], Session(networks=weights.default_pair())
    session.take(photo.read(example.path), example.box, example, example.name)
    places = [place for place, kind in silence.places(zoo.shared(session.networks[0])).items() if kind == "term"]

    def look(stop: int, *cuts: dict[str, str]) -> None:
        session.cuts = (cuts or ({},))[0], {}
        for _ in compare.run(session, stop, "argmax", False):
            pass
        assert session.done is not None and session.done.silence == session.cuts, "the page said what went wrong"
        session.key = STORE.keep(session.comparison, "bench", session.example, session.name)
        xray.fill(session, session.comparison)

    look(0)
    moves = [timed(1, lambda k=k: look(k % 2))[0] for k in range(1, 2 * runs + 1)]
    cuts = [timed(1, lambda k=k: look(0, {places[k % len(places)]: "zero"}))[0] for k in range(runs)]
    STORE.forget("bench")
    return median(cuts), median(moves)


def matters(runs: int, timed: Timed) -> dict[str, Any]:
    """For each network of the pair: seconds to cut every arrow alone, and those of as many passes as there are arrows.
    The worse of both counts.
    """
    from .. import XRay, weights
    from ..examples import examples
    from ..networks import zoo
    from ..xray import effects

    seen, seconds, ratios = XRay(examples()[0]), {}, []
    for side, name in enumerate(weights.default_pair()):
        net, x = zoo.shared(name), seen.input(side)
        arrows = effects.cost(net).arrows
        one = median(timed(2 * runs + 1, lambda net=net, x=x: net(x))[1:])
        every = median(timed(runs, lambda net=net, x=x: effects.measure(net, x)))
        seconds |= {f"{name}: its {arrows} arrows": every, f"{arrows} passes": arrows * one}
        ratios.append(every / (arrows * one))
    return {"ratio": max(ratios), "bar": 0.5, "seconds": seconds}
