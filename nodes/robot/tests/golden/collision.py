"""Writes collision_shapes.json and collision_arm.json: distances that Coal (once hpp-fcl) computes.

    pip install pin        # brings coal
    python nodes/robot/tests/golden/collision.py

Run it from the root of the repository. Shapes: random pairs of solids near each other, some apart, some overlapping. Arm: the links of the
default cell at random positions, the gripper's fingers locked at 0.03 m and the belt at 0; and which pairs of links Coal ever found
touching.
"""

import json
import math
import random
import re
from pathlib import Path

import coal
import numpy as np
import pinocchio as pin

ROOT = Path(__file__).parents[4]
ARM = ["shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint", "wrist_2_joint", "wrist_3_joint"]
FINGER = 0.03
KINDS = ["sphere", "box", "capsule", "cylinder", "hull", "half_space"]
CASES = 24  # of each pair of kinds
POSITIONS = 40
SEARCHED = 6000
# Evenly over the sphere: Fibonacci's spiral.
_HEIGHTS = 1 - (2 * np.arange(4000) + 1) / 4000
_TURNS = np.arange(4000) * math.pi * (3 - math.sqrt(5))
DIRECTIONS = np.stack(
    [np.sqrt(1 - _HEIGHTS**2) * np.cos(_TURNS), np.sqrt(1 - _HEIGHTS**2) * np.sin(_TURNS), _HEIGHTS], axis=1
)


def main() -> None:
    rng = random.Random(11)
    cases = []
    for i, a in enumerate(KINDS):
        for b in KINDS[i:]:
            if (a, b) != ("half_space", "half_space"):
                cases += [shape_case(rng, a, b) for _ in range(CASES)]
    write("collision_shapes.json", {"coal": coal.__version__, "cases": cases})
    write("collision_arm.json", {"coal": coal.__version__, **arm_cases(rng)})


def write(name: str, golden: dict) -> None:
    Path(__file__).with_name(name).write_text(json.dumps(golden, separators=(",", ":")) + "\n")


def request(tolerance: float) -> coal.DistanceRequest:
    request = coal.DistanceRequest()
    request.enable_signed_distance = True
    request.gjk_tolerance = tolerance
    request.epa_tolerance = tolerance
    request.gjk_max_iterations = 1000
    request.epa_max_iterations = 1000
    return request


def signed_distance(a, place_a, b, place_b) -> float:
    """Coal's distance at two tolerances; nan if they don't agree, if it gave up, or if there is a shorter way out than its depth."""
    found = []
    for tolerance in (1e-8, 1e-10):
        result = coal.DistanceResult()
        coal.distance(a, place_a, b, place_b, request(tolerance), result)
        found.append(result.min_distance)
    is_sure = abs(found[1] - found[0]) < 1e-6 and abs(found[1]) < 1e3
    is_shortest = found[1] > 0 or -found[1] < shortest_way_out(a, place_a, b, place_b) + 1e-6
    return found[1] if is_sure and is_shortest else math.nan


def shortest_way_out(a, place_a, b, place_b) -> float:
    """The least motion along one of many directions that separates two solids: never less than their depth."""
    if isinstance(a, coal.Halfspace) or isinstance(b, coal.Halfspace):
        return math.inf  # Coal has a closed form
    forwards = support(a, place_a, DIRECTIONS) + support(b, place_b, -DIRECTIONS)
    return forwards.min()


def support(shape, place, directions: np.ndarray) -> np.ndarray:
    """How far a shape reaches along each direction."""
    local = directions @ place.getRotation()
    across = np.hypot(local[:, 0], local[:, 1])
    if isinstance(shape, coal.ConvexBase):
        points = np.array([shape.point(index) for index in range(shape.num_points)])
        return (local @ points.T).max(axis=1) + directions @ place.getTranslation()
    reach = {
        coal.Sphere: lambda: np.full(len(local), shape.radius),
        coal.Box: lambda: np.abs(local) @ shape.halfSide,
        coal.Capsule: lambda: shape.radius + np.abs(local[:, 2]) * shape.halfLength,
        coal.Cylinder: lambda: across * shape.radius + np.abs(local[:, 2]) * shape.halfLength,
    }[type(shape)]()
    return reach + directions @ place.getTranslation()


def shape_case(rng: random.Random, kind_a: str, kind_b: str) -> list:
    while True:
        a, b = (random_shape(rng, kind) for kind in (kind_a, kind_b))
        poses = [random_pose(rng, 0.0), random_pose(rng, 0.9)]
        distance = signed_distance(
            to_coal(*a), coal.Transform3s(*pose(poses[0])), to_coal(*b), coal.Transform3s(*pose(poses[1]))
        )
        if math.isfinite(distance):
            return [*a, *b, *poses, round(distance, 10)]
        print(f"Coal is not sure of {kind_a} and {kind_b}")


def random_shape(rng: random.Random, kind: str) -> tuple[str, list[float]]:
    def size():
        return round(rng.uniform(0.05, 0.5), 3)

    numbers = {
        "sphere": lambda: [size()],
        "box": lambda: [size(), size(), size()],
        "capsule": lambda: [round(size() / 2, 3), size()],
        "cylinder": lambda: [round(size() / 2, 3), size()],
        "hull": lambda: [round(rng.uniform(-0.3, 0.3), 3) for _ in range(3 * rng.randint(5, 12))],
        "half_space": list,
    }
    return kind, numbers[kind]()


def random_pose(rng: random.Random, reach: float) -> list[float]:
    """x y z and a quaternion w x y z that is not normalised."""
    place = [round(rng.uniform(-reach, reach) / 2, 4) for _ in range(3)]
    return place + [round(rng.gauss(0, 1), 4) for _ in range(4)]


def pose(numbers: list[float]) -> tuple[np.ndarray, np.ndarray]:
    quaternion = pin.Quaternion(*numbers[3:])
    quaternion.normalize()
    return quaternion.matrix(), np.array(numbers[:3])


def to_coal(kind: str, numbers: list[float]):
    if kind == "hull":
        points = coal.StdVec_Vec3s()
        for i in range(0, len(numbers), 3):
            points.append(np.array(numbers[i : i + 3]))
        return coal.Convex.convexHull(points, False, "")
    if kind == "half_space":
        return coal.Halfspace(np.array([0.0, 0.0, 1.0]), 0.0)
    return {"sphere": coal.Sphere, "box": coal.Box, "capsule": coal.Capsule, "cylinder": coal.Cylinder}[kind](*numbers)


def arm_cases(rng: random.Random) -> dict:
    # Mimic joints become free ones here, so that they can be locked like the rest.
    path = ROOT / "launch/robots/cell.urdf"
    urdf = re.sub(r"<mimic[^>]*/>", "", path.read_text())
    whole = pin.buildModelFromXML(urdf)
    shapes = pin.buildGeomFromUrdfString(whole, urdf, pin.GeometryType.COLLISION)
    locked_at = pin.neutral(whole)
    for finger in ("gripper_finger_joint", "gripper_finger_right_joint"):
        locked_at[whole.joints[whole.getJointId(finger)].idx_q] = FINGER
    locked = [joint for joint, name in enumerate(whole.names) if joint > 0 and name not in ARM]
    arm, shapes = pin.buildReducedModel(whole, shapes, locked, locked_at)
    links = {}
    for index, shape in enumerate(shapes.geometryObjects):
        links.setdefault(re.sub(r"_\d+$", "", shape.name), []).append(index)
    names = sorted(links)
    joint_of = {name: shapes.geometryObjects[links[name][0]].parentJoint for name in names}
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if joint_of[a] != joint_of[b]]
    data, places = arm.createData(), shapes.createData()

    def place(q):
        pin.updateGeometryPlacements(arm, data, shapes, places, np.array(q))

    def of_pair(pair, distance):
        return min(
            distance(
                shapes.geometryObjects[a].geometry, as_coal(places.oMg[a]), shapes.geometryObjects[b].geometry, as_coal(places.oMg[b])
            )
            for a in links[pair[0]]
            for b in links[pair[1]]
        )

    def is_touching(a, place_a, b, place_b):
        return coal.distance(a, place_a, b, place_b, request(1e-6), coal.DistanceResult())

    cases = []
    for _ in range(POSITIONS):
        q = [round(rng.uniform(-math.pi, math.pi), 4) for _ in ARM]
        place(q)
        distances = [of_pair(pair, signed_distance) for pair in pairs]
        cases.append({"q": q, "distances": [round(d, 9) if math.isfinite(d) else None for d in distances]})
    touched = set()
    for _ in range(SEARCHED):
        place([rng.uniform(-math.pi, math.pi) for _ in ARM])
        for pair in pairs:
            if pair not in touched and -1e3 < of_pair(pair, is_touching) < -1e-6:
                touched.add(pair)
    return {"joints": ARM, "finger": FINGER, "pairs": pairs, "cases": cases, "touched": sorted(touched)}


def as_coal(placement: pin.SE3) -> coal.Transform3s:
    return coal.Transform3s(placement.rotation, placement.translation)


if __name__ == "__main__":
    main()
