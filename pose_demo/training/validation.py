"""How right a network is on labelled crops: what a run validates by, and what weights that ship are measured by."""

from __future__ import annotations

import torch
from torch import Tensor

from ..joints import joint_set
from ..locales import UserError
from ..networks import zoo
from ..networks.base import PoseNetwork
from ..networks.model import card_of, see
from ..study.metrics import PCK, pck
from .data import Crops


def predict(net: PoseNetwork, crops: Crops, batch: int = 64) -> tuple[Tensor, Tensor]:
    """Joints (N, J, 2) in pixels of the crops' files and scores (N, J), both on the CPU, decoded as the papers do.

    The whole crop is the network's input, as its card wants it; images must already have the input's size. The
    network is in eval mode afterwards.
    """
    net = zoo.open(net)
    joints, scores = [], []
    for part in torch.arange(len(crops)).split(batch):
        some = crops[part.to(crops.images.device)]
        answer = see(net, some.images)
        joints.append(some.to_file(answer.joints).cpu())
        scores.append(answer.scores.cpu())
    return torch.cat(joints), torch.cat(scores)


def validate(net: PoseNetwork, crops: Crops, batch: int = 64) -> PCK:
    """PCK of the labels, in pixels of the crops' files. Raises UserError where the labels are of other joints."""
    predicted, _ = predict(net, crops, batch)
    joints, labelled = card_of(net).joints, joint_set(crops.joints.shape[1])
    if joints != labelled:
        raise UserError("pack.other_joints", network=card_of(net).title, own=joints.text, labelled=labelled.text)
    truth = torch.cat([crops.to_file(crops.joints[..., :2]), crops.joints[..., 2:]], dim=-1)
    return pck(predicted.numpy(), truth.cpu().numpy(), joints)
