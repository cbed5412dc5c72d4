"""Strategies that train a network's own weights, whole or through low-rank adapters, and the losses that they minimise."""

from __future__ import annotations

from collections.abc import Iterable

from w2s_bench.contracts import LossEntry, Parameter, StrategyEntry, hookimpl

requires_api = ">=1,<2"

CLASSES, PREFERENCES, REGRESSION = frozenset({"classes"}), frozenset({"preferences"}), frozenset({"regression"})
LIBRARIES = ("accelerate", "peft", "torch", "transformers")

WARMUP = Parameter("warmup", float, 0.1, "share of the training over which alpha rises from 0", low=0.0, high=1.0)
PRECISION = Parameter("precision", str, "auto", "of activations; auto: bfloat16 on a GPU that has it, else float32",
                      choices=("auto", "float32", "bfloat16"))
SCHEDULE = Parameter("schedule", str, "linear", "learning rate after its rise: down to 0 linearly or along a cosine, or constant",
                     choices=("linear", "cosine", "constant"))
RISE = Parameter("warmup", float, 0.1, "share of the steps over which the learning rate rises", low=0.0, high=1.0)
CLIP = Parameter("clip", float, 1.0, "largest norm of a step's gradient; 0: any", low=0.0)
ACCUMULATE = Parameter("accumulate", int, 1, "parts in which a batch passes through the network; for memory only", low=1)
EVERY = Parameter("checkpoint-every", int, 100, "steps between checkpoints from which a killed fit goes on; 0: none", low=0,
                  role="speed")


@hookimpl
def w2s_losses() -> Iterable[LossEntry]:
    """Losses of the published studies for classes, and the squared error for numbers."""
    yield LossEntry("xent", "w2s_finetune.losses:CrossEntropy", tags=CLASSES, summary="cross-entropy with the soft labels")
    yield LossEntry(
        "logconf", "w2s_finetune.losses:LogConfidence", tags=CLASSES,
        summary="cross-entropy with the labels mixed with the student's own hardened predictions (Burns et al. 2023)",
        parameters=(Parameter("alpha", float, 0.5, "weight of its own predictions", low=0.0, high=1.0), WARMUP),
    )
    yield LossEntry(
        "product", "w2s_finetune.losses:Product", tags=CLASSES,
        summary="cross-entropy with the product of the labels and the student's own predictions",
        parameters=(Parameter("alpha", float, 1.0, "exponent of the labels", low=0.0),
                    Parameter("beta", float, 1.0, "exponent of its own predictions", low=0.0)),
    )
    yield LossEntry(
        "entropy", "w2s_finetune.losses:Entropy", tags=CLASSES,
        summary="cross-entropy with the labels, and the entropy of the student's predictions",
        parameters=(Parameter("alpha", float, 0.5, "weight of the entropy", low=0.0, high=1.0), WARMUP),
    )
    yield LossEntry(
        "window", "w2s_finetune.losses:Window", tags=CLASSES,
        summary="cross-entropy where the student is unsure, nothing elsewhere",
        parameters=(Parameter("radius", float, 0.15, "unsure: confidence below 0.5 + radius; midweak: the median confidence "
                              "of the weak labels", low=0.0, high=0.51, words=("midweak",)),),
    )
    yield LossEntry("kl", "w2s_finetune.losses:ForwardKL", tags=CLASSES, summary="KL(weak ‖ student)")
    yield LossEntry("reverse-kl", "w2s_finetune.losses:ReverseKL", tags=CLASSES,
                    summary="KL(student ‖ weak), the misfit itself")
    yield LossEntry("reverse-xent", "w2s_finetune.losses:ReverseCrossEntropy", tags=CLASSES,
                    summary="cross-entropy the other way, −Σ student · log weak (Yao et al. 2025)")
    yield LossEntry(
        "cace", "w2s_finetune.losses:ConfidenceAdaptive", tags=CLASSES,
        summary="xent where the teacher is sure, reverse-xent elsewhere (Xu et al. 2026)",
        parameters=(Parameter("threshold", float, 0.1, "sure: weak confidence at least 0.5 + threshold", low=0.0, high=0.5),),
    )
    yield LossEntry(
        "symmetric", "w2s_finetune.losses:Symmetric", tags=CLASSES, summary="a sum of xent and reverse-xent (Wang et al. 2019)",
        parameters=(Parameter("alpha", float, 1.0, "weight of xent", low=0.0),
                    Parameter("beta", float, 0.1, "weight of reverse-xent", low=0.0)),
    )
    yield LossEntry("mse", "w2s_finetune.losses:SquaredError", tags=REGRESSION, summary="squared error, for numbers")


@hookimpl
def w2s_strategies() -> Iterable[StrategyEntry]:
    """Fine-tuning, and a language-model stage before it."""
    yield StrategyEntry(
        "finetune", "w2s_finetune.finetune:Finetune", tags=CLASSES | PREFERENCES | REGRESSION, extra="finetune",
        needs=("peft", "accelerate"), libraries=LIBRARIES,
        summary="trains the network and a linear head on the labels: all weights, or low-rank adapters",
        parameters=(
            Parameter("loss", str, "xent", "what is minimised; mse for numbers", names="losses"),
            Parameter("weights", str, "lora", "which weights of the network are trained", choices=("lora", "full")),
            Parameter("rank", int, 8, "of the adapters (LoRA)", low=1, high=4096),
            Parameter("alpha", float, 16.0, "adapters are scaled by alpha / rank", low=0.0),
            Parameter("epochs", int, 3, "passes over the labels", low=1, high=100_000),
            Parameter("lr", float, "auto", "peak learning rate of AdamW; auto: 0.001 for adapters, 0.04 / width for all weights",
                      low=0.0, words=("auto",)),
            Parameter("head-lr", float, "auto", "peak learning rate of the head; auto: 0.5 / width", low=0.0, words=("auto",)),
            Parameter("head", str, "zero", "where the head starts; random: as torch.nn.Linear does, drawn by the cell's seed",
                      choices=("zero", "random")),
            Parameter("batch", int, 32, "examples in a step", low=1, high=65536),
            ACCUMULATE,
            SCHEDULE,
            RISE,
            Parameter("decay", float, 0.0, "decoupled decay of weight matrices", low=0.0),
            CLIP,
            PRECISION,
            Parameter("validation", float, 0.0, "share of the given labels that is held out for early stopping", low=0.0,
                      high=0.9),
            Parameter("patience", int, 1, "epochs without a better held-out loss after which training stops", low=1),
            EVERY,
        ),
    )
    yield StrategyEntry(
        "generative", "w2s_finetune.generative:Generative", tags=CLASSES | PREFERENCES | REGRESSION, extra="finetune",
        needs=("peft", "accelerate"), libraries=LIBRARIES,
        summary="trains the network on the texts without labels, as a language model, and then with another strategy",
        parameters=(
            Parameter("student", str, "finetune", "the strategy that follows, one that trains a network", names="strategies"),
            Parameter("epochs", int, 1, "passes over the texts", low=1, high=100_000),
            Parameter("lr", float, 1e-4, "peak learning rate of AdamW", low=0.0),
            Parameter("batch", int, 32, "texts in a step", low=1, high=65536),
            ACCUMULATE,
            SCHEDULE,
            RISE,
            CLIP,
            PRECISION,
            EVERY,
        ),
    )
