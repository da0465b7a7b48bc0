"""The contract between sampler, renderer and converters: specs, manifests, labels, frames."""

from spec_schema.classes import CLASS_COLOURS, SegmentationClass
from spec_schema.dataset import DATASET_VERSION, Dataset, Sample, sample_stem, sha256_file
from spec_schema.errors import (
    AssetError,
    DatasetError,
    FetchError,
    ManifestError,
    ReplicantfaceError,
    SpecError,
    ToolError,
    nearest,
)
from spec_schema.manifest import Manifest, ManifestInfo, ManifestWriter, adopt, shard_rows
from spec_schema.spec import ARKIT_UNITS, SCHEMA_VERSION, SceneSpec, spec_hash
from spec_schema.wire import packb, unpackb

__all__ = [
    "ARKIT_UNITS",
    "CLASS_COLOURS",
    "DATASET_VERSION",
    "SCHEMA_VERSION",
    "AssetError",
    "Dataset",
    "DatasetError",
    "FetchError",
    "Manifest",
    "ManifestError",
    "ManifestInfo",
    "ManifestWriter",
    "ReplicantfaceError",
    "Sample",
    "SceneSpec",
    "SegmentationClass",
    "SpecError",
    "ToolError",
    "adopt",
    "nearest",
    "packb",
    "sample_stem",
    "sha256_file",
    "shard_rows",
    "spec_hash",
    "unpackb",
]
