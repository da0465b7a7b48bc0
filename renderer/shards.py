"""Reading ``--shard I/N`` and ``--shard auto``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from spec_schema.errors import ManifestError
from spec_schema.manifest import shard_rows

__all__ = ["COUNT_VARIABLE", "Shard", "auto_shard", "parse_shard"]

COUNT_VARIABLE: Final = "RF_SHARDS"
"""The number of shards, for platforms that tell a task its own number only."""

_FORM: Final = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")
_AUTO: Final = re.compile(r"auto(?:/([0-9]{1,9}))?")
_SLURM: Final = "SLURM_ARRAY_TASK_ID"
_KUBERNETES: Final = "JOB_COMPLETION_INDEX"
_AWS: Final = "AWS_BATCH_JOB_ARRAY_INDEX"


@dataclass(frozen=True)
class Shard:
    """Part ``number`` (from 1) of ``count`` of a manifest's rows."""

    number: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @property
    def tag(self) -> str:
        """The shard's name in file names."""
        return f"shard-{self.number}-of-{self.count}"

    def rows(self, n_rows: int) -> range:
        """Its rows in a manifest of ``n_rows``: those with ``row % count == number - 1``."""
        return shard_rows(n_rows, self.number, self.count)


def parse_shard(text: str, environment: Mapping[str, str] = os.environ) -> Shard:
    """``"3/16"``, ``"auto"`` or ``"auto/16"`` as a shard.

    Raises:
        ManifestError: not of that form, the first number is not within 1 to the second, or
            the environment says nothing, or something else.
    """
    text = text.strip()
    if auto := _AUTO.fullmatch(text):
        return auto_shard(environment, int(auto[1]) if auto[1] else None)
    match = _FORM.fullmatch(text)
    if match is None:
        raise ManifestError(
            f"--shard {text!r}: expected I/N, the I-th of N parts, for example 3/16; or auto "
            "(auto/N) in a Slurm array, a Kubernetes indexed job or an AWS Batch array"
        )
    return _checked(Shard(int(match[1]), int(match[2])), "")


def auto_shard(environment: Mapping[str, str], count: int | None = None) -> Shard:
    """The shard of this task of an array job.

    Args:
        environment: variables of the task.
        count: number of shards, where the caller gives it (``auto/N``).

    Raises:
        ManifestError: the variables are missing, contradict, or don't number the shards.
    """
    platforms = [name for name in (_SLURM, _KUBERNETES, _AWS) if name in environment]
    if not platforms:
        raise ManifestError(
            f"--shard auto: none of {_SLURM} (Slurm), {_KUBERNETES} (Kubernetes), {_AWS} (AWS "
            "Batch) is set; give the shard as I/N, for example 3/16"
        )
    if len(platforms) > 1:
        raise ManifestError(
            f"--shard auto: both {' and '.join(platforms)} are set; give the shard as I/N"
        )
    if count is None and COUNT_VARIABLE in environment:
        count = _number(environment, COUNT_VARIABLE)
    if platforms[0] == _SLURM:
        return _slurm(environment, count)
    if platforms[0] == _AWS:
        size = _number(environment, "AWS_BATCH_JOB_ARRAY_SIZE")
        if count not in (None, size):
            raise ManifestError(
                f"--shard auto: {count} shards are asked for, and the AWS Batch array has {size}"
            )
        count = size
    if count is None:
        raise ManifestError(
            f"--shard auto: {_KUBERNETES} is {environment[_KUBERNETES]}, but Kubernetes tells no "
            f"pod how many completions its job has; say --shard auto/N, or set {COUNT_VARIABLE}"
        )
    name = platforms[0]
    return _checked(
        Shard(_number(environment, name) + 1, count), f" ({name} is {environment[name]})"
    )


def _slurm(environment: Mapping[str, str], count: int | None) -> Shard:
    """The trap: ``--array=1,3,7`` numbers three tasks 1, 3 and 7, and a resubmitted part of an
    array has ids of the whole. Only an array without gaps that begins at 0 or 1 says which part a
    task is."""
    task = _number(environment, _SLURM)
    if count is not None:
        return _checked(Shard(task, count), f" ({_SLURM} is {task}; ids count from 1 here)")
    lowest, tasks = (_number(environment, f"SLURM_ARRAY_TASK_{w}") for w in ("MIN", "COUNT"))
    step = _number(environment, "SLURM_ARRAY_TASK_STEP", 1)
    highest = _number(environment, "SLURM_ARRAY_TASK_MAX", lowest + (tasks - 1) * step)
    place, odd = divmod(task - lowest, step) if step > 0 else (-1, 1)
    if lowest > step or odd or not 0 <= place < tasks or highest != lowest + (tasks - 1) * step:
        raise ManifestError(
            f"--shard auto: the Slurm array has {tasks} tasks from {lowest} to {highest} in steps "
            f"of {step}, and this is task {task}: ids with gaps, or that begin above 1, don't say "
            "which part of how many a task is; "
            "submit --array=1-N, or say --shard auto/N with ids of 1 to N to run some of them"
        )
    return Shard(place + 1, tasks)


def _number(environment: Mapping[str, str], name: str, otherwise: int | None = None) -> int:
    text = environment.get(name)
    if text is None and otherwise is not None:
        return otherwise
    if text is None:
        raise ManifestError(f"--shard auto: {name} is not set; give the shard as I/N")
    if not re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        raise ManifestError(f"--shard auto: {name} is {text!r}, not a number")
    return int(text)


def _checked(shard: Shard, told: str) -> Shard:
    try:
        shard.rows(0)
    except ManifestError as e:
        raise ManifestError(f"{e}{told}") from e
    return shard
