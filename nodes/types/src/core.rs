//! The contract between a core and whatever runs it.
//!
//! A core is pure logic: no clock, no I/O, no thread, no lock. Three things run the same cores: the ROS shells, the cell
//! harness in `sim/`, and tests.
//!
//! **Invariant:** the same sequence of `handle`, `tick` and `poll` calls with the same arguments gives the same outputs,
//! on every run and every machine.

use crate::Stamp;

/// Pure logic with one duty, driven from outside.
///
/// The caller's side of the contract, the same for every core:
///
/// 1. `now` never goes back between two calls.
/// 2. After every [`handle`](Core::handle) and every [`tick`](Core::tick), [`poll`](Core::poll) is drained to `None`.
/// 3. [`tick`](Core::tick) is called once [`deadline`](Core::deadline) has come; later is allowed, and the core copes.
///
/// ```
/// use servomesh_types::{Core, Stamp};
/// use std::time::Duration;
///
/// /// Says "beat" every 10 ms, and tells how late it was called.
/// struct Metronome { next: Stamp, out: Option<Duration> }
///
/// impl Core for Metronome {
///     type Input = ();
///     type Output = Duration;
///     fn handle(&mut self, _now: Stamp, (): ()) {}
///     fn tick(&mut self, now: Stamp) {
///         if now >= self.next {
///             self.out = Some(now.since(self.next));
///             self.next = self.next + Duration::from_millis(10);
///         }
///     }
///     fn poll(&mut self) -> Option<Duration> { self.out.take() }
///     fn deadline(&self) -> Option<Stamp> { Some(self.next) }
/// }
///
/// let mut core = Metronome { next: Stamp::from_millis(10), out: None };
/// core.tick(Stamp::from_millis(12));
/// assert_eq!(core.poll(), Some(Duration::from_millis(2)));
/// assert_eq!(core.deadline(), Some(Stamp::from_millis(20)));
/// ```
pub trait Core {
    /// Everything that can reach this core: messages, requests, states. One variant each.
    type Input;
    /// Everything this core can cause. The full list of its side effects.
    type Output;

    /// Takes one input that arrived at `now`.
    fn handle(&mut self, now: Stamp, input: Self::Input);

    /// Does what is due at `now`. Calling it before the deadline does nothing.
    fn tick(&mut self, now: Stamp);

    /// Hands over the next output, oldest first.
    fn poll(&mut self) -> Option<Self::Output>;

    /// When [`tick`](Core::tick) wants to be called next; `None` if only an input can change anything.
    fn deadline(&self) -> Option<Stamp>;
}
