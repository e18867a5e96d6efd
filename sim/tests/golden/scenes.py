"""The scenes that both simulations play: parts, what stands still, belts, and a hand of two pads.

Decides every number of them; the golden files carry the numbers along, so that the Rust side types none in again.
Units: m, kg, s, N, rad. Quaternions are w, x, y, z. Boxes are given by half edges, cylinders and capsules by radius and half length
along z, hulls by their corners. `travel` is how far the first part gets by the closed form, where there is one.
"""

import math

GRAVITY = [0.0, 0.0, -9.80665]
G = 9.80665
CUBE = 0.02


def box(half, mass, position, **more):
    """A solid box of even density."""
    x, y, z = (4 * h * h for h in half)
    inertia = [mass / 12 * (y + z), mass / 12 * (x + z), mass / 12 * (x + y)]
    return _part({"box": half}, mass, inertia, position, **more)


def sphere(radius, mass, position, **more):
    """A solid ball."""
    return _part({"sphere": radius}, mass, [0.4 * mass * radius**2] * 3, position, **more)


def cylinder(radius, half, mass, position, **more):
    """A solid cylinder."""
    across = mass * (radius**2 / 4 + half**2 / 3)
    return _part({"cylinder": [radius, half]}, mass, [across, across, mass * radius**2 / 2], position, **more)


def capsule(radius, half, mass, position, **more):
    """A solid cylinder with round ends, of even density."""
    ball, rod = 4 / 3 * radius, 2 * half
    ends, middle = mass * ball / (ball + rod), mass * rod / (ball + rod)
    along = middle * radius**2 / 2 + ends * 0.4 * radius**2
    # Each end is a half ball: its centre of mass is 3/8 of the radius from its flat face.
    across = middle * (radius**2 / 4 + half**2 / 3) + ends * (0.4 * radius**2 + half**2 + 0.75 * half * radius)
    return _part({"capsule": [radius, half]}, mass, [across, across, along], position, **more)


def prism(mass, position, **more):
    """A three-cornered plate of even density, as a hull: 4 cm from its middle to a corner, 2 cm high."""
    radius, half = 0.04, 0.01
    angles = [math.radians(120 * corner) for corner in range(3)]
    corners = [[radius * math.cos(angle), radius * math.sin(angle), z] for angle in angles for z in (-half, half)]
    upright = mass * radius**2 / 4
    across = upright / 2 + mass * half**2 / 3
    return _part({"hull": corners}, mass, [across, across, upright], position, **more)


def _part(shape, mass, inertia, position, orientation=(1.0, 0.0, 0.0, 0.0), velocity=(0.0,) * 3, spin=(0.0,) * 3):
    return {
        "shape": shape,
        "mass": mass,
        "inertia": inertia,
        "position": list(position),
        "orientation": list(orientation),
        "velocity": list(velocity),
        "spin": list(spin),
    }


def about(axis, angle):
    """A turn about an axis as a quaternion."""
    length = math.sqrt(sum(a * a for a in axis))
    return [math.cos(angle / 2), *(math.sin(angle / 2) * a / length for a in axis)]


def times(a, b):
    """Product of two quaternions."""
    (aw, ax, ay, az), (bw, bx, by, bz) = a, b
    return [
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    ]


def turned(q, v):
    """A vector turned by a quaternion."""
    return times(times(q, [0.0, *v]), [q[0], -q[1], -q[2], -q[3]])[1:]


def floor():
    """A slab whose upper face is at z = 0."""
    return {"shape": {"box": [3.0, 3.0, 0.1]}, "position": [0.0, 0.0, -0.1], "orientation": [1.0, 0.0, 0.0, 0.0]}


def ground():
    """All below z = 0."""
    return {"shape": {"half_space": []}, "position": [0.0, 0.0, 0.0], "orientation": [1.0, 0.0, 0.0, 0.0]}


def slope(angle):
    """A slab that falls towards +x, its upper face through the origin."""
    orientation = about([0, 1, 0], angle)
    return {
        "shape": {"box": [3.0, 3.0, 0.1]},
        "position": turned(orientation, [0, 0, -0.1]),
        "orientation": orientation,
    }


def scene(
    name, duration, parts, *, statics=(), friction=0.3, every=20, hand=None, travel=None, integrator="Euler", slow=False
):
    """One play; friction is that of every pair. `slow` tells MuJoCo that all sliding is slower than about 1 m/s."""
    return {
        "name": name,
        "duration": duration,
        "every": every,
        "integrator": integrator,
        "slow": slow,
        "travel": travel,
        "gravity": GRAVITY,
        "friction": friction,
        "statics": list(statics),
        "parts": parts,
        "hand": hand,
    }


def free_fall():
    """A thrown box that turns about its middle axis: it flips over and over, by gyroscopic moments alone.

    Played by MuJoCo's Runge-Kutta, which at this step is the truth to nine digits.
    """
    half = [0.02, 0.05, 0.10]
    tilt = about([1, 2, 3], 0.7)
    throw = [0.3, -0.2, 4.0]
    return [
        scene(
            "box about its middle axis",
            1.0,
            [box(half, 0.4, [0, 0, 0], orientation=tilt, velocity=throw, spin=turned(tilt, [0.05, 12.0, 0.05]))],
            integrator="RK4",
        ),
        scene(
            "box about no axis of its own",
            1.0,
            [box(half, 0.4, [0, 0, 0], orientation=tilt, velocity=throw, spin=[3.0, -5.0, 8.0])],
            integrator="RK4",
        ),
    ]


def sliding():
    """Boxes that are pushed over a floor at 1 m/s, in directions between the axes too: that is where cones differ."""
    scenes = []
    stops = 1 / (2 * 0.3 * G)
    for degrees in (0.0, 22.5, 45.0, 70.0):
        angle = math.radians(degrees)
        v = [math.cos(angle), math.sin(angle), 0.0]
        start = box([0.04, 0.04, 0.01], 0.5, [0, 0, 0.01], velocity=v)
        scenes.append(scene(f"box pushed towards {degrees}°", 0.5, [start], statics=[floor()], travel=stops))
    turned_box = box([0.04, 0.03, 0.01], 0.5, [0, 0, 0.01], orientation=about([0, 0, 1], 0.5), velocity=[0.6, 0.6, 0])
    scenes.append(scene("box that stands askew", 0.5, [turned_box], statics=[floor()], travel=0.72 * stops))
    plate = prism(0.1, [0, 0, 0.01], velocity=[0.8, -0.6, 0])
    scenes.append(scene("hull that is pushed", 0.5, [plate], statics=[ground()], travel=stops))
    spun = box([0.04, 0.04, 0.01], 0.5, [0, 0, 0.01], spin=[0, 0, 12.0])
    scenes.append(scene("box that is spun", 0.5, [spun], statics=[floor()]))
    both = box([0.04, 0.04, 0.01], 0.5, [0, 0, 0.01], velocity=[0.7, 0.2, 0], spin=[0, 0, 12.0])
    scenes.append(scene("box that is pushed and spun", 0.5, [both], statics=[floor()]))
    return scenes


def incline():
    """A box on a slope: friction 0.4 holds it up to 21.8°."""
    scenes = []
    for degrees in (20.0, 21.5, 22.1, 25.0, 35.0):
        angle = math.radians(degrees)
        orientation = about([0, 1, 0], angle)
        start = box([0.03, 0.03, 0.01], 0.3, turned(orientation, [-0.5, 0, 0.01]), orientation=orientation)
        travel = 0.5 * G * max(0.0, math.sin(angle) - 0.4 * math.cos(angle))
        name = f"box on a slope of {degrees}°"
        scenes.append(scene(name, 1.0, [start], statics=[slope(angle)], friction=0.4, travel=travel, slow=degrees < 30))
    # The slope falls along the diagonal of the box, whose sides (and so the usual axes of contact) lie across.
    angle = math.radians(25.0)
    orientation = times(about([0, 1, 0], angle), about([0, 0, 1], math.radians(45.0)))
    start = box([0.03, 0.03, 0.01], 0.3, turned(orientation, [0, 0, 0.01]), orientation=orientation)
    travel = 0.5 * G * (math.sin(angle) - 0.4 * math.cos(angle))
    name = "box askew on a slope of 25°"
    scenes.append(scene(name, 1.0, [start], statics=[slope(angle)], friction=0.4, travel=travel, slow=True))
    return scenes


def rolling():
    """What rolls: down a slope, and after a push, sliding first."""
    angle = math.radians(15.0)
    up = turned(about([0, 1, 0], angle), [0, 0, 0.03])
    # A cylinder's own axis is z; it lies along y, across the slope.
    lying = about([1, 0, 0], math.radians(90.0))
    fall = 0.5 * G * math.sin(angle)
    slip = 2 / (7 * 0.3 * G)
    pushed = 12 / (49 * 0.3 * G) + 5 / 7 * (0.6 - slip)
    rod = capsule(0.03, 0.04, 0.2, up, orientation=lying)
    return [
        scene(
            "ball on a slope of 15°",
            1.0,
            [sphere(0.03, 0.2, up)],
            statics=[slope(angle)],
            friction=0.5,
            travel=5 / 7 * fall,
        ),
        scene(
            "cylinder on a slope of 15°",
            1.0,
            [cylinder(0.03, 0.04, 0.2, up, orientation=lying)],
            statics=[slope(angle)],
            friction=0.5,
            travel=2 / 3 * fall,
        ),
        scene(
            "capsule on a slope of 15°",
            1.0,
            [rod],
            statics=[slope(angle)],
            friction=0.5,
            travel=fall / (1 + rod["inertia"][2] / (0.2 * 0.03**2)),
        ),
        scene(
            "ball that is pushed",
            0.6,
            [sphere(0.03, 0.2, [0, 0, 0.03], velocity=[0.8, 0.6, 0])],
            statics=[floor()],
            travel=pushed,
        ),
        scene(
            "cylinder on its end that is pushed",
            0.5,
            [cylinder(0.04, 0.01, 0.2, [0, 0, 0.01], velocity=[0.6, 0.8, 0])],
            statics=[ground()],
            travel=1 / (2 * 0.3 * G),
        ),
    ]


def stacks():
    """What has to stand."""
    gap = 0.001
    tower = [box([CUBE] * 3, 0.2, [0, 0, CUBE + level * 2 * CUBE + gap * (level + 1)]) for level in range(5)]
    heavy = [
        box([CUBE] * 3, 0.1, [0, 0, CUBE]),
        box([CUBE] * 3, 4.0, [0.004, 0.002, 3 * CUBE]),
    ]
    can = [
        cylinder(0.03, 0.03, 0.3, [0, 0, 0.03]),
        box([0.03, 0.03, 0.01], 0.2, [0.005, 0, 0.07], orientation=about([0, 0, 1], 0.4)),
        sphere(0.02, 0.05, [0.005, 0, 0.1]),
    ]
    # Leans over: its centre of mass is beyond the edge of the box below.
    falls = [box([0.02, 0.02, 0.02], 0.2, [0, 0, 0.02]), box([0.02, 0.02, 0.02], 0.2, [0.023, 0, 0.06])]
    return [
        scene("five boxes let go 1 mm apart", 2.0, tower, statics=[ground()], friction=0.5, every=50),
        scene("40 times its mass on a box", 1.0, heavy, statics=[floor()], friction=0.5, every=50),
        scene("a plate on a can, a ball on the plate", 0.5, can, statics=[floor()], friction=0.5, every=50),
        scene("a box that tips off another", 0.14, falls, statics=[floor()], friction=0.5, every=10),
    ]


def grasps():
    """Two pads press a part from its sides; friction 0.5 holds 0.3 kg from 2.94 N on."""
    part = box([CUBE, CUBE, 0.03], 0.3, [0, 0, 0.5])
    scenes = []
    for force, turn in ((2.0, 0.0), (2.7, 0.0), (3.2, 0.0), (12.0, 0.0), (2.7, 35.0), (3.2, 35.0)):
        # Turned about the pads' normal, so that the load lies between the axes of contact.
        orientation = about([0, 1, 0], math.radians(turn))
        hand = {
            "half": [0.01, 0.005, 0.015],
            "centres": [[0, CUBE + 0.005, 0.5], [0, -CUBE - 0.005, 0.5]],
            "orientation": orientation,
            "mass": 0.1,
            "force": force,
        }
        name = f"pads of {force} N turned by {turn}°"
        travel = 0.5 * max(0.0, G - force / 0.3) * 0.15**2
        scenes.append(scene(name, 0.15, [part], friction=0.5, hand=hand, every=10, travel=travel, slow=True))
    return scenes


def belts():
    """Parts on a belt: laid down at rest, taken along, braked hard; the belt runs askew to the axes."""
    angle = math.radians(30.0)
    direction = [math.cos(angle), math.sin(angle), 0.0]

    def belt(speed, acceleration=0.0, until=0.0, mass=None):
        """A belt that something holds at its speed, or one of a mass of its own that runs freely."""
        runs = {"direction": direction, "speed": speed, "acceleration": acceleration, "until": until, "mass": mass}
        return floor() | {"belt": runs}

    laid = [box([CUBE] * 3, 0.2, [0, 0, CUBE])]
    three = [
        box([CUBE] * 3, 0.2, [0, 0, CUBE]),
        box([0.015, 0.02, 0.02], 0.1, [0.1, 0, 0.02]),
        box([0.03, 0.02, 0.02], 0.4, [0.2, 0.1, 0.02], orientation=about([0, 0, 1], 0.4)),
    ]
    riding = [part | {"velocity": [0.4 * d for d in direction]} for part in three]
    brake = 0.3 * G
    # 0.2 kg is taken along by 0.5 kg of belt: momentum is shared, then both run at the same speed.
    shared = 0.4 * 0.5 / 0.7
    meeting = shared / brake
    return [
        scene(
            "laid on a running belt", 0.6, laid, statics=[belt(0.4)], travel=0.4 * 0.6 - 0.4**2 / (2 * brake), slow=True
        ),
        scene(
            "taken along as the belt starts",
            0.8,
            three,
            statics=[belt(0.0, 1.0, 0.5)],
            travel=0.125 + 0.5 * 0.3,
            slow=True,
        ),
        scene(
            "the belt stops harder than friction holds",
            0.6,
            riding,
            statics=[belt(0.4, -8.0, 0.05)],
            travel=0.4**2 / (2 * brake),
            slow=True,
        ),
        scene(
            "laid on a light belt that nothing drives",
            0.5,
            laid,
            statics=[belt(0.4, mass=0.5)],
            travel=shared * (0.5 - meeting / 2),
            slow=True,
        ),
    ]


ALL = {
    "free_fall": free_fall,
    "sliding": sliding,
    "incline": incline,
    "rolling": rolling,
    "stacks": stacks,
    "grasps": grasps,
    "belts": belts,
}
