import pytest
from crops import write_crops


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    for k in range(2):
        write_crops(folder / f"train-{k}.npz", 20, seed=k)
    return folder
