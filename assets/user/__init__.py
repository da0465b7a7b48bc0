"""What users add themselves: light, skins, clothes and worn things, beside the packs.

Every asset lies in a folder of its own under :func:`user_folder`: ``asset.toml``, which says
what it is, and ``data.safetensors``, its compiled arrays. Its id is ``user/<folder's name>``.
"""

from __future__ import annotations

from assets.user.folder import ID_PREFIX, is_user, user_folder

__all__ = ["ID_PREFIX", "is_user", "user_folder"]
