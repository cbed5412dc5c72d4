"""A fit leaves torch's generators where it found them, those of the device that it ran on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from w2s_finetune.hardware import generators, random_state, reproducible, restore_random_state


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.Generator]:
    """What torch draws from on MPS, on a machine that has none."""
    generator = torch.Generator().manual_seed(5)
    monkeypatch.setattr(torch.mps, "get_rng_state", generator.get_state)
    monkeypatch.setattr(torch.mps, "set_rng_state", generator.set_state)
    yield generator


@pytest.mark.parametrize(("on", "names"), [("cpu", ("cpu",)), ("mps", ("cpu", "mps")), ("cuda:1", ("cpu", "cuda"))])
def test_a_fit_draws_from_the_generators_of_the_cpu_and_of_its_device(on: str, names: tuple[str, ...]) -> None:
    assert generators(torch.device(on)) == names


@pytest.mark.parametrize("on", ["cpu", "mps"])
def test_a_fit_leaves_every_generator_as_it_was_though_it_fails(drawn: torch.Generator, on: str) -> None:
    on_cpu, on_mps = torch.get_rng_state(), drawn.get_state()
    with pytest.raises(MemoryError), reproducible(3, torch.device(on)):
        first = torch.rand(4)
        if on == "mps":
            torch.rand(4, generator=drawn)
        raise MemoryError
    assert torch.equal(torch.get_rng_state(), on_cpu) and torch.equal(drawn.get_state(), on_mps)
    with reproducible(3, torch.device(on)):
        assert torch.equal(torch.rand(4), first)


def test_a_fit_that_goes_on_draws_what_it_would_have_drawn(drawn: torch.Generator) -> None:
    states = random_state(torch.device("mps"))
    before = torch.rand(4), torch.rand(4, generator=drawn)
    restore_random_state(states)
    assert torch.equal(torch.rand(4), before[0]) and torch.equal(torch.rand(4, generator=drawn), before[1])
