"""Plugins that do in a job what code should not, each a distribution of its own: what they do, and what is said of it."""

from __future__ import annotations

from typing import NamedTuple

SHAPES = {
    "load": ("tasks", "TaskEntry", "Words", "def load(self, seed):\n        {does}\n        return Words.load(self, seed)"),
    "prepare": ("models", "ModelEntry", "Projected",
                "def prepare(self, context):\n        {does}\n        return Projected.prepare(self, context)"),
    "embed": ("models", "ModelEntry", "Letters",
              "def embed(self, inputs, state):\n        {does}\n        return Letters.embed(self, inputs, state)"),
    "fit": ("strategies", "StrategyEntry", "Lines",
            "def fit(self, problem):\n        if problem.labels.source == 'weak':\n            {does}\n"
            "        return Lines.fit(self, problem)"),
    "predict": ("strategies", "StrategyEntry", "Lines",
                "def from_arrays(self, arrays):\n        return Answers(arrays['weight'], False)")}
"""By stage: kind, entry, the component that it is but for one method, and that method."""

ANSWERS = "class Answers(Head):\n    def predict(self, features):\n        {does}\n        return Head.predict(self, features)\n"

class Hostile(NamedTuple):
    """does: statements of the method, one a line. status, error: of its cell, and how that begins. changes: what is said to have
    been changed, "" for nothing."""

    stage: str
    does: str
    status: str = "ok"
    error: str = ""
    changes: str = ""

    @property
    def kind(self) -> str:
        """In the plural."""
        return SHAPES[self.stage][0]

    def source(self, name: str) -> str:
        """The module of the plugin that offers it."""
        kind, entry, base, method = SHAPES[self.stage]
        indent = "            " if self.stage == "fit" else "        "
        does = f"\n{indent}".join(self.does.splitlines())
        answers = ANSWERS.format(does=does) if self.stage == "predict" else ""
        return ("import ctypes, locale, os, subprocess, sys, threading, time, warnings\nimport numpy as np\n"
                f"from made_components import Head, Letters, Lines, Projected, Words\n{answers}"
                f"class Component({base}):\n    {method.format(does=does)}\n"
                f"@hookimpl\ndef w2s_{kind}():\n    yield {entry}('{name}', '{module_of(name)}:Component')\n")


def module_of(name: str) -> str:
    """Of the plugin that offers it."""
    return f"hostile_{name.replace('-', '_')}"


LOST = "its process ended with "
CONTAINED = {
    "load-raises": Hostile("load", "raise RuntimeError('no telescope')", "failed", "RuntimeError: no telescope"),
    "load-exits": Hostile("load", "sys.exit(3)", "failed", "raised SystemExit(3)"),
    "load-ends": Hostile("load", "os._exit(0)", "lost", f"{LOST}exit code 0"),
    "load-generates": Hostile("load", "return (each for each in [1])", "failed", "AttributeError: 'generator' object"),
    "load-nan": Hostile("load", "found = Words.load(self, seed)\nfound.test.truth[:] = np.nan\nreturn found", "failed",
                        "load-nan, test split: label of example"),
    "prepare-crashes": Hostile("prepare", "ctypes.string_at(0)", "lost", f"{LOST}signal 11"),
    "prepare-nothing": Hostile("prepare", "return None", "failed", "TypeError: "),
    "embed-endless": Hostile("embed", "time.sleep(1e6)", "timeout", "hung: for "),
    "embed-crashes": Hostile("embed", "ctypes.string_at(0)", "lost", f"{LOST}signal 11"),
    "embed-nan": Hostile("embed", "found = Letters.embed(self, inputs, state)\nfound.values[:] = np.nan\nreturn found",
                         "diverged", "embed-nan gave features that are not finite"),
    "embed-texts": Hostile("embed", "return ['a'] * 3", "failed", "AttributeError: 'list' object"),
    "embed-mutates": Hostile("embed", "inputs['text'][:] = 'a'"),
    "fit-grows": Hostile("fit", "kept = []\nwhile True:\n    kept.append(np.ones(4 << 20))\n    time.sleep(0.01)", "oom",
                         "its process held "),
    "fit-prints-bytes": Hostile("fit", "os.write(1, bytes(range(256)) * 100)"),
    "fit-mutates": Hostile("fit", "problem.features[:] = 0\nproblem.labels.values[:] = 0"),
    "fit-nothing": Hostile("fit", "return None", "failed", "AttributeError: 'NoneType' object"),
    "fit-generates": Hostile("fit", "return (each for each in [1])", "failed", "AttributeError: 'generator' object"),
    "predict-ends": Hostile("predict", "os._exit(0)", "lost", f"{LOST}exit code 0"),
    "predict-shape": Hostile("predict", "return np.zeros(3)", "failed", "predict-shape predicted an array of shape (3,)"),
    "predict-nan": Hostile("predict", "return np.full((len(features), 1), np.nan)", "diverged",
                           "predict-nan predicted values that are not finite")}
"""What ends, or costs, its own cell alone."""

CHANGING = {
    "load-seeds": Hostile("load", "np.random.seed(0)", changes="NumPy's random state"),
    "embed-draws": Hostile("embed", "np.random.rand()", changes="NumPy's random state"),
    "fit-folder": Hostile("fit", "os.chdir('/')", changes="the working folder"),
    "fit-locale": Hostile("fit", "locale.setlocale(locale.LC_ALL, 'C.UTF-8' if locale.setlocale(locale.LC_ALL) == 'C' else 'C')",
                          changes="the locale"),
    "fit-threads": Hostile("fit", "import threadpoolctl\nthreadpoolctl.threadpool_limits(1)",
                           changes="the number of threads of openblas (2 before, 1 after)"),
    "fit-dtype": Hostile("fit", "import torch\ntorch.manual_seed(0)\ntorch.set_default_dtype(torch.float64)",
                         changes="torch's default dtype (torch.float32 before, torch.float64 after)"),
    "fit-errors": Hostile("fit", "np.seterr(all='raise')", changes="NumPy's error handling"),
    "fit-warnings": Hostile("fit", "warnings.simplefilter('error')", changes="a filter of warnings: error for every Warning"),
    "fit-environment": Hostile("fit", "os.environ['OMP_NUM_THREADS'] = '64'", changes="the environment variable OMP_NUM_THREADS"),
    "fit-stdin": Hostile("fit", "os.close(0)", changes="standard input"),
    "fit-umask": Hostile("fit", "os.umask(0o777)", changes="the umask"),
    "fit-patches": Hostile("fit", "np.linalg.pinv = lambda a: np.zeros(a.shape[::-1])", changes="numpy.linalg.pinv was replaced"),
    "fit-thread": Hostile("fit", "threading.Thread(target=time.sleep, args=(1e6,), name='mine').start()",
                          changes="a thread left behind (mine)"),
    "fit-child": Hostile("fit", "subprocess.Popen(['sleep', '1000'])", changes="left behind"),
    "predict-patches": Hostile("predict", "np.hstack = None", changes="numpy.hstack was replaced")}
"""What would change the rows of others, in the same process."""
