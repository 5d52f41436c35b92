"""What the host makes of random scores is what scikit-learn and numpy make of them; the .npz and the .json hold them."""
import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from sklearn import metrics
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


def close(name, ours, theirs):
    assert abs(ours - theirs) < 1e-9, f"{name}: {ours}, the reference says {theirs}"


def top_k(labels, scores, k):
    """By the documented rule: of equal scores the lower class comes first."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return 100 * np.mean([label in row for label, row in zip(labels, order)])


def compare(tool, seed, classes, samples):
    with tempfile.TemporaryDirectory() as folder:
        ours = json.loads(subprocess.run([tool, folder, str(seed), str(classes), str(samples)], check=True, capture_output=True, text=True).stdout)
        with np.load(os.path.join(folder, "scores.npz"), allow_pickle=False) as file:
            assert sorted(file) == ["class_names", "combine", "labels", "names", "scores"], sorted(file)
            names, labels, scores, class_names = (file[key] for key in ("names", "labels", "scores", "class_names"))
            assert file["combine"].tolist() == ["softmax_mean"]
        with open(os.path.join(folder, "scores.json"), encoding="utf-8") as file:
            text = json.load(file)
    assert (labels.dtype, scores.dtype) == (np.int64, np.float32) and scores.shape == (samples, classes), (labels.dtype, scores.dtype, scores.shape)
    assert os.fsencode(str(names[0])) == b'Zo\xc3\xab "\xf0\x9f\x8e\xac"/a\xff.mp4', names[0]
    assert names[-1] == f"clips/{samples - 1}.mp4" and class_names[-1] == f"class {classes - 1}"
    assert [s["label"] for s in text["samples"]] == labels.tolist()
    assert np.array_equal(np.float32([s["scores"] for s in text["samples"]]), scores)
    assert text["class_names"] == class_names.tolist() and text["samples"][-1]["name"] == names[-1]
    assert text["samples"][0]["name"] == 'Zo\u00eb "\U0001f3ac"/a\ufffd.mp4', text["samples"][0]["name"]

    answers = scores.argmax(axis=1)  # numpy's rule for ties is ours
    both = np.union1d(labels, answers)
    assert classes < 4 or len(both) > len(np.unique(labels)), "no class is only ever predicted, so nothing is shown"
    close("f1_macro", ours["f1_macro"], 100 * metrics.f1_score(labels, answers, average="macro", zero_division=0))
    close("f1_micro", ours["f1_micro"], 100 * metrics.f1_score(labels, answers, average="micro"))
    close("mean_class_accuracy", ours["mean_class_accuracy"],
          100 * metrics.recall_score(labels, answers, average="macro", labels=both, zero_division=0))
    close("top1", ours["top1"], 100 * metrics.accuracy_score(labels, answers))
    for k in (1, 2, 3, 5, 10):
        close(f"top{k}", ours[f"top{k}"], top_k(labels, scores, k))
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(labels, answers, labels=both, zero_division=0)
    for row, *theirs in zip(ours["rows"], both, recall, precision, f1, strict=True):
        for name, a, b in zip(("label", "recall", "precision", "f1"), row, theirs):
            close(f"{name} of class {row[0]}", a, b)
    matrix = np.zeros((classes, classes), int)
    for label, answer, count in ours["confusion"]:
        matrix[label, answer] = count
    assert np.array_equal(matrix, metrics.confusion_matrix(labels, answers, labels=range(classes)))


for case in ((1, 10, 400), (2, 52, 300), (3, 3, 7), (4, 400, 1000), (5, 2, 2)):
    compare(sys.argv[1], *case)
    print("ok    seed %d, %d classes, %d samples" % case)
