"""A rank that dies in its third step, as one does whose memory ran out."""

import os

from bench.cells.arms import member
from bench.training.module import Distillation

steps = 0
whole = Distillation.training_step


def step(self, positions, index):
    global steps
    steps += 1
    if steps == 3:
        os._exit(9)
    whole(self, positions, index)


if __name__ == "__main__":
    Distillation.training_step = step
    member.main()
