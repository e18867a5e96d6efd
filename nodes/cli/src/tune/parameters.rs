//! The gains of a whole group as its driver's parameters: lists with a number for each joint.
//!
//! **Invariant:** joints that were not tuned keep what they have.

use servomesh_driver::{Gains, Notch};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The parameters of a driver that are its loops' gains.
pub const NAMES: [&str; 7] = [
    "gains.position_hz",
    "gains.velocity_hz",
    "gains.integral_hz",
    "gains.filter_hz",
    "notch.frequency_hz",
    "notch.width_hz",
    "notch.depth",
];

/// A number for each joint, by the parameter's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lists(BTreeMap<&'static str, Vec<f64>>);

/// A driver's parameters that can't be those of its group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameter {name} has {got} numbers for {joints} joints")]
pub struct ParameterError {
    name: &'static str,
    got: usize,
    joints: usize,
}

impl Lists {
    /// What a driver of so many joints on a bus of `rate_hz` has, from what it answers for each of [`NAMES`]: no number, one, or one for each
    /// joint.
    ///
    /// # Errors
    /// [`ParameterError`]: it has another number of them.
    pub fn of_driver(
        answered: &[Vec<f64>; NAMES.len()],
        joints: usize,
        rate_hz: f64,
    ) -> Result<Self, ParameterError> {
        let suits = entries(&Gains::for_rate(rate_hz));
        let lists =
            NAMES
                .into_iter()
                .zip(answered)
                .zip(suits)
                .map(|((name, numbers), suits)| match numbers[..] {
                    [] => Ok((name, vec![suits; joints])),
                    [one] => Ok((name, vec![one; joints])),
                    _ if numbers.len() == joints => Ok((name, numbers.clone())),
                    _ => Err(ParameterError {
                        name,
                        got: numbers.len(),
                        joints,
                    }),
                });
        lists.collect::<Result<_, _>>().map(Self)
    }

    /// Gives a joint other gains.
    pub fn set(&mut self, joint: usize, gains: &Gains) {
        for (name, value) in NAMES.into_iter().zip(entries(gains)) {
            if let Some(place) = self.0.get_mut(name).and_then(|list| list.get_mut(joint)) {
                *place = value;
            }
        }
    }

    /// Each parameter with its numbers.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[f64])> {
        NAMES
            .into_iter()
            .filter_map(|name| Some((name, self.0.get(name)?.as_slice())))
    }

    /// A ROS parameter file for the driver's node.
    pub fn yaml(&self, node: &str) -> String {
        let mut text = format!("{node}:\n  ros__parameters:\n");
        for (name, numbers) in self.iter() {
            // With a decimal point always: to ROS, `3` is no number of these.
            let numbers: Vec<_> = numbers.iter().map(|number| format!("{number:?}")).collect();
            writeln!(text, "    {name}: [{}]", numbers.join(", ")).unwrap_or_default(); // texts take all
        }
        text
    }
}

/// In the order of [`NAMES`]; a notch at 0 Hz is none.
fn entries(gains: &Gains) -> [f64; NAMES.len()] {
    let notch = gains.notch.unwrap_or(NO_NOTCH);
    [
        gains.position_hz,
        gains.velocity_hz,
        gains.integral_hz,
        gains.filter_hz,
        notch.frequency_hz,
        notch.width_hz,
        notch.depth,
    ]
}

/// As the driver's parameters have it where nothing is given.
const NO_NOTCH: Notch = Notch {
    frequency_hz: 0.0,
    width_hz: 10.0,
    depth: 0.9,
};

#[cfg(test)]
mod tests {
    use super::*;

    const TUNED: Gains = Gains {
        position_hz: 4.0,
        velocity_hz: 20.0,
        integral_hz: 2.5,
        filter_hz: 130.0,
        notch: Some(Notch {
            frequency_hz: 45.5,
            width_hz: 22.0,
            depth: 0.9,
        }),
    };

    #[test]
    fn joints_that_were_not_tuned_keep_what_they_have() {
        let mut answered: [Vec<f64>; 7] = Default::default();
        answered[0] = vec![2.0];
        answered[2] = vec![1.0, 1.1, 1.2];
        let mut lists = Lists::of_driver(&answered, 3, 500.0).unwrap();
        lists.set(1, &TUNED);
        let suits = Gains::for_rate(500.0);
        let found: Vec<_> = lists.iter().map(|(_, numbers)| numbers.to_vec()).collect();
        assert_eq!(found[0], [2.0, 4.0, 2.0]);
        assert_eq!(found[1], [suits.velocity_hz, 20.0, suits.velocity_hz]);
        assert_eq!(found[2], [1.0, 2.5, 1.2]);
        assert_eq!(found[4], [0.0, 45.5, 0.0]);
    }

    #[test]
    fn the_file_is_one_that_ros_reads() {
        let mut lists = Lists::of_driver(&Default::default(), 1, 500.0).unwrap();
        lists.set(0, &TUNED);
        let text = lists.yaml("arm_driver");
        let read: serde_norway::Value = serde_norway::from_str(&text).unwrap();
        let parameters = &read["arm_driver"]["ros__parameters"];
        for (name, numbers) in lists.iter() {
            assert_eq!(parameters[name][0].as_f64(), Some(numbers[0]), "{text}");
        }
        assert!(text.contains("    gains.position_hz: [4.0]\n"), "{text}");
    }

    #[test]
    fn lists_of_another_length_are_refused() {
        let mut answered: [Vec<f64>; 7] = Default::default();
        answered[1] = vec![1.0, 2.0];
        let error = Lists::of_driver(&answered, 3, 500.0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "parameter gains.velocity_hz has 2 numbers for 3 joints"
        );
    }
}
