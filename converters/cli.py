"""``rf-convert``: a rendered dataset into other formats, and a picture of its labels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from converters.command import (
    OnErrorOption,
    Source,
    Verify,
    Workers,
    format_command,
    interruptible,
    run,
    told,
)
from converters.filters import Filters
from converters.format_300w_lp import OPENTRACK_SUBSETS, Format300wLp
from converters.format_aflw2000 import FormatAflw2000
from converters.format_coco import FormatCoco
from converters.format_facesynthetics import FormatFaceSynthetics
from converters.format_opentrack_h5 import FormatOpentrackH5, RoiKind
from converters.format_replicantface import FormatReplicantface
from converters.format_webdataset import FormatWebDataset, ImageKind
from converters.overlay import OverlayOptions, write_overlay
from converters.pipeline import OnError, ReadOptions
from converters.seen_pose import PoseKind
from spec_schema.version import version_option

__all__ = ["app", "main"]

app = typer.Typer(
    name="rf-convert",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="""Convert a dataset that rf-render wrote into another format, or draw its labels.

    \b
    rf-convert overlay dataset sheet.png         look at the labels first
    rf-convert 300w-lp dataset 300w-lp.zip       for 6DRepNet, Hopenet, 3DDFA, opentrack
    rf-convert aflw2000 dataset aflw2000.zip     a test set for the same
    rf-convert facesynthetics dataset out.zip    image, mask and landmarks a sample
    rf-convert replicantface dataset raw         the original project's raw labels
    rf-convert opentrack-h5 dataset faces.h5     what opentrack's trainer reads
    rf-convert webdataset dataset shards         tar shards to stream
    rf-convert coco dataset coco                 boxes, keypoints, masks, head pose

    \b
    Interrupted, run the same command again: what is done is kept beside OUT.
    Exit codes: 0 done; 1 done, but broken samples were skipped; 2 wrong call or
    broken input; 75 interrupted or out of disk space, run again to go on.
    """,
)


@app.callback()
def _first(
    version: Annotated[bool, version_option("rf-convert")] = False,
) -> None:
    pass


def _word(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]+", value):
        raise typer.BadParameter(f"{value!r}: letters and digits only, since it names a folder")
    return value


JpegQuality = Annotated[int, typer.Option(min=1, max=100, help="Pillow's scale.")]
ImageSize = Annotated[
    int | None, typer.Option(min=16, max=8192, help="Side of the images [default: as rendered].")
]
PoseOption = Annotated[
    PoseKind,
    typer.Option(help="The rotation as weak perspective sees it, or the plain label."),
]


@format_command(app, "300w-lp")
def _300w_lp(
    filters: Filters,
    subset: Annotated[
        str,
        typer.Option(
            callback=_word,
            help="Folder inside 300W_LP/. opentrack looks only into "
            + ", ".join(OPENTRACK_SUBSETS)
            + ".",
        ),
    ] = OPENTRACK_SUBSETS[0],
    jpeg_quality: JpegQuality = 95,
) -> Format300wLp:
    """450 px JPEG + .mat with pose, landmarks and face box, in the layout of 300W-LP.

    The pose in the .mat is the rotation as seen (weak perspective); how far it is from the
    plain rotation, and how well it fits, stands in 300W_LP/fits.csv of the export.

    \b
    rf-convert 300w-lp dataset 300w-lp.zip
    rf-convert 300w-lp dataset data/300w-lp --workers 8 --max-yaw-deg 75
    """
    return Format300wLp(subset, jpeg_quality, filters)


@format_command(app, "aflw2000")
def _aflw2000(filters: Filters, jpeg_quality: JpegQuality = 95) -> FormatAflw2000:
    """450 px JPEG + .mat in the layout of AFLW2000-3D, a test set.

    \b
    rf-convert aflw2000 dataset aflw2000.zip
    rf-convert aflw2000 dataset data/aflw2000 --max-yaw-deg 99
    """
    return FormatAflw2000(jpeg_quality, filters)


@format_command(app, "facesynthetics")
def _facesynthetics(filters: Filters) -> FormatFaceSynthetics:
    """512 px image, class mask and 70 landmarks a sample, in the layout of FaceSynthetics.

    Samples are numbered from 000000 without gaps; rows.txt has the manifest row of each.

    \b
    rf-convert facesynthetics dataset faces.zip
    rf-convert facesynthetics dataset faces --max-yaw-deg 180 --on-error skip
    """
    return FormatFaceSynthetics(filters)


@format_command(app, "replicantface")
def _replicantface(
    filters: Filters,
    image_size: ImageSize = None,
    variations: Annotated[
        bool,
        typer.Option("--variations", help="Name files face_<face>_<variation>, for sequences."),
    ] = False,
    jpeg_quality: JpegQuality = 95,
) -> FormatReplicantface:
    """The original Replicantface's raw labels: OpenGL matrices, vertices, jpg and png.

    \b
    rf-convert replicantface dataset raw
    rf-convert replicantface dataset raw.zip --image-size 640
    """
    return FormatReplicantface(image_size, variations, jpeg_quality, filters)


@format_command(app, "opentrack-h5")
def _opentrack_h5(
    filters: Filters,
    image_size: ImageSize = None,
    pose: PoseOption = PoseKind.SEEN,
    roi: Annotated[
        RoiKind,
        typer.Option(
            help="Box of the skin that is seen, of what is seen within the landmarks' box, "
            "of the landmarks, or of the bare head."
        ),
    ] = RoiKind.SKIN,
    jpeg_quality: JpegQuality = 95,
) -> FormatOpentrackH5:
    """The HDF5 file that opentrack's neuralnet-tracker-traincode trains from.

    \b
    rf-convert opentrack-h5 dataset faces.h5
    rf-convert opentrack-h5 dataset faces.h5 --roi face --pose plain
    """
    return FormatOpentrackH5(image_size, pose, roi, jpeg_quality, filters)


@format_command(app, "webdataset")
def _webdataset(
    filters: Filters,
    shard_size: Annotated[int, typer.Option(min=1, help="Samples a shard.")] = 1000,
    image: Annotated[
        ImageKind, typer.Option(help="Images byte for byte as rendered, or as JPEG.")
    ] = ImageKind.PNG,
    records: Annotated[
        bool, typer.Option("--records", help="Also the whole label records, as msgpack.")
    ] = False,
    jpeg_quality: JpegQuality = 95,
) -> FormatWebDataset:
    """Tar shards for the webdataset library: image, mask and labels a sample.

    Depth, normals and other passes go along where the dataset has them, as .npy.

    \b
    rf-convert webdataset dataset shards
    rf-convert webdataset dataset shards --shard-size 5000 --image jpg --workers 8
    """
    return FormatWebDataset(shard_size, image, records, jpeg_quality, filters)


@format_command(app, "coco")
def _coco(
    filters: Filters,
    split: Annotated[
        str, typer.Option(callback=_word, help="Names the folder and the annotations.")
    ] = "train",
    image_size: ImageSize = None,
    pose: PoseOption = PoseKind.SEEN,
    jpeg_quality: JpegQuality = 95,
) -> FormatCoco:
    """COCO: boxes, keypoints with visibility, masks, and DirectMHP's euler_angles.

    \b
    rf-convert coco dataset coco
    rf-convert coco dataset coco-val.zip --split validation --max-yaw-deg 180
    """
    return FormatCoco(split, image_size, pose, jpeg_quality, filters)


@app.command("overlay")
def cmd_overlay(
    source: Source,
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="A .png, numbered where one is not enough, or a .pdf of pages."
        ),
    ],
    columns: Annotated[
        int | None, typer.Option(min=1, help="Samples side by side; chosen for you if left out.")
    ] = None,
    page: Annotated[int, typer.Option(min=1, help="Samples a sheet.")] = 24,
    limit: Annotated[int, typer.Option(min=1, help="Only the first so many samples.")] = 96,
    size: Annotated[int, typer.Option(min=64, max=2048, help="Side of each image, pixels.")] = 320,
    dense: Annotated[
        bool, typer.Option("--dense", help="Draw the dense landmarks as well, in a panel.")
    ] = False,
    on_error: OnErrorOption = OnError.FAIL,
    workers: Workers = 1,
    verify: Verify = True,
) -> None:
    """Sheets to look at: each image with its labels drawn on it, beside its mask and passes.

    Landmarks by visibility (seen, hidden by the head, covered, out of the frame), head axes
    (x red, y green, z blue), boxes, gaze rays, the angles in words; depth and normals where
    the dataset has them.

    \b
    rf-convert overlay dataset sheet.png
    rf-convert overlay dataset sheets.pdf --limit 500 --page 12
    rf-convert overlay dataset close.png --limit 2 --size 1024 --columns 1 --dense
    """
    options = ReadOptions(on_error, workers, verify, limit)
    with interruptible():
        drawn = write_overlay(source, out, OverlayOptions(size, columns, page, dense), options)
    told(drawn.summary, source, "\n".join(map(str, drawn.paths)))


def main() -> None:
    """Entry point of ``rf-convert``."""
    run(app, "rf-convert")


if __name__ == "__main__":
    main()
