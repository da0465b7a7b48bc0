"""Users' heads as further targets of the head model, beside those of the packs.

A head is the target ``own-<name>``: weight 1 with the identity that it states gives the head as
it was added. Its shape keys are targets ``own-<name>_<key>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from assets.user.folder import ID_PREFIX, is_user
from assets.user.shelf import Shelf, user_arrays

if TYPE_CHECKING:
    from assets.store import Store

__all__ = [
    "EXTENDED",
    "extended_array",
    "extended_names",
    "head_key",
    "head_of_key",
    "is_own_key",
    "part_key",
]

EXTENDED: Final = ("head/targets/offsets", "head/targets/vertex", "head/targets/delta")
"""Arrays of the store that heads make longer."""
_GROUP: Final = "head"
_PREFIX: Final = "own-"


def head_key(head_id: str) -> str:
    """Shape key of a head."""
    return _PREFIX + head_id.removeprefix(ID_PREFIX).replace("-", "_")


def part_key(head_id: str, key: str) -> str:
    """Shape key of one of its own shape keys."""
    return f"{head_key(head_id)}_{re.sub(r'[^A-Za-z0-9]+', '_', key)}"


def is_own_key(name: str) -> bool:
    """Whether a shape key is of a user's head, here or not."""
    return name.startswith(_PREFIX)


def head_of_key(name: str, ids: Iterable[str] = ()) -> str:
    """Id of the head that a shape key is of, as far as its name tells.

    Args:
        name: of the key.
        ids: of heads that there were; without the right one, what stands before the first ``_``.
    """
    fitting = [i for i in ids if is_user(i) and f"{name}_".startswith(f"{head_key(i)}_")]
    guess = ID_PREFIX + name.removeprefix(_PREFIX).partition("_")[0]
    return max(fitting, key=len, default=guess)


def extended_names(shelf: Shelf, shipped: list[str]) -> list[str]:
    """Names of all targets."""
    out = list(shipped)
    for head_id, head in shelf.heads.items():
        out.append(f"{_GROUP}/{head_key(head_id)}")
        out += [f"{_GROUP}/{part_key(head_id, key.name)}" for key in head.keys]
    return out


@lru_cache(maxsize=6)
def extended_array(shelf: Shelf, name: str, store: Store) -> NDArray[Any]:
    """One of :data:`EXTENDED`."""
    short = name.rpartition("/")[2]
    parts = [store.shipped_array(name)]
    for head_id in shelf.heads:
        own = user_arrays(head_id)[f"head.{short}"]
        parts.append(own[1:] + parts[-1][-1] if short == "offsets" else own)
    out: NDArray[Any] = np.concatenate(parts)
    out.setflags(write=False)
    return out
