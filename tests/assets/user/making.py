"""Small files in the formats that users bring."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial

from assets.store import open_store
from assets.user.entry import PartMaterial as PartMaterial
from assets.user.reference import reference

BINDING = """# This is a clothes file
# author A. Tailor
{licence}
basemesh {base}
name Little Cape
obj_file cape.obj
material cape.mhmat
x_scale 5399 11998 1.4340
y_scale 791 881 2.4098
z_scale 962 5320 2.0001
verts 0
{verts}
delete_verts
{hidden}
"""


def write_hdr(path: Path, radiance: NDArray[np.float32]) -> Path:
    """A Radiance picture with run lengths."""
    height, width = radiance.shape[:2]
    exponent = np.floor(np.log2(np.maximum(radiance.max(-1), 1e-30))) + 1
    mantissa = np.clip(radiance / 2.0 ** exponent[..., None] * 256, 0, 255).astype(np.uint8)
    rgbe = np.concatenate([mantissa, (exponent + 128).astype(np.uint8)[..., None]], -1)
    out = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n" + f"-Y {height} +X {width}\n".encode()
    for row in rgbe:
        out += bytes([2, 2, width >> 8, width & 255])
        for channel in range(4):
            values = row[:, channel]
            if (values == values[0]).all():
                out += bytes([128 + width, int(values[0])])
            else:
                out += bytes([width]) + values.tobytes()
    path.write_bytes(out)
    return path


def garment_files(
    *, licence: str = "# license CC0", base: str = "hm08", rings: int = 3
) -> dict[str, bytes]:
    """A short cape round the neck, bound 2 cm outside of the base mesh: files by their name."""
    points = np.asarray(open_store().array("head/vertices"), np.float64)
    verts, obj = [], []
    n = 24
    skin = np.flatnonzero(np.arange(len(points)) < 13380)
    for ring in range(rings):
        height, radius = 0.57 - 0.05 * ring, 0.09 + 0.05 * ring
        for k in range(n):
            angle = 2 * np.pi * k / n
            at = np.array([radius * np.sin(angle), height, 0.02 + radius * np.cos(angle)])
            near = skin[np.linalg.norm(points[skin] - at, axis=1).argmin()]
            offset = (at - points[near]) * 10
            verts.append(f"{near} 0 1 1.0 0.0 0.0 " + " ".join(f"{v:.5f}" for v in offset))
            obj.append("v " + " ".join(f"{v * 10:.4f}" for v in at))
    obj += [f"vt {k / n:.4f} {r / 2:.4f}" for r in range(rings) for k in range(n)]
    for ring in range(rings - 1):
        for k in range(n):
            corners = [(ring + 1) * n + k, (ring + 1) * n + (k + 1) % n, ring * n + (k + 1) % n]
            obj.append("f " + " ".join(f"{c + 1}/{c + 1}" for c in (*corners, ring * n + k)))
    hidden = skin[(points[skin, 1] < 0.55) & (np.abs(points[skin, 0]) < 0.15)]
    text = BINDING.format(
        licence=licence, base=base, verts="\n".join(verts), hidden=" ".join(map(str, hidden))
    )
    return {
        "cape.mhclo": text.encode(),
        "cape.obj": "\n".join(obj).encode(),
        "cape.mhmat": b"name cape\ndiffuseColor 0.8 0.1 0.1\nshininess 0.3\n",
    }


def skin_files(name: str = "young_asian_female", size: int = 64) -> dict[str, bytes]:
    """A painted skin with its material, as in a pack: the texture in a folder beside."""
    import io

    pixels = np.full((size, size, 3), (214, 170, 140), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    words = "".join(f"tag {w}\n" for w in name.split("_"))
    text = f"# license CC-BY 4.0\nname {name}\n{words}diffuseTexture ../textures/skin.png\n"
    return {
        f"skins/{name}/{name}.mhmat": text.encode(),
        "skins/textures/skin.png": buffer.getvalue(),
    }


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """As a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    """As an archive."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def ball(at: NDArray[np.float64], radius: float, colour: tuple[float, ...]) -> trimesh.Trimesh:
    """A ball of one colour."""
    mesh = trimesh.creation.icosphere(2, radius)
    mesh.apply_translation(at)
    material = PBRMaterial(baseColorFactor=colour, roughnessFactor=0.4, metallicFactor=0.0)
    mesh.visual = TextureVisuals(material=material)
    return mesh


def clown_nose(folder: Path, *, scale: float = 1.0, shift_m: float = 0.0, entry: str = "") -> Path:
    """A red ball on the tip of the reference head's nose, with its TOML file."""
    tip = reference(open_store()).at("nose_tip")
    centre = (tip + np.array([0.0, 0.0, 0.011 + shift_m])) * scale
    scene = trimesh.Scene()
    scene.add_geometry(ball(centre, 0.012 * scale, (0.8, 0.05, 0.05, 1.0)), node_name="nose")
    head = ball(np.array([0.0, 0.72, 0.05]), 0.1, (1.0, 1.0, 1.0, 1.0))
    scene.add_geometry(head, node_name="reference_head")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "clown-nose.glb"
    scene.export(path)
    path.with_suffix(".toml").write_text(
        'slot = "facewear"\nlicence = "CC0-1.0"\nauthor = "A. Clown"\n' + entry, "utf-8"
    )
    return path
