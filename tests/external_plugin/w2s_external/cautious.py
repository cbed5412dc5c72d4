"""A loss: ten lines."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cautious:
    share: float
    outputs = frozenset({"classes"})

    def __call__(self, logits, labels, progress):
        even = labels.mean(dim=0, keepdim=True)
        return -((1 - self.share) * labels + self.share * even).mul(logits.log_softmax(dim=1)).sum(dim=1).mean()
