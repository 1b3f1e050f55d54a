"""The untrained control can be looked at: its maps are neither one colour nor millions."""

import torch

from pose_demo.networks import fresh, zoo
from pose_demo.networks.model import tensor


def test_an_untrained_network_has_maps_of_a_trained_ones_size():
    net = zoo.load("hrnet-w32-untrained")
    x = tensor(fresh.photos((256, 256))[:1], net)
    with torch.inference_mode():
        trace = net.trace(x)
        sizes = [float(tap.tensor.square().mean().sqrt()) for tap in trace.values()]
        drawn = zoo.build("hrnet-w32", 14).eval()(x)[-1]
    assert min(sizes) > 0.01 and max(sizes) < 20 and trace.heatmaps[-1].abs().max() < 2
    assert drawn.abs().max() > 1e4, "as it was drawn it cannot be looked at"


def test_statistics_are_those_of_the_batch_and_the_weights_stay():
    net, same = zoo.load("hourglass-slim-untrained"), zoo.build("hourglass-slim", 14)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), same.parameters(), strict=True))
    norm = next(m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d))
    seen = net.conv1(tensor(fresh.photos((128, 128)), net))
    assert torch.allclose(norm.running_mean, seen.mean((0, 2, 3)), atol=1e-5) and not net.training
    again = zoo.load("hourglass-slim-untrained")
    assert all(torch.equal(a, b) for a, b in zip(net.buffers(), again.buffers(), strict=True))
    assert {m.momentum for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)} == {norm.momentum} == {0.1}
