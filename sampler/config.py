"""The whole config: presets, overrides and their errors."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from sampler.acceptance import AcceptConfig
from sampler.camera import CameraConfig
from sampler.config_model import ConfigModel
from sampler.environment import EnvironmentConfig
from sampler.expression import ExpressionConfig
from sampler.eyes import EyesConfig
from sampler.facial_hair import BrowConfig, FacialHairConfig
from sampler.gaze import GazeConfig
from sampler.hair import HairConfig
from sampler.identity import IdentityConfig
from sampler.layout import Layout
from sampler.mouth import MouthConfig
from sampler.photo import PhotoConfig
from sampler.pose import PoseConfig
from sampler.skin import SkinConfig
from sampler.wear import WearConfig
from spec_schema.errors import SpecError, nearest
from spec_schema.wording import in_words

__all__ = ["DEFAULT_PRESET", "SamplerConfig", "changed", "load_config", "preset_names"]

DEFAULT_PRESET: Final = "facesynthetics"


class SamplerConfig(ConfigModel):
    """Every distribution that a manifest is drawn from, by component."""

    layout: Layout
    accept: AcceptConfig
    pose: PoseConfig
    camera: CameraConfig
    identity: IdentityConfig
    expression: ExpressionConfig
    gaze: GazeConfig
    eyes: EyesConfig
    mouth: MouthConfig
    skin: SkinConfig
    hair: HairConfig
    facial_hair: FacialHairConfig
    brows: BrowConfig
    glasses: WearConfig
    headwear: WearConfig
    facewear: WearConfig
    earwear: WearConfig
    jewellery: WearConfig
    neckwear: WearConfig
    clothing: WearConfig
    environment: EnvironmentConfig
    photo: PhotoConfig


def preset_names() -> list[str]:
    """Presets that this release ships."""
    folder = resources.files("sampler").joinpath("presets")
    names = (p.name for p in folder.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def _read_preset(preset: str) -> dict[str, Any]:
    """A preset's tables by its name, or by the path of a TOML file; what it extends is in it."""
    if preset in preset_names():
        text = resources.files("sampler").joinpath("presets", f"{preset}.toml").read_text("utf-8")
    elif preset.endswith(".toml"):
        try:
            text = Path(preset).read_text("utf-8")
        except (OSError, ValueError) as e:
            raise SpecError(f"{preset}: can't be read as a preset: {e}") from e
    else:
        hint = nearest(preset, preset_names())
        raise SpecError(
            f"no preset {preset!r} ({hint}), and no path of a preset, as that ends in .toml"
        )
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as e:
        raise SpecError(f"preset {preset}: not valid TOML: {e}") from e
    base = data.pop("extends", None)
    if base is None:
        return data
    if not isinstance(base, str) or base == preset or base not in preset_names():
        hint = nearest(str(base), preset_names())
        raise SpecError(
            f"preset {preset}: extends = {base!r}: no preset of that name (a shipped one can be "
            f"extended, no file); {hint}"
        )
    return _merge(_read_preset(base), data)


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``over`` laid over ``base``; a table with another ``kind`` replaces the one below it."""
    out = dict(base)
    for key, value in over.items():
        old = out.get(key)
        other_kind = (
            isinstance(old, dict)
            and isinstance(value, dict)
            and "kind" in value
            and value["kind"] != old.get("kind")
        )
        if isinstance(old, dict) and isinstance(value, dict) and not other_kind:
            out[key] = _merge(old, value)
        else:
            out[key] = value
    return out


def _built(data: Mapping[str, Any], overrides: Sequence[Mapping[str, Any]]) -> SamplerConfig:
    try:
        for over in overrides:
            data = _merge(data, over)
        return _checked(_narrowed(data))
    except RecursionError:
        raise SpecError("tables are nested too deeply to be a config") from None


def _narrowed(data: Mapping[str, Any]) -> dict[str, Any]:
    """A uniform distribution that was given a scale is a normal one cut at the same bounds.

    So ``pose.yaw.scale_deg=40`` means the same under every preset. Its middle is that of the
    bounds where no ``loc`` is given.
    """
    out: dict[str, Any] = {}
    for key, value in data.items():
        out[key] = _narrowed(value) if isinstance(value, Mapping) else value
    scale = next((k for k in out if k == "scale" or k.startswith("scale_")), None)
    if out.get("kind") == "uniform" and scale is not None:
        unit = scale.removeprefix("scale")
        bounds = [out.get(name + unit) for name in ("low", "high")]
        numbers = [v for v in bounds if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(numbers) == 2:
            out["kind"] = "truncated_normal"
            out.setdefault("loc" + unit, sum(numbers) / 2)
    return out


_BARE_WORD = re.compile(r"^[A-Za-z][A-Za-z0-9_-]*$")


def _parse_override(text: str) -> dict[str, Any]:
    """Nested tables of one ``key.path=value``; the value is TOML, or a bare word."""
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise SpecError(
            f"--set {_short(text)}: write it as --set key=value, such as "
            "--set pose.yaw.scale_deg=40"
        )
    value = value.strip()
    if _BARE_WORD.match(value) and value not in ("true", "false", "inf", "nan"):
        value = f'"{value}"'
    try:
        return tomllib.loads(f"{path.strip()} = {value}")
    except (ValueError, RecursionError) as e:
        raise SpecError(
            f"--set {_short(text)}: {e}; write it as --set key=value, the value in TOML or a word"
        ) from e


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _message(error: ValidationError) -> str:
    # What is wrong says more than what is missing for it.
    first = min(error.errors(), key=lambda e: e["type"] == "missing")
    parts = [str(p) for p in first["loc"] if p != "function-wrap"]
    if parts[:1] == ["layout"]:
        del parts[1:2]  # the kind, by which the union was told apart
    path = ".".join(parts)
    if first["type"] == "union_tag_invalid":
        kind, kinds = first["ctx"]["tag"], ("stills", "tracks")
        return f"{path}: no kind of layout {kind!r}; {nearest(kind, kinds)}"
    if first["type"] == "union_tag_not_found":
        return f"{path}: needs a kind, 'stills' or 'tracks'"
    if first["type"] == "missing":
        return f"{path} is missing"
    shown = ""
    if isinstance(first.get("input"), int | float | str):
        shown = f" is {_short(repr(first['input']))}"
    return f"{path or 'config'}{shown}: {in_words(first)}"


def load_config(
    preset: str = DEFAULT_PRESET, overrides: Sequence[str] | Mapping[str, Any] = ()
) -> SamplerConfig:
    """A checked config.

    Args:
        preset: name of a shipped preset, or the path of a TOML file (whole, as
            ``--print-config`` prints it, or with ``extends = "<preset>"`` and what differs).
        overrides: ``key.path=value`` texts as for ``--set``, or nested tables.

    Raises:
        SpecError: naming the key, the value, the rule and the nearest valid name.
    """
    data = _read_preset(preset)
    if isinstance(overrides, Mapping):
        return _built(data, [overrides])
    return _built(data, [_parse_override(text) for text in overrides])


def changed(config: SamplerConfig, changes: Mapping[str, Any]) -> SamplerConfig:
    """A config with nested tables laid over it, checked again.

    Raises:
        SpecError: as :func:`load_config`.
    """
    return _checked(_merge(config.model_dump(), changes))


def _checked(data: Mapping[str, Any]) -> SamplerConfig:
    try:
        return SamplerConfig.model_validate(data)
    except ValidationError as e:
        raise SpecError(_message(e)) from e
