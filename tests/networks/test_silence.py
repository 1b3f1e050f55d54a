"""What is cut is gone, and nothing else: held against forward passes of both networks written out by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pose_demo.decode import decode
from pose_demo.networks import fresh, zoo
from pose_demo.networks import silence as cuts
from pose_demo.networks.hourglass import StackedHourglass
from pose_demo.networks.hrnet import HRNet
from pose_demo.networks.silence import SilenceError

#: What a pass by hand asks at each spot: (kind, where it stands), and what flows there; it goes on with the answer.
Spot = Callable[[tuple, Tensor], Tensor]
SIZES = {"hrnet": 64, "hourglass": 64, "hrnet-w32": 64, "hourglass-8": 64}


def up(x: Tensor, factor: int) -> Tensor:
    return F.interpolate(x, scale_factor=float(factor), mode="nearest")


def hrnet_by_hand(net: HRNet, x: Tensor, spot: Spot) -> list[Tensor]:
    def unit(u, x: Tensor, *where) -> Tensor:
        y = spot(("unit", *where), u.residual(x))
        return spot(("tap", *where), F.relu(spot(("shortcut", *where), u.shortcut(x)) + y))

    x = spot(("tap", "stem.conv1"), F.relu(net.stem[0](x)))
    x = spot(("tap", "stem"), F.relu(net.stem[1](x)))
    for k, u in enumerate(net.stage1, 1):
        x = unit(u, x, 1, k)
        x = spot(("after", 1, k), x)
    xs = [x]
    for s, (transition, stage) in enumerate(zip(net.transitions, net.stages, strict=True), 2):
        coarsest = xs[-1]
        xs = xs if s > 2 else []
        for conv in transition:
            b = len(xs)
            way = spot(("into", f"stage{s}.transition.branch{b}"), coarsest)
            xs = [*xs, spot(("tap", s, "new", b), F.relu(conv(way)))]
        for m, module in enumerate(stage, 1):
            at = f"stage{s}.module{m}"
            for b, units in enumerate(module.branches):
                x = spot(("into", f"{at}.branch{b}"), xs[b])
                for k, u in enumerate(units, 1):
                    x = unit(u, x, at, b, k)
                xs[b] = x
            ys = []
            for i, terms in enumerate(module.exchange.terms):
                total = torch.zeros(())
                for j, term in enumerate(terms):
                    y = term(xs[j])
                    if j > i:
                        y = up(spot(("reduced", at, i, j), y), 2 ** (j - i))
                    total = total + spot(("term", at, i, j), y)
                ys.append(spot(("tap", at, "fused", i), F.relu(spot(("tap", at, "sum", i), total))))
            xs = ys
    return [spot(("tap", "heatmaps"), net.head(spot(("into", "heatmaps"), xs[0])))]


def hourglass_by_hand(net: StackedHourglass, x: Tensor, spot: Spot) -> list[Tensor]:
    def unit(u, x: Tensor, name: str) -> Tensor:
        return spot(("tap", name), spot(("shortcut", name), u.shortcut(x)) + spot(("unit", name), u.residual(x)))

    x = spot(("tap", "stem.conv1"), F.relu(net.norm1(net.conv1(x))))
    x = unit(net.stem[0], x, "stem.unit1")
    x = F.max_pool2d(spot(("into", "stem.unit2"), x), 2)
    x = unit(net.stem[2], unit(net.stem[1], x, "stem.unit2"), "stem")
    answers = []
    for k, hourglass in enumerate(net.hourglasses):
        at = f"stack{k + 1}"
        x = entry = spot(("tap", f"{at}.input"), x)
        depth, skips = len(hourglass.skip), []
        for d in range(depth):
            skip = unit(hourglass.skip[d], spot(("into", f"{at}.level{d}.skip"), x), f"{at}.level{d}.skip")
            skips.append(spot(("skip", at, d), skip))
            x = F.max_pool2d(spot(("into", f"{at}.level{d + 1}.down"), x), 2)
            x = unit(hourglass.down[d], x, f"{at}.level{d + 1}.down")
        x = unit(hourglass.bottom, x, f"{at}.level{depth}.bottom")
        for d in reversed(range(depth)):
            x = up(unit(hourglass.up[d], x, f"{at}.level{d + 1}.up"), 2)
            x = spot(("tap", f"{at}.level{d}.merge"), skips[d] + spot(("term", at, d), x))
        x = unit(net.after[k], x, f"{at}.features.unit")
        features = spot(("tap", f"{at}.features"), net.linear[k](x))
        told = net.heads[k](spot(("into", f"{at}.heatmaps"), features))
        told = spot(("stack", at, "told"), spot(("tap", f"{at}.heatmaps"), told))
        answers.append(told)
        if k + 1 < len(net.hourglasses):
            y = net.feed_features[k](spot(("into", f"{at}.feedback.features"), features))
            z = net.feed_heatmaps[k](spot(("into", f"{at}.feedback.heatmaps"), told))
            x = spot(("feedback", at, "input"), entry)
            x = x + spot(("stack", at, "features"), spot(("feedback", at, "features"), y))
            x = x + spot(("stack", at, "heatmaps"), spot(("feedback", at, "heatmaps"), z))
    return answers


def hrnet_places(net: HRNet) -> dict[str, list[tuple[str, list[tuple]]]]:
    """{kind: [(place, the spots that it is by hand)]}"""
    last = len(net.stage1)
    found: dict[str, list] = {"unit": [], "branch": [], "term": [], "tap": [], "arrow": [], "last": []}
    for k in range(1, last + 1):
        found["unit"].append((f"stage1.unit{k}", [("unit", 1, k)]))
        if k < last:
            found["arrow"].append((f"stage1.unit{k}->stage1.unit{k + 1}", [("after", 1, k)]))
    found["tap"] += [("stem", [("tap", "stem")]), ("heatmaps", [("tap", "heatmaps")])]
    before = {0: f"stage1.unit{last}", 1: f"stage1.unit{last}"}
    for s, (transition, stage) in enumerate(zip(net.transitions, net.stages, strict=True), 2):
        for b in range(s - len(transition), s):
            name = f"stage{s}.transition.branch{b}"
            source = before[0] if s == 2 else before[s - 2]
            found["tap"].append((name, [("tap", s, "new", b)]))
            found["arrow"].append((f"{source}->{name}", [("into", name)]))
        before |= {b: f"stage{s}.transition.branch{b}" for b in range(s - len(transition), s)}
        for m, module in enumerate(stage, 1):
            at = f"stage{s}.module{m}"
            for b, units in enumerate(module.branches):
                name, count = f"{at}.branch{b}", len(units)
                found["arrow"].append((f"{before[b]}->{name}", [("into", name)]))
                found["branch"].append((name, [("unit", at, b, k) for k in range(1, count + 1)]))
                found["unit"] += [(f"{name}.unit{k}", [("unit", at, b, k)]) for k in range(1, count)]
                found["unit"].append((f"{name}.residual", [("unit", at, b, count)]))
                found["tap"].append((f"{name}.shortcut", [("shortcut", at, b, count)]))
            for i, terms in enumerate(module.exchange.terms):
                name = f"{at}.branch{i}"
                before[i] = f"{name}.fused"
                found["tap"] += [(f"{name}.fused", [("tap", at, "fused", i)]), (f"{name}.sum", [("tap", at, "sum", i)])]
                for j in range(len(terms)):
                    spots = [("term", at, i, j)]
                    found["term"].append((f"{name}.from{j}", spots))
                    found["arrow"] += [(f"{at}.branch{j}->{name}.{end}", spots) for end in ("sum", "fused")]
                    if j > i:
                        found["tap"].append((f"{name}.from{j}.reduced", [("reduced", at, i, j)]))
    found["last"] = [case for case in found["arrow"] if case[0].endswith(f"->{before[0]}")]  # nobody else uses these
    found["arrow"].append((f"{before[0]}->heatmaps", [("into", "heatmaps")]))
    return found


def hourglass_places(net: StackedHourglass) -> dict[str, list[tuple[str, list[tuple]]]]:
    found: dict[str, list] = {k: [] for k in ("unit", "skip", "term", "tap", "arrow", "stack", "feedback")}
    for name in ("stem.unit1", "stem.unit2", "stem"):
        found["unit"].append((name, [("unit", name)]))
    found["tap"].append(("stem.conv1", [("tap", "stem.conv1")]))
    found["arrow"].append(("stem.unit1->stem.unit2", [("into", "stem.unit2")]))
    for k, hourglass in enumerate(net.hourglasses):
        at, depth = f"stack{k + 1}", len(hourglass.skip)
        last, x = k + 1 == len(net.hourglasses), f"{at}.input"
        found["stack"].append((at, [("stack", at, part) for part in ("told", "features", "heatmaps")]))
        found["unit"].append((f"{at}.features.unit", [("unit", f"{at}.features.unit")]))
        found["tap"] += [(f"{at}.{n}", [("tap", f"{at}.{n}")]) for n in ("input", "features", "heatmaps")]
        for d in range(depth):
            skip, down, higher = f"{at}.level{d}.skip", f"{at}.level{d + 1}.down", f"{at}.level{d + 1}.up"
            found["arrow"] += [(f"{x}->{skip}", [("into", skip)]), (f"{x}->{down}", [("into", down)])]
            found["arrow"] += [(f"{skip}->{at}.level{d}.merge", [("skip", at, d)])]
            found["arrow"] += [(f"{higher}->{at}.level{d}.merge", [("term", at, d)])]
            found["skip"].append((skip, [("skip", at, d)]))
            found["term"].append((f"{at}.level{d}.upsampled", [("term", at, d)]))
            found["tap"].append((f"{at}.level{d}.merge", [("tap", f"{at}.level{d}.merge")]))
            found["unit"] += [(n, [("unit", n)]) for n in (down, higher)] + [(f"{skip}.residual", [("unit", skip)])]
            x = down
        ends = ["heatmaps"] if last else ["heatmaps", "feedback.features"]
        found["arrow"] += [(f"{at}.features->{at}.{end}", [("into", f"{at}.{end}")]) for end in ends]
        if not last:
            way = ("into", f"{at}.feedback.heatmaps")
            found["arrow"].append((f"{at}.heatmaps->{at}.feedback.heatmaps", [way]))
            parts = ("input", "features", "heatmaps")
            found["feedback"] += [(f"{at}.feedback.{part}", [("feedback", at, part)]) for part in parts]
    return found


BY_HAND = {"hrnet": (hrnet_by_hand, hrnet_places), "hourglass": (hourglass_by_hand, hourglass_places)}


@pytest.fixture(scope="module")
def nets(randomise, photo):
    known = {"hrnet": HRNet(5, 8, units=2, stem=8), "hourglass": StackedHourglass(5, 4, features=16, depth=3)}

    def get(name: str):
        if name not in known:
            known[name] = zoo.build(name, 5)
        net = randomise(known[name])
        fresh.settle(net, photo(64, 64, 16))  # answers about 1: in millions the little that layers make of 0 is lost
        return net.requires_grad_(False)

    return get


def chosen(net, places: dict, seed: int = 0) -> list[tuple[str, list[tuple]]]:
    """Ten places of each kind; all where there are fewer."""
    picks = random.Random(seed)
    return [case for cases in places.values() for case in picks.sample(cases, min(10, len(cases)))]


def put(spots: list[tuple], value: Callable[[Tensor], Tensor]) -> Spot:
    return lambda spot, tensor: value(tensor) if spot in spots else tensor


def flat(x: Tensor) -> Tensor:
    return x.mean(3).mean(2)[:, :, None, None] * torch.ones_like(x)


@pytest.mark.parametrize("which", SIZES)
def test_a_cut_pass_is_the_pass_written_out_by_hand_without_it(which, nets, photo, distance):
    net, x = nets(which), photo(SIZES[which], SIZES[which])
    by_hand, places = BY_HAND[which.partition("-")[0]]
    old = net(x)
    assert all(distance(a, b) < 1e-6 for a, b in zip(by_hand(net, x, put([], flat)), old, strict=True))
    moved = 0
    for k, (place, spots) in enumerate(chosen(net, places(net))):
        how, value = (("zero", torch.zeros_like), ("flat", flat))[k % 2]
        found, wanted = net(x, silence={place: how}), by_hand(net, x, put(spots, value))
        for a, b in zip(found, wanted, strict=True):
            assert (a - b).square().mean().sqrt() <= 2e-4, (place, how)
        moved += any(distance(a, b) > 1e-4 for a, b in zip(found, old, strict=True))
    assert moved > 0.9 * (k + 1)


@pytest.mark.parametrize("which", ["hrnet", "hourglass"])
def test_a_patch_is_the_same_place_of_the_other_photos_pass(which, nets, photo):
    net, x, other = nets(which), photo(64, 64, 2), photo(64, 64, seed=1)
    by_hand, places = BY_HAND[which]
    theirs: dict[tuple, Tensor] = {}
    by_hand(net, other, lambda spot, tensor: theirs.setdefault(spot, tensor))
    trace = net.trace(other)
    for kind in {"tap", "term", "skip", "feedback"} & places(net).keys():
        for place, (spot,) in places(net)[kind][:10]:
            if place not in trace:
                continue
            wanted = by_hand(net, x, lambda s, tensor, spot=spot: theirs[s].expand_as(tensor) if s == spot else tensor)
            for how in (trace, trace[place].tensor):
                found = net(x, silence={place: how})
                assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found, wanted, strict=True)), place


def test_all_that_can_be_cut_alone_is_found_by_hand_too(nets):
    for which, kinds in (("hrnet", ("term", "branch")), ("hourglass", ("term", "skip", "feedback", "stack"))):
        net = nets(which)
        by_hand = {place for kind in kinds for place, _ in BY_HAND[which][1](net)[kind]}
        assert set(cuts.places(net)) == by_hand


def test_nothing_cut_is_the_old_pass_bit_for_bit(nets, photo):
    for which in ("hrnet", "hourglass"):
        net, x = nets(which), photo(64, 64)
        old = net(x)
        net(x, silence={next(iter(cuts.places(net))): "zero"})
        for silence in (None, {}):
            assert all(torch.equal(a, b) for a, b in zip(net(x, silence=silence), old, strict=True))


def test_a_trace_shows_a_cut_map_cut_and_the_source_of_a_cut_arrow_whole(nets, photo):
    net, x = nets("hourglass"), photo(64, 64)
    arrow, plain = "stack1.input->stack1.level0.skip", net.trace(x)
    trace = net.trace(x, silence={"stack2.level1.skip": "zero", arrow: "zero"})
    assert not trace["stack2.level1.skip"].tensor.any()
    assert torch.equal(trace["stack1.input"].tensor, plain["stack1.input"].tensor)
    assert not torch.equal(trace["stack1.level0.skip"].tensor, plain["stack1.level0.skip"].tensor)


def test_a_cut_stack_is_blank_feeds_nothing_back_and_lets_its_input_pass(nets, photo):
    net, x = nets("hourglass"), photo(64, 64)
    trace = net.trace(x, silence={"stack2": "zero"})
    assert not trace.heatmaps[1].any() and all(trace.heatmaps[k].any() for k in (0, 2, 3))
    assert torch.equal(trace["stack3.input"].tensor, trace["stack2.input"].tensor)
    joints, scores = decode(trace.heatmaps[1])
    assert joints.isnan().all() and scores.isnan().all()


def test_two_threads_that_cut_never_disturb_each_other(nets, photo):
    net, x = nets("hrnet"), photo(64, 64)
    wanted = [None, {"stage3.module1.branch0": "zero"}, {"stage4.module3.branch0.from3": "flat"}]
    alone = [net(x, silence=silence)[0] for silence in wanted]
    with ThreadPoolExecutor(4) as pool, torch.no_grad():
        found = list(pool.map(lambda k: (k, net(x, silence=wanted[k % 3])[0]), range(24)))
    assert all(torch.equal(heatmaps, alone[k % 3]) for k, heatmaps in found)


@pytest.mark.parametrize(
    ("place", "near"),
    [
        ("stage2.modul1.branch0", "stage2.module1.branch0"),
        ("stage3.module1.branch0.form1", "stage3.module1.branch0.from1"),
        ("stage2.module1.branch0->heatmaps", "stage2.module1.branch0"),
        ("nothing of the kind", "stem"),
        ("", "stem"),
        ("->", "stem"),
    ],
)
def test_an_unknown_place_lists_near_names(place, near, nets, photo):
    with pytest.raises(SilenceError, match=f"nothing can be cut at .*{near}"):
        nets("hrnet")(photo(64, 64), silence={place: "zero"})


def test_what_cannot_stand_at_a_place_is_said(nets, photo):
    net, x = nets("hourglass"), photo(64, 64)
    other = net.trace(x, names=["stack1.features"])
    for place, how, why in [
        ("stack1.features", "mean", "unknown way to cut: 'mean'; there are zero, flat"),
        ("stack1.features", torch.zeros(1, 3, 16, 16), "1x3x16x16 cannot stand at 'stack1.features'"),
        ("stack1.level0.skip", other, "no map 'stack1.level0.skip'"),
        ("stack1", torch.zeros(1, 5, 16, 16), "several maps"),
    ]:
        with pytest.raises(SilenceError, match=why):
            net(x, silence={place: how})
