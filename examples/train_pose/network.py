"""A small convolutional network that gives a rotation, and its training."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from examples.train_pose.faces import Faces

WIDTHS = (16, 32, 64, 96)
_ROLL_RAD = 0.6


def _layer(inside: int, outside: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


class PoseNet(nn.Module):
    """Grey squares (N, 1, S, S) to rotations (N, 3, 3).

    The head gives two columns that are made orthonormal (Y. Zhou and others, On the Continuity of
    Rotation Representations in Neural Networks, 2019).
    """

    def __init__(self) -> None:
        super().__init__()
        pairs = zip((1, *WIDTHS), WIDTHS, strict=False)
        layers = [part for a, b in pairs for part in (_layer(a, b, 2), _layer(b, b, 1))]
        self.trunk = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten())
        self.head = nn.Linear(4 * WIDTHS[-1], 6)
        # Begin near a face that looks into the camera, from where any turn is short.
        nn.init.normal_(self.head.weight, std=0.01)
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([1.0, 0, 0, 0, -1, 0]))

    def forward(self, images: Tensor) -> Tensor:
        six = self.head(self.trunk(images))
        x = nn.functional.normalize(six[:, :3], dim=1)
        y = six[:, 3:] - (x * six[:, 3:]).sum(1, keepdim=True) * x
        y = nn.functional.normalize(y, dim=1)
        return torch.stack([x, y, torch.linalg.cross(x, y)], dim=2)


def _as_input(images: NDArray[np.uint8]) -> Tensor:
    """Each picture with mean 0 and deviation 1, so that its light counts less."""
    light = torch.from_numpy(images.astype(np.float32))[:, None]
    return (light - light.mean((2, 3), keepdim=True)) / (light.std((2, 3), keepdim=True) + 8)


def _disturbed(images: Tensor, chance: torch.Generator) -> Tensor:
    """Moved by up to 3 pixels and with noise, each batch its own way."""
    down, right = torch.randint(-3, 4, (2,), generator=chance).tolist()
    noise = torch.randn(images.shape, generator=chance)
    return torch.roll(images, (down, right), (2, 3)) + 0.1 * noise


def rolled(images: Tensor, rotations: Tensor, angle_rad: float) -> tuple[Tensor, Tensor]:
    """Pictures (N, 1, S, S) turned clockwise about their middle, and their rotations (N, 3, 3).

    Such a turn is a roll of the camera, so that the labels stay exact.
    """
    c, s = float(np.cos(angle_rad)), float(np.sin(angle_rad))
    # The grid says where each pixel comes from: the turn back.
    back = torch.tensor([[c, s, 0.0], [-s, c, 0.0]]).expand(len(images), 2, 3)
    grid = nn.functional.affine_grid(back, list(images.shape), align_corners=False)
    turned = nn.functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    roll = torch.tensor([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return turned, roll @ rotations


def train(
    faces: Faces,
    epochs: int,
    seed: int = 0,
    batch: int = 32,
    say: Callable[[str], None] = lambda line: None,
) -> PoseNet:
    """Train from scratch on the faces and their mirror images, rolled by up to 34 degrees."""
    torch.manual_seed(seed)
    chance = torch.Generator().manual_seed(seed)
    turned = faces.mirrored()
    images = torch.cat([_as_input(faces.images), _as_input(turned.images)])
    wanted = torch.from_numpy(np.concatenate([faces.rotations, turned.rotations])).float()
    net = PoseNet()
    steps = -(-len(images) // batch)
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=epochs * steps)
    began = time.monotonic()
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for rows in torch.randperm(len(images), generator=chance).split(batch):
            if len(rows) < 2:
                continue
            angle = float(torch.empty(1).uniform_(-_ROLL_RAD, _ROLL_RAD, generator=chance))
            seen, true = rolled(images[rows], wanted[rows], angle)
            off = net(_disturbed(seen, chance)) - true
            loss = (off**2).sum((1, 2)).add(1e-6).sqrt().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
        if (epoch + 1) % max(1, epochs // 10) == 0:
            spent = time.monotonic() - began
            say(f"epoch {epoch + 1} of {epochs}: loss {total / len(images):.3f}, {spent:.0f} s")
    return net


def predict(net: PoseNet, faces: Faces) -> NDArray[np.float64]:
    """(N, 3, 3) rotations of faces."""
    net.eval()
    with torch.no_grad():
        parts = [net(part) for part in _as_input(faces.images).split(256)]
    return torch.cat(parts).double().numpy()
