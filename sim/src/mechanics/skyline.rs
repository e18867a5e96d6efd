//! A symmetric positive definite matrix whose rows begin late, and its Cholesky factor.
//!
//! Decides how the solver's linear systems are stored: of each row only what lies from its first possible entry to the diagonal (A. Jennings,
//! "A compact storage scheme for the solution of symmetric linear simultaneous equations", 1966). The factor needs no more room than that,
//! so bodies that don't touch each other cost what they cost alone.

/// Lower half of a symmetric matrix, row by row.
#[derive(Debug, Clone, Default)]
pub(super) struct Skyline {
    /// First column of each row.
    first: Vec<usize>,
    /// Where each row's diagonal stands in `values`.
    diagonal: Vec<usize>,
    values: Vec<f64>,
}

impl Skyline {
    /// Makes room for rows that begin at the columns given, and fills it with zeros.
    pub(super) fn shape(&mut self, first: &[usize]) {
        self.first.clear();
        self.first.extend_from_slice(first);
        self.diagonal.clear();
        let mut end = 0;
        for (row, &first) in first.iter().enumerate() {
            debug_assert!(first <= row);
            end += row - first + 1;
            self.diagonal.push(end - 1);
        }
        self.values.clear();
        self.values.resize(end, 0.0);
    }

    /// Adds to an entry on or below the diagonal.
    #[inline]
    pub(super) fn add(&mut self, row: usize, column: usize, value: f64) {
        debug_assert!(column <= row && column >= self.first[row]);
        self.values[self.diagonal[row] - (row - column)] += value;
    }

    /// The part of a row from `column` to the diagonal.
    #[inline]
    pub(super) fn row_from(&mut self, row: usize, column: usize) -> &mut [f64] {
        let diagonal = self.diagonal[row];
        &mut self.values[diagonal - (row - column)..=diagonal]
    }

    /// Factors the matrix in place: M = L·Lᵀ, with the inverse of each diagonal entry of L in its place.
    ///
    /// Returns whether it is positive definite.
    #[must_use]
    pub(super) fn factor(&mut self) -> bool {
        for row in 0..self.first.len() {
            let first = self.first[row];
            let start = self.diagonal[row] - (row - first);
            let (above, this) = self.values.split_at_mut(start);
            for column in first..row {
                let other_first = self.first[column];
                let from = first.max(other_first);
                let other_diagonal = self.diagonal[column];
                let other = &above[other_diagonal - (column - from)..other_diagonal];
                let mine = &this[from - first..column - first];
                let sum = this[column - first] - dot(mine, other);
                this[column - first] = sum * above[other_diagonal];
            }
            let (left, diagonal) = this.split_at_mut(row - first);
            let rest = diagonal[0] - dot(left, left);
            if rest.is_nan() || rest <= 0.0 {
                return false;
            }
            diagonal[0] = 1.0 / rest.sqrt();
        }
        true
    }

    /// Solves `L·Lᵀ·x = b` in place.
    pub(super) fn solve(&self, x: &mut [f64]) {
        for row in 0..x.len() {
            let (first, diagonal) = (self.first[row], self.diagonal[row]);
            let left = &self.values[diagonal - (row - first)..diagonal];
            let sum = x[row] - dot(left, &x[first..row]);
            x[row] = sum * self.values[diagonal];
        }
        for row in (0..x.len()).rev() {
            let (first, diagonal) = (self.first[row], self.diagonal[row]);
            let value = x[row] * self.values[diagonal];
            x[row] = value;
            let left = &self.values[diagonal - (row - first)..diagonal];
            for (entry, l) in x[first..row].iter_mut().zip(left) {
                *entry -= l * value;
            }
        }
    }
}

#[inline]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (x, y) in a.iter().zip(b) {
        sum += x * y;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{DMatrix, DVector};
    use rand::{RngExt, SeedableRng};

    #[test]
    fn it_solves_what_a_dense_factor_solves() {
        let seed = 3;
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let first = [0, 0, 2, 2, 0, 5, 5, 4, 1];
        let mut dense = DMatrix::<f64>::identity(9, 9) * 5.0;
        let mut sparse = Skyline::default();
        sparse.shape(&first);
        for row in 0..9 {
            sparse.add(row, row, 5.0);
            for column in first[row]..row {
                let value = random.random::<f64>() - 0.5;
                dense[(row, column)] = value;
                dense[(column, row)] = value;
                sparse.add(row, column, value);
            }
        }
        assert!(sparse.factor());
        let right = DVector::from_fn(9, |row, _| row as f64 - 3.5);
        let mut x = right.clone();
        sparse.solve(x.as_mut_slice());
        assert!((dense * x - right).norm() < 1e-12, "seed {seed}");
    }

    #[test]
    fn it_says_when_there_is_no_factor() {
        let mut matrix = Skyline::default();
        matrix.shape(&[0, 0]);
        matrix.add(0, 0, 1.0);
        matrix.add(1, 0, 2.0);
        matrix.add(1, 1, 4.0);
        assert!(!matrix.factor());
    }
}
