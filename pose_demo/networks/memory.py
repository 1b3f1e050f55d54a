"""A device whose memory is too small: fewer images at a time, then the CPU, and the answer says so."""

from __future__ import annotations

import copy
import gc
import logging
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import torch
from torch import nn

from ..locales import Said, UserError, said

T = TypeVar("T")
Network = TypeVar("Network", bound=nn.Module)

#: How torch's allocator for the CPU, and oneDNN's, say so: there is no class for it.
_FULL = ("DefaultCPUAllocator", "could not create a primitive")

#: Networks that lie on the CPU as there was no room for them where they were wanted, and what is to be said of that.
_elsewhere: weakref.WeakKeyDictionary[nn.Module, Said] = weakref.WeakKeyDictionary()
_HEARD: ContextVar[tuple[list[Said], ...]] = ContextVar("heard", default=())
_copies: weakref.WeakKeyDictionary[nn.Module, nn.Module] = weakref.WeakKeyDictionary()


@contextmanager
def heard() -> Iterator[list[Said]]:
    """What `within` has to say inside, whoever asked: for answers that come through others' hands."""
    notes: list[Said] = []
    token = _HEARD.set((*_HEARD.get(), notes))
    try:
        yield notes
    finally:
        _HEARD.reset(token)


def placed(load: Callable[[torch.device | str], Network], where: torch.device | str) -> Network:
    """load(where), or load("cpu") where that has no room for the weights: `within` says so of all that it answers.

    Raises UserError where nothing helps.
    """
    device = torch.device(where)
    if (found := _tried(lambda: load(where))) is not None:
        return found[0]
    _free(device)
    logging.getLogger(__name__).warning("the memory of %s is too small for a network's weights: on the CPU", device)
    if device.type == "cpu" or (found := _tried(lambda: load("cpu"))) is None:
        raise UserError("memory.weights", device=str(device))
    _elsewhere[found[0]] = said("memory.cpu", device=str(device))
    return found[0]


def within(net: Network, ask: Callable[[Network], T], fewer: Callable[[], T] | None = None) -> tuple[T, Said | None]:
    """ask(net), and what is to be said of how it was done: None, or that memory was too small for it.

    fewer -- does the same in smaller parts, where there are any

    Raises UserError where nothing helps.
    """
    found, note = _within(net, ask, fewer)
    if note is not None:
        for notes in _HEARD.get():
            notes.append(note)
    return found, note


def _within(net: Network, ask: Callable[[Network], T], fewer: Callable[[], T] | None) -> tuple[T, Said | None]:
    where, name = _where(net), type(net).__name__
    if (found := _tried(lambda: ask(net))) is not None:
        return found[0], _elsewhere.get(net)
    _free(where)
    if fewer is not None:
        logging.getLogger(__name__).warning("the memory of %s is too small for a batch: half of it at a time", where)
        return fewer(), said("memory.fewer", device=str(where))
    if where.type == "cpu":
        raise UserError("memory.none", network=name)
    logging.getLogger(__name__).warning("the memory of %s is too small for %s: on the CPU", where, name)
    if (found := _tried(lambda: ask(_on_cpu(net)))) is None:
        raise UserError("memory.none", network=name)
    return found[0], said("memory.cpu", device=str(where))


def _where(net: nn.Module) -> torch.device:
    return next(net.parameters()).device


def _tried(ask: Callable[[], T]) -> tuple[T] | None:
    """None where memory was too small; what lay in it is free again when this returns."""
    try:
        return (ask(),)
    except (torch.OutOfMemoryError, MemoryError):
        return None
    except RuntimeError as problem:
        if not any(words in str(problem) for words in _FULL):
            raise
        return None


def _free(where: torch.device) -> None:
    gc.collect()
    if where.type == "cuda":
        torch.cuda.empty_cache()


def _on_cpu(net: Network) -> Network:
    """The same weights on the CPU, made once a network; what the device holds is not copied there."""
    if net not in _copies:
        memo: dict[int, Any] = {id(p): nn.Parameter(p.detach().cpu(), p.requires_grad) for p in net.parameters()}
        memo |= {id(b): b.detach().cpu() for b in net.buffers()}
        _copies[net] = copy.deepcopy(net, memo)
    return _copies[net]  # pyright: ignore[reportReturnType]
