"""The commands of `w2s-bench` itself: the file of each, and a line that says what it does."""

from __future__ import annotations

COMMANDS = {
    "run": ("w2s_bench.cli.run", "Run a suite, a spec file or a matrix given by flags; resumes what was begun."),
    "merge": ("w2s_bench.cli.merge", "Put the folders of shards together as one run."),
    "slurm": ("w2s_bench.cli.slurm", "Print a script that computes a spec on a Slurm cluster."),
    "plan": ("w2s_bench.cli.plan", "Show cells, jobs and cost before anything is computed."),
    "ls": ("w2s_bench.cli.ls", "List what can be named: tasks, models, strategies, metrics, figures, suites and more."),
    "score": ("w2s_bench.cli.score", "Score anybody's predictions, from any program: no model."),
    "rescore": ("w2s_bench.cli.rescore", "Measure runs again with the metrics and bounds of today, without a fit."),
    "show-task": ("w2s_bench.cli.show_task", "Show a task: labels, licence, sizes, examples."),
    "show": ("w2s_bench.cli.show", "Show the table of one or several runs."),
    "predict": ("w2s_bench.cli.predict", "Predict the gain from the misfit: for runs, or for your own two files."),
    "select": ("w2s_bench.cli.select", "Choose among teachers, and say what each way to choose costs."),
    "relate": ("w2s_bench.cli.relate", "Fit a line of one column of a run on another."),
    "plot": ("w2s_bench.cli.plot", "Draw a figure of one or several runs."),
    "examples": ("w2s_bench.cli.examples", "Show where student and teacher differ most, and whom the truth sides with."),
    "status": ("w2s_bench.cli.status", "Say how far a run is."),
    "report": ("w2s_bench.cli.report", "Write a run's page."),
    "leaderboard": ("w2s_bench.cli.leaderboard", "Publish results, check what others publish, build the board."),
    "store": ("w2s_bench.cli.store", "Look into the store of artifacts, check it, clean it, carry a run's to another."),
    "config": ("w2s_bench.cli.config", "Show the options that your environment and your file set."),
    "explain": ("w2s_bench.cli.explain", "Say what the code of an error stands for, and what to do."),
    "plugin": ("w2s_bench.cli.plugin", "List plugins, say why one does not load, try one, begin your own."),
}
