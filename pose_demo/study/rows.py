"""What is known of one record after all looks: a row, as it travels from the process that made it to the figures."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .datasets import Box, Person, Record


@dataclass(frozen=True)
class Row:
    """One record, found. Pixels are the photo's.

    index  -- the record's place in the set; name, image_id, id, person, others -- the record's own
    found  -- {look's or peer's key: (J, 3) float32 x, y, score} in the joints of the set: nan where the network does
              not know the joint, infinitely far where a peer has no prediction
    """

    index: int
    name: str
    image_id: int | str
    id: int | None
    person: Person
    found: dict[str, np.ndarray]
    others: tuple[Person, ...] = field(default=())

    @classmethod
    def of(cls, index: int, record: Record, found: dict[str, np.ndarray]) -> Row:
        return cls(index, record.name, record.image_id, record.id, record.person, found, record.others)

    def pack(self) -> dict[str, Any]:
        """As plain data; arrays keep every bit, so that figures do not depend on whether a run was interrupted."""
        found = {key: _pack(array) for key, array in self.found.items()}
        return {
            "index": self.index, "name": self.name, "image_id": self.image_id, "id": self.id, "found": found,
            "person": _pack_person(self.person), "others": [_pack_person(other) for other in self.others],
        }  # fmt: skip

    @classmethod
    def unpack(cls, data: dict[str, Any]) -> Row:
        found = {key: _unpack(text) for key, text in data["found"].items()}
        people = [_unpack_person(person) for person in (data["person"], *data["others"])]
        return cls(
            data["index"], data["name"], data["image_id"], data["id"], people[0], found, tuple(people[1:])
        )  # fmt: skip


def _pack(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array, np.float32).tobytes()).decode()


def _unpack(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.float32).reshape(-1, 3)


def _pack_person(person: Person) -> list[Any]:
    return [_pack(person.joints), person.box, person.head, person.area]


def _unpack_person(data: list[Any]) -> Person:
    joints, box, head, area = data
    given: Box | None = tuple(box) if box else None
    return Person(_unpack(joints), given, head, area)
