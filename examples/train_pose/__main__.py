"""The command: train, judge, print."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from examples.train_pose.faces import read_shards, split_by_identity
from examples.train_pose.metrics import Band, errors_by_yaw, stability_deg


def _table(bands: Sequence[Band]) -> str:
    lines = ["yaw, either side    faces   geodesic     yaw   pitch    roll   (mean error, degrees)"]
    for b in bands:
        name = "all" if b.high_deg > 90 else f"{b.low_deg:.0f} to {b.high_deg:.0f}"
        numbers = f"{b.geodesic_deg:11.2f}{b.yaw_deg:8.2f}{b.pitch_deg:8.2f}{b.roll_deg:8.2f}"
        lines.append(f"{name:18}{b.faces:7}{numbers}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on shards, report the error by yaw and the stability."""
    parser = argparse.ArgumentParser(prog="examples.train_pose")
    parser.add_argument("train", type=Path, help="folder of shards")
    parser.add_argument("--test", type=Path, help="shards of other people [default: held out]")
    parser.add_argument("--stability", type=Path, help="shards of a stability set")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    given = parser.parse_args(arguments)

    from examples.train_pose.network import predict, train

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    faces = read_shards(given.train)
    if given.test is None:
        faces, test = split_by_identity(faces, 0.2)
    else:
        test = read_shards(given.test)
    say(f"{len(faces)} faces to train on, {len(test)} to judge by")
    net = train(faces, given.epochs, given.seed, say=say)
    bands = errors_by_yaw(predict(net, test), test.rotations)
    # What a guess that looks at no picture gets: the mean pose of the training set.
    mean = np.linalg.svd(faces.rotations.mean(axis=0))
    guess = np.broadcast_to(mean.U @ mean.Vh, test.rotations.shape)
    idle = errors_by_yaw(guess, test.rotations)[-1]
    say(_table(bands))
    say(f"the mean pose as a guess: {idle.geodesic_deg:.2f}")
    figures = {"by_yaw": [asdict(b) for b in bands], "mean_pose_deg": idle.geodesic_deg}
    if given.stability is not None:
        held = read_shards(given.stability)
        figures["stability"] = stable = stability_deg(predict(net, held), held.identity)
        say(
            f"stability, {stable['identities']} faces that hold their pose: predictions stray by "
            f"{stable['rms_deg']:.2f} degrees (rms), at worst {stable['worst_deg']:.2f}"
        )
    if given.out is not None:
        given.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
