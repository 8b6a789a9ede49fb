"""The picture of docs/performance.md: CPU time of a request over the number of connections."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import matplotlib as mpl
import matplotlib.pyplot as plt
from comparison import CONNECTIONS, LOGGING_PEER, PEER, SCENARIOS, SQLITE, TASKWARD, Results

FILE: Final = Path(__file__).parent.parent / "docs" / "cpu-per-request.svg"
STYLES: Final = {TASKWARD: "-", SQLITE: "-.", PEER: "--", LOGGING_PEER: ":"}


def draw(results: Mapping[str, Results]) -> None:
    """Draws one chart per scenario into `FILE`."""
    mpl.use("Agg")
    mpl.rcParams |= {"svg.hashsalt": "taskward", "svg.fonttype": "none", "font.size": 9}
    figure, axes = plt.subplots(2, 2, figsize=(9, 6), layout="constrained")
    for axis, (scenario, found) in zip(axes.flat, results.items(), strict=False):
        for name, style in STYLES.items():
            cpu = [found[connections][name].median("server_cpu") for connections in CONNECTIONS]
            axis.plot(CONNECTIONS, cpu, style, marker="o", markersize=3, label=name)
        axis.set(xscale="log", xticks=CONNECTIONS, title=SCENARIOS[scenario].title)
        axis.set_xticklabels([str(n) for n in CONNECTIONS])
        axis.minorticks_off()
        axis.set_ylim(bottom=0)
        axis.set_xlabel("connections")
        axis.set_ylabel("CPU µs per request")
    axes[0, 0].legend(loc="lower left", fontsize=8)
    figure.savefig(FILE, metadata={"Date": None})
