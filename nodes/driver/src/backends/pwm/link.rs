//! The pulses of a group's hobby servos: a frame at each whole multiple of the period, the answer's pulses at once.

use super::model::Model;
use super::orders::{BYTES, Order};
use super::settings::{PwmError, ServoSettings, Settings};
use crate::backends::outbox::Outbox;
use crate::bus::{DriveCommand, DriveStatus, Ticks};
use crate::link::{Action, Link};
use servomesh_fieldbus::pwm::Pulses;
use servomesh_types::{JointVec, MAX_JOINTS, Stamp};
use std::time::Duration;

/// Hobby servos.
#[derive(Debug)]
pub struct Pwm {
    period: Duration,
    servos: Vec<Servo>,
    /// When the next frame is due; `None` without a device at the port.
    next: Option<Stamp>,
    last: Option<Stamp>,
    /// Whether whatever makes the pulses was told its period.
    ready: bool,
    status: DriveStatus,
    outbox: Outbox<ROOM>,
}

#[derive(Debug)]
struct Servo {
    channel: u8,
    pulses: Pulses,
    model: Model,
    /// Where its pulses tell it to be \[ticks\]; `None`: there are none.
    goal: Option<f64>,
}

impl Servo {
    fn new(settings: &ServoSettings) -> Result<Self, PwmError> {
        Ok(Self {
            channel: settings.channel,
            pulses: settings.pulses()?,
            model: Model::new(settings.start_ticks, settings.ticks_per_s, settings.lag_s),
            goal: None,
        })
    }

    /// Takes a goal, held within its pulses, and `spare_us` from their ends; gives their width.
    fn aim(&mut self, goal: Option<f64>, spare_us: f64) -> Option<Duration> {
        let [low_us, high_us] = self.pulses.widths_us();
        let width_us = goal
            .and_then(|goal| self.pulses.width_us(goal))
            .map(|width_us| width_us.max(low_us + spare_us).min(high_us - spare_us));
        self.goal = width_us.and_then(|width_us| self.pulses.angle(width_us));
        width_us.map(|width_us| Duration::from_secs_f64(1e-6 * width_us))
    }
}

impl Pwm {
    /// Servos without pulses, until the core wants torque.
    ///
    /// # Errors
    /// [`PwmError`]: what can't be.
    pub fn new(settings: &Settings) -> Result<Self, PwmError> {
        settings.check()?;
        Ok(Self {
            period: settings.period,
            servos: settings.servos.iter().map(Servo::new).collect::<Result<_, _>>()?,
            next: Some(Stamp::ZERO),
            last: None,
            ready: false,
            status: DriveStatus::default(),
            outbox: Outbox::new(),
        })
    }

    fn order(&mut self, order: Order) {
        self.outbox.send(|buffer| {
            let place = buffer.first_chunk_mut().ok_or(NoRoom)?;
            *place = order.encode();
            Ok::<_, NoRoom>(BYTES)
        });
    }

    /// Gives each servo its goal; `None` for no pulses.
    fn aim(&mut self, goals: Option<&JointVec>) {
        let spare_us = 1e6 * self.period.as_secs_f64() / COARSEST;
        for i in 0..self.servos.len() {
            let goal = goals.and_then(|goals| goals.get(i).copied());
            let (channel, width) = (self.servos[i].channel, self.servos[i].aim(goal, spare_us));
            self.order(Order::Pulse { channel, width });
        }
    }

    fn fill_status(&mut self, now: Stamp) {
        let (status, servos) = (&mut self.status, &self.servos);
        let on = |servo: &Servo| servo.goal.is_some();
        status.stamp = now;
        status.cycle = (now.as_nanos() / self.period.as_nanos() as i64).unsigned_abs();
        status.estimated = true;
        status.enabled = servos.iter().all(on);
        status.without_torque = (0..servos.len()).filter(|i| !on(&servos[*i])).collect();
        status.position_ticks = servos
            .iter()
            .map(|servo| Ticks(servo.model.position().round() as i64))
            .collect();
        status.current_a = JointVec::zeros(servos.len());
        status.winding_degc = JointVec::from_fn(servos.len(), |_| ROOM_DEGC);
        status.fault = servos.iter().map(|_| None).collect();
    }
}

impl Link for Pwm {
    /// Nothing ever comes from a hobby servo.
    fn receive(&mut self, _now: Stamp, _bytes: &[u8]) {}

    fn plugged(&mut self, now: Stamp, there: bool) {
        self.ready = false;
        self.next = there.then_some(now);
        for servo in &mut self.servos {
            servo.goal = None;
        }
    }

    fn tick(&mut self, now: Stamp) {
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = Some(now.next_multiple(self.period, Duration::ZERO));
        if !std::mem::replace(&mut self.ready, true) {
            self.order(Order::Period(self.period));
            self.aim(None);
        }
        let dt_s = self.last.map_or(0.0, |last| now.since(last).as_secs_f64());
        for servo in &mut self.servos {
            servo.model.advance(servo.goal, dt_s);
        }
        self.last = Some(now);
        self.fill_status(now);
        self.outbox.frame();
    }

    fn command(&mut self, _now: Stamp, command: &DriveCommand) {
        if self.next.is_some() {
            self.aim(command.enable.then_some(&command.position_ticks));
        }
    }

    fn poll(&mut self) -> Option<Action<'_>> {
        self.outbox.poll(&self.status)
    }

    fn deadline(&self) -> Option<Stamp> {
        self.next
    }
}

/// Of the outbox: it never happens, see [`ROOM`].
struct NoRoom;

/// The period, no pulses, and an answer of the core, in one go.
const ROOM: usize = BYTES * (1 + 2 * MAX_JOINTS);
/// What makes pulses rounds them by half of a period's 4096th, or less: so much is kept from a servo's ends, and a little more for a clock that is off.
const COARSEST: f64 = 8000.0;
/// Of windings that nobody measures \[°C\].
const ROOM_DEGC: f64 = 25.0;
