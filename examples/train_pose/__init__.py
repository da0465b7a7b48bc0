"""Train a small head-pose network on rendered faces, and judge it on faces it has not seen.

    rf-convert webdataset train_set train-shards
    rf-convert webdataset test_set test-shards
    rf-convert webdataset stability_set stability-shards
    python -m examples.train_pose train-shards --test test-shards --stability stability-shards

Needs PyTorch (its build for CPUs will do) and the webdataset library.
"""
