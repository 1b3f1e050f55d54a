"""Where a Space lends its GPU: comparisons ask for it, through a process' border; elsewhere nobody does."""

import pickle
import subprocess
import sys

import pytest

#: Another Python, in which `spaces` is this: it counts, and what goes in and out crosses to another process.
STUB = """
import os, pickle, sys, types
os.environ.update(ENVIRONMENT)
asked, begun = [], []
def GPU(do):
    def lent(*given):
        asked.append(do.__name__)
        if FULL:
            raise RuntimeError("no GPU is free")
        return pickle.loads(pickle.dumps(do(*pickle.loads(pickle.dumps(given)))))
    return lent
if HERE:
    sys.modules["spaces"] = types.SimpleNamespace(GPU=GPU, zero=types.SimpleNamespace(startup=lambda: begun.append(1)))
else:
    sys.modules["spaces"] = None
import torch
from pose_demo import comparison
real, where = comparison.compare, []
def compare(photo, **how):
    where.append(how.pop("device", None))
    return real(photo, **how)
comparison.compare = compare
from pose_demo.examples import examples
from pose_demo.networks import zoo
from pose_demo.page import lent
torch.cuda.is_available = lambda: bool(ENVIRONMENT)  # as a Space that lends patches it
photo = examples()[0]
told = []
found = lent.compare(photo.path, box=photo.box, trace=True, progress=lambda *each: told.append(each))
lent.begin()
answer = found.poses[0].joints.tolist(), len(found.poses[1].trace), len(told)
print(pickle.dumps((asked, begun, where, zoo.device().type, answer)).hex())
"""


def run(here: bool, environment: dict[str, str], full: bool = False):
    script = f"HERE, ENVIRONMENT, FULL = {here}, {environment}, {full}\n{STUB}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return pickle.loads(bytes.fromhex(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def plain():
    return run(False, {})


def test_without_the_package_nothing_is_asked_for(plain):
    assert plain[:4] == ([], [], [None], "cpu") and plain[4][2] > 0


@pytest.mark.parametrize("full", [False, True], ids=["lent", "none left"])
def test_a_comparison_asks_once_and_answers_the_same(plain, full):
    asked, begun, where, here, answer = run(True, {"SPACES_ZERO_GPU": "true"}, full)
    assert asked == ["_there"] and begun == [1] and where == ([None] if full else ["cuda"])
    assert here == "cpu", "what is not lent runs on the CPU, though torch finds a GPU"
    assert answer[:2] == plain[4][:2]


def test_a_space_with_the_package_that_lends_nothing_is_any_other(plain):
    asked, begun, where, _, answer = run(True, {})
    assert asked == begun == [] and where == [None] and answer == plain[4]
