"""Accuracy of scikit-learn's LogisticRegression with default settings, and of the nearest neighbour, on draws of training images."""

import json
import sys
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

warnings.filterwarnings("ignore")
given = json.load(open(sys.argv[1]))


def load(part):
    labels = np.array(part["labels"])
    return np.fromfile(part["rows"], dtype=np.float32).reshape(len(labels), -1), labels


results = []
for data in given["sets"]:
    rows, labels = load(data["pool"])
    test_rows, test_labels = load(data["test"])
    for draw in data["draws"]:
        x, y = rows[draw], labels[draw]
        results.append(
            {
                "logistic": LogisticRegression().fit(x, y).score(test_rows, test_labels),
                "neighbour": KNeighborsClassifier(1).fit(x, y).score(test_rows, test_labels),
            }
        )
json.dump(results, open(sys.argv[2], "w"))
