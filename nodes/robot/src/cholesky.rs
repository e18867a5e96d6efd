//! Symmetric positive definite equations, solved in the memory that they stand in: A = L·Lᵀ.
//!
//! **Invariant:** nothing allocates, and what is above the diagonal is neither read nor written.

use nalgebra::DMatrix;

/// The row at which a matrix is found to be not positive definite, and what is left on its diagonal there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pivot {
    /// Which row.
    pub row: usize,
    /// What is left of its diagonal once the rows before have taken their share.
    pub left: f64,
}

/// Puts the lower triangle L of `A = L·Lᵀ` in the place of that of A.
///
/// # Errors
/// The first row with no more than `least` left on its diagonal, or with what is not finite. The matrix is spoiled then.
pub fn factorise(a: &mut DMatrix<f64>, least: f64) -> Result<(), Pivot> {
    for column in 0..a.nrows() {
        let mut left = a[(column, column)];
        for k in 0..column {
            left -= a[(column, k)] * a[(column, k)];
        }
        if !(left.is_finite() && left > least) {
            return Err(Pivot { row: column, left });
        }
        let pivot = left.sqrt();
        a[(column, column)] = pivot;
        for row in column + 1..a.nrows() {
            let mut value = a[(row, column)];
            for k in 0..column {
                value -= a[(row, k)] * a[(column, k)];
            }
            a[(row, column)] = value / pivot;
        }
    }
    Ok(())
}

/// Puts the solution of `L·Lᵀ·x = b` in the place of b.
///
/// # Panics
/// If `x` is longer than the factor has rows.
pub fn solve(factor: &DMatrix<f64>, x: &mut [f64]) {
    let count = x.len();
    for row in 0..count {
        for k in 0..row {
            x[row] -= factor[(row, k)] * x[k];
        }
        x[row] /= factor[(row, row)];
    }
    for row in (0..count).rev() {
        for k in row + 1..count {
            x[row] -= factor[(k, row)] * x[k];
        }
        x[row] /= factor[(row, row)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B·Bᵀ + 1 for a B of small numbers, with what must not be read above the diagonal.
    fn positive_definite(count: usize) -> (DMatrix<f64>, DMatrix<f64>) {
        let b = DMatrix::from_fn(count, count, |row, column| {
            ((7 * row + 5 * column) % 11) as f64 / 4.0 - 1.0
        });
        let whole = &b * b.transpose() + DMatrix::identity(count, count);
        let lower = DMatrix::from_fn(count, count, |row, column| {
            if row < column {
                f64::NAN
            } else {
                whole[(row, column)]
            }
        });
        (whole, lower)
    }

    #[test]
    fn what_is_solved_solves() {
        for count in 0..9 {
            let (whole, mut factor) = positive_definite(count);
            let wanted = DMatrix::from_fn(count, 1, |row, _| row as f64 - 2.5);
            let mut x = (&whole * &wanted).as_slice().to_vec();
            factorise(&mut factor, 0.0).expect("it is positive definite");
            solve(&factor, &mut x);
            for (x, wanted) in x.iter().zip(&wanted) {
                assert!((x - wanted).abs() < 1e-11, "{x} {wanted}");
            }
        }
    }

    #[test]
    fn the_row_that_is_not_positive_definite_is_named() {
        let singular = DMatrix::from_row_slice(3, 3, &[4.0, 2.0, 2.0, 2.0, 1.0, 1.0, 2.0, 1.0, 5.0]);
        let found = factorise(&mut singular.clone(), 1e-12);
        assert_eq!(found, Err(Pivot { row: 1, left: 0.0 }));
        let mut indefinite = singular;
        indefinite[(0, 0)] = -1.0;
        assert_eq!(
            factorise(&mut indefinite, 1e-12),
            Err(Pivot { row: 0, left: -1.0 })
        );
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        for wrong in [f64::NAN, f64::INFINITY] {
            let (_, mut matrix) = positive_definite(4);
            matrix[(2, 2)] = wrong;
            assert!(matches!(factorise(&mut matrix, 0.0), Err(Pivot { row: 2, .. })));
            let (_, mut matrix) = positive_definite(4);
            matrix[(3, 1)] = wrong;
            assert!(matches!(factorise(&mut matrix, 0.0), Err(Pivot { row: 3, .. })));
        }
    }
}
