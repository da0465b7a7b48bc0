"""Reading ``--shard I/N``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from spec_schema.errors import ManifestError
from spec_schema.manifest import shard_rows

__all__ = ["Shard", "parse_shard"]


@dataclass(frozen=True)
class Shard:
    """Part ``number`` (from 1) of ``count`` of a manifest's rows."""

    number: int = 1
    count: int = 1

    @property
    def tag(self) -> str:
        """The shard's name in file names."""
        return f"shard-{self.number}-of-{self.count}"

    def rows(self, n_rows: int) -> range:
        """Its rows in a manifest of ``n_rows``: those with ``row % count == number - 1``."""
        return shard_rows(n_rows, self.number, self.count)


def parse_shard(text: str) -> Shard:
    """``"3/16"`` as a shard.

    Raises:
        ManifestError: not of that form, or the first number is not within 1 to the second.
    """
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text.strip())
    if match is None:
        raise ManifestError(
            f"--shard {text!r}: expected I/N, the I-th of N parts, for example 3/16"
        )
    shard = Shard(int(match[1]), int(match[2]))
    shard.rows(0)  # checks the numbers
    return shard
