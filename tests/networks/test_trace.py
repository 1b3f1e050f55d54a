"""The X-ray shows what the network did: the same numbers, and they add up."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from pose_demo.networks.hourglass import StackedHourglass
from pose_demo.networks.hrnet import HRNet
from pose_demo.networks.trace import Recorder
from pose_demo.networks.upsampling import STOPS, enlarge


@pytest.fixture(scope="module")
def hrnet(randomise):
    """All eight fusions of the paper, few channels."""
    return randomise(HRNet(5, 8, units=1, stem=8))


@pytest.fixture(scope="module")
def hourglass(randomise):
    return randomise(StackedHourglass(5, 3, features=16))


@pytest.mark.parametrize("which", ["hrnet", "hourglass"])
@pytest.mark.parametrize("stop", [None, *STOPS])
def test_a_trace_changes_nothing(which, stop, request, photo):
    net = request.getfixturevalue(which)
    x = photo(64, 128)
    before = x.clone()
    plain, trace = net(x, stop), net.trace(x, stop)
    assert len(plain) == len(trace.heatmaps)
    assert all(torch.equal(a, b) for a, b in zip(plain, trace.heatmaps, strict=True))
    assert torch.equal(x, before)
    assert set(trace.stops) == set(net.places) and set(trace.stops.values()) == {stop or "nearest"}


@pytest.mark.parametrize("which", ["hrnet", "hourglass"])
def test_taps_say_where_they_stand(which, request, photo):
    trace = request.getfixturevalue(which).trace(photo(64, 128))
    for name, tap in trace.items():
        assert tap.name == name
        assert tap.tensor.shape[2:] == (64 // tap.stride, 128 // tap.stride)
        assert tap.channels == tap.tensor.shape[1]
        if tap.branch is not None and tap.role in ("branch", "term", "sum", "fused", "transition"):
            assert tap.stride == 4 << tap.branch and tap.channels == 8 << tap.branch
            assert tap.stage is not None and f"stage{tap.stage}." in name
        if tap.stack is not None:
            assert name.startswith(f"stack{tap.stack}.")
        if tap.level is not None:
            assert tap.stride == 4 << tap.level and f".level{tap.level}." in name


def test_nothing_writes_to_a_map_after_its_tap(hrnet, hourglass, photo, monkeypatch):
    kept = {}
    record = Recorder.__call__

    def keep(self, name, tensor, **told):
        kept[name] = tensor.clone()
        return record(self, name, tensor, **told)

    monkeypatch.setattr(Recorder, "__call__", keep)
    for net in (hrnet, hourglass):
        trace = net.trace(photo(64, 64))
        assert all(torch.equal(kept[name], tap.tensor) for name, tap in trace.items())


@pytest.mark.parametrize("stop", STOPS)
def test_every_fusion_adds_up(stop, hrnet, photo):
    trace = hrnet.trace(photo(64, 96), stop)
    sums = trace.where(role="sum")
    assert len({(tap.stage, tap.module) for tap in sums}) == 8
    assert len(sums) == 1 * 2 + 4 * 3 + 2 * 4 + 1
    for tap in sums:
        where = {"stage": tap.stage, "module": tap.module, "branch": tap.branch}
        terms = trace.where(role="term", **where)
        assert [term.source for term in terms] == list(range(tap.stage))
        assert torch.allclose(torch.stack([term.tensor for term in terms]).sum(0), tap.tensor, atol=1e-5, rtol=1e-5)
        [fused] = trace.where(role="fused", **where)
        assert torch.equal(fused.tensor, F.relu(tap.tensor))


@pytest.mark.parametrize("stop", STOPS)
def test_a_term_is_its_branch_as_it_enters_or_enlarged(stop, hrnet, photo):
    trace = hrnet.trace(photo(64, 64), stop)
    enlarged = 0
    for term in trace.where(role="term"):
        entering = trace[f"stage{term.stage}.module{term.module}.branch{term.source}"].tensor
        if term.source == term.branch:
            assert term.tensor is entering
        elif term.source > term.branch:
            reduced = trace[f"{term.name}.reduced"]
            assert reduced.stride == 4 << term.source and reduced.channels == term.channels
            assert torch.equal(term.tensor, enlarge(reduced.tensor, hrnet.places[term.name], stop))
            enlarged += 1
    assert enlarged == len(hrnet.places) == 28


def test_what_a_fusion_makes_enters_the_next_module(hrnet, photo):
    trace = hrnet.trace(photo(64, 64))
    fused = trace["stage3.module1.branch1.fused"].tensor
    branch = hrnet.stages[1][1].branches[1](fused)
    assert torch.equal(branch, trace["stage3.module2.branch1"].tensor)


def test_the_lens_equals_the_answer_at_the_last_fusion(hrnet, photo):
    trace = hrnet.trace(photo(64, 64))
    views = [hrnet.lens(tap.tensor) for tap in trace.where(role="fused", branch=0)]
    assert len(views) == 8 and all(view.shape == trace.heatmaps[0].shape for view in views)
    assert torch.equal(views[-1], trace.heatmaps[0])
    assert not any(torch.equal(view, trace.heatmaps[0]) for view in views[:-1])


@pytest.mark.parametrize("stop", STOPS)
def test_every_hourglass_merge_adds_up(stop, hourglass, photo):
    trace = hourglass.trace(photo(64, 128), stop)
    merges = trace.where(role="merge")
    assert len(merges) == 3 * 4
    for tap in merges:
        at = f"stack{tap.stack}.level{tap.level}"
        below = trace[f"stack{tap.stack}.level{tap.level + 1}.up"].tensor
        assert torch.equal(trace[f"{at}.upsampled"].tensor, enlarge(below, 2, stop))
        assert torch.equal(tap.tensor, trace[f"{at}.skip"].tensor + trace[f"{at}.upsampled"].tensor)


def test_heatmaps_are_fed_back(hourglass, photo):
    trace = hourglass.trace(photo(64, 64))
    for s in (1, 2):
        total = trace[f"stack{s}.input"].tensor
        for what in ("features", "heatmaps"):
            total = total + trace[f"stack{s}.feedback.{what}"].tensor
        assert torch.equal(total, trace[f"stack{s}.output"].tensor)
        assert torch.equal(trace[f"stack{s}.output"].tensor, trace[f"stack{s + 1}.input"].tensor)
        assert torch.equal(trace[f"stack{s}.heatmaps"].tensor, trace.heatmaps[s - 1])
    assert "stack3.feedback.features" not in trace, "nothing follows the last stack"


def test_a_wrong_name_is_answered_with_near_ones(hrnet, photo):
    trace = hrnet.trace(photo(64, 64))
    with pytest.raises(KeyError, match=r"no tap 'stage2.modul1'; nearby are stage2.transition.branch0"):
        trace["stage2.modul1"]
    names = list(trace)
    assert (names[0], names[-1], len(names)) == ("stem.conv1", "heatmaps", len(trace))


def test_a_name_is_given_once():
    recorder = Recorder()
    recorder("stem", torch.zeros(1, 1, 1, 1), role="stem", stride=4)
    with pytest.raises(RuntimeError, match="two taps are named 'stem'"):
        recorder("stem", torch.zeros(1, 1, 1, 1), role="stem", stride=4)


@pytest.mark.parametrize("which", ["hrnet", "hourglass"])
def test_the_network_goes_on_with_what_a_tap_returns(which, request, photo):
    """Cut at any tap in turn: what came before is untouched, and the heatmaps are no longer the same."""
    net, x = request.getfixturevalue(which), photo(64, 64)
    whole = net.trace(x)
    for cut in [*whole][:: len(whole) // 12]:
        recorder = Recorder()

        def tap(name, tensor, recorder=recorder, cut=cut, **told):
            return recorder(name, torch.zeros_like(tensor) if name == cut else tensor, **told)

        heatmaps = net(x, tap=tap)
        names = [*whole]
        for name in names[: names.index(cut)]:
            assert torch.equal(recorder.taps[name].tensor, whole[name].tensor)
        assert not torch.equal(recorder.taps[cut].tensor, whole[cut].tensor)
        assert any(not torch.equal(a, b) for a, b in zip(heatmaps, whole.heatmaps, strict=True)), cut


@pytest.mark.parametrize("which", ["hrnet", "hourglass"])
def test_inside_a_unit_is_recorded_when_it_is_named_and_adds_up(which, request, photo):
    net, x = request.getfixturevalue(which), photo(64, 64)
    whole = net.trace(x)
    assert not any(name.endswith((".residual", ".shortcut")) for name in whole)
    units = [n.name.removesuffix(".residual") for n in whole.nodes.values() if n.role == "residual"]
    assert units
    for unit in units[:: max(1, len(units) // 8)]:
        parts = net.trace(x, names=[unit, f"{unit}.residual", f"{unit}.shortcut"])
        assert len(parts) == 3 and all(map(torch.equal, parts.heatmaps, whole.heatmaps))
        added = parts[f"{unit}.shortcut"].tensor + parts[f"{unit}.residual"].tensor
        relu = parts[unit].join == "relu"
        assert torch.equal(parts[unit].tensor, added.relu() if relu else added)
    with pytest.raises(KeyError, match=r"stem\.nowhere"):
        net.trace(x, names=["stem.nowhere"])
