"""Times scikit-learn's LogisticRegression on raw arrays: float32 rows, one label a row."""

import json
import sys
import time

import numpy as np
from sklearn.linear_model import LogisticRegression

given = json.load(open(sys.argv[1]))
labels = np.array(given["labels"])
rows = np.fromfile(given["rows"], dtype=np.float32).reshape(len(labels), -1)
best, model = float("inf"), None
for _ in range(given["runs"]):
    candidate = LogisticRegression(C=given["C"], max_iter=given["iterations"])
    begun = time.perf_counter()
    candidate.fit(rows, labels)
    best = min(best, time.perf_counter() - begun)
    model = candidate
np.concatenate([model.coef_.ravel(), model.intercept_]).astype(np.float32).tofile(given["weights"])
json.dump({"seconds": best, "iterations": int(model.n_iter_.max())}, open(sys.argv[2], "w"))
