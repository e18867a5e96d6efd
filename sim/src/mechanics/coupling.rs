//! What each contact can move: from touching shapes to rows of the solver.
//!
//! Decides which bodies take part in a step, the axes of each contact, the levers of both sides, and how hard a contact is for what it moves.
//! A surface that runs with a joint moves that joint too, so that a belt feels what it carries.

use nalgebra::Vector3;
use servomesh_robot::JointKind;

use super::body::Body;
use super::constraint::{
    Bound, Column, ContactRow, Lever, NORMAL_SOFTNESS, SingleRow, TANGENT_SOFTNESS, aim,
};
use super::machine::Machine;
use super::narrow_phase::Touch;
use super::shape::{Carrier, Placed, Surface};
use super::solver::Solver;

/// Blows slower than this don't bounce (m/s): what rests would never come to rest.
const BOUNCES_FROM: f64 = 0.05;
/// Below this inverse mass (1/kg) nothing that the contact touches can give way along its normal.
const IMMOVABLE: f64 = 1e-9;

/// What a row measures: the velocity of a point along `linear`, and spin along `angular`.
#[derive(Clone, Copy)]
struct Axis {
    linear: Vector3<f64>,
    angular: Vector3<f64>,
}

/// Turns touches into rows. Kept for its memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Coupling {
    /// The first degree of freedom of each body that takes part.
    pub(super) slots: Vec<Option<usize>>,
    /// Which body each slot is of.
    pub(super) owners: Vec<usize>,
    /// Which touch each contact row is of.
    pub(super) touch_of: Vec<usize>,
    joint_axes: Vec<[f64; 3]>,
}

/// What there is in a step.
pub(super) struct Scene<'w> {
    pub(super) touches: &'w [Touch],
    pub(super) shapes: &'w [Placed],
    pub(super) bodies: &'w [Body],
    pub(super) gravity: Vector3<f64>,
    pub(super) dt_s: f64,
}

impl Coupling {
    /// Gives every touching body its place in the solver. Returns whether the machine touches anything, or something runs with it.
    pub(super) fn gather(&mut self, scene: &Scene<'_>, solver: &mut Solver) -> bool {
        self.slots.clear();
        self.slots.resize(scene.bodies.len(), None);
        self.owners.clear();
        let mut machine_touches = false;
        for touch in scene.touches {
            for shape in touch.shapes.map(|shape| &scene.shapes[shape.0]) {
                match shape.carrier {
                    Carrier::Body(body) => {
                        self.slots[body.0].get_or_insert(0);
                    }
                    Carrier::Link(_) => machine_touches |= shape.kind.moves(),
                    Carrier::Ground => {}
                }
                machine_touches |= matches!(shape.surface, Surface::Joint { .. });
            }
        }
        for (index, (body, slot)) in scene.bodies.iter().zip(&mut self.slots).enumerate() {
            if slot.is_none() {
                continue;
            }
            self.owners.push(index);
            *slot = Some(solver.machine_start());
            let (velocity, spin) = body.flight(&scene.gravity, scene.dt_s);
            solver.masses.push((body.mass.mass, body.inertia));
            let linear = velocity * body.mass.mass;
            let angular = body.inertia * spin;
            solver.momentum.extend(linear.iter().chain(angular.iter()));
            let (on, turning) = body.going_on();
            solver.velocity.extend(on.iter().chain(turning.iter()));
        }
        machine_touches
    }

    /// Adds a row for each touch that something can give way to.
    pub(super) fn add_contacts(
        &mut self,
        scene: &Scene<'_>,
        mut machine: Option<&mut Machine>,
        solver: &mut Solver,
    ) {
        self.touch_of.clear();
        if let Some(machine) = machine.as_deref() {
            self.joint_axes.resize(machine.positions.len(), [0.0; 3]);
        }
        for (index, touch) in scene.touches.iter().enumerate() {
            let [first, second] = touch.shapes.map(|shape| &scene.shapes[shape.0]);
            let normal = touch.normal;
            let axes = axes(&normal);
            let along = axes.map(|linear| Axis {
                linear,
                angular: Vector3::zeros(),
            });
            let lever = self.lever(scene, touch, &along, machine.as_deref_mut(), solver, true);
            let inverse_mass = give(&lever, 2, scene, &self.owners, solver);
            if inverse_mass < IMMOVABLE {
                solver.columns.truncate(lever.columns.start);
                continue;
            }
            let running = first.running() - second.running();
            let bias = axes.map(|axis| axis.dot(&running));
            let [a, b] = [first.material, second.material];
            let restitution = a.restitution.max(b.restitution);
            let softness = [TANGENT_SOFTNESS, NORMAL_SOFTNESS].map(|part| part * inverse_mass);
            // The velocity at which softness gives what held before.
            let goes_on = softness[0] * scene.dt_s;
            let mut target = [
                goes_on * axes[0].dot(&touch.hold.force),
                goes_on * axes[1].dot(&touch.hold.force),
                aim(touch.gap, scene.dt_s),
            ];
            if restitution > 0.0 {
                let before =
                    self.speed_before(&lever, scene, machine.as_deref(), &solver.columns)[2] + bias[2];
                if before < -BOUNCES_FROM && touch.gap + scene.dt_s * before < 0.0 {
                    target[2] = -restitution * before;
                }
            }
            let grip = first.grip * second.grip;
            let torsion = grip * a.torsion.max(b.torsion);
            if torsion > 0.0 {
                let spin = [Axis {
                    linear: Vector3::zeros(),
                    angular: normal,
                }];
                let twist = self.lever(scene, touch, &spin, machine.as_deref_mut(), solver, false);
                let gives = give(&twist, 0, scene, &self.owners, solver);
                if gives > IMMOVABLE {
                    solver.singles.push(SingleRow {
                        lever: twist,
                        bound: Bound::Torsion {
                            contact: solver.contacts.len(),
                            lever: torsion,
                        },
                        softness: TANGENT_SOFTNESS * gives,
                        target: TANGENT_SOFTNESS * gives * scene.dt_s * touch.hold.moment,
                        most: 0.0,
                        velocity: 0.0,
                        impulse: 0.0,
                    });
                }
            }
            solver.contacts.push(ContactRow {
                lever,
                bias,
                friction: grip * a.friction.max(b.friction),
                softness,
                target,
                lift: 0.0,
                velocity: [0.0; 3],
                impulse: [0.0; 3],
            });
            self.touch_of.push(index);
        }
    }

    /// Adds a row for each joint that is at an end of its travel or rubs.
    pub(super) fn add_joints(machine: &Machine, dt_s: f64, solver: &mut Solver) {
        for joint in 0..machine.positions.len() {
            let give = 1.0 / solver.machine_mass[joint * solver.joints + joint];
            let mut push = |sign: f64, bound: Bound, softness: f64, target: f64, most: f64| {
                let start = solver.columns.len();
                solver.columns.push(Column {
                    joint,
                    values: [sign, 0.0, 0.0],
                });
                solver.singles.push(SingleRow {
                    lever: Lever {
                        bodies: [None; 2],
                        rows: [[[0.0; 6]; 1]; 2],
                        columns: start..start + 1,
                    },
                    bound,
                    softness: softness * give,
                    target,
                    most,
                    velocity: 0.0,
                    impulse: 0.0,
                });
            };
            for (sign, gap) in machine.ends_near(joint, dt_s).into_iter().flatten() {
                push(sign, Bound::OneSided, NORMAL_SOFTNESS, aim(gap, dt_s), 0.0);
            }
            let friction = machine.friction[joint];
            if friction > 0.0 {
                let goes_on = TANGENT_SOFTNESS * give * dt_s * machine.held[joint];
                push(
                    1.0,
                    Bound::Dry { joint },
                    TANGENT_SOFTNESS,
                    goes_on,
                    friction * dt_s,
                );
            }
        }
    }

    /// The velocity of a row at the start of the step.
    fn speed_before(
        &self,
        lever: &Lever<3>,
        scene: &Scene<'_>,
        machine: Option<&Machine>,
        columns: &[Column],
    ) -> [f64; 3] {
        let mut speed = [0.0; 3];
        for side in 0..2 {
            let Some(first) = lever.bodies[side] else { continue };
            let body = &scene.bodies[self.owners[first / 6]];
            for (value, row) in speed.iter_mut().zip(&lever.rows[side]) {
                for axis in 0..3 {
                    *value += row[axis] * body.velocity[axis] + row[3 + axis] * body.spin[axis];
                }
            }
        }
        if let Some(machine) = machine {
            for column in &columns[lever.columns.clone()] {
                for (value, entry) in speed.iter_mut().zip(&column.values) {
                    *value += entry * machine.velocities[column.joint];
                }
            }
        }
        speed
    }

    /// How bodies and joints move along the axes of a touch: the first shape against the second. `surfaces` says whether running surfaces
    /// count; they don't turn anything.
    fn lever<const N: usize>(
        &mut self,
        scene: &Scene<'_>,
        touch: &Touch,
        axes: &[Axis; N],
        mut machine: Option<&mut Machine>,
        solver: &mut Solver,
        surfaces: bool,
    ) -> Lever<N> {
        let mut lever = Lever {
            bodies: [None; 2],
            rows: [[[0.0; 6]; N]; 2],
            columns: 0..0,
        };
        let mut any_joint = false;
        for (side, sign) in [(0, 1.0), (1, -1.0)] {
            let shape = &scene.shapes[touch.shapes[side].0];
            match shape.carrier {
                Carrier::Body(id) => {
                    let arm = touch.point.coords - scene.bodies[id.0].position;
                    lever.bodies[side] = self.slots[id.0];
                    for (row, axis) in lever.rows[side].iter_mut().zip(axes) {
                        let angular = arm.cross(&axis.linear) + axis.angular;
                        for place in 0..3 {
                            row[place] = sign * axis.linear[place];
                            row[3 + place] = sign * angular[place];
                        }
                    }
                }
                Carrier::Link(link) if shape.kind.moves() => {
                    let machine = machine.as_deref_mut().expect("a link is of a machine");
                    let arm = touch.point.coords - machine.link_pose(link).translation.vector;
                    let jacobian = machine.jacobian(link);
                    for (column, joint_axes) in jacobian.column_iter().zip(&mut self.joint_axes) {
                        let linear = column.fixed_rows::<3>(0);
                        let angular = column.fixed_rows::<3>(3);
                        for (value, axis) in joint_axes.iter_mut().zip(axes) {
                            let turned = arm.cross(&axis.linear) + axis.angular;
                            *value += sign * (linear.dot(&axis.linear) + angular.dot(&turned));
                        }
                    }
                    any_joint = true;
                }
                Carrier::Link(_) | Carrier::Ground => {}
            }
            if let Surface::Joint { joint, travel } = shape.surface
                && surfaces
            {
                let travel = shape.in_base(&travel);
                for (value, axis) in self.joint_axes[joint].iter_mut().zip(axes) {
                    *value += sign * travel.dot(&axis.linear);
                }
                any_joint = true;
            }
        }
        let start = solver.columns.len();
        if any_joint {
            for (joint, values) in self.joint_axes.iter_mut().enumerate() {
                if values.iter().any(|value| *value != 0.0) {
                    solver.columns.push(Column {
                        joint,
                        values: *values,
                    });
                    *values = [0.0; 3];
                }
            }
        }
        lever.columns = start..solver.columns.len();
        lever
    }
}

/// The inverse mass that a row feels. Of the machine only the diagonal of its mass matrix counts: it is a measure, not a solution.
fn give<const N: usize>(
    lever: &Lever<N>,
    row: usize,
    scene: &Scene<'_>,
    owners: &[usize],
    solver: &Solver,
) -> f64 {
    let mut sum = 0.0;
    for side in 0..2 {
        let Some(first) = lever.bodies[side] else { continue };
        let body = &scene.bodies[owners[first / 6]];
        let [a, b, c, d, e, f] = lever.rows[side][row];
        let (linear, angular) = (Vector3::new(a, b, c), Vector3::new(d, e, f));
        sum += linear.norm_squared() / body.mass.mass + angular.dot(&(body.inverse * angular));
    }
    for column in &solver.columns[lever.columns.clone()] {
        let mass = solver.machine_mass[column.joint * solver.joints + column.joint];
        sum += column.values[row] * column.values[row] / mass;
    }
    sum
}

/// The axes of a contact: two tangents, then its normal (T. Duff and others, "Building an orthonormal basis, revisited", 2017).
pub(super) fn axes(normal: &Vector3<f64>) -> [Vector3<f64>; 3] {
    let (x, y, z) = (normal.x, normal.y, normal.z);
    let sign = 1.0_f64.copysign(z);
    let a = -1.0 / (sign + z);
    let b = x * y * a;
    [
        Vector3::new(1.0 + sign * x * x * a, sign * b, -sign * x),
        Vector3::new(b, sign + y * y * a, -y),
        *normal,
    ]
}

/// How near a joint's end must be to take part at its speed: two steps of travel, and a little for its acceleration.
pub(super) fn near_end(kind: JointKind, velocity: f64, dt_s: f64) -> f64 {
    let little = if kind.is_rotary() { 1e-3 } else { 1e-4 };
    2.0 * velocity.abs() * dt_s + little
}
