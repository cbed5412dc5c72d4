"""Trust the labels that hang together: the largest connected component of each class."""

from __future__ import annotations

import numpy as np

from w2s_bench.contracts import Array
from w2s_probes.labels.keeping import Verdict
from w2s_probes.labels.neighbours import nearest_others


def judge_by_topology(features: Array, values: Array, neighbours: Array) -> Verdict:
    """Rows of the largest component pass, with scores by how far their label is from that of their neighbours in there.

    The topological filter of Wu et al. ("A topological filter for learning with label noise", NeurIPS 2020, arXiv
    2012.04835) as EleutherAI's w2s code has it: in the directed graph from each row to its nearest rows, keep for each
    class the largest strongly connected component of the rows with that label; then, until the share is reached, drop
    the kept rows whose label differs most from the mean label of their nearest kept rows, at the distances that they had.
    Rows outside score −inf: they stay out even where fewer rows than the share are left.
    features: (n, d); values: (n, k) rows of the simplex; neighbours: (n, c) row numbers.
    """
    inside = in_largest_component(values.argmax(axis=1), neighbours)
    scores = np.full(len(values), -np.inf)
    scores[inside] = 0.0
    rows = np.flatnonzero(inside)
    if len(rows) > 1:
        near = nearest_others(features, neighbours.shape[1], among=rows)
        scores[rows] = -0.5 * np.abs(values[rows] - values[rows][near].mean(axis=1)).sum(axis=1)
    return Verdict(scores, inside)


def in_largest_component(classes: Array, neighbours: Array) -> Array:
    """(n,) bool: whether a row is in the largest strongly connected component of its class.

    classes: (n,); neighbours: (n, c) row numbers, edges from each row. Of components of one size the one with the
    earliest row counts.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n, count = neighbours.shape
    start = np.repeat(np.arange(n), count)
    end = neighbours.ravel()
    alike = classes[start] == classes[end]
    graph = csr_array((np.ones(int(alike.sum())), (start[alike], end[alike])), shape=(n, n))
    _, component = connected_components(graph, directed=True, connection="strong")
    _, first, component, size = np.unique(component, return_index=True, return_inverse=True, return_counts=True)
    inside = np.zeros(n, dtype=bool)
    for label in np.unique(classes):
        own = np.unique(component[classes == label])
        inside |= component == min(own, key=lambda c: (-size[c], first[c]))
    return inside
