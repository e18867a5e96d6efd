//! A step of the world.
//!
//! Decides its order: where shapes touch at its start; the velocities at its end, with contacts; then positions, from those velocities
//! (semi-implicit Euler, as MuJoCo's `Euler`). What touches nothing flies, or moves as the machine's integrator says.

use nalgebra::{Isometry3, Vector3};
use parry3d_f64::bounding_volume::BoundingVolume;

use super::{Contact, World};
use crate::mechanics::constraint::Bound;
use crate::mechanics::coupling::{Coupling, Scene, axes};
use crate::mechanics::narrow_phase::{Hold, MARGIN, Reach};
use crate::mechanics::shape::{Carrier, Kind, pose};

impl World {
    /// Moves everything on by `dt_s`: `efforts` at the joints (N·m, N) at the start of the step, which fall by `damping` (N·m·s/rad, N·s/m,
    /// never negative) for each unit of velocity that the joint gains in the step.
    ///
    /// # Panics
    /// If there is not one effort and one damping for each joint.
    pub fn step(&mut self, dt_s: f64, efforts: &[f64], damping: &[f64]) {
        self.find_touches(dt_s);
        let Self {
            machine,
            bodies,
            solver,
            coupling,
            ..
        } = self;
        let scene = Scene {
            touches: &self.touches,
            shapes: &self.shapes,
            bodies,
            gravity: self.gravity,
            dt_s,
        };
        solver.clear();
        let touched = coupling.gather(&scene, solver);
        let mut coupled = None;
        if let Some(machine) = machine {
            assert_eq!(
                efforts.len(),
                machine.positions.len(),
                "one effort for each joint"
            );
            assert_eq!(
                damping.len(),
                machine.positions.len(),
                "one damping for each joint"
            );
            if touched || machine.is_held(dt_s) {
                machine.load(dt_s, efforts, damping, solver);
                coupled = Some(machine);
            } else {
                machine.step_freely(dt_s, efforts, damping);
            }
        }
        coupling.add_contacts(&scene, coupled.as_deref_mut(), solver);
        if let Some(machine) = coupled.as_deref() {
            Coupling::add_joints(machine, dt_s, solver);
        }
        self.iterations = solver.solve();
        if let Some(machine) = coupled {
            for single in &solver.singles {
                if let Bound::Dry { joint } = single.bound {
                    machine.held[joint] = single.impulse / dt_s;
                }
            }
            machine.advance(&solver.velocity[solver.machine_start()..], dt_s);
        }
        self.report(dt_s);
        for (body, slot) in self.bodies.iter_mut().zip(&self.coupling.slots) {
            let (velocity, spin) = match slot {
                Some(first) => {
                    let v = &self.solver.velocity[*first..first + 6];
                    (Vector3::new(v[0], v[1], v[2]), Vector3::new(v[3], v[4], v[5]))
                }
                None => body.flight(&self.gravity, dt_s),
            };
            body.advance(velocity, spin, slot.is_none(), dt_s);
        }
    }

    /// Puts a shape where its carrier is, and says how far its surface may travel in a step.
    pub(super) fn place_shape(&mut self, index: usize) -> f64 {
        let shape = &mut self.shapes[index];
        let (base_from_carrier, speed) = match shape.carrier {
            Carrier::Ground => (Isometry3::identity(), 0.0),
            Carrier::Link(link) => match &self.machine {
                Some(machine) => (machine.link_pose(link), 0.0),
                None => (Isometry3::identity(), 0.0),
            },
            Carrier::Body(body) => {
                let body = &self.bodies[body.0];
                (body.pose(), body.fastest(shape.radius))
            }
        };
        shape.base_from_carrier = base_from_carrier.rotation;
        self.poses[index] = pose(&base_from_carrier) * shape.carrier_from_shape;
        let proxy = &mut self.proxies[index];
        if !proxy.unbounded {
            proxy.bounds = shape.shape.compute_aabb(&self.poses[index]);
        }
        speed
    }

    fn find_touches(&mut self, dt_s: f64) {
        if self.shapes.is_empty() {
            self.touches.clear();
            return;
        }
        self.update_links();
        for index in 0..self.shapes.len() {
            if !self.proxies[index].moves {
                continue;
            }
            let before = self.poses[index].translation;
            let speed = self.place_shape(index);
            let (way, spin) = match self.shapes[index].kind {
                // A link goes on about as it did.
                Kind::Moving { .. } => (2.0 * (self.poses[index].translation - before).length(), 0.0),
                Kind::Body(body) => (speed * dt_s, self.bodies[body.0].spin.norm_squared().sqrt()),
                Kind::Ground | Kind::Base => (0.0, 0.0),
            };
            let rolls = self.shapes[index].is_round() && spin * dt_s > ROLLING;
            self.reaches[index] = Reach { way, rolls };
            let bounds = &mut self.proxies[index].bounds;
            *bounds = bounds.loosened(MARGIN + way);
        }
        let Self { shapes, apart, .. } = self;
        let allowed = |one: usize, other: usize| {
            shapes[one].kind.meets(shapes[other].kind) && (apart.is_empty() || !apart.contains(&(one, other)))
        };
        self.sweep.pairs(&self.proxies, allowed, &mut self.pairs);
        self.narrow.touches(
            &self.pairs,
            &self.shapes,
            &self.poses,
            &self.reaches,
            &mut self.touches,
        );
    }

    /// Fills in what the contacts did, and keeps what held.
    fn report(&mut self, dt_s: f64) {
        self.contacts.clear();
        self.narrow.let_go();
        let mut singles = self.solver.singles.iter().peekable();
        for (index, (contact, touch)) in self
            .solver
            .contacts
            .iter()
            .zip(&self.coupling.touch_of)
            .enumerate()
        {
            let touch = &self.touches[*touch];
            let along_axes = axes(&touch.normal);
            let along = |values: &[f64; 3]| {
                along_axes[0] * values[0] + along_axes[1] * values[1] + along_axes[2] * values[2]
            };
            let force = along(&contact.impulse) / dt_s;
            let torsion = singles
                .next_if(|single| matches!(single.bound, Bound::Torsion { contact, .. } if contact == index));
            let hold = Hold {
                force: force - touch.normal * (contact.impulse[2] / dt_s),
                moment: torsion.map_or(0.0, |single| single.impulse / dt_s),
            };
            self.narrow.keep(touch, hold);
            self.contacts.push(Contact {
                shapes: touch.shapes,
                point: touch.point,
                normal: touch.normal,
                gap: touch.gap,
                force,
                slip: along(&contact.velocity),
            });
        }
    }
}

/// The turn in a step from which on a round shape rolls (rad).
const ROLLING: f64 = 1e-6;
