"""Lightning's DDP for processes that were started and have met already."""

from __future__ import annotations

from typing import Any

from pytorch_lightning.plugins.environments import LightningEnvironment
from pytorch_lightning.strategies import DDPStrategy

from bench.training.devices.ranks import Ranks


class _Started(LightningEnvironment):
    """All ranks are processes of this machine, and they run."""

    def __init__(self, ranks: Ranks) -> None:
        super().__init__()
        self.ranks = ranks

    @property
    def creates_processes_externally(self) -> bool:
        return True

    def local_rank(self) -> int:
        return self.ranks.rank

    def node_rank(self) -> int:
        return 0


class Together(DDPStrategy):
    """Devices, ranks and checkpoints as in Lightning's DDP; the gradients are summed by `Ranks.sum_gradients`.

    torch's wrapper takes the mean over losses of parts of a batch. Here each rank has the loss of the whole batch, the model may
    compute in bfloat16 with float32 masters (`Weights`), and parameters without a gradient are allowed.
    """

    def __init__(self, ranks: Ranks) -> None:
        super().__init__(cluster_environment=_Started(ranks), process_group_backend=ranks.backend)

    def configure_ddp(self) -> None:
        """The model stays as it is."""

    def barrier(self, *args: Any, **kwargs: Any) -> None:
        """As it is, but for a checkpoint: the first rank writes it, and need not be waited for."""
        if "Trainer.save_checkpoint" not in (*args, *kwargs.values()):
            super().barrier(*args, **kwargs)


def trainer_options(ranks: Ranks) -> dict[str, Any]:
    """What a `Trainer` is told of the devices."""
    if ranks.alone:
        return {"devices": 1}
    return {"devices": ranks.size, "strategy": Together(ranks), "use_distributed_sampler": False}
