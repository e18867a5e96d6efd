//! One number per joint, in the order in which the group's driver announced its joints.

use std::ops::{Deref, DerefMut};

/// The most joints one group can have: the bound of the message arrays.
pub const MAX_JOINTS: usize = 16;

/// One number per joint of a group, at most [`MAX_JOINTS`]; a plain value that never allocates.
#[derive(Clone, Copy)]
pub struct JointVec {
    len: u8,
    values: [f64; MAX_JOINTS],
}

/// More values than a group can have joints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{len} values, but a group has at most {MAX_JOINTS} joints")]
pub struct TooManyJoints {
    /// How many there were.
    pub len: usize,
}

impl JointVec {
    /// No joints.
    pub const EMPTY: Self = Self {
        len: 0,
        values: [0.0; MAX_JOINTS],
    };

    /// `len` zeros. At most [`MAX_JOINTS`] are kept.
    #[inline]
    pub fn zeros(len: usize) -> Self {
        Self {
            len: len.min(MAX_JOINTS) as u8,
            values: [0.0; MAX_JOINTS],
        }
    }

    /// The value `f(i)` for each joint `i` of `len`. At most [`MAX_JOINTS`] are kept.
    #[inline]
    pub fn from_fn(len: usize, mut f: impl FnMut(usize) -> f64) -> Self {
        let mut vec = Self::zeros(len);
        for (i, value) in vec.iter_mut().enumerate() {
            *value = f(i);
        }
        vec
    }

    /// Whether every value is a number (neither NaN nor infinite).
    #[inline]
    pub fn is_finite(&self) -> bool {
        self.iter().all(|v| v.is_finite())
    }

    /// Adds one value at the end.
    ///
    /// # Errors
    /// [`TooManyJoints`] if there is no room.
    #[inline]
    pub fn push(&mut self, value: f64) -> Result<(), TooManyJoints> {
        let len = usize::from(self.len);
        *self.values.get_mut(len).ok_or(TooManyJoints { len: len + 1 })? = value;
        self.len += 1;
        Ok(())
    }

    /// The largest absolute value; 0 without joints.
    #[inline]
    pub fn max_abs(&self) -> f64 {
        self.iter().fold(0.0, |max: f64, v| max.max(v.abs()))
    }
}

impl Deref for JointVec {
    type Target = [f64];
    #[inline]
    fn deref(&self) -> &[f64] {
        &self.values[..usize::from(self.len)]
    }
}

impl DerefMut for JointVec {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.values[..usize::from(self.len)]
    }
}

impl TryFrom<&[f64]> for JointVec {
    type Error = TooManyJoints;
    fn try_from(slice: &[f64]) -> Result<Self, TooManyJoints> {
        if slice.len() > MAX_JOINTS {
            return Err(TooManyJoints { len: slice.len() });
        }
        Ok(Self::from_fn(slice.len(), |i| slice[i]))
    }
}

impl<const N: usize> From<[f64; N]> for JointVec {
    #[inline]
    fn from(array: [f64; N]) -> Self {
        const { assert!(N <= MAX_JOINTS, "more values than a group can have joints") };
        Self::from_fn(N, |i| array[i])
    }
}

impl Default for JointVec {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl PartialEq for JointVec {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl std::fmt::Debug for JointVec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_longer_than_a_group_is_refused() {
        let long = [0.0; MAX_JOINTS + 1];
        assert_eq!(
            JointVec::try_from(&long[..]),
            Err(TooManyJoints { len: MAX_JOINTS + 1 })
        );
        let mut full = JointVec::zeros(MAX_JOINTS);
        assert!(full.push(1.0).is_err());
        assert_eq!(full.len(), MAX_JOINTS);
    }

    #[test]
    fn equality_looks_at_the_joints_only() {
        let mut a = JointVec::from([1.0, 2.0]);
        assert_eq!(a, JointVec::try_from(&[1.0, 2.0][..]).unwrap());
        a[1] = f64::NAN;
        assert!(!a.is_finite());
    }
}
