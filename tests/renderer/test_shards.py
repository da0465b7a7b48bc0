"""Which part of a manifest a task of an array job renders."""

from __future__ import annotations

import pytest

from renderer.shards import Shard, parse_shard
from spec_schema import ManifestError


def slurm(task: int, lowest: int, highest: int, count: int, step: int = 1) -> dict[str, str]:
    values = {"ID": task, "MIN": lowest, "MAX": highest, "COUNT": count, "STEP": step}
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in values.items()}


def aws(index: int, size: int) -> dict[str, str]:
    return {"AWS_BATCH_JOB_ARRAY_INDEX": str(index), "AWS_BATCH_JOB_ARRAY_SIZE": str(size)}


@pytest.mark.parametrize(
    ("environment", "text", "shard"),
    [
        (slurm(1, 1, 16, 16), "auto", Shard(1, 16)),
        (slurm(16, 1, 16, 16), "auto", Shard(16, 16)),
        (slurm(0, 0, 7, 8), "auto", Shard(1, 8)),
        (slurm(7, 0, 7, 8), "auto", Shard(8, 8)),
        (slurm(12, 4, 16, 4, 4), "auto", Shard(3, 4)),
        (slurm(1, 1, 1, 1), "auto", Shard(1, 1)),
        (slurm(7, 3, 7, 2), "auto/16", Shard(7, 16)),
        ({"JOB_COMPLETION_INDEX": "0", "RF_SHARDS": "4"}, "auto", Shard(1, 4)),
        ({"JOB_COMPLETION_INDEX": "3", "RF_SHARDS": "4"}, "auto", Shard(4, 4)),
        ({"JOB_COMPLETION_INDEX": "3"}, "auto/16", Shard(4, 16)),
        ({"JOB_COMPLETION_INDEX": "3", "RF_SHARDS": "4"}, "auto/16", Shard(4, 16)),
        (aws(0, 10), "auto", Shard(1, 10)),
        (aws(9, 10), " auto ", Shard(10, 10)),
        (aws(9, 10), "auto/10", Shard(10, 10)),
        (slurm(2, 1, 3, 3), "3/7", Shard(3, 7)),
    ],
)
def test_what_the_platforms_say(environment: dict[str, str], text: str, shard: Shard) -> None:
    assert parse_shard(text, environment) == shard


@pytest.mark.parametrize(
    ("environment", "text", "words"),
    [
        ({}, "auto", "none of SLURM_ARRAY_TASK_ID"),
        # --array=1,3,7: three tasks, whose numbers are no shards
        (slurm(3, 1, 7, 3), "auto", "ids with gaps"),
        (slurm(7, 1, 7, 3), "auto", "ids with gaps"),
        # --array=3 and --array=5-6: parts of a larger array, run again
        (slurm(3, 3, 3, 1), "auto", "begin above 1"),
        (slurm(5, 5, 6, 2), "auto", "begin above 1"),
        # --array=0-9,20
        (slurm(4, 0, 20, 11), "auto", "ids with gaps"),
        (slurm(3, 0, 12, 4, 4), "auto", "ids with gaps"),
        (slurm(0, 0, 7, 8), "auto/8", "ids count from 1"),
        (slurm(9, 1, 9, 9), "auto/8", "shard 9/8"),
        (slurm(1, 1, 4, 4, 0), "auto", "ids with gaps"),
        ({"SLURM_ARRAY_TASK_ID": "3"}, "auto", "SLURM_ARRAY_TASK_MIN is not set"),
        ({**slurm(1, 1, 4, 4), "SLURM_ARRAY_TASK_ID": "x"}, "auto", "'x', not a number"),
        ({"JOB_COMPLETION_INDEX": "3"}, "auto", "set RF_SHARDS"),
        ({"JOB_COMPLETION_INDEX": "16", "RF_SHARDS": "16"}, "auto", "JOB_COMPLETION_INDEX is 16"),
        ({"AWS_BATCH_JOB_ARRAY_INDEX": "3"}, "auto", "AWS_BATCH_JOB_ARRAY_SIZE is not set"),
        (aws(3, 10), "auto/16", "16 shards are asked for"),
        ({**aws(3, 10), **slurm(1, 1, 4, 4)}, "auto", "both SLURM_ARRAY_TASK_ID and AWS_BATCH"),
    ],
)
def test_what_says_nothing_is_refused(environment: dict[str, str], text: str, words: str) -> None:
    with pytest.raises(ManifestError, match="shard") as caught:
        parse_shard(text, environment)
    assert words in str(caught.value)


def test_the_tasks_of_any_whole_array_cover_every_row_once() -> None:
    for lowest, step in ((0, 1), (1, 1), (5, 5)):
        ids = [lowest + k * step for k in range(5)]
        shards = [parse_shard("auto", slurm(task, ids[0], ids[-1], 5, step)) for task in ids]
        assert sorted(row for shard in shards for row in shard.rows(23)) == list(range(23))
