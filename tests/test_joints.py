import pytest

from pose_demo.joints import COCO, JOINT_SETS, LSP, MPII, joint_set, shared

# As the data set's README orders it; a slip here swaps left and right everywhere.
LSP_ORDER = """right ankle, right knee, right hip, left hip, left knee, left ankle, right wrist, right elbow,
right shoulder, left shoulder, left elbow, left wrist, neck, head top"""


def test_lsp_order_is_the_data_sets():
    assert list(LSP.joints) == LSP_ORDER.replace("\n", " ").split(", ")


@pytest.mark.parametrize("name", ["coco", "mpii"])
def test_order_and_flip_equal_mmposes(name, mmpose):
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    meta = parse_pose_metainfo({"from_file": f"configs/_base_/datasets/{name}.py"})
    theirs = [meta["keypoint_id2name"][k] for k in range(len(JOINT_SETS[name]))]
    rename = {"upper neck": "neck"}
    ours = [rename.get(j.replace("_", " "), j.replace("_", " ")) for j in theirs]
    assert ours == list(JOINT_SETS[name].joints)
    assert list(JOINT_SETS[name].flip) == meta["flip_indices"]


@pytest.mark.parametrize("joints", JOINT_SETS.values(), ids=lambda s: s.name)
def test_flip_is_its_own_inverse_and_swaps_sides(joints):
    assert [joints.flip[k] for k in joints.flip] == list(range(len(joints)))
    for k, m in enumerate(joints.flip):
        assert joints.joints[m] == joints.joints[k].replace("left", "RIGHT").replace("right", "left").replace(
            "RIGHT", "right"
        )
    assert all(joints.joints[a].startswith("left") and joints.joints[b].startswith("right") for a, b in joints.pairs)


@pytest.mark.parametrize("joints", (COCO, MPII, LSP), ids=lambda s: s.name)
def test_limbs_join_known_joints_once_and_reach_all(joints):
    limbs = [frozenset(limb) for limb in joints.limb_indices]
    assert len(set(limbs)) == len(limbs)
    connected = set().union(*limbs)
    assert connected == set(range(len(joints)))


def test_shared_joints_of_any_two_sets():
    both = shared(COCO, LSP)
    assert len(both) == 12  # all but the face, the neck and the head's top
    assert all(COCO.joints[a] == LSP.joints[b] == joint for joint, a, b in both)
    assert len(shared(MPII, LSP)) == 14
    assert len(shared(COCO, COCO)) == 17


def test_lookups_say_what_there_is():
    assert joint_set(16) is MPII and joint_set("lsp") is LSP
    with pytest.raises(ValueError, match=r"coco \(17 joints\), mpii \(16\) and lsp \(14\)"):
        joint_set(15)
    with pytest.raises(KeyError, match="no joint 'tail'; it has right ankle"):
        LSP.index("tail")
    assert LSP.torso == (9, 2)
    assert LSP.colours[0] != LSP.colours[5] != LSP.colours[12]
