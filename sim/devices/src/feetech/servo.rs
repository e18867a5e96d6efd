//! A servo on its line: which instructions it follows, what it answers and when.
//!
//! It says nothing to what it does not know, to wrong checksums, to what is for all (but a ping), and to writes while register 8 is 0. An answer
//! begins after the return delay (register 7). Assumed, as nothing is published:
//!
//! - An SCS servo answers neither sync reads nor pings for all, and does not know how to calibrate or forget turns.
//! - Sync reads are answered in the order of the list, each servo after the answer of the one before it; one that is missing is waited for as long as
//!   its answer takes and [`PATIENCE`] more.
//! - A ping for all is answered in the order of the ids, each in a slot of its own.
//! - A packet that is torn off is forgotten after [`SILENCE`]; a start takes [`BOOT`].
//! - A new goal switches the torque on, as the vendor's examples expect, which never do it themselves. Without a goal it stays where it is.

use std::f64::consts::TAU;
use std::time::Duration;

use servomesh_fieldbus::feetech::instruction::Instruction;
use servomesh_fieldbus::feetech::packet::{OVERHEAD, Packet};
use servomesh_fieldbus::feetech::status::Status;
use servomesh_fieldbus::feetech::stream::Stream;
use servomesh_fieldbus::feetech::sts3215::{
    BAUD_RATE, GOAL_DUTY, GOAL_POSITION, GOAL_SPEED, ID, LOCK, MODE, MODEL, MOVING, OFFSET, PENDING, PHASE,
    PRESENT_CURRENT, PRESENT_LOAD, PRESENT_POSITION, PRESENT_SPEED, PRESENT_TEMPERATURE, PRESENT_VOLTAGE,
    RESPONSE_LEVEL, RETURN_DELAY, SET_MIDDLE, STATUS, TARGET_POSITION, TORQUE_ENABLE,
};
use servomesh_fieldbus::feetech::table::{BAUD_RATES, Model, Register};
use servomesh_fieldbus::feetech::{BROADCAST, MAX_ID, MAX_PACKET};
use servomesh_sim::plant::PERIOD;
use servomesh_types::Stamp;

use super::control::{Control, Mode};
use super::memory::Memory;
use super::protection::{Protection, Sensors};
use super::sensor::Sensor;
use crate::device::{Device, Mishap, Saying};
use crate::motor::{MotorCommand, MotorState};

/// How long a packet may pause before it is forgotten.
pub const SILENCE: Duration = Duration::from_millis(2);
/// How long it hears nothing after a start.
pub const BOOT: Duration = Duration::from_millis(50);
/// How much longer than an answer takes it is waited for.
pub const PATIENCE: Duration = Duration::from_micros(100);

/// Steps in a turn of an STS servo.
const TURN: f64 = 4096.0;
/// Speed that counts as moving \[steps/s\]: the lowest that register 80 can name.
const MOVES: f64 = 50.0;
/// The bit of register 18 that lets the present position count on over turns.
const MANY_TURNS: i32 = 1 << 4;

/// A servo: an STS3215, or an SCS0009.
#[derive(Clone, Debug)]
pub struct Servo {
    memory: Memory,
    stream: Stream,
    control: Control,
    protection: Protection,
    powered: bool,
    boots_until: Option<Stamp>,
    heard_at: Stamp,
    says: Option<Saying>,
    turn: Option<Turn>,
    /// A write that waits for its action: address and bytes.
    pending: Option<(u8, Vec<u8>)>,
    /// What its thermometer and voltmeter read whatever is true \[°C, V\].
    heat: Option<f64>,
    supply: Option<f64>,
    sensor: Sensor,
    duty: f64,
}

/// An answer that waits for others.
#[derive(Clone, Copy, Debug)]
struct Turn {
    /// Whose answer comes before.
    after: Option<u8>,
    /// When it answers at the latest.
    at: Stamp,
    address: u8,
    length: u8,
}

impl Servo {
    /// An STS3215 as it comes from the factory, with an id of its own \[0 to 253\] and one of its baud rates; `None` if either can't be.
    pub fn new(id: u8, baud: u32) -> Option<Self> {
        Self::of(&MODEL, id, baud)
    }

    /// The same of another model.
    pub fn of(model: &'static Model, id: u8, baud: u32) -> Option<Self> {
        let code = BAUD_RATES.iter().position(|rate| *rate == baud)?;
        if id > MAX_ID {
            return None;
        }
        let mut memory = Memory::new(model);
        memory.keep(&ID, i32::from(id));
        memory.keep(&BAUD_RATE, i32::try_from(code).ok()?);
        Some(Self {
            memory,
            stream: Stream::default(),
            control: Control::default(),
            protection: Protection::default(),
            powered: true,
            boots_until: None,
            heard_at: Stamp::ZERO,
            says: None,
            turn: None,
            pending: None,
            heat: None,
            supply: None,
            sensor: Sensor::default(),
            duty: 0.0,
        })
    }

    /// Its registers.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    fn id(&self) -> u8 {
        u8::try_from(self.memory.get(&ID)).expect("the register's range is that of ids")
    }

    fn hears(&self) -> bool {
        self.powered && self.boots_until.is_none()
    }

    /// Takes a packet that ended at `now`, whoever said it.
    fn hear(&mut self, now: Stamp, packet: &Packet<'_>) {
        let own = packet.id == self.id();
        if !own && packet.id != BROADCAST {
            if let Some(turn) = self.turn
                && turn.after == Some(packet.id)
            {
                self.turn = Some(Turn {
                    at: now + self.delay(),
                    after: None,
                    ..turn
                });
            }
            return;
        }
        self.turn = None;
        let Ok(instruction) = Instruction::decode(packet) else {
            return;
        };
        if !self.knows(&instruction, own) {
            return;
        }
        if let Instruction::SyncRead { address, length, ids } = instruction {
            self.take_turn(now, address, length, ids);
            return;
        }
        if let (Instruction::Ping, false) = (instruction, own) {
            let slots = 1 + u32::from(self.id());
            self.turn = Some(Turn {
                after: None,
                at: now + self.delay() + slots * self.slot(0),
                address: 0,
                length: 0,
            });
            return;
        }
        // The answer is from the servo that was asked, also if that changes its id.
        let id = self.id();
        let Some(data) = self.follow(now, &instruction) else {
            return;
        };
        let asks = matches!(instruction, Instruction::Ping | Instruction::Read { .. });
        if own && (asks || self.memory.get(&RESPONSE_LEVEL) == 1) {
            self.answer(now + self.delay(), id, &data);
        }
    }

    /// Whether its series knows an instruction, for it alone or for all.
    fn knows(&self, instruction: &Instruction<'_>, own: bool) -> bool {
        match instruction {
            Instruction::SyncRead { .. } | Instruction::Reset | Instruction::Calibrate { .. } => {
                self.memory.model().sync_read
            }
            Instruction::Ping => own || self.memory.model().sync_read,
            _ => true,
        }
    }

    fn take_turn(&mut self, now: Stamp, address: u8, length: u8, ids: &[u8]) {
        let Some(place) = ids.iter().position(|id| *id == self.id()) else {
            return;
        };
        let before = place.checked_sub(1).map(|place| ids[place]);
        let slots = u32::try_from(place).unwrap_or(u32::MAX);
        self.turn = Some(Turn {
            after: before,
            at: now + self.delay() + self.slot(length).saturating_mul(slots),
            address,
            length,
        });
    }

    /// What an answer with so many bytes of data takes, and a while more.
    fn slot(&self, length: u8) -> Duration {
        let bits = 10 * (OVERHEAD as u64 + u64::from(length));
        self.delay() + Duration::from_nanos(bits * 1_000_000_000 / u64::from(self.baud())) + PATIENCE
    }

    fn delay(&self) -> Duration {
        Duration::from_secs_f64(self.memory.si(&RETURN_DELAY))
    }

    /// Does what it is told; what the answer holds, if there can be one.
    fn follow(&mut self, now: Stamp, instruction: &Instruction<'_>) -> Option<Vec<u8>> {
        match *instruction {
            Instruction::Ping => {}
            Instruction::Read { address, length } => return Some(self.memory.read(address, length)),
            Instruction::Write { address, data } => self.write(address, data),
            Instruction::RegWrite { address, data } => {
                self.pending = Some((address, data.to_vec()));
                self.memory.set(&PENDING, 1);
            }
            Instruction::Action => {
                if let Some((address, data)) = self.pending.take() {
                    self.write(address, &data);
                }
                self.memory.set(&PENDING, 0);
            }
            Instruction::Recovery => self.memory.recover(&[&ID]),
            Instruction::Backup => self.memory.back_up(),
            Instruction::Reset => self.forget_turns(),
            Instruction::Calibrate { position } => {
                self.set_present(position.map_or(0.5 * TURN, f64::from));
            }
            Instruction::SyncWrite { address, blocks } => {
                if let Some(data) = blocks.of(self.id()) {
                    self.write(address, data);
                }
                return None;
            }
            Instruction::Reboot => {
                self.start(now);
                return None;
            }
            Instruction::SyncRead { .. } => return None,
        }
        Some(Vec::new())
    }

    fn write(&mut self, address: u8, data: &[u8]) {
        let enabled = self.memory.get(&TORQUE_ENABLE);
        let mode = Mode::of(&self.memory);
        let taken = self.memory.write(address, data);
        let took = |register: &Register| taken.iter().any(|other| other.address == register.address);
        if took(&TORQUE_ENABLE) {
            self.protection.acknowledge();
            if self.memory.get(&TORQUE_ENABLE) == SET_MIDDLE {
                self.memory.set(&TORQUE_ENABLE, enabled);
                self.set_present(0.5 * TURN);
            }
        }
        if took(&MODE) || mode != Mode::of(&self.memory) {
            self.control.begin(self.present());
        }
        let positions = matches!(Mode::of(&self.memory), Mode::Position | Mode::Step);
        let goal = match Mode::of(&self.memory) {
            Mode::Position | Mode::Step => took(&GOAL_POSITION),
            Mode::Wheel => took(&GOAL_SPEED),
            Mode::Pwm => took(&GOAL_DUTY),
        };
        if goal && self.memory.get(&TORQUE_ENABLE) == 0 && !took(&TORQUE_ENABLE) {
            self.memory.set(&TORQUE_ENABLE, 1);
        }
        if enabled == 0 && self.memory.get(&TORQUE_ENABLE) == 1 {
            self.control.begin(self.present());
        }
        if goal && positions {
            self.control
                .set_goal(&self.memory, self.memory.get(&GOAL_POSITION));
        }
    }

    /// Where it is \[steps\], counted on over turns.
    fn present(&self) -> f64 {
        self.sensor.position - f64::from(self.memory.get(&OFFSET))
    }

    /// Makes the present position read as `position` \[steps\].
    fn set_present(&mut self, position: f64) {
        self.forget_turns();
        let half = 0.5 * TURN;
        let offset = (self.sensor.position - position + half).rem_euclid(TURN) - half;
        let locked = self.memory.get(&LOCK) != 0;
        if locked {
            self.memory.set(&OFFSET, offset as i32);
        } else {
            let held = (offset as i32).clamp(OFFSET.min, OFFSET.max);
            self.memory.keep(&OFFSET, held);
        }
        self.control.begin(self.present());
    }

    fn forget_turns(&mut self) {
        self.sensor.forget_turns(self.memory.series());
        self.control.begin(self.present());
    }

    fn answer(&mut self, begin: Stamp, id: u8, data: &[u8]) {
        let alarms = self.protection.alarms();
        let mut buffer = [0; MAX_PACKET];
        // More than a packet holds is what the master may not ask for: no answer.
        if let Ok(bytes) = (Status { id, alarms, data }).encode(&mut buffer) {
            self.says = Some(Saying {
                begin,
                bytes: bytes.to_vec(),
            });
        }
    }

    /// Begins anew at `now`, as after its power came back.
    fn start(&mut self, now: Stamp) {
        self.memory.restart();
        let series = self.memory.series();
        if let Some(first) = &series.first_torque_limit {
            self.memory.set(&series.torque_limit, self.memory.get(first));
        }
        self.stream = Stream::default();
        self.protection = Protection::default();
        (self.says, self.turn, self.pending) = (None, None, None);
        self.sensor.start();
        self.boots_until = Some(now + BOOT);
    }

    fn silence(&self) -> Option<Stamp> {
        (self.stream.undecided() > 0).then(|| self.heard_at + SILENCE)
    }

    fn sense(&mut self, motor: &MotorState) {
        let series = self.memory.series();
        let turn = series.turn;
        self.sensor.see(series, motor);
        let memory = &mut self.memory;
        let present = self.sensor.position - f64::from(memory.get(&OFFSET));
        let shown = if memory.get(&PHASE) & MANY_TURNS == 0 {
            present.rem_euclid(turn)
        } else {
            present
        };
        let counts = |value: f64| value.round() as i32;
        memory.set(&PRESENT_POSITION, counts(shown));
        memory.set(&PRESENT_SPEED, counts(self.sensor.speed));
        memory.set(&PRESENT_LOAD, counts(1000.0 * self.duty));
        memory.set(
            &PRESENT_VOLTAGE,
            counts(10.0 * self.supply.unwrap_or(motor.voltage_v)),
        );
        memory.set(
            &PRESENT_TEMPERATURE,
            counts(self.heat.unwrap_or(motor.housing_degc)),
        );
        memory.set(
            &PRESENT_CURRENT,
            counts(motor.current_a / PRESENT_CURRENT.to_si(1)),
        );
        memory.set(&TARGET_POSITION, counts(self.control.aim()));
        memory.set(&STATUS, i32::from(self.protection.alarms().bits()));
        let moving = self.control.under_way() || self.sensor.speed.abs() > MOVES;
        memory.set(&MOVING, i32::from(moving));
    }
}

impl Device for Servo {
    fn receive(&mut self, now: Stamp, bytes: &[u8]) {
        if !self.hears() {
            return;
        }
        self.heard_at = now;
        let mut rest = bytes;
        let mut parameters = [0; MAX_PACKET];
        while let Some(packet) = self.stream.next(&mut rest) {
            let packet = owned(&packet, &mut parameters);
            self.hear(now, &packet);
        }
    }

    fn step(&mut self, _now: Stamp, motor: &MotorState) -> MotorCommand {
        if !self.powered {
            return MotorCommand::Off;
        }
        self.sense(motor);
        let dt_s = PERIOD.as_secs_f64();
        let sensors = Sensors {
            voltage_v: self.supply.unwrap_or(motor.voltage_v),
            degc: self.heat.unwrap_or(motor.housing_degc),
            current_a: motor.current_a,
            duty: self.duty,
            moves: self.sensor.speed.abs() > MOVES,
        };
        self.protection.watch(&self.memory, &sensors, dt_s);
        let allowed = self.protection.allows(&self.memory);
        if allowed.is_none() {
            self.memory.set(&TORQUE_ENABLE, 0);
        }
        let turn = self.memory.series().turn;
        let fastest = motor.voltage_v / motor.parameters.back_emf_v_s_per_rad * turn / TAU;
        let command = match (self.memory.get(&TORQUE_ENABLE), allowed) {
            (1, Some(share)) if self.boots_until.is_none() => {
                let position = self.present();
                let duty = self
                    .control
                    .duty(&self.memory, position, self.sensor.speed, fastest, dt_s);
                MotorCommand::Duty(duty.clamp(-share, share))
            }
            (2, _) => MotorCommand::Duty(0.0),
            _ => {
                self.control.begin(self.present());
                MotorCommand::Off
            }
        };
        self.duty = match command {
            MotorCommand::Duty(duty) => duty,
            MotorCommand::Off | MotorCommand::Current(_) => 0.0,
        };
        command
    }

    fn poll(&mut self) -> Option<Saying> {
        self.says.take()
    }

    fn deadline(&self) -> Option<Stamp> {
        let turn = self.turn.map(|turn| turn.at);
        let deadlines = [self.boots_until, turn, self.silence()];
        deadlines.into_iter().flatten().min()
    }

    fn tick(&mut self, now: Stamp) {
        if self.boots_until.is_some_and(|end| end <= now) {
            self.boots_until = None;
        }
        if self.silence().is_some_and(|end| end <= now) {
            let mut parameters = [0; MAX_PACKET];
            while let Some(packet) = self.stream.flush() {
                let packet = owned(&packet, &mut parameters);
                self.hear(now, &packet);
            }
        }
        if let Some(turn) = self.turn
            && turn.at <= now
        {
            self.turn = None;
            let data = self.memory.read(turn.address, turn.length);
            self.answer(now, self.id(), &data);
        }
    }

    fn baud(&self) -> u32 {
        let code = usize::try_from(self.memory.get(&BAUD_RATE)).ok();
        let rate = code.and_then(|code| BAUD_RATES.get(code));
        *rate.expect("the register's range is that of the rates")
    }

    fn suffer(&mut self, now: Stamp, mishap: Mishap) {
        match mishap {
            Mishap::PowerLost => {
                self.start(now);
                (self.powered, self.boots_until) = (false, None);
            }
            Mishap::PowerBack => {
                self.powered = true;
                self.start(now);
            }
            Mishap::Reboot => self.start(now),
            Mishap::Heat(degc) => self.heat = degc,
            Mishap::Supply(voltage_v) => self.supply = voltage_v,
            Mishap::Id(id) => self.memory.keep(&ID, i32::from(id.min(MAX_ID))),
        }
    }
}

/// The same packet, with its parameters in another place.
fn owned<'a>(packet: &Packet<'_>, parameters: &'a mut [u8; MAX_PACKET]) -> Packet<'a> {
    let copy = &mut parameters[..packet.parameters.len()];
    copy.copy_from_slice(packet.parameters);
    Packet {
        id: packet.id,
        code: packet.code,
        parameters: copy,
    }
}
