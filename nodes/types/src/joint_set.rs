//! Some of a group's joints, as a plain value.

use crate::MAX_JOINTS;
use std::fmt;

/// A set of joints of one group, by their places in the announced order.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct JointSet(u16);

impl JointSet {
    /// No joint.
    pub const EMPTY: Self = Self(0);

    /// The set whose joint `i` is in it if bit `i` is set, as messages carry it.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The set as bits, that of joint 0 the lowest.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Adds a joint. What is no joint (from [`MAX_JOINTS`] on) is not kept.
    pub fn insert(&mut self, joint: usize) {
        self.0 |= bit(joint);
    }

    /// Takes a joint out.
    pub fn remove(&mut self, joint: usize) {
        self.0 &= !bit(joint);
    }

    /// Whether a joint is in it.
    pub fn contains(self, joint: usize) -> bool {
        self.0 & bit(joint) != 0
    }

    /// Whether no joint is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many joints are in it.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The joints in it, the first one first.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..MAX_JOINTS).filter(move |joint| self.contains(*joint))
    }

    /// The joints of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

fn bit(joint: usize) -> u16 {
    const { assert!(MAX_JOINTS <= 16, "a joint has a bit") };
    if joint < MAX_JOINTS { 1 << joint } else { 0 }
}

impl FromIterator<usize> for JointSet {
    fn from_iter<I: IntoIterator<Item = usize>>(joints: I) -> Self {
        joints.into_iter().fold(Self::EMPTY, |mut set, joint| {
            set.insert(joint);
            set
        })
    }
}

impl fmt::Debug for JointSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_each_joint_of_a_group_and_nothing_else() {
        let mut set: JointSet = [0, 3, MAX_JOINTS - 1].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 3, MAX_JOINTS - 1]);
        assert_eq!(JointSet::from_bits(set.bits()), set);
        set.remove(0);
        set.insert(MAX_JOINTS);
        assert_eq!(
            (set.len(), set.contains(0), set.contains(MAX_JOINTS)),
            (2, false, false)
        );
        assert_eq!(format!("{set:?}"), "{3, 15}");
    }
}
