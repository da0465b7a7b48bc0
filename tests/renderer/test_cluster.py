"""The templates in docs/cluster/: valid for their platforms, and their commands plan a shard."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.model
import botocore.validate
import kubernetes_validate
import pytest
import yaml

from tests.renderer.runner import ROOT, Runner
from tests.renderer.test_shards import aws, slurm
from tests.renderer.test_supervisor import wait_for

CLUSTER = ROOT / "docs/cluster"
SCRIPTS = ("slurm.sbatch", "aws-batch-submit.sh")
PLAN = "shard     {}: {} rows: {}\n"


@pytest.fixture
def commands(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder first on the path with rf-render of this tree, scontrol and aws."""
    folder = runner.folder / "bin"
    folder.mkdir()
    log = runner.folder / "called"
    for name, line in (
        ("rf-render", f'exec {sys.executable} -m renderer.cli "$@"'),
        ("scontrol", f'echo "scontrol $*" >>{log}'),
        ("aws", f'echo "aws $*" >>{log}; echo arn:definition'),
    ):
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    for name in list(os.environ):
        if name.startswith(("SLURM_", "AWS_BATCH", "JOB_COMPLETION")):
            monkeypatch.delenv(name)
    return log


def run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True
    )


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_pass_the_linter(name: str) -> None:
    shell = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shell, CLUSTER / name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_slurm_template_plans_its_shard(runner: Runner, commands: Path) -> None:
    variables = {"MANIFEST": str(runner.manifest), "OUT": "out", **slurm(2, 1, 3, 3)}
    template = str(CLUSTER / "slurm.sbatch")
    done = run(["bash", template, "--dry-run"], runner.folder, **variables)
    assert done.returncode == 0, done.stderr
    assert PLAN.format("2/3", 2, "1, 4") in done.stdout
    assert not (runner.folder / "out").exists()
    variables |= slurm(7, 3, 7, 2)
    assert run(["bash", template, "--dry-run"], runner.folder, **variables).returncode == 2
    # The same option again counts last: some tasks of an array of sixteen.
    again = run(["bash", template, "--shard", "auto/16", "--dry-run"], runner.folder, **variables)
    assert PLAN.format("7/16", 1, "6") in again.stdout
    assert not commands.exists()


def test_slurm_near_its_time_limit_finishes_and_queues_again(
    runner: Runner, commands: Path
) -> None:
    runner.fake(all="slow")
    out = runner.folder / "out"
    variables = {"MANIFEST": str(runner.manifest), "OUT": str(out), **slurm(1, 1, 1, 1)}
    variables |= {"SLURM_ARRAY_JOB_ID": "77"}
    template = str(CLUSTER / "slurm.sbatch")
    options = ["--size", "32", "--samples", "1", "--workers", "1"]
    process = subprocess.Popen(
        ["bash", template, *options],
        env={**os.environ, **variables},
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: len(list(out.glob("*/*.done.json"))) >= 1)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 75, said
    assert commands.read_text() == "scontrol requeue 77_1\n"
    done = run(["bash", template, *options], runner.folder, **variables)
    assert done.returncode == 0, done.stderr


def job() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CLUSTER / "kubernetes-job.yaml").read_text())
    return loaded


def test_the_kubernetes_template_is_valid_and_plans_its_shard(
    runner: Runner, commands: Path
) -> None:
    kubernetes_validate.validate(job(), "1.31", strict=True)
    spec = job()["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    variables = {entry["name"]: entry["value"] for entry in container["env"]}
    assert int(variables["RF_SHARDS"]) == spec["completions"]
    for rule in spec["podFailurePolicy"]["rules"]:
        assert rule.get("onExitCodes", {}).get("containerName", "rf-render") == container["name"]
    arguments = [a.replace("/data/", f"{runner.folder}/") for a in container["args"]]
    done = run(
        [*container["command"], *arguments, "--dry-run"],
        runner.folder,
        **variables,
        JOB_COMPLETION_INDEX="3",
    )
    assert done.returncode == 0, done.stderr
    assert PLAN.format("4/16", 1, "3") in done.stdout


def test_the_aws_template_is_valid_and_plans_its_shard(runner: Runner, commands: Path) -> None:
    definition = json.loads((CLUSTER / "aws-batch-job-definition.json").read_text())
    service = botocore.loaders.Loader().load_service_model("batch", "service-2")
    shape = botocore.model.ServiceModel(service).operation_model("RegisterJobDefinition")
    report = botocore.validate.ParamValidator().validate(definition, shape.input_shape)
    assert not report.has_errors(), report.generate_report()
    parameters = {"manifest": str(runner.manifest), "out": "out"}
    assert parameters.keys() == definition["parameters"].keys()
    words = definition["containerProperties"]["command"]
    command = [re.sub("^Ref::(.*)$", lambda m: parameters[m[1]], word) for word in words]
    done = run([*command, "--dry-run"], runner.folder, **aws(2, 7))
    assert done.returncode == 0, done.stderr
    assert PLAN.format("3/7", 1, "2") in done.stdout


def test_the_aws_script_submits_an_array(runner: Runner, commands: Path) -> None:
    script = str(CLUSTER / "aws-batch-submit.sh")
    assert run([script, "queue"], runner.folder).returncode == 2
    done = run([script, "queue", "16", "s3://b/m.parquet", "s3://b/faces"], runner.folder)
    assert done.returncode == 0, done.stderr
    registered, submitted = commands.read_text().splitlines()
    path = re.search(r"file://(\S+)", registered)
    assert path is not None
    assert json.loads(Path(path[1]).read_text())["jobDefinitionName"] == "replicantface"
    assert "--array-properties size=16" in submitted
    assert "manifest=s3://b/m.parquet,out=s3://b/faces" in submitted


def test_the_image_holds_the_libraries_that_the_check_installs() -> None:
    libraries = [
        set(re.findall(r"\blib[a-z0-9-]+\b", (ROOT / name).read_text().split("recommends")[1]))
        for name in ("docs/cluster/Dockerfile", ".ci/run")
    ]
    assert libraries[0] - {"lib"} >= libraries[1] - {"lib"}
    assert len(libraries[1]) >= 9
