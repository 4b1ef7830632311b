"""Which languages gain: a small regression of the gain over the floor on what is known of a language."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.analysis.arms import FLOOR, Scores

# What enters, in this order; one that does not vary, or follows from those before it, is left out and named.
COVARIATES = ("log2_pairs", "class", "branch_relative", "script_relative", "floor", "token_premium", "unknown_rate")
COLUMNS = (
    "order", "scorer", "method", "size", "covariate", "coefficient", "se", "low", "high", "languages", "observations", "r2",
    "left_out", "languages_left_out",
)  # fmt: skip
Z = 1.959964


def regressions(table: pd.DataFrame, scores: Scores) -> pd.DataFrame:
    """Ordinary least squares of nDCG@10 minus the floor, for every trained method, scorer and size: COLUMNS.

    An observation is one language in one task, mean over seeds, trained or held out; tasks have an intercept
    of their own. Covariates: log2(1 + pairs seen), resource class, whether a language of the same branch or script is among
    the trained ones (1 or 0), the floor itself (the higher it is the less is left to gain), tokens per English token
    of the same text, share of unknown tokens. Standard errors are clustered by language (CR1: Liang and Zeger
    1986 with the usual small-sample factor), intervals are +-1.96 of them. With about 50 languages
    and covariates that go together this describes; it explains nothing.

    Args:
        table: `tables.per_language` of one order.
        scores: of the same order, to know which cells are whole and which tasks count.
    """
    rows = []
    done = {(arm.method, arm.size) for arm in scores.arms if arm.size and arm.state == "done"}
    known = table[table["group"].isin(["trained", "held-out"]) & table["complete"].astype(bool) & (table["method"] != FLOOR)]
    for (order, scorer, method, size), part in known.groupby(["order", "scorer", "method", "size"], sort=False):
        if (method, size) not in done:
            continue
        point = {"order": order, "scorer": scorer, "method": method, "size": size}
        rows += [point | row for row in _regression(part)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _regression(part: pd.DataFrame) -> list[dict[str, object]]:
    frame = pd.DataFrame({
        "language": part["language"], "task": part["task"], "gain": part["ndcg@10"] - part["untrained"],
        "log2_pairs": np.log2(1 + part["pairs_seen"].astype(float)), "class": part["class"].astype(float),
        "branch_relative": part["branch_relative"].astype(float), "script_relative": part["script_relative"].astype(float),
        "floor": part["untrained"], "token_premium": part["token_premium"].astype(float),
        "unknown_rate": part["unknown_rate"].astype(float),
    }).groupby(["task", "language"], as_index=False).mean()  # over seeds  # fmt: skip
    # A covariate that is known of few languages would cost the others their place.
    usable = [name for name in COVARIATES if frame[name].notna().mean() > 0.5]
    whole = frame.dropna(subset=["gain", *usable])
    lost = sorted(set(frame["language"]) - set(whole["language"]))
    tasks = (whole["task"].to_numpy()[:, None] == np.unique(whole["task"])).astype(float)
    x = tasks
    names: list[str] = []
    for name in usable:
        wider = np.column_stack([x, whole[name].to_numpy(dtype=float)])
        if np.linalg.matrix_rank(wider) == wider.shape[1]:
            x, names = wider, [*names, name]
    clusters = whole["language"].to_numpy()
    if not names or len(np.unique(clusters)) <= x.shape[1] + 1:
        return []
    y = whole["gain"].to_numpy(dtype=float)
    coefficients, errors = clustered_ols(x, y, clusters)
    spread = float(((y - y.mean()) ** 2).sum())
    r2 = 1 - float(((y - x @ coefficients) ** 2).sum()) / spread if spread > 1e-12 else float("nan")
    shared = {
        "languages": len(np.unique(clusters)), "observations": len(y), "r2": r2,
        "left_out": " ".join(name for name in COVARIATES if name not in names), "languages_left_out": " ".join(lost),
    }  # fmt: skip
    return [
        {"covariate": name, "coefficient": b, "se": se, "low": b - Z * se, "high": b + Z * se, **shared}
        for name, b, se in zip(names, coefficients[tasks.shape[1] :], errors[tasks.shape[1] :], strict=True)
    ]


def clustered_ols(x: np.ndarray, y: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (k,) of `y` (n,) on `x` (n, k), of full rank, and their cluster-robust standard errors (k,).

    With G clusters the variance is `c (X'X)^-1 (sum_g X_g' e_g e_g' X_g) (X'X)^-1`,
    `c = G/(G-1) (n-1)/(n-k)`.
    """
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ (x.T @ y)
    residuals = y - x @ coefficients
    _, group = np.unique(clusters, return_inverse=True)
    sums = np.zeros((group.max() + 1, x.shape[1]))
    np.add.at(sums, group, x * residuals[:, None])
    n, k, g = len(y), x.shape[1], len(sums)
    variance = inverse @ (sums.T @ sums) @ inverse * (g / (g - 1)) * ((n - 1) / (n - k))
    return coefficients, np.sqrt(np.diag(variance))
