//! The data of one servo: what it can be made of, and which figures are possible. "Unit" is the rad, or the m for a sliding joint.

use serde::Deserialize;

use crate::servo::encoder::{EncoderParameters, LONGEST_DELAY_S};
use crate::servo::friction::Friction;
use crate::servo::gearbox::{Backlash, Gear};
use crate::servo::heat::Thermal;

/// Motor, gearbox, drive, brake and encoder of one joint.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServoParameters {
    /// Voltage of the supply without load (V).
    pub supply_voltage_v: f64,
    /// Resistance of supply and cable (Ω); of the servo's own cable where it shares a supply.
    pub source_resistance_ohm: f64,
    /// The voltages of its supply outside of which the drive switches off (V); without them it goes on.
    #[serde(default)]
    pub voltage_window_v: Option<[f64; 2]>,
    /// What the drive's electronics take, whatever the motor does (W).
    #[serde(default)]
    pub standby_w: f64,
    /// The most voltage at the winding over that of the supply: 1 for a brushed motor. A three-phase winding that is described by the
    /// RMS current of a phase (R = 3·R_phase) gets 3/√6.
    #[serde(default = "one")]
    pub voltage_gain: f64,
    /// Torque constant (N·m/A).
    pub torque_constant_nm_per_a: f64,
    /// Back-EMF constant (V·s/rad); the torque constant, which it is in SI, unless given. What a sheet gives as a difference of the two
    /// is loss while motoring.
    #[serde(default)]
    pub back_emf_constant_v_s_per_rad: Option<f64>,
    /// Resistance of the winding at 25 °C (Ω).
    pub resistance_ohm: f64,
    /// Inductance of the winding (H).
    pub inductance_h: f64,
    /// The most that the drive lets flow (A).
    pub max_current_a: f64,
    /// Pole pairs of a three-phase motor; 0 for a brushed one.
    #[serde(default)]
    pub pole_pairs: u32,
    /// Inertia of the rotor with what turns at its speed (kg·m²).
    pub rotor_inertia_kgm2: f64,
    /// Motor rad for each unit of the joint.
    pub gear_ratio: f64,
    /// Of the gearbox while the motor drives: above 0, at most 1.
    pub efficiency: f64,
    /// Of the gearbox while the load drives: above 0, at most 1. Unless given, as much effort is lost as while the motor drives.
    #[serde(default)]
    pub back_driving_efficiency: Option<f64>,
    /// The gear's play; without it, motor and joint move as one.
    #[serde(default)]
    pub backlash: Option<Backlash>,
    /// At the joint's output.
    pub friction: Friction,
    /// The effort that the engaged brake holds (N·m, N); 0 without a brake.
    pub brake: f64,
    /// How a driver has to understand the encoder; here it counts on from 0.
    #[serde(default)]
    pub counting: serde::de::IgnoredAny,
    /// Encoder ticks for each revolution of the joint, or for each metre.
    pub encoder_ticks: f64,
    /// What the encoder adds to the truth.
    #[serde(default)]
    pub encoder: EncoderParameters,
    /// Whether motor and encoder count against the joint.
    #[serde(default)]
    pub reversed: bool,
    /// Position of the joint at tick 0 (rad, m).
    #[serde(default)]
    pub offset: f64,
    /// How the motor heats up.
    pub thermal: Thermal,
}

fn one() -> f64 {
    1.0
}

/// A figure: its name, its value, whether it can be, what it must be.
type Figure = (&'static str, f64, bool, &'static str);

fn positive(name: &'static str, value: f64) -> Figure {
    let possible = value.is_finite() && value > 0.0;
    (name, value, possible, "finite and above 0")
}

fn not_negative(name: &'static str, value: f64) -> Figure {
    let possible = value.is_finite() && value >= 0.0;
    (name, value, possible, "finite and at least 0")
}

fn finite(name: &'static str, value: f64) -> Figure {
    (name, value, value.is_finite(), "finite")
}

fn at_most(name: &'static str, value: f64, most: f64, words: &'static str) -> Figure {
    (name, value, value <= most, words)
}

impl ServoParameters {
    /// Rotor inertia seen at the joint (kg·m², or kg for a sliding joint).
    pub fn reflected_inertia(&self) -> f64 {
        self.rotor_inertia_kgm2 * self.gear_ratio * self.gear_ratio
    }

    /// Inertia that turns with the joint and is not in the machine's description (kg·m², kg): the rotor's; with play, where the rotor
    /// turns on its own, that of what is behind the play.
    pub fn armature(&self) -> f64 {
        self.backlash
            .map_or_else(|| self.reflected_inertia(), |backlash| backlash.output_inertia)
    }

    /// Effort at the joint for each ampere, before losses (N·m/A, N/A).
    pub fn effort_per_ampere(&self) -> f64 {
        self.torque_constant_nm_per_a * self.gear_ratio
    }

    /// Back-EMF constant (V·s/rad).
    pub fn back_emf_v_s_per_rad(&self) -> f64 {
        self.back_emf_constant_v_s_per_rad
            .unwrap_or(self.torque_constant_nm_per_a)
    }

    /// The gear as the joint sees it.
    pub(crate) fn gear(&self) -> Gear {
        let same_loss = 1.0 / (2.0 - self.efficiency);
        Gear {
            rotor_inertia: self.reflected_inertia(),
            driving: self.efficiency,
            driven: self.back_driving_efficiency.unwrap_or(same_loss),
            backlash: self.backlash,
        }
    }

    /// The first parameter that can't be, if any: its name, value and what it must be.
    pub(crate) fn impossible(&self) -> Option<(&'static str, f64, &'static str)> {
        let thermal = &self.thermal;
        let mut figures = vec![
            positive("supply_voltage_v", self.supply_voltage_v),
            not_negative("source_resistance_ohm", self.source_resistance_ohm),
            not_negative("standby_w", self.standby_w),
            positive("voltage_gain", self.voltage_gain),
            positive("torque_constant_nm_per_a", self.torque_constant_nm_per_a),
            positive("back_emf_constant_v_s_per_rad", self.back_emf_v_s_per_rad()),
            positive("resistance_ohm", self.resistance_ohm),
            positive("inductance_h", self.inductance_h),
            positive("max_current_a", self.max_current_a),
            positive("rotor_inertia_kgm2", self.rotor_inertia_kgm2),
            positive("gear_ratio", self.gear_ratio),
            positive("efficiency", self.efficiency),
            at_most("efficiency", self.efficiency, 1.0, "at most 1"),
            not_negative("friction.coulomb", self.friction.coulomb),
            not_negative("friction.viscous", self.friction.viscous),
            positive("friction.stiction_velocity", self.friction.stiction_velocity),
            not_negative("brake", self.brake),
            positive("encoder_ticks", self.encoder_ticks),
            not_negative("encoder.noise", self.encoder.noise),
            finite("encoder.offset", self.encoder.offset),
            not_negative("encoder.delay_s", self.encoder.delay_s),
            at_most(
                "encoder.delay_s",
                self.encoder.delay_s,
                LONGEST_DELAY_S,
                "at most 0.1 s",
            ),
            finite("offset", self.offset),
            positive("thermal.resistance_k_per_w", thermal.resistance_k_per_w),
            positive("thermal.capacity_j_per_k", thermal.capacity_j_per_k),
            positive("thermal.limit_degc", thermal.limit_degc),
        ];
        if let Some([low, high]) = self.voltage_window_v {
            figures.push(not_negative("voltage_window_v[0]", low));
            figures.push(("voltage_window_v[1]", high, high > low, "above the lower voltage"));
        }
        if let Some(efficiency) = self.back_driving_efficiency {
            figures.push(positive("back_driving_efficiency", efficiency));
            figures.push(at_most("back_driving_efficiency", efficiency, 1.0, "at most 1"));
        }
        if let Some(backlash) = self.backlash {
            figures.push(not_negative("backlash.width", backlash.width));
            figures.push(positive("backlash.stiffness", backlash.stiffness));
            figures.push(not_negative("backlash.damping", backlash.damping));
            figures.push(positive("backlash.output_inertia", backlash.output_inertia));
        }
        if let Some(stribeck) = self.friction.stribeck {
            let enough = stribeck.breakaway.is_finite() && stribeck.breakaway >= self.friction.coulomb;
            let words = "finite and at least friction.coulomb";
            figures.push(("friction.stribeck.breakaway", stribeck.breakaway, enough, words));
            figures.push(positive("friction.stribeck.velocity", stribeck.velocity));
        }
        if let Some(housing) = thermal.housing {
            let (resistance, capacity) = (housing.resistance_k_per_w, housing.capacity_j_per_k);
            figures.push(positive("thermal.housing.resistance_k_per_w", resistance));
            figures.push(positive("thermal.housing.capacity_j_per_k", capacity));
        }
        if let Some(derating) = thermal.derating {
            let (from, share) = (derating.from_degc, derating.share_at_limit);
            let below = from < thermal.limit_degc;
            figures.push((
                "thermal.derating.from_degc",
                from,
                below,
                "below thermal.limit_degc",
            ));
            figures.push(not_negative("thermal.derating.share_at_limit", share));
            figures.push(at_most(
                "thermal.derating.share_at_limit",
                share,
                1.0,
                "at most 1",
            ));
        }
        figures
            .into_iter()
            .find(|(_, _, possible, _)| !possible)
            .map(|(name, value, _, must_be)| (name, value, must_be))
    }
}
