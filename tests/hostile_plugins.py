"""Plugins that break, hang, end or change the process that they are imported, listed or made in, and what is said of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HOOKS = "from w2s_bench.contracts import *\nfrom w2s_bench.contracts import hookimpl\nimport os, sys, time\n"


@dataclass(frozen=True)
class Hostile:
    """source: of its module. says: what stands in the one line about it. hangs: whether it does so until its time is over."""

    source: str
    says: str
    hangs: bool = False


def _entry(name: str, summary: str = "") -> str:
    return f"@hookimpl\ndef w2s_tasks():\n    yield TaskEntry({name!r}, 'nowhere:Task', summary={summary!r})\n"


_SOUND = _entry("sound")

LOADED = {
    "raises": Hostile("raise ValueError('no key')\n", "ValueError: no key"),
    "raises_past_exception": Hostile("class Odd(BaseException): pass\nraise Odd('worse')\n", "Odd: worse"),
    "exits": Hostile("sys.exit('no telescope')\n", "SystemExit: no telescope"),
    "exits_at_once": Hostile("os._exit(0)\n", "its import ends the process with exit code 0"),
    "aborts": Hostile("os.abort()\n", "its import ends the process by SIGABRT, at odd_aborts.py:4"),
    "segfaults": Hostile("import ctypes\nctypes.string_at(0)\n", "its import ends the process by SIGSEGV, at odd_segfaults.py:5"),
    "hangs": Hostile("while True: pass\n", "its import does not end within 1 s, at odd_hangs.py:4", hangs=True),
    "sleeps": Hostile("time.sleep(1e6)\n", "its import does not end within 1 s, at odd_sleeps.py:4", hangs=True),
    "eats": Hostile("held = []\nwhile True: held.append(b'x' * 2**24)\n",
                    "its import takes more than 400 MiB of memory, at odd_eats.py:5"),
    "leaves_a_thread": Hostile("import threading\nthreading.Thread(target=time.sleep, args=(9,)).start()\n" + _SOUND,
                               "a thread left behind"),
    "leaves_a_process": Hostile(
        "import subprocess\nsubprocess.Popen(['sleep', '600'], start_new_session=True)\n" + _SOUND, "1 process left behind"),
    "closes_standard_input": Hostile("os.write(1, bytes(range(256)) * 500)\nos.close(0)\n" + _SOUND, "standard input"),
    "closes_all": Hostile("os.closerange(3, 64)\n" + _SOUND, "closes what the process answers on"),
    "writes_everywhere": Hostile("for number in range(3, 30):\n    try: os.write(number, b'well\\n')\n    except OSError: pass\n",
                                 "writes where its answers go"),
    "goes_elsewhere": Hostile("os.chdir('/')\n" + _SOUND, "the working folder"),
    "sets_a_variable": Hostile("os.environ['OMP_NUM_THREADS'] = '1'\n" + _SOUND, "the environment variable OMP_NUM_THREADS"),
    "makes_errors_of_warnings": Hostile("import warnings\nwarnings.simplefilter('error')\n" + _SOUND, "error for every Warning"),
    "speaks_another_language": Hostile("import locale\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8')\n"
                                       "locale.setlocale(locale.LC_ALL, 'POSIX')\n" + _SOUND, "the locale"),
    "patches_json": Hostile("import json\njson.dumps = lambda *_, **__: 'null'\n" + _SOUND, "json.dumps was replaced"),
    "patches_numpy": Hostile("import numpy\nnumpy.dot = lambda a, b: 0.0\n" + _SOUND, "numpy.dot was replaced"),
    "hook_hangs": Hostile("@hookimpl\ndef w2s_models():\n    while True: pass\n",
                          "its hook w2s_models does not end within 1 s, at odd_hook_hangs.py:6", hangs=True),
    "hook_exits": Hostile("@hookimpl\ndef w2s_models():\n    os._exit(0)\n",
                          "its hook w2s_models ends the process with exit code 0"),
    "offers_without_end": Hostile("import itertools\n@hookimpl\ndef w2s_tasks():\n    for n in itertools.count():\n"
                                  "        yield TaskEntry(f'a{n}', 'm:A')\n", "its hook w2s_tasks does not end", True),
    "offers_nonsense": Hostile("@hookimpl\ndef w2s_tasks():\n    yield object\n",
                               "w2s_tasks gave <class 'object'>, not a TaskEntry"),
    "brackets": Hostile(_entry("a[b]"), "w2s_tasks offers the name 'a[b]'"),
    "newline": Hostile(_entry("a\nb"), r"w2s_tasks offers the name 'a\nb'"),
    "escapes": Hostile(_entry("\x1b[2Ja"), r"w2s_tasks offers the name '\x1b[2Ja'"),
    "escapes_in_its_summary": Hostile(_entry("a", "\x1b]0;owned\x07"), "the task a has control characters in its summary"),
    "long_name": Hostile(_entry("a" * 10_000), f"w2s_tasks offers the name '{'a' * 118}…"),
    "long_error": Hostile("raise ValueError('\\x1b[31m' + 'x' * 100_000)\n", r"ValueError: \x1b[31mxxx"),
    "wants_another_api": Hostile("requires_api = '>=99'\n" + _SOUND, "it needs the API >=99"),
}
"""By name: plugins that are not loaded."""

_METRIC = """
class Odd:
    of, outputs, columns = "pair", frozenset({{"regression"}}), (MetricColumn(name="{name}", unit="1", meaning="odd"),)
    def __init__(self): {made}
    def __call__(self, sample, prediction): return {{}}
@hookimpl
def w2s_metrics():
    yield MetricEntry("{name}", "odd_{name}:Odd")
"""
_MAKING = "making {name}/{name} "
MADE = {name: Hostile(_METRIC.format(name=name, made=made), says.format(name=name), hangs) for name, made, says, hangs in (
    ("made_hangs", "time.sleep(1e6)", _MAKING + "does not end within 1 s, at odd_made_hangs.py:7", True),
    ("made_exits", "os._exit(0)", _MAKING + "ends the process with exit code 0", False),
    ("made_crashes", "os.kill(os.getpid(), 11)", _MAKING + "ends the process by SIGSEGV", False),
    ("made_raises", "raise OSError('no table')", "cannot make {name}: OSError: no table", False),
    ("made_leaves", "import subprocess; subprocess.Popen(['sleep', '600'])", "process left behind", False),
    ("made_seeds", "import numpy; numpy.random.seed(3)", "NumPy's random state", False),
    ("made_hushes", "import numpy; numpy.seterr(all='ignore')", "NumPy's error handling", False))}
"""By name: plugins that are loaded, and whose one metric, which every plan would use, cannot be made."""

_READS = """
class Odd:
    output, divergence, draws = Regression(1), "squared", frozenset()
    capabilities = frozenset({capabilities})
    licence, citation = "none", "nobody"
    def load(self, seed): raise NotImplementedError
    def fingerprint(self): {fingerprint}
    {more}
@hookimpl
def w2s_tasks():
    yield TaskEntry("{name}", "odd_{name}:Odd")
"""
TASKS = {name: Hostile(_READS.format(name=name, capabilities=can, fingerprint=made, more=more), f"making {name}/{name} {says}",
                       hangs) for name, made, can, more, says, hangs in (
    ("print_hangs", "time.sleep(1e6)", "()", "", "does not end within 1 s, at odd_print_hangs.py:10", True),
    ("print_exits", "os._exit(0)", "()", "", "ends the process with exit code 0", False),
    ("pin_exits", "return 'a'", "{'pinned'}", "def pinned(self): os._exit(0)", "ends the process with exit code 0", False),
    ("absent_exits", "return 'a'", "{'absent'}", "def absent(self): os._exit(0)", "ends the process with exit code 0", False))}
"""By name: plugins whose one task cannot be planned."""


def install_hostile(folder: Path, plugins: dict[str, Hostile]) -> None:
    """Each as a distribution of its own."""
    for name, hostile in plugins.items():
        write_distribution(folder, f"{name}-dist", {name: f"odd_{name}"}, f"odd_{name}", hostile.source)


def write_distribution(folder: Path, distribution: str, points: dict[str, str], module: str, source: str, *, version: str = "1.0",
                       more: str = "") -> None:
    """A distribution with one module. more: lines of its metadata."""
    about = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{more}")
    (about / "entry_points.txt").write_text("[w2s_bench]\n" + "".join(f"{name} = {value}\n" for name, value in points.items()))
    (folder / f"{module}.py").write_text(HOOKS + source)


def install_misnamed(folder: Path) -> None:
    """Distributions whose metadata are odd: names, versions, requirements, files that cannot be read."""
    sound = _entry("sound")
    write_distribution(folder, "bracket-dist", {"odd[x]": "odd_bracket"}, "odd_bracket", sound)
    write_distribution(folder, "escape-dist", {"odd\x1b[2J": "odd_escape"}, "odd_escape", sound)
    write_distribution(folder, "endless-dist", {"x" * 10_000: "odd_endless"}, "odd_endless", sound)
    write_distribution(folder, "thief-dist", {"w2s_probes": "odd_thief"}, "odd_thief", sound)
    for rival in ("first", "second"):
        write_distribution(folder, f"{rival}-dist", {"contested": f"odd_{rival}"}, f"odd_{rival}", sound)
    write_distribution(folder, "banana-dist", {"banana": "odd_banana"}, "odd_banana", sound, version="banana\x1b[31m")
    write_distribution(folder, "lacking-dist", {"lacking": "odd_lacking"}, "odd_lacking", sound,
                       more="Requires-Dist: no-such-thing-anywhere>=2\n")
    write_distribution(folder, "later-dist", {"later": "odd_later"}, "odd_later", sound, more="Requires-Dist: numpy>=99\n")
    write_distribution(folder, "nowhere-dist", {"nowhere": "odd_module_that_is_not_there"}, "odd_nowhere", sound)
    write_distribution(folder, "nonsense-dist", {"nonsense": "a b c!"}, "odd_nonsense", sound)
    write_distribution(folder, "bytes-dist", {"bytes": "odd_bytes"}, "odd_bytes", sound)
    (folder / "bytes_dist-1.0.dist-info" / "entry_points.txt").write_bytes(b"[w2s_bench]\nbytes = odd_\xff\xfe\n")
    write_distribution(folder, "void-dist", {"void": "odd_void"}, "odd_void", sound)
    (folder / "void_dist-1.0.dist-info" / "METADATA").unlink()


MISNAMED = {
    "odd[x]": "the plugin name odd[x] is none", r"odd\x1b[2J": r"the plugin name odd\x1b[2J is none",
    "x" * 79 + "…": f"the plugin name {'x' * 79}… is none",
    "w2s_probes": "the plugin name 'w2s_probes' is bundled with w2s-bench",
    "contested": "the plugin name 'contested' is claimed by first-dist 1.0 and second-dist 1.0",
    "nowhere": "No module named 'odd_module_that_is_not_there'", "nonsense": "", "bytes-dist": "its entry points cannot be read"}
"""By plugin, in words that stand in the line about it; the others load, and `plugin doctor` says what is odd about them."""

ODD_METADATA = {"banana": r"its version banana\x1b[31m is none", "lacking": "no-such-thing-anywhere>=2, which is not installed",
                "later": "it requires numpy>=99, and numpy "}
