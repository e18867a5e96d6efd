//! From the motor's effort to the joint's: friction, the gear's losses, the brake, and the gear's play.
//!
//! All in the joint's unit (rad, m; N·m, N), the rotor included: its angle, speed and inertia as seen behind the gear ratio.
//!
//! Decides what the joint feels in a step. **Rigid** (no play): the rotor is part of the joint, its inertia the joint's armature.
//! **With play**: the rotor moves on its own; inside the play nothing reaches the joint, at either end a stiff spring with damping does.
//! Friction, losses and brake act on the rotor, as they do in a servo. Rotor and spring are solved together with the joint by the implicit
//! Euler step `(M + dt·S)·(ω' − ω) = dt·(E − k·g − S·(ω − v'))`, where S = k·dt + d: linear in the joint's speed v' at the end of the step,
//! so that it can be handed to the joint's own step as a [`Reaction`], and finished when v' is known. Thus it is stable for any stiffness.
//!
//! The gear's losses are dry friction in proportion to the effort it carries. Of the motor's effort τ, η·τ arrives while the motor drives, and it
//! takes τ/η_b to turn it back while the load drives.

use serde::Deserialize;

use super::Reaction;
use super::friction::Friction;

/// The play of a gear, and what is around it. At the joint's output.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backlash {
    /// All of the play, from one end to the other (rad, m).
    pub width: f64,
    /// Stiffness of the gear at the end of its play (N·m/rad, N/m).
    pub stiffness: f64,
    /// Damping there (N·m·s/rad, N·s/m).
    pub damping: f64,
    /// Inertia of what turns with the joint behind the play: the last gear and the flange (kg·m², kg).
    pub output_inertia: f64,
}

/// What a gear is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gear {
    /// Of the rotor, seen at the joint (kg·m², kg).
    pub rotor_inertia: f64,
    /// η, while the motor drives.
    pub driving: f64,
    /// η_b, while the load drives.
    pub driven: f64,
    /// Its play, if it has any.
    pub backlash: Option<Backlash>,
}

/// What acts on the rotor in a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Acting {
    /// The motor.
    pub motor: Reaction,
    /// Brake and what jams.
    pub held: Reaction,
    /// Friction as it is now.
    pub friction: Friction,
    /// Dry friction on top of it.
    pub dry: f64,
}

/// Where the energy of a step went (J).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Work {
    /// Given to the joint.
    pub to_joint_j: f64,
    /// Turned to heat by friction, losses, brake and the gear's damping.
    pub lost_j: f64,
}

/// A gear at work.
#[derive(Debug, Clone, PartialEq)]
pub struct Gearbox {
    gear: Gear,
    rotor: Rotor,
    /// What got through the play in the last step (effort at the joint).
    carries: f64,
    pending: Option<Pending>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Rotor {
    angle: f64,
    speed: f64,
}

/// A step whose end is not known yet.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pending {
    dt_s: f64,
    joint_speed: f64,
    /// On the rotor, without what the play hands on.
    motor: Reaction,
    resisting: Reaction,
    /// On the joint.
    reaction: Reaction,
    /// Of rotor against joint.
    twist: f64,
}

impl Gearbox {
    /// A gear at rest.
    pub fn new(gear: Gear, position: f64) -> Self {
        Self {
            gear,
            rotor: Rotor {
                angle: position,
                speed: 0.0,
            },
            carries: 0.0,
            pending: None,
        }
    }

    /// Puts it at rest at `position`, in the middle of its play.
    pub fn place(&mut self, position: f64) {
        *self = Self::new(self.gear, position);
    }

    /// Angle and speed of the rotor while the joint is at `position` with `velocity`.
    pub fn rotor(&self, position: f64, velocity: f64) -> (f64, f64) {
        match self.gear.backlash {
            None => (position, velocity),
            Some(_) => (self.rotor.angle, self.rotor.speed),
        }
    }

    /// Energy in a rotor that moves on its own, and in the gear that is pressed in (J); 0 for a rigid gear, whose rotor is the joint's.
    pub fn stored_j(&self, position: f64) -> f64 {
        self.gear.backlash.map_or(0.0, |backlash| {
            0.5 * self.gear.rotor_inertia * self.rotor.speed * self.rotor.speed
                + backlash.spring_j(self.rotor.angle - position)
        })
    }

    /// What the joint feels in the coming step of `dt_s`.
    pub fn react(&mut self, acting: &Acting, position: f64, velocity: f64, dt_s: f64) -> Reaction {
        let (_, speed) = self.rotor(position, velocity);
        let dry = acting.dry + self.loss(&acting.motor, speed);
        let inertia_over_step = self.gear.rotor_inertia / dt_s;
        let friction = acting.friction.reaction(speed, dry, inertia_over_step);
        let resisting = friction + acting.held;
        let reaction = match self.gear.backlash {
            None => acting.motor + resisting,
            Some(backlash) => {
                self.through_play(&backlash, acting.motor + resisting, position, velocity, dt_s)
            }
        };
        self.pending = Some(Pending {
            dt_s,
            joint_speed: velocity,
            motor: acting.motor,
            resisting,
            reaction,
            twist: self.rotor.angle - position,
        });
        reaction
    }

    /// Dry friction of the gear under load: of what the motor gives, or, where that does not get through the play, of what has arrived.
    fn loss(&self, motor: &Reaction, speed: f64) -> f64 {
        let Gear { driving, driven, .. } = self.gear;
        match self.gear.backlash {
            None if motor.effort * speed < 0.0 => (1.0 / driven - 1.0) * motor.effort.abs(),
            None => (1.0 - driving) * motor.effort.abs(),
            Some(_) if self.carries * speed < 0.0 => (1.0 - driven) * self.carries.abs(),
            Some(_) => (1.0 / driving - 1.0) * self.carries.abs(),
        }
    }

    fn through_play(
        &self,
        backlash: &Backlash,
        acting: Reaction,
        position: f64,
        velocity: f64,
        dt_s: f64,
    ) -> Reaction {
        let Rotor { angle, speed } = self.rotor;
        let mass = self.gear.rotor_inertia + dt_s * acting.damping;
        let twist = angle - position;
        // Where the rotor would be without contact says which end it meets in this step.
        let ahead = twist + dt_s * (speed + dt_s * acting.effort / mass - velocity);
        let half = 0.5 * backlash.width;
        let end = if twist.max(ahead) > half {
            half
        } else if twist.min(ahead) < -half {
            -half
        } else {
            return Reaction::default();
        };
        let pressed = twist - end;
        let s = backlash.stiffness * dt_s + backlash.damping;
        let pull = acting.effort - backlash.stiffness * pressed - s * (speed - velocity);
        let after = speed + dt_s * pull / (mass + dt_s * s);
        let effort = backlash.stiffness * pressed + s * (after - velocity);
        // An end pushes; it does not pull back what leaves it.
        if effort * end <= 0.0 {
            return Reaction::default();
        }
        let damping = s * mass / (mass + dt_s * s);
        Reaction { effort, damping }
    }

    /// Ends the step that [`react`](Self::react) began, with the joint's `velocity` after it; says where its energy went.
    pub fn settle(&mut self, velocity: f64) -> Work {
        let Some(step) = self.pending.take() else {
            return Work::default();
        };
        let Pending {
            dt_s,
            joint_speed,
            motor,
            resisting,
            reaction,
            twist,
        } = step;
        let given = reaction.after(velocity - joint_speed);
        let joint_way = 0.5 * (joint_speed + velocity) * dt_s;
        let Some(backlash) = self.gear.backlash else {
            return Work {
                to_joint_j: given * joint_way,
                lost_j: -resisting.after(velocity - joint_speed) * joint_way,
            };
        };
        self.carries = given;
        let acting = motor + resisting;
        let before = self.rotor.speed;
        let mass = self.gear.rotor_inertia + dt_s * acting.damping;
        let gained = dt_s * (acting.effort - given) / mass;
        self.rotor.speed += gained;
        self.rotor.angle += dt_s * self.rotor.speed;
        let rotor_way = (before + 0.5 * gained) * dt_s;
        let twisted = twist + dt_s * (self.rotor.speed - velocity);
        let spring_j = backlash.spring_j(twisted) - backlash.spring_j(twist);
        Work {
            to_joint_j: given * joint_way,
            lost_j: -resisting.after(gained) * rotor_way + given * (rotor_way - joint_way) - spring_j,
        }
    }
}

impl Backlash {
    /// Energy in the gear at a twist of rotor against joint (J).
    fn spring_j(&self, twist: f64) -> f64 {
        let half = 0.5 * self.width;
        let pressed = twist - twist.clamp(-half, half);
        0.5 * self.stiffness * pressed * pressed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRICTION: Friction = Friction {
        coulomb: 1.0,
        viscous: 0.0,
        stiction_velocity: 1e-4,
        stribeck: None,
    };
    const PLAY: Backlash = Backlash {
        width: 0.004,
        stiffness: 2.0e4,
        damping: 20.0,
        output_inertia: 0.01,
    };

    fn gearbox(backlash: Option<Backlash>) -> Gearbox {
        let gear = Gear {
            rotor_inertia: 0.5,
            driving: 0.8,
            driven: 1.0 / 1.3,
            backlash,
        };
        Gearbox::new(gear, 0.0)
    }

    fn acting(effort: f64) -> Acting {
        Acting {
            motor: Reaction { effort, damping: 0.0 },
            held: Reaction::default(),
            friction: FRICTION,
            dry: 0.0,
        }
    }

    #[test]
    fn losses_depend_on_which_side_drives() {
        let mut gearbox = gearbox(None);
        let driving = gearbox.react(&acting(10.0), 0.0, 1.0, 1e-3);
        assert!((driving.effort - (10.0 - 1.0 - 2.0)).abs() < 1e-6, "{driving:?}");
        gearbox.settle(1.0);
        let driven = gearbox.react(&acting(10.0), 0.0, -1.0, 1e-3);
        assert!((driven.effort - (10.0 + 1.0 + 3.0)).abs() < 1e-6, "{driven:?}");
    }

    #[test]
    fn a_joint_stands_while_the_rotor_crosses_its_play() {
        let mut gearbox = gearbox(Some(PLAY));
        let reached = (0..1000).find(|_| {
            let reaction = gearbox.react(&acting(1.5), 0.0, 0.0, 1e-4);
            gearbox.settle(0.0);
            reaction.effort > 0.0
        });
        // 0.5 N·m net on 0.5 kg·m² go half of the play, 0.002 rad, in √(2 · 0.002 / 1) s = 63 ms.
        let step = reached.expect("the rotor reaches the end of its play");
        assert!((620..650).contains(&step), "{step}");
        let (angle, _) = gearbox.rotor(0.0, 0.0);
        assert!((angle - 0.002).abs() < 2e-5, "{angle}");
    }

    /// A free joint of inertia 2 with the rotor behind it; `effort` by step.
    fn free_joint(dt_s: f64, steps: usize, effort: impl Fn(usize) -> f64) -> (f64, f64, Gearbox, f64) {
        let mut gearbox = gearbox(Some(PLAY));
        let (inertia, mut position, mut velocity, mut balance) = (2.0, 0.0, 0.0, 0.0);
        for step in 0..steps {
            let motor = effort(step);
            let speed = gearbox.rotor(position, velocity).1;
            let reaction = gearbox.react(&acting(motor), position, velocity, dt_s);
            let gained = dt_s * reaction.effort / (inertia + dt_s * reaction.damping);
            velocity += gained;
            position += dt_s * velocity;
            let work = gearbox.settle(velocity);
            let turned = 0.5 * (speed + gearbox.rotor(position, velocity).1) * dt_s;
            balance += motor * turned - work.to_joint_j - work.lost_j;
        }
        (position, velocity, gearbox, balance)
    }

    #[test]
    fn motor_work_is_joint_work_and_losses_and_what_is_stored() {
        let (position, velocity, gearbox, balance) =
            free_joint(1e-3, 3000, |step| 8.0 * (step as f64 * 0.02).sin());
        assert!(velocity.is_finite() && position.abs() > 0.0);
        let stored = gearbox.stored_j(position);
        assert!(
            (balance - stored).abs() < 1e-3 * stored.max(0.1),
            "{balance} J, not {stored} J"
        );
    }

    #[test]
    fn however_stiff_it_stays_stable_and_moves_the_joint_as_one() {
        let mut gearbox = gearbox(Some(Backlash {
            stiffness: 1e9,
            ..PLAY
        }));
        let (mut position, mut velocity) = (0.0, 0.0);
        for _ in 0..2000 {
            let reaction = gearbox.react(&acting(9.0), position, velocity, 1e-3);
            velocity += 1e-3 * reaction.effort / (2.0 + 1e-3 * reaction.damping);
            position += 1e-3 * velocity;
            gearbox.settle(velocity);
        }
        // 9 N·m less 1 N·m of friction on 0.5 kg·m², and 80 % of what goes on, on 2 kg·m².
        let expected = 2.0 * (9.0 - 1.0) / (0.5 + 2.0 / 0.8);
        assert!(
            (velocity / expected - 1.0).abs() < 0.03,
            "{velocity}, not {expected}"
        );
    }
}
