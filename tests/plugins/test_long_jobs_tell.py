"""What takes long says how far it is: texts read, steps done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_models import column, make, save_gpt2, small_nano, trained

from w2s_bench.contracts import Classes, FitContext, FitProblem, Labels, Output, PrepareContext, Regression, Step, listening
from w2s_bench.registry.component import Component
from w2s_bench.registry.loading import load_registry

TEXTS = [f"{'ab' * (row % 5)} {row}" for row in range(40)]


def component(kind: str, text: str) -> Any:
    made: Component = load_registry().one(kind, text)
    return made.create()


def problem(output: Output) -> FitProblem:
    random = np.random.default_rng(0)
    values = random.random((60, 2)) if isinstance(output, Classes) else random.normal(size=(60, 1))
    values = values / values.sum(axis=1, keepdims=True) if isinstance(output, Classes) else values
    return FitProblem(random.normal(size=(60, 3)).astype(np.float32), Labels(values, "weak"), FitContext(3, output), "f")


def told(work: Callable[[], object]) -> list[Step]:
    heard: list[Step] = []
    with listening(heard.append):
        work()
    return heard


def check(heard: list[Step], of: int, unit: str) -> None:
    mine = [step for step in heard if step.unit == unit]
    assert mine and mine[-1] == Step(of, of, unit) and {step.of for step in mine} == {of}
    assert [step.done for step in mine] == sorted(step.done for step in mine)


def test_networks_tell_the_texts_that_they_read(tmp_path: Path) -> None:
    save_gpt2(tmp_path)
    many = make("hf", path=str(tmp_path), batch_tokens=32)
    heard = told(lambda: many.embed(column(TEXTS), {}))
    check(heard, len(TEXTS), "texts")
    assert len(heard) > 5
    nano = small_nano()
    state = trained(nano)
    check(told(lambda: nano.embed(column(TEXTS), state)), len(TEXTS), "texts")


def test_training_tells_its_steps() -> None:
    check(told(lambda: small_nano(steps=6).prepare(PrepareContext(0, column(TEXTS)))), 6, "steps")
    network = component("models", "mlp-features[epochs=3,tasks=2,samples=20]")
    check(told(lambda: list(network.prepare_many([PrepareContext(1)]))), 3, "epochs")


@pytest.mark.parametrize(("strategy", "output", "of", "unit"), [
    ("adamw-head[epochs=4,batch=20]", Regression(1), 12, "steps"), ("mlp-head[epochs=4,batch=20]", Regression(1), 12, "steps"),
    ("reverse-kl[k=4]", Classes(2), 4, "heads")])
def test_heads_tell_how_far_they_are(strategy: str, output: Output, of: int, unit: str) -> None:
    check(told(lambda: component("strategies", strategy).fit(problem(output))), of, unit)


def test_a_search_of_penalties_tells_those_that_were_tried() -> None:
    heard = told(lambda: component("strategies", "logistic[penalty=auto]").fit(problem(Classes(2))))
    assert [step.done for step in heard] == list(range(1, len(heard) + 1)) and {step.unit for step in heard} == {"penalties"}


def test_neighbours_tell_the_rows_that_are_answered() -> None:
    given = problem(Regression(1))
    head = component("strategies", "knn").fit(given)
    check(told(lambda: head.predict(given.features)), 60, "rows")


def test_fine_tuning_tells_steps_and_then_texts() -> None:
    nano = small_nano()
    state = trained(nano)
    labels = Labels(np.arange(40.0)[:, None], "weak")
    strategy = component("strategies", "finetune[epochs=1,batch=10,loss=mse]")
    given = FitProblem(np.zeros((40, 0), np.float32), labels, FitContext(3, Regression(1)), model=nano.module(state),
                       inputs=column(TEXTS))
    heard: list[Step] = []
    with listening(heard.append):
        fitted = strategy.fit(given)
        fitted.predict(nano.module(state), column(TEXTS))
    check(heard, 4, "steps")
    check([step for step in heard if step.of == 40], 40, "texts")
