"""Draws `simulation-speed.svg` and `simulation-error.svg` from `simulation.json`.

python benches/peers/mujoco_pictures.py <numbers> <folder>
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

OURS, MUJOCO = "#d4662a", "#3b6ea5"


def main():
    numbers, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    # The same numbers give the same file; text stays text.
    plt.rcParams |= {
        "svg.hashsalt": "servomesh",
        "svg.fonttype": "none",
        "font.size": 9,
        "axes.grid": True,
        "grid.alpha": 0.3,
    }
    speed(numbers).savefig(folder / "simulation-speed.svg", metadata={"Date": None})
    error(numbers).savefig(folder / "simulation-error.svg", metadata={"Date": None})


def speed(numbers):
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    for axis, what, title in zip(
        axes, ("joints", "parts"), ("a chain of joints", "parts on a running belt"), strict=True
    ):
        sizes = [point["size"] for point in numbers[what]]
        for who, name, colour in (("ours_us", "Servomesh", OURS), ("mujoco_us", "MuJoCo", MUJOCO)):
            axis.loglog(sizes, [point[who] for point in numbers[what]], "o-", color=colour, label=name, markersize=4)
        axis.set(title=title, xlabel=what, ylabel="time of a step [µs]")
        axis.set_xticks(sizes, [str(size) for size in sizes])
        axis.minorticks_off()
        axis.legend()
    return figure


def error(numbers):
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    arm, cell = numbers["arm"], numbers["cell"]
    lines = [
        (axes[0], arm, arm["joints"], 1.0, "largest of a joint [rad]", "the arm under torques"),
        (axes[1], cell, cell["parts"], 1000.0, "largest of a part [mm]", "three parts on the cell's belt"),
    ]
    for axis, of, errors, scale, label, title in lines:
        times = [of["every_s"] * (frame + 1) for frame in range(len(errors))]
        axis.semilogy(times, [max(error * scale, 1e-17) for error in errors], color=OURS)
        axis.set(title=title, xlabel="simulated time [s]", ylabel=label)
    return figure


if __name__ == "__main__":
    main()
