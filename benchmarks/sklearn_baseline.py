"""Makes what a data scientist would hand over: a scikit-learn pipeline, and its export to ONNX.

The pipeline is words and pairs of words, TF-IDF and a logistic regression. Fitted to the questions
that the shipped model was made from, such a one was right for 75.1 % of those held out, and the
shipped model is for 79.9 % (its card): letter n-grams, which would bring it closer and take longer,
cannot be exported.

Those questions are not the project's to pass on. Here it learns to say what the shipped model says,
of excerpts of the project's example inquiries and of their words in any order. How often the two
then agree, on other excerpts of the same inquiries, stands under the table: that is no accuracy. It
knows some 20,000 words and pairs, where one that was fitted to real questions knows several times
as many and takes the longer for it, so the comparison is kind to it.

It follows sklearn-onnx's documentation, "TfIdfVectorizer with ONNX" and "Converters with options":
words alone; the tokenizer's own pattern for scikit-learn too, so that both split alike; the locale
"C", for the export's own is not on every machine; `zipmap` off, for probabilities as an array.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.inquiries import excerpt, words
from benchmarks.sklearn_export import INPUT, Export
from services.model.text_model import Model

SEED = 7
EXCERPT_LETTERS, MIXED_WORDS = (40, 240), (8, 40)  # from and to
TOKEN = "[a-zA-Z0-9_]+"  # noqa: S105 - sklearn-onnx's pattern of a word
ALPHA, TOLERANCE = 0.3, 1e-3  # of the ridge regression
FLOOR = 1e-4  # smaller probabilities tell of nothing but rounding


class Baseline:
    """The pipeline in scikit-learn, and its export.

    Args:
        model: Whose answers it is fitted to.
        count: To how many texts.
        folder: Where the export is written.
    """

    def __init__(self, model: Model, count: int, folder: Path) -> None:
        with threadpool_limits(limits=1):
            self._pipeline = _fit(model, [*_texts(count)])
        self.terms = len(self._pipeline[0].vocabulary_)
        self.path = folder / "sklearn.onnx"
        self.path.write_bytes(_exported(self._pipeline))
        self.export = Export(self.path)

    def score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the pipeline's probabilities, of shape (n, labels)."""
        probabilities: NDArray[np.float64] = self._pipeline.predict_proba(texts)
        return probabilities

    def agreement(self, model: Model, texts: Sequence[str]) -> float:
        """Return the share of texts for which export and model choose the same department."""
        best: list[int] = model.score(texts).probabilities.argmax(axis=1).tolist()
        decisions = self.export.decide(texts)
        same = [model.labels[n] == each.department for n, each in zip(best, decisions, strict=True)]
        return sum(same) / len(same)


def _texts(count: int) -> Iterator[str]:
    random, running = Random(SEED), words()
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
    logistic.classes_, logistic.n_features_in_ = np.array(model.labels), counts.shape[1]
    logistic.coef_, logistic.intercept_ = ridge.coef_, ridge.intercept_
    return make_pipeline(vectorizer, logistic)


def _exported(pipeline: Pipeline) -> bytes:
    """Return the graph, which takes strings of shape (n, 1)."""
    # Here, for nothing but the benchmark needs sklearn-onnx, and tests import this module.
    from skl2onnx import convert_sklearn  # noqa: PLC0415
    from skl2onnx.common.data_types import StringTensorType  # noqa: PLC0415

    vectorizer, logistic = (step for _, step in pipeline.steps)
    graph = convert_sklearn(
        pipeline,
        initial_types=[(INPUT, StringTensorType([None, 1]))],
        options={id(vectorizer): {"locale": "C"}, id(logistic): {"zipmap": False}},
    )
    written: bytes = graph.SerializeToString()
    return written
