"""Embeds images in a plain loop of Pillow and onnxruntime, as one would write it first, and tells the times.

Reads {model, threads, cases: [{files, batch, features}]}; writes {seconds: [...]}, and the features as raw 32-bit floats.
"""

import io
import json
import sys
import time

import numpy as np
import onnxruntime
from PIL import Image

SIDE = 224


def read(content):
    image = Image.open(io.BytesIO(content)).convert("RGB")
    return np.asarray(image.resize((SIDE, SIDE), Image.BILINEAR))


def embed(session, contents, batch):
    features = []
    for start in range(0, len(contents), batch):
        images = np.stack([read(content) for content in contents[start : start + batch]])
        features.append(session.run(["feat"], {"image": images})[0])
    return np.concatenate(features)


def measure(session, case):
    contents = [open(file, "rb").read() for file in case["files"]]
    embed(session, contents[: 2 * case["batch"]], case["batch"])
    begun = time.perf_counter()
    features = embed(session, contents, case["batch"])
    seconds = time.perf_counter() - begun
    features.tofile(case["features"])
    return seconds


def main(given, result):
    with open(given) as file:
        task = json.load(file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = task["threads"]
    session = onnxruntime.InferenceSession(task["model"], options)
    with open(result, "w") as file:
        json.dump({"seconds": [measure(session, case) for case in task["cases"]]}, file)


main(sys.argv[1], sys.argv[2])
