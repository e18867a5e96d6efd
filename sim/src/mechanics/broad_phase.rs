//! Which shapes are close enough to be worth a look.
//!
//! Decides by sweep and prune: boxes along the axes, sorted along the axis in which they are spread most. Half-spaces have no end and meet
//! everything that moves. The order is kept between steps, so that sorting it again costs little.
//!
//! **Invariant:** pairs come out sorted, each once, the lower index first.

use parry3d_f64::bounding_volume::{Aabb, BoundingVolume};

/// One shape's box, and which shapes it may meet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proxy {
    pub(super) bounds: Aabb,
    pub(super) unbounded: bool,
    pub(super) moves: bool,
}

/// The order along the axis, kept between steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Sweep {
    axis: usize,
    order: Vec<u32>,
    unbounded: Vec<u32>,
}

impl Sweep {
    /// Fills `pairs` with those whose boxes overlap and that `allowed` lets through.
    pub(super) fn pairs(
        &mut self,
        proxies: &[Proxy],
        allowed: impl Fn(usize, usize) -> bool,
        pairs: &mut Vec<(u32, u32)>,
    ) {
        pairs.clear();
        if self.order.len() + self.unbounded.len() != proxies.len() {
            let all = 0..proxies.len() as u32;
            (self.unbounded, self.order) = all.partition(|&shape| proxies[shape as usize].unbounded);
        }
        self.axis = widest_axis(proxies);
        let start = |shape: u32| proxies[shape as usize].bounds.mins[self.axis];
        insertion_sort(&mut self.order, start);
        let mut keep = |a: u32, b: u32| {
            let (low, high) = (a.min(b), a.max(b));
            if allowed(low as usize, high as usize) {
                pairs.push((low, high));
            }
        };
        for (place, &shape) in self.order.iter().enumerate() {
            let proxy = &proxies[shape as usize];
            let end = proxy.bounds.maxs[self.axis];
            for &other in &self.order[place + 1..] {
                if start(other) > end {
                    break;
                }
                let other_proxy = &proxies[other as usize];
                if (proxy.moves || other_proxy.moves) && proxy.bounds.intersects(&other_proxy.bounds) {
                    keep(shape, other);
                }
            }
        }
        for &shape in &self.unbounded {
            for &other in &self.order {
                if proxies[shape as usize].moves || proxies[other as usize].moves {
                    keep(shape, other);
                }
            }
        }
        pairs.sort_unstable();
    }
}

/// The axis along which the centres of what moves are spread most.
fn widest_axis(proxies: &[Proxy]) -> usize {
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for proxy in proxies.iter().filter(|proxy| proxy.moves && !proxy.unbounded) {
        for axis in 0..3 {
            let centre = proxy.bounds.mins[axis] + proxy.bounds.maxs[axis];
            low[axis] = low[axis].min(centre);
            high[axis] = high[axis].max(centre);
        }
    }
    let spread = |axis: usize| high[axis] - low[axis];
    let wider = |a: usize, b: usize| if spread(b) > spread(a) { b } else { a };
    wider(wider(0, 1), 2)
}

/// Sorts what is nearly sorted. Equal keys keep the order of their indices.
fn insertion_sort(order: &mut [u32], key: impl Fn(u32) -> f64) {
    for end in 1..order.len() {
        let shape = order[end];
        let place = key(shape);
        let mut at = end;
        while at > 0 {
            let before = order[at - 1];
            let apart = key(before).total_cmp(&place);
            if apart.is_lt() || (apart.is_eq() && before < shape) {
                break;
            }
            order[at] = before;
            at -= 1;
        }
        order[at] = shape;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parry3d_f64::math::Vector;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn it_finds_what_looking_at_all_pairs_finds() {
        let seed = 7;
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut sweep = Sweep::default();
        let mut proxies: Vec<Proxy> = (0..60)
            .map(|index| Proxy {
                bounds: Aabb::new(Vector::ZERO, Vector::ZERO),
                unbounded: index == 13,
                moves: index % 3 != 0,
            })
            .collect();
        for round in 0..20 {
            for proxy in &mut proxies {
                let corner = Vector::new(
                    random.random(),
                    0.3 * random.random::<f64>(),
                    2.0 * random.random::<f64>(),
                );
                let size = Vector::new(random.random(), random.random(), random.random());
                proxy.bounds = Aabb::new(corner, corner + size * 0.3);
            }
            let mut expected = Vec::new();
            for low in 0..proxies.len() {
                for high in low + 1..proxies.len() {
                    let (a, b) = (&proxies[low], &proxies[high]);
                    let meet = a.unbounded || b.unbounded || a.bounds.intersects(&b.bounds);
                    if (a.moves || b.moves) && meet && (low + high) % 7 != 0 {
                        expected.push((low as u32, high as u32));
                    }
                }
            }
            let mut pairs = Vec::new();
            sweep.pairs(&proxies, |low, high| (low + high) % 7 != 0, &mut pairs);
            assert!(pairs == expected, "seed {seed}, round {round}");
            assert!(pairs.len() > 50);
        }
    }
}
