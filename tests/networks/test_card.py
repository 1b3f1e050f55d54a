"""A network and its card are one object; what a card says is understood, or refused by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pose_demo import weights
from pose_demo.networks import zoo
from pose_demo.networks.card import NORMALISATION, CardError
from pose_demo.networks.upsampling import STOPS


@pytest.mark.parametrize("name", zoo.names())
def test_every_network_of_the_zoo_has_a_card_that_can_be_used(name):
    card = zoo.card(name)
    assert card.architecture in {*zoo.ARCHITECTURES, "mmpose-hourglass52"} | {
        f"mmpose-{body}" for body in zoo.ARCHITECTURES
    }
    assert card.normalisation in NORMALISATION and card.upsampling in STOPS and not card.assumed
    assert card.trained == (card.entry is not None) == (card.licence is not None) == (card.sha256 is not None)
    if card.entry and not card.name.startswith("mmpose-"):
        assert card.entry == weights.entry(card.name) and card.name == card.entry.name


def test_a_network_has_its_card():
    for name in ("hrnet-slim-untrained", weights.default_pair()[1]):
        assert zoo.load(name).card == zoo.card(name)
    built = zoo.build("hrnet-slim", joints=5, trained_upsampling="bilinear")
    assert len(built.card.joints) == 5 and built.card.upsampling == "bilinear" and not built.card.trained
    assert built.card.joints.flip == (0, 1, 2, 3, 4) and built.card.joints.torso is None


def test_cells_tell_whether_a_flip_test_shifts_until_somebody_says_otherwise():
    assert zoo.card("hrnet-w32-mpii").flip_shift and not zoo.card("hourglass-8-mpii").flip_shift
    assert not replace(zoo.card("hrnet-w32-mpii"), flip_shift=False).flip_shift


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"normalisation": "caffe"}, "hrnet-w32-mpii: normalisation is 'caffe'; there are imagenet, mpii, unit"),
        ({"cells": "middle"}, "there are centre, corner"),
        ({"upsampling": "nearest-exact"}, "nearest-exact"),
        ({"input": (256,)}, "height and width in whole pixels"),
        ({"input": (256.0, 192)}, "height and width in whole pixels"),
        ({"input": (256, -1)}, "height and width in whole pixels"),
    ],
)
def test_what_a_card_cannot_say(change, says):
    with pytest.raises(ValueError, match=says):
        replace(zoo.card("hrnet-w32-mpii"), **change)
    assert issubclass(CardError, ValueError)


def test_the_finder_that_ships_finds_as_well_as_it_must():
    entry = weights.entry("finder")
    said = {row["metric"]: row for row in entry.measured}
    assert {row["weights_sha256"] for row in entry.measured} == {entry.sha256}
    assert said["average precision at IoU 0.5"]["value"] >= 60
    labelled, empty = said["labelled people found at IoU 0.5"], said["photos of nobody answered with somebody"]
    assert labelled["count"] == 100 and labelled["value"] >= 85
    assert empty["count"] == 50 and empty["value"] / 100 * empty["count"] <= 5


def test_a_body_that_answers_with_no_pose_is_not_offered():
    assert "finder" in zoo.ARCHITECTURES and not [name for name in zoo.names() if "finder" in name]
    with pytest.raises(zoo.UnknownNetwork):
        zoo.card("finder-untrained")
