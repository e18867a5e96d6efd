"""Draws `motion-retarget.svg`, `motion-override.svg`, `motion-stop.svg` and `motion-belt.svg`.

python benches/peers/motion_pictures.py <numbers> <folder>
"""

import io
import json
import math
import re
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

# Okabe and Ito's colours, which colour-blind people can tell apart.
BLUE, ORANGE, GREEN, RED, PINK, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"
JOINTS = (BLUE, ORANGE, GREEN, RED, PINK, SKY)
KINDS = ("position", "velocity", "acceleration", "jerk")
INK, GREY, PALE, BEYOND = "#222222", "#8a8a8a", "#d9d9d9", "#f2dedb"
HALO = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}


def main():
    numbers, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    # The same numbers give the same file; text stays text.
    plt.rcParams |= {
        "svg.hashsalt": "servomesh",
        "svg.fonttype": "none",
        "path.simplify_threshold": 0.2,
        "font.size": 9,
        "axes.titlesize": 9.5,
        "axes.edgecolor": GREY,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "text.color": INK,
        "lines.linewidth": 1.4,
        "lines.solid_capstyle": "round",
    }
    for name, draw in (("retarget", retarget), ("override", override), ("stop", stop), ("belt", belt)):
        save(draw(numbers[name]), folder / f"motion-{name}.svg")


def save(figure, file):
    """Two decimals of a point are finer than any screen."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    short = re.sub(r"(-?\d+\.\d\d)\d+", r"\1", text.getvalue())
    file.write_text("\n".join(line.rstrip() for line in short.splitlines()) + "\n")


def retarget(of):
    figure, axes = plt.subplots(4, 1, figsize=(8.4, 6.4), sharex=True, layout="constrained")
    for axis, what in zip(axes, KINDS, strict=True):
        against_limits(axis, what)
        if what in ("position", "velocity"):
            lines(axis, of["left_alone"], what, linewidth=0.9, linestyle=(0, (2.5, 2)), alpha=0.75)
        lines(axis, of["done"], what)
        axis.axvline(of["at_s"], color=INK, linewidth=0.9, zorder=1)
    axes[0].annotate("new target", (of["at_s"], 1.0), (4, -2), textcoords="offset points", va="top")
    end = of["left_alone"]["time"][-1]
    axes[0].annotate(
        "dashed: without it", (end, 0.78), (2, 0), textcoords="offset points", va="center", color=GREY
    )
    axes[-1].set(xlabel="time [s]", xlim=(0, of["done"]["time"][-1]))
    legend(figure, of["joints"])
    return figure


def override(of):
    figure = plt.figure(figsize=(8.4, 7.2), layout="constrained")
    grid = figure.add_gridspec(5, 2, width_ratios=(2.5, 1))
    axes = [figure.add_subplot(grid[row, 0]) for row in range(5)]
    time, asked = of["done"]["time"], of["asked"]
    rate = axes[0]
    moments = [moment for moment, _, _ in asked] + [time[-1]]
    rate.step(moments, [value for _, _, value in asked] + [asked[-1][2]], where="post", color=PALE, linewidth=4)
    rate.plot(time, [float("nan") if value is None else value for value in of["rate"]], color=INK)
    rate.set(ylabel="speed on\nthe path", ylim=(-1.15, 1.4))
    rate.set_yticks([-1, 0, 1], ["−100 %", "0", "100 %"])
    for moment, name, value in asked[1:]:
        rate.annotate(name, (moment, 1.2), (2, 0), textcoords="offset points", va="center")
    for axis, what in zip(axes[1:], KINDS, strict=True):
        against_limits(axis, what)
        lines(axis, of["done"], what)
    for axis in axes:
        axis.set_xlim(0, time[-1])
        for moment in moments[1:-1]:
            axis.axvline(moment, color=INK, linewidth=0.6, zorder=1)
        axis.tick_params(labelbottom=axis is axes[-1])
    axes[-1].set_xlabel("time [s]")
    plan = figure.add_subplot(grid[:, 1])
    from_above(plan, of)
    # Where a step back begins and where it ends, both at rest.
    back = next(row for row, (_, name, _) in enumerate(asked) if "back" in name)
    for row, name, fill, offset in ((back, "paused", "white", (5, -6)), (back + 1, "back", INK, (2, -8))):
        place = next(tool for moment, tool in zip(time, of["tool"], strict=True) if moment >= asked[row][0])
        mark(plan, place, name, fill, offset)
    legend(figure, of["joints"])
    return figure


def stop(of):
    figure = plt.figure(figsize=(8.4, 6.4), layout="constrained")
    grid = figure.add_gridspec(4, 3, width_ratios=(1, 1, 1.15))
    at, before, after = of["at_s"], 0.3, 0.5
    columns = (("instant", "an instant stop"), ("done", "a stop on the path (category 2)"))
    for column, (which, title) in enumerate(columns):
        time = [moment - at for moment in of[which]["time"]]
        for row, what in enumerate(KINDS):
            axis = figure.add_subplot(grid[row, column])
            against_limits(axis, what if column == 0 else "")
            lines(axis, of[which] | {"time": time}, what)
            axis.axvline(0, color=INK, linewidth=0.6, zorder=1)
            axis.set(xlim=(-before, after))
            axis.tick_params(labelbottom=row == 3, labelleft=column == 0)
            largest = max(abs(share) for joint in of[which][what] for share in joint)
            if largest > 1.01:
                label = f"{largest:,.0f} × the limit".replace(",", " ")
                axis.annotate(label, (0.03, 0.8), color=RED, fontweight="bold", va="top", bbox=HALO)
            if row == 0:
                axis.set_title(title, loc="left")
            if row == 3:
                axis.set_xlabel("time from the stop [s]")
    plan = figure.add_subplot(grid[:, 2])
    from_above(plan, of)
    mark(plan, of["asked_at"], "asked", "white", (5, -5))
    mark(plan, of["tool"][-1], "at rest", INK, (5, -5))
    text = f"{of['takes_s']:.2f} s and {1e3 * of['distance']:.0f} mm to rest,\nat most {of['announced_s']:.2f} s announced"
    plan.annotate(text, (0.56, 0.42), xycoords="axes fraction", ha="center", va="center", fontsize=8)
    legend(figure, of["joints"])
    return figure


def belt(of):
    figure, axes = plt.subplots(
        6, 1, figsize=(8.4, 8.2), sharex=True, layout="constrained", height_ratios=(0.7, 1, 1, 1, 1, 1)
    )
    time, joined = of["done"]["time"], of["joined_s"]
    axes[0].plot(time, of["speed"], color=INK)
    axes[0].set(ylabel="belt [m/s]", ylim=(-0.02, 0.26))
    for axis, what in zip(axes[1:5], KINDS, strict=True):
        against_limits(axis, what)
        lines(axis, of["done"], what)
    limit = 1e3 * of["limit"]
    against(axes[5], limit)
    on_belt = time[-len(of["error"]) :]
    ways = (("along the belt", INK, "-"), ("across", GREY, "-"), ("upwards", GREY, (0, (2.5, 2))))
    for values, (name, colour, style) in zip(zip(*of["error"], strict=True), ways, strict=True):
        axes[5].plot(on_belt, [1e3 * value for value in values], color=colour, linestyle=style, label=name)
    axes[5].set(ylabel="tool off its place\non the belt [mm]", xlabel="time [s]", xlim=(0, time[-1]))
    axes[5].set_yticks([-limit, 0, limit], ["−1", "0", "1"])
    axes[5].legend(loc="center left", bbox_to_anchor=(0.0, 0.5), frameon=False, fontsize=8)
    for axis in axes:
        axis.axvline(joined, color=INK, linewidth=0.6, zorder=1)
    axes[0].annotate("joined, and down at its place", (joined, 0.25), (4, 0), textcoords="offset points", va="top")
    legend(figure, of["joints"])
    return figure


def against_limits(axis, what):
    """An axis on which the limits of all joints are −1 and 1."""
    against(axis, 1)
    axis.set(ylabel=what)
    axis.set_yticks([-1, 0, 1], ["−limit", "0", "limit"])


def against(axis, limit):
    """An axis on which all is shaded that lies beyond a limit."""
    axis.axhspan(limit, 2 * limit, color=BEYOND, linewidth=0)
    axis.axhspan(-2 * limit, -limit, color=BEYOND, linewidth=0)
    axis.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    axis.set(ylim=(-1.25 * limit, 1.25 * limit))


def lines(axis, of, what, **style):
    for joint, colour in zip(of[what], JOINTS, strict=True):
        axis.plot(of["time"], joint, color=colour, **style)


def from_above(axis, of):
    """The tool's path, planned and done, as one sees it from above."""
    axis.plot(*zip(*of["path"], strict=True), color=PALE, linewidth=7)
    axis.plot(*zip(*of["tool"], strict=True), color=BLUE, linewidth=1.6)
    start = of["path"][0]
    axis.annotate("start", start, (-9, 0), textcoords="offset points", ha="right", va="center")
    # The path between the ticks of its recording is known no better than to a tenth of a micrometre.
    within = max(0.1, math.ceil(of["deviation"] * 1e7) / 10)
    axis.set(aspect="equal", xlabel="x [m]", ylabel="y [m]")
    axis.set_title(f"the tool from above, within\n{within:.1f} µm of its path (grey)", loc="left")


def mark(axis, place, name, fill, offset):
    """A place on the path, with its name beside it."""
    axis.plot(*place, "o", color=INK, markerfacecolor=fill, markersize=5.5, zorder=5)
    sides = ("left" if offset[0] > 0 else "right", "bottom" if offset[1] > 0 else "top")
    axis.annotate(name, place, offset, textcoords="offset points", ha=sides[0], va=sides[1])


def legend(figure, names):
    names = [name.removesuffix("_joint").replace("_", " ") for name in names]
    handles = [plt.Line2D([], [], color=colour, linewidth=2.2) for colour in JOINTS[: len(names)]]
    figure.legend(handles, names, loc="outside upper center", ncols=len(names), frameon=False, handlelength=1.3, columnspacing=1.6)


if __name__ == "__main__":
    main()
