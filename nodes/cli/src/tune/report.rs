//! What was found of each joint that was tuned, and why of others nothing was.

use super::{ChirpError, Record, RecordError};
use crate::columns::columns;
use servomesh_driver::Gains;
use servomesh_driver::identify::{Identified, IdentifyError, identify};
use servomesh_driver::tune::{TuneError, Tuned, tune};
use servomesh_types::{GroupDescription, JointKind};
use std::fmt;

/// What was found of one joint.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its index in the group.
    pub joint: usize,
    /// Its name.
    pub name: String,
    /// What it is: its unit is that of its kind.
    pub kind: JointKind,
    /// Inertia, friction, resonance.
    pub identified: Identified,
    /// The gains that suit it, in whole digits.
    pub tuned: Tuned,
}

/// Why a joint gets no gains.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// It can't be excited.
    #[error(transparent)]
    Chirp(#[from] ChirpError),
    /// Its record is none.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record says too little.
    #[error(transparent)]
    Identify(#[from] IdentifyError),
    /// What it says has no gains.
    #[error(transparent)]
    Tune(#[from] TuneError),
}

/// What was found of a group's joints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Those that have gains now, in the order in which they were excited.
    pub found: Vec<Finding>,
    /// The others by their names, and why.
    pub refused: Vec<(String, String)>,
}

/// What a joint's record says: its figures, and the gains that leave `margin_deg`.
///
/// # Errors
/// [`Refused`] says why it says too little.
pub fn judge(
    group: &GroupDescription,
    joint: usize,
    record: &Record,
    margin_deg: f64,
) -> Result<Finding, Refused> {
    let described = &group.joints[joint];
    let identified = identify(&record.samples()?, group.rate_hz)?;
    let tuned = tune(
        &identified,
        described.drivetrain.armature,
        group.rate_hz,
        margin_deg,
    )?;
    let gains = whole(tuned.gains);
    Ok(Finding {
        joint,
        name: described.name.clone(),
        kind: described.kind,
        identified,
        tuned: Tuned {
            gains,
            margin_deg: gains.phase_margin_deg(group.rate_hz),
            ..tuned
        },
    })
}

/// Gains as people write them: three digits say all that a record knows. Bandwidths go down, the low-pass up, so that the margin stays.
fn whole(gains: Gains) -> Gains {
    let step = |value: f64| 10_f64.powf(value.abs().max(f64::MIN_POSITIVE).log10().floor() - 2.0);
    // A product of powers of ten is not what is written; its text is.
    let written = |value: f64| format!("{value:.6}").parse().unwrap_or(value);
    let down = |value: f64| written((value / step(value)).floor() * step(value));
    let up = |value: f64| written((value / step(value)).ceil() * step(value));
    Gains {
        position_hz: down(gains.position_hz),
        velocity_hz: down(gains.velocity_hz),
        integral_hz: down(gains.integral_hz),
        filter_hz: up(gains.filter_hz),
        notch: gains.notch.map(|mut notch| {
            notch.frequency_hz = down(notch.frequency_hz);
            notch.width_hz = down(notch.width_hz);
            notch
        }),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.found.is_empty() {
            let rows: Vec<_> = std::iter::once(TITLES.map(str::to_owned))
                .chain(self.found.iter().map(Finding::row))
                .collect();
            f.write_str(&columns(&rows))?;
        }
        for (name, reason) in &self.refused {
            writeln!(f, "joint {name} refused: {reason}")?;
        }
        Ok(())
    }
}

impl Finding {
    fn row(&self) -> [String; TITLES.len()] {
        let [inertia, coulomb, viscous] = match self.kind {
            JointKind::Revolute => ["kg·m²", "N·m", "N·m·s/rad"],
            JointKind::Prismatic => ["kg", "N", "N·s/m"],
        };
        let (found, gains) = (&self.identified, &self.tuned.gains);
        [
            self.name.clone(),
            format!("{:.3} ± {:.3} {inertia}", found.inertia, found.inertia_deviation),
            format!("{:.2} {coulomb}", found.coulomb),
            format!("{:.2} {viscous}", found.viscous),
            found
                .resonance_hz
                .map_or("none found".to_owned(), |hz| format!("{hz:.1} Hz")),
            format!("{:.0} %", 100.0 * found.explained),
            format!(
                "{} {} {} {} Hz",
                gains.position_hz, gains.velocity_hz, gains.integral_hz, gains.filter_hz
            ),
            gains.notch.map_or("none".to_owned(), |notch| {
                format!("{} ± {} Hz", notch.frequency_hz, 0.5 * notch.width_hz)
            }),
            format!("{:.0}°", self.tuned.margin_deg),
        ]
    }
}

const TITLES: [&str; 9] = [
    "joint",
    "inertia",
    "Coulomb",
    "viscous",
    "resonance",
    "explained",
    "position velocity integral filter",
    "notch",
    "margin",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::Chirp;
    use servomesh_types::{
        Capabilities, DriveMode, Drivetrain, GroupName, JointDescription, JointLimits, ServoState, Stamp,
        StreamTag,
    };

    fn group() -> GroupDescription {
        GroupDescription {
            name: GroupName::new("arm").unwrap(),
            joints: vec![JointDescription {
                name: "elbow".to_owned(),
                kind: JointKind::Revolute,
                limits: JointLimits::new((-3.0, 3.0), 2.0, 6.0, 60.0, 150.0).unwrap(),
                drivetrain: Drivetrain {
                    armature: 0.8,
                    ..Drivetrain::default()
                },
            }],
            rate_hz: 500.0,
            capabilities: Capabilities::default(),
            backend: "sim".to_owned(),
        }
    }

    /// What is heard of a rigid joint that follows its chirp to the letter.
    fn record(inertia: f64, coulomb: f64, seconds: f64) -> Record {
        let chirp = Chirp::plan(&group(), "elbow", &[0.4]).unwrap();
        let mut record = Record::new(0, 500.0);
        for k in 0..(500.0 * seconds) as i64 {
            let [position, velocity, acceleration] = chirp.excitation.at(2e-3 * k as f64);
            let friction = coulomb * (velocity / 0.002).clamp(-1.0, 1.0) + 3.0 * velocity;
            record.hear(&ServoState {
                tag: StreamTag {
                    stamp: Stamp::from_millis(2 * k),
                    ..StreamTag::default()
                },
                mode: DriveMode::Enabled,
                position: [position].into(),
                effort: [inertia * acceleration + friction + 8.0].into(),
                ..ServoState::default()
            });
        }
        record
    }

    #[test]
    fn a_chirp_within_usual_limits_of_jerk_says_what_the_joint_is() {
        let found = judge(&group(), 0, &record(1.9, 4.0, 15.0), 50.0).unwrap();
        let identified = found.identified;
        assert!((identified.inertia - 1.9).abs() < 0.06, "{identified:?}");
        // Which part of the friction grows with speed, a chirp says less well than how much there is.
        let friction = identified.coulomb + 0.5 * identified.viscous;
        assert!((friction - 5.5).abs() < 0.4, "{identified:?}");
        assert!(
            (50.0..51.0).contains(&found.tuned.margin_deg),
            "{:?}",
            found.tuned
        );
        let report = Report {
            found: vec![found],
            refused: vec![("wrist".to_owned(), "it stands at its limit".to_owned())],
        };
        let text = report.to_string();
        let [titles, row, refused] = text.lines().collect::<Vec<_>>()[..] else {
            panic!("{text}");
        };
        assert!(
            titles.starts_with("joint  inertia") && titles.ends_with("margin"),
            "{text}"
        );
        assert!(row.contains("kg·m²") && row.ends_with("50°"), "{text}");
        assert_eq!(refused, "joint wrist refused: it stands at its limit");
    }

    #[test]
    fn a_record_that_cannot_be_right_is_refused_with_its_reason() {
        let short = judge(&group(), 0, &record(1.9, 4.0, 2.0), 50.0).unwrap_err();
        assert!(short.to_string().contains("the record has 2.0 s"), "{short}");
        let light = judge(&group(), 0, &record(0.5, 4.0, 15.0), 50.0).unwrap_err();
        assert!(light.to_string().contains("below the rotor's 0.8000"), "{light}");
        let steep = judge(&group(), 0, &record(1.9, 4.0, 15.0), 85.0).unwrap_err();
        assert!(
            steep.to_string().contains("a phase margin of 85° can't be had"),
            "{steep}"
        );
    }

    #[test]
    fn written_gains_have_three_digits_and_keep_the_margin() {
        let gains = Gains {
            velocity_hz: 15.876_54,
            position_hz: 3.175_308,
            integral_hz: 2.116_872,
            filter_hz: 105.843_6,
            notch: None,
        };
        let written = whole(gains);
        let expected = Gains {
            velocity_hz: 15.8,
            position_hz: 3.17,
            integral_hz: 2.11,
            filter_hz: 106.0,
            notch: None,
        };
        assert_eq!(written, expected);
        assert!(written.phase_margin_deg(500.0) >= gains.phase_margin_deg(500.0));
    }
}
