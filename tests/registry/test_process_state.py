"""What code of others changes in its process is seen and said; what an import leaves behind is no change."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROLOGUE = """
import json, os, sys, threading, time, warnings, random, signal, subprocess, locale, decimal
import numpy as np
import w2s_bench.compute.lent, w2s_bench.scoring.ratios
from w2s_bench.registry.process_state import changed, state
said = {}
def of(name, do):
    before = state()
    do()
    said[name] = changed(before, state())
"""

CHANGES: dict[str, tuple[str, str]] = {
    "nothing": ("pass", ""),
    "what msgspec keeps of a class": ("import msgspec; from w2s_bench.contracts import Classes, Preferences; "
                                      "[msgspec.convert({\"k\": 2}, each) for each in (Classes, Preferences)]", ""),
    "numpy seed": ("np.random.seed(0)", "NumPy's random state"),
    "numpy draw": ("np.random.rand()", "NumPy's random state"),
    "numpy draw given back": ("kept = np.random.get_state(); np.random.rand(); np.random.set_state(kept)", ""),
    "errors": ("np.seterr(all='raise')", "NumPy's error handling"),
    "print": ("np.set_printoptions(precision=2)", "NumPy's print options"),
    "seed": ("random.seed(1)", "Python's random state"),
    "draw": ("random.random()", ""),
    "a filter for all": ("warnings.simplefilter('ignore')", "a filter of warnings: ignore for every Warning"),
    "an error for all": ("warnings.simplefilter('error', RuntimeWarning)",
                         "a filter of warnings: error for every RuntimeWarning"),
    "a library's filter": ("warnings.filterwarnings('ignore', module='torch')", ""),
    "folder": ("os.chdir('/')", "the working folder (FOLDER before, / after)"),
    "umask": ("os.umask(0o111)", "the umask (18 before, 73 after)"),
    "locale": ("locale.setlocale(locale.LC_ALL, 'C.UTF-8')", "the locale (LOCALE before, C.UTF-8 after)"),
    "variable": ("os.environ['OMP_NUM_THREADS'] = '64'", "the environment variable OMP_NUM_THREADS"),
    "a library's variable": ("os.environ['KMP_INIT_AT_FORK'] = 'FALSE'", ""),
    "handler": ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", "the handler of SIGTERM"),
    "path": ("sys.path.insert(0, 'theirs')", "sys.path"),
    "path at its end": ("sys.path.append('theirs')", ""),
    "a store's thread": ("from fsspec.asyn import get_loop, sync; sync(get_loop(), get_loop().getaddrinfo, '127.0.0.1', 9)", ""),
    "print to elsewhere": ("sys.stdout = sys.stderr", "sys.stdout"),
    "closed": ("os.close(0)", "standard input"),
    "patched numpy": ("np.dot = lambda a, b: 0", "numpy.dot was replaced"),
    "deleted": ("del np.linalg.inv", "numpy.linalg.inv is gone"),
    "constant": ("np.pi = 3", "numpy.pi was replaced"),
    "patched core": ("w2s_bench.compute.lent.lent = dict", "w2s_bench.compute.lent.lent was replaced"),
    "patched class": ("w2s_bench.compute.lent.Loan.array = None", "w2s_bench.compute.lent.Loan.array was replaced"),
    "module": ("sys.modules['numpy.fft'] = np.linalg", "numpy.fft was replaced"),
    "thread": ("threading.Thread(target=time.sleep, args=(9,), daemon=True, name='mine').start()",
               "a thread left behind (mine)"),
    "child": ("subprocess.Popen(['sleep', '2'])", "1 process left behind"),
    "decimals": ("decimal.getcontext().prec = 3", "the precision of decimal numbers")}


def _said(prologue: str, changes: dict[str, tuple[str, str]]) -> dict[str, list[str]]:
    code = prologue + "".join(f"def do():\n    {do}\nof({name!r}, do)\n" for name, (do, _) in changes.items())
    code += "print(json.dumps(said), file=sys.__stdout__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_each_change_is_named_in_words() -> None:
    said = _said(PROLOGUE, CHANGES)
    for name, (_, words) in CHANGES.items():
        assert [line.split(" (")[0] if "before, " in line else line for line in said[name][:1]] == (
            [words.split(" (")[0] if "before, " in words else words] if words else []), (name, said[name])


MOMENT = """
from concurrent.futures import ThreadPoolExecutor
from w2s_bench.registry.process_state import changed_for_good
def of(name, do):
    before, begun = state(), time.monotonic()
    do()
    said[name] = [*changed_for_good(before)[1], time.monotonic() - begun]
"""


@pytest.mark.slow
def test_what_ends_within_a_moment_is_no_change_and_nothing_is_waited_for_where_nothing_is_found() -> None:
    pool = "pool = ThreadPoolExecutor(2); [pool.submit(time.sleep, 0.2) for _ in range(4)]; pool.shutdown(wait=False)"
    said = _said(PROLOGUE + MOMENT, {"nothing": ("pass", ""), "a constant": ("np.pi = 3", ""), "a pool that ends": (pool, ""),
                                     "a thread": CHANGES["thread"], "a child": CHANGES["child"]})
    took = {name: lines.pop() for name, lines in said.items()}
    assert said == {"nothing": [], "a constant": ["numpy.pi was replaced"], "a pool that ends": [],
                    "a thread": ["a thread left behind (mine)"], "a child": ["1 process left behind"]}
    assert max(took["nothing"], took["a constant"]) < 0.2 and took["a pool that ends"] < 1.5, took


TORCH = {
    "nothing": ("pass", ""),
    "import of scikit-learn": ("import sklearn.linear_model", ""),
    "import": ("import torch, torch.nn.functional", ""),
    "dtype": ("torch.set_default_dtype(torch.float64)", "torch's default dtype (torch.float32 before, torch.float64 after)"),
    "seed": ("torch.manual_seed(0)", "torch's random state"),
    "threads": ("torch.set_num_threads(3)", "torch's number of threads"),
    "gradients": ("torch.set_grad_enabled(False)", "torch's gradients"),
    "deterministic": ("torch.use_deterministic_algorithms(True)", "torch's deterministic flags"),
    "precision": ("torch.set_float32_matmul_precision('medium')", "torch's precision of matrix products"),
    "patched": ("torch.nn.functional.relu = abs", "torch.nn.functional.relu was replaced"),
    "a method": ("torch.Tensor.sum = None", "torch.Tensor.sum was replaced"),
    "torch's wrapper": ("[made([torch.nn.Parameter(torch.ones(1))]) for made in (torch.optim.AdamW, torch.optim.Adam)]", ""),
    "torch's compiler": ("import torch._dynamo", ""),
    "a first use of it": ("torch.compile(lambda x: x, backend='eager')(torch.ones(1))", ""),
    "a seed of torch": ("torch.manual_seed = lambda *_: None", "torch.manual_seed was replaced"),
    "a step": ("torch.optim.Adam.step = functools.wraps(torch.optim.Adam.step)(lambda *_: None)",
               "torch.optim.Adam.step was replaced"),
    "an inherited step": ("torch.optim.AdamW.step = lambda *_: None", "torch.optim.AdamW.step was replaced")}

MIMICS = {
    "in the compiler's wrapper": ("import torch._dynamo; torch.manual_seed = torch._dynamo.disable(lambda *_: None)",
                                  "torch.manual_seed was replaced"),
    "in torch's wrapper": ("mine = functools.wraps(torch.optim.Adam.step)(lambda *_: None); "
                           "torch.optim.Adam.step = torch.optim.Optimizer.profile_hook_step(mine)",
                           "torch.optim.Adam.step was replaced"),
    "an inherited one in torch's wrapper": ("torch.optim.AdamW.step = torch.optim.Optimizer.profile_hook_step(lambda *_: None)",
                                            "torch.optim.AdamW.step was replaced")}


@pytest.mark.slow
def test_what_is_done_to_torch_is_named_too_and_an_import_is_no_change() -> None:
    _named(PROLOGUE.replace("import numpy as np", "import functools\nimport numpy as np\ntorch = None"), TORCH)
    _named(PROLOGUE.replace("import numpy as np", "import functools\nimport numpy as np\nimport torch"), MIMICS)


def _named(prologue: str, changes: dict[str, tuple[str, str]]) -> None:
    said = _said(prologue, {name: (f"global torch; {do}", words) for name, (do, words) in changes.items()})
    assert {name: any(line.startswith(words) for line in said[name]) if words else not said[name]
            for name, (_, words) in changes.items()} == dict.fromkeys(changes, True), said


@pytest.mark.slow
def test_a_library_that_was_set_while_it_was_imported_is_compared_with_what_it_is_untouched() -> None:
    do = {"both": ("import sklearn; import torch; torch.set_default_dtype(torch.float64)", "")}
    assert "torch's default dtype (torch.float32 before, torch.float64 after)" in _said(PROLOGUE, do)["both"]
