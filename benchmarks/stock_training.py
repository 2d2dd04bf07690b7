"""Makes what a data scientist would hand over: a scikit-learn pipeline, and its export to ONNX.

The pipeline is words and pairs of words, TF-IDF and a logistic regression. Fitted to the questions
that the shipped model was made from, such a one was right for 75.1 % of those held out, and the
shipped model is for 79.9 % (its card): letter n-grams, which would bring it closer, cannot be
exported. So it is not quite an equal, and one that was would take longer.

Those questions are not the project's to pass on. Here it learns to say what the shipped model says,
of excerpts of the project's example inquiries and of their words in any order. How often the two
then agree, on other excerpts, stands under the table. That is no accuracy, for those are of the
same inquiries and overlap with what it was fitted to. And it knows some 20,000 words and pairs,
where one that was fitted to real questions knows several times as many: its export, which handles a
number for each of them with every text, is faster than that one's, so the comparison is kind to it.

What it follows of sklearn-onnx's documentation, "TfIdfVectorizer with ONNX" and "Converters with
options": the export cannot do `char_wb`, hence words alone; the tokenizer's own pattern is given to
scikit-learn, so that both split alike; the locale is "C", for the export's own is not on
every machine; and `zipmap` is off, which gives probabilities as an array.
"""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.inquiries import excerpt, words
from benchmarks.stock import Stock
from services.classifier.model import Model
from services.errors import TriageError

SEED = 7
EXCERPT_LETTERS, MIXED_WORDS = (40, 240), (8, 40)  # from and to
TOKEN = "[a-zA-Z0-9_]+"  # noqa: S105 - sklearn-onnx's pattern of a word
ALPHA, TOLERANCE = 0.3, 1e-3  # of the ridge regression
FLOOR = 1e-4  # smaller probabilities tell of nothing but rounding


class Trained(NamedTuple):
    """The pipeline in scikit-learn, and its export."""

    pipeline: "Sklearn"
    export: Stock
    path: Path
    terms: int


class Sklearn:
    """The pipeline, asked as the models are."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.score = pipeline.predict_proba


def train_stock(model: Model, count: int, folder: Path) -> Trained:
    """Fit the pipeline to what a model says of so many texts, and export it into a folder.

    Raises:
        TriageError: It cannot be exported; the log in the folder says why.
    """
    with threadpool_limits(limits=1):
        pipeline = _fit(model, list(_texts(count)))
    fitted, path, log = (folder / f"stock.{kind}" for kind in ("pickle", "onnx", "log"))
    fitted.write_bytes(pickle.dumps(pipeline))
    export = [sys.executable, "-m", "benchmarks.stock_export", str(fitted), str(path)]
    with log.open("wb") as output:
        done = subprocess.run(export, stdout=output, stderr=output, check=False)  # noqa: S603 - our own module
    if done.returncode:
        raise TriageError(f"The stock pipeline cannot be exported: see the log {log}.")
    return Trained(Sklearn(pipeline), Stock(path), path, len(pipeline[0].vocabulary_))


def agreement(stock: Stock, model: Model, texts: list[str]) -> float:
    """Give the share of texts for which both choose the same department."""
    best: list[int] = model.score(texts).probabilities.argmax(axis=1).tolist()
    decisions = stock.decide(texts)
    same = [model.labels[n] == said.department for n, said in zip(best, decisions, strict=True)]
    return sum(same) / len(same)


def _texts(count: int) -> Iterator[str]:
    random = Random(SEED)
    running = words()
    different = sorted(set(running))
    for _ in range(count // 2):
        yield excerpt(running, random.randrange(len(running)), random.randint(*EXCERPT_LETTERS))
        yield " ".join(random.choices(different, k=random.randint(*MIXED_WORDS)))


def _fit(model: Model, texts: list[str]) -> Pipeline:
    """Fit to the logarithms of the model's probabilities.

    They are linear in the weights, so a ridge regression finds those of the logistic regression in
    a tenth of the time, and closer ones than from the first choices alone.
    """
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, token_pattern=TOKEN)
    counts = vectorizer.fit_transform(texts)
    logits = np.log(model.score(texts).probabilities + FLOOR)
    ridge = Ridge(alpha=ALPHA, solver="sparse_cg", tol=TOLERANCE)
    ridge.fit(counts, logits - logits.mean(axis=1, keepdims=True))
    logistic = LogisticRegression()
    logistic.classes_ = np.array(model.labels)
    logistic.coef_, logistic.intercept_ = ridge.coef_, ridge.intercept_
    logistic.n_features_in_ = counts.shape[1]
    return make_pipeline(vectorizer, logistic)
