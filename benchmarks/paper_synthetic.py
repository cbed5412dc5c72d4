"""How long the paper's synthetic study takes beside plain loops of the same arithmetic, in one run.

    .venv/bin/python benchmarks/paper_synthetic.py [--whole]

The plain loops are PyTorch in float32, one network and one head at a time, as in the authors' notebook. They and our own
functions, the ones that `w2s-bench run` calls, are timed by turns on slices, and the medians are stretched to one full
panel of 100 tasks. --whole also computes one panel of one seed from end to end. The tests run the same plain loops and
hold our answers against theirs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from w2s_probes.adamw_head import AdamWHead, initial_head
from w2s_synthetic.features import NetworkFeatures
from w2s_synthetic.network import Shape, shape_of
from w2s_synthetic.pretrain import Recipe, first_network, lessons_of, orders_of
from w2s_synthetic.task import RandomNetwork

from w2s_bench.contracts import Array, FitContext, FitProblem, Labels, PrepareContext, Regression
from w2s_bench.contracts.seeds import generator_for, seed_for

STRONG, WEAK, TASKS, ROWS, EPOCHS, BATCH, LR, SEEDS = 8, 2, 100, 2000, 1000, 32, 1e-3, 8
MODEL = NetworkFeatures(tasks=10, samples=ROWS, epochs=EPOCHS, lr=LR, batch=BATCH)
HEAD = AdamWHead(epochs=EPOCHS, lr=LR, batch=BATCH, standardise=False)
REPEATS, PLAIN_EPOCHS, OUR_EPOCHS = 5, 6, 25


def plain_network(shape: Shape, flat: Array, dtype: Any) -> Any:
    """A torch network with the parameters `flat`."""
    layers: list[Any] = []
    for weight, bias in shape.layers(flat[None]):
        linear = torch.nn.Linear(*weight.shape[1:], dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(weight[0].T.copy()))
            linear.bias.copy_(torch.tensor(bias[0, 0].copy()))
        layers += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def plain_pretraining(seed: int, shape: Shape, recipe: Recipe, dtype: Any) -> Any:
    """The network of a seed, pretrained step by step."""
    lessons, rng = lessons_of(seed, recipe), orders_of(seed)
    network = plain_network(shape, first_network(seed, shape), dtype)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.lr)
    heads, x, y = (torch.tensor(part, dtype=dtype) for part in (lessons.heads, lessons.x, lessons.y))
    for _ in range(recipe.epochs):
        for head, inputs, labels in zip(heads, x, y, strict=True):
            for rows in torch.tensor(rng.permutation(recipe.samples)).split(recipe.batch):
                optimiser.zero_grad()
                answers = network(inputs[rows]) @ head[:-1, None] + head[-1]
                torch.nn.functional.mse_loss(answers, labels[rows]).backward()
                optimiser.step()
    return network


def plain_head(features: Array, values: Array, seed: int, recipe: AdamWHead, dtype: Any) -> Any:
    """The linear head of a seed, trained step by step."""
    rng = generator_for("adamw head", seed=seed)
    weight, bias = initial_head(rng, features.shape[1], values.shape[1])
    layer = torch.nn.Linear(*weight.shape, dtype=dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight.T))
        layer.bias.copy_(torch.tensor(bias))
    optimiser = torch.optim.AdamW(layer.parameters(), lr=recipe.lr, weight_decay=recipe.decay)
    x, y = torch.tensor(features, dtype=dtype), torch.tensor(values, dtype=dtype)
    for _ in range(recipe.epochs):
        for rows in torch.tensor(rng.permutation(len(x))).split(recipe.batch):
            optimiser.zero_grad()
            torch.nn.functional.mse_loss(layer(x[rows]), y[rows]).backward()
            optimiser.step()
    return layer


def contexts(seeds: int) -> list[PrepareContext]:
    """What a model that is pretrained is told."""
    return [PrepareContext(seed=seed) for seed in range(seeds)]


def head_problems(seed: int) -> list[FitProblem]:
    """One head for each task, on features of their own."""
    model = NetworkFeatures(source="target")
    state, found = model.prepare(PrepareContext(seed=seed)), []
    for task in range(TASKS):
        split = RandomNetwork(task=task, supervise=ROWS, transfer=1, test=1).load(seed).supervise
        features = model.embed(split.inputs, state).values
        context = FitContext(seed_for("benchmark", task=task, seed=seed), Regression(1))
        found.append(FitProblem(features, Labels(split.truth, "truth"), context, f"{seed} {task}"))
    return found


def medians(timed: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Median seconds of each, called by turns, so that a busy moment of the machine meets all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(REPEATS):
        for name, call in timed.items():
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def slices() -> dict[str, Callable[[], Any]]:
    """What is timed, by name: plain loops of 378 steps; ours for one seed and for 8."""
    plain = Recipe(1, ROWS, PLAIN_EPOCHS, LR, BATCH, MODEL.scale)
    problems = [head_problems(seed) for seed in range(SEEDS)]
    first, plain_recipe, head = problems[0][0], replace(HEAD, epochs=PLAIN_EPOCHS), replace(HEAD, epochs=OUR_EPOCHS)
    timed: dict[str, Callable[[], Any]] = {
        "plain heads": lambda: plain_head(first.features, first.labels.values, 0, plain_recipe, torch.float32)}

    def ours(name: str, seeds: int, layers: int) -> None:
        model, given = replace(MODEL, layers=layers, epochs=OUR_EPOCHS), contexts(seeds)
        timed[f"{seeds} {name}"] = lambda: model.prepare_many(given)

    for name, layers in (("strong", STRONG), ("weak", WEAK)):
        timed[f"plain {name}"] = lambda layers=layers: plain_pretraining(0, shape_of(layers, 16), plain, torch.float32)
        ours(name, 1, layers)
        ours(name, SEEDS, layers)
    timed["1 heads"] = lambda: head.fit_many(problems[0])
    timed[f"{SEEDS} heads"] = lambda: [head.fit_many(batch) for batch in problems]
    return timed


def table(seconds: dict[str, float]) -> list[str]:
    """Lines of seconds for a panel and ratios; a panel has one network of each kind and 3 × 100 heads."""
    steps = {"strong": 10 * EPOCHS * -(-ROWS // BATCH), "weak": 10 * EPOCHS * -(-ROWS // BATCH),
             "heads": 3 * TASKS * EPOCHS * -(-ROWS // BATCH)}
    stretched = EPOCHS / OUR_EPOCHS
    rows, totals = [], np.zeros(3)
    for name, count in steps.items():
        plain = seconds[f"plain {name}"] / (PLAIN_EPOCHS * -(-ROWS // BATCH)) * count
        kinds = 3 if name == "heads" else 1
        one, many = (seconds[f"{seeds} {name}"] * kinds * stretched / seeds for seeds in (1, SEEDS))
        totals += (plain, one, many)
        rows.append((name, plain, one, many, count))
    rows.append(("panel", *totals, sum(steps.values())))
    lines = [f"{'':8} {'steps':>11} {'plain':>21} {'ours, 1 seed':>28} {f'ours, {SEEDS} seeds, a seed':>28}"]
    for name, plain, one, many, count in rows:
        cells = [f"{value:7.1f} s {1e6 * value / count:6.2f} µs {plain / value:5.0f} x" for value in (one, many)]
        lines.append(f"{name:8} {count:11,} {plain:8.0f} s {1e6 * plain / count:7.0f} µs {cells[0]:>28} {cells[1]:>28}")
    return lines + [f"required of the panel: {totals[0] / totals[1]:.0f} x with one seed (at least 10), "
                    f"{totals[0] / totals[2]:.0f} x a seed with {SEEDS} (at least 50)"]


def whole(seed: int) -> list[str]:
    """One panel of one seed at full size, really computed: seconds of its parts, and what it says."""
    clock, marks = time.perf_counter, [time.perf_counter()]
    models = {name: replace(MODEL, layers=layers) for name, layers in (("strong", STRONG), ("weak", WEAK))}
    states = {name: model.prepare(PrepareContext(seed=seed)) for name, model in models.items()}
    marks.append(clock())
    splits = [RandomNetwork(task=task, supervise=ROWS, transfer=ROWS, test=ROWS, reuse=True).load(seed) for task in range(TASKS)]
    train, test = ({name: [model.embed(getattr(split, part).inputs, states[name]).values for split in splits]
                    for name, model in models.items()} for part in ("transfer", "test"))
    marks.append(clock())

    def heads(name: str, labels: list[Array]) -> list[Any]:
        return HEAD.fit_many([
            FitProblem(features, Labels(values, "truth"), FitContext(seed_for(name, task=task, seed=seed), Regression(1)))
            for task, (features, values) in enumerate(zip(train[name], labels, strict=True))])

    truth = [split.transfer.truth for split in splits]
    weak, _ceiling = heads("weak", truth), heads("strong", truth)
    student = heads("strong", [head.predict(features) for head, features in zip(weak, train["weak"], strict=True)])
    marks.append(clock())
    gains, misfits = [], []
    for task, split in enumerate(splits):
        taught, learnt = weak[task].predict(test["weak"][task]), student[task].predict(test["strong"][task])
        gains.append(((taught - split.test.truth) ** 2).mean() - ((learnt - split.test.truth) ** 2).mean())
        misfits.append(((learnt - taught) ** 2).mean())
    parts = np.diff([*marks, clock()])
    return [f"one whole panel of seed {seed}: {sum(parts):.1f} s (pretraining {parts[0]:.1f}, data and features {parts[1]:.1f}, "
            f"{3 * TASKS} heads {parts[2]:.1f}, errors {parts[3]:.1f}); mean gain {np.mean(gains):.4g}, mean misfit "
            f"{np.mean(misfits):.4g}, correlation {np.corrcoef(gains, misfits)[0, 1]:.3f}"]


def main() -> None:
    """Print seconds and ratios."""
    parser = argparse.ArgumentParser(description="The paper's synthetic study beside plain loops.")
    parser.add_argument("--whole", action="store_true", help="also compute one panel of one seed at full size")
    wanted = parser.parse_args()
    started = time.perf_counter()
    replace(MODEL, epochs=1, samples=BATCH).prepare_many(contexts(1))
    replace(HEAD, epochs=1).fit_many(head_problems(0)[:1])
    print(f"{os.cpu_count()} processors, torch with {torch.get_num_threads()} threads; our loops compiled, or read from the "
          f"cache, in {time.perf_counter() - started:.1f} s. Medians of {REPEATS} slices, stretched to a full panel:")
    print("\n".join(table(medians(slices()))))
    if wanted.whole:
        print("\n".join(whole(0)))


if __name__ == "__main__":
    main()
