#!/bin/sh
# Renders a manifest as an AWS Batch array, one shard a task:
#
#   docs/cluster/aws-batch-submit.sh QUEUE SHARDS s3://BUCKET/faces.parquet s3://BUCKET/faces
#
# Change in aws-batch-job-definition.json first: image (docs/cluster/Dockerfile makes it), role
# (may read and write the bucket), resources.
set -eu
if [ "$#" -ne 4 ]; then
    echo "usage: $0 QUEUE SHARDS MANIFEST OUT" >&2
    exit 2
fi
folder=$(dirname "$0")
definition=$(aws batch register-job-definition \
    --cli-input-json "file://$folder/aws-batch-job-definition.json" \
    --query jobDefinitionArn --output text)
aws batch submit-job --job-name faces --job-queue "$1" --job-definition "$definition" \
    --array-properties "size=$2" --parameters "manifest=$3,out=$4"
