"""Another retriever over the texts of an experiment: its own encoder, space and document index."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from bench.cells.shared.context import Context
from bench.cells.shared.texts import Texts
from bench.data.suite.types import Suite
from bench.encoders.encoder import Encoder
from bench.encoders.fingerprint import fingerprint
from bench.encoders.load import model_folder


class OwnRetriever(Context):
    """What evaluation needs of a context, with an encoder of its own in the place of the teacher.

    Suite and texts are those of the experiment. The vector space is another one, so documents are encoded anew, and
    the space is fitted as for every other method: on the English training texts of the bitext, here with this encoder.
    """

    def __init__(self, experiment: Context, encoder: str) -> None:
        super().__init__(replace(experiment.key, teacher=encoder))
        self.experiment = experiment

    @property
    def suite(self) -> Suite:  # type: ignore[override]
        return self.experiment.suite

    @property
    def texts(self) -> Texts:  # type: ignore[override]
        """Pairs that fit the experiment's teacher: the space is fitted on the very same texts."""
        return self.experiment.texts

    def before_training(self, english: bool) -> Encoder:
        """It reads all languages itself."""
        return self.teacher.encoder

    def path(self, *parts: str) -> Path:
        """A place beside those of the experiment."""
        return self.experiment.path(f"retriever-{fingerprint(model_folder(self.key.teacher))[:16]}", *parts)


@lru_cache(maxsize=2)
def own_retriever(experiment: Context, encoder: str) -> OwnRetriever:
    """The retriever with this encoder (as for `load_encoder`); the last ones of a process are kept."""
    return OwnRetriever(experiment, encoder)
