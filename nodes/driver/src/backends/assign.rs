//! Another id or another speed for one servo on a serial bus, written where it keeps them without power.
//!
//! ```text
//! who is there? ► its registers ► is the new place free? ► id ► does it answer? ► speed ► does it answer?
//! ```
//!
//! It runs on a [`Line`], which has the port and the clock; what is said, and how it is understood, is an [`Assignable`] language.
//!
//! **Invariant:** nothing is written to a servo under torque, to one of several that share an id, or to one whose model is not known.
//! **Invariant:** nothing is written where another servo answers already.

use super::pace::wire_time;
use super::scan::{Language, Noise, Said};
use super::serial::SLOWEST_RETURN;
use std::fmt::Debug;
use std::time::Duration;

/// A serial line with servos, and the time that passes on it.
pub trait Line {
    /// Why it fails.
    type Error;

    /// Sets its speed \[bit/s\].
    ///
    /// # Errors
    /// It can't have this speed.
    fn set_baud(&mut self, baud: u32) -> Result<(), Self::Error>;

    /// Sends bytes, and hands over what comes until `enough` says so or the time is over.
    ///
    /// # Errors
    /// The line is lost.
    fn exchange(
        &mut self,
        bytes: &[u8],
        patience: Duration,
        enough: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Self::Error>;
}

/// A language in which a servo can be told to be another.
pub trait Assignable: Language {
    /// What has to be known of a servo, by its answer to a ping and its registers; `None`: its model is not known here.
    fn facts(pong: Self::Pong, table: &[u8]) -> Option<Facts>;

    /// What opens or closes the lock that keeps the rest from being written, if servos have one.
    fn lock(id: u8, facts: &Facts, closed: bool) -> Option<Vec<u8>>;

    /// What gives a servo another id.
    fn set_id(id: u8, new: u8) -> Vec<u8>;

    /// What gives a servo another speed, by its place in [`Facts::speeds`].
    fn set_speed(id: u8, place: u8) -> Vec<u8>;
}

/// What has to be known of a servo before it is changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facts {
    /// Its model.
    pub model: &'static str,
    /// Whether its torque is on.
    pub torque: bool,
    /// The speeds it can have \[bit/s\], by the number that its register has for them.
    pub speeds: &'static [u32],
    /// Where the register is that keeps others from being written while it is 1, if there is one.
    pub lock: Option<u8>,
}

/// Which servo a line has where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub id: u8,
    /// Its speed \[bit/s\].
    pub baud: u32,
}

/// Why a servo can't be moved to another place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AssignError<E> {
    /// Nobody answers.
    #[error(
        "no servo with id {} answers at {} bit/s: is it powered? `servomesh scan` shows who is where", at.id, at.baud
    )]
    Absent {
        /// Where it was looked for.
        at: Place,
    },
    /// Its answers are garbled.
    #[error(
        "what answers to id {} at {} bit/s is garbled: several servos may have this id (connect one of them alone), or the line is bad", at.id, at.baud
    )]
    Clash {
        /// Where.
        at: Place,
    },
    /// Its model is not known.
    #[error("the model of servo {id} is not known here, so neither are its registers: nothing was written")]
    Unknown {
        /// Its id.
        id: u8,
    },
    /// It holds something, perhaps.
    #[error(
        "servo {id} ({model}) is under torque: stop its driver, or take its power away for a moment; nothing was written"
    )]
    Torque {
        /// Its id.
        id: u8,
        /// Its model.
        model: &'static str,
    },
    /// Somebody is there already.
    #[error("another servo with id {} answers at {} bit/s: nothing was written", at.id, at.baud)]
    Taken {
        /// Where.
        at: Place,
    },
    /// It has no such speed.
    #[error(
        "{model} can't have {baud} bit/s, but {}; nothing was written",
        speeds(possible)
    )]
    Speed {
        /// Its model.
        model: &'static str,
        /// What was asked for.
        baud: u32,
        /// What it can have.
        possible: &'static [u32],
    },
    /// No servo can have this id.
    #[error("no servo can have id {id}: they go from 0 to {most}")]
    Id {
        /// What was asked for.
        id: u8,
        /// The highest.
        most: u8,
    },
    /// It does not answer where it should be now.
    #[error(
        "servo {} was told to have id {} at {} bit/s, but does not answer there: `servomesh scan` shows where it is", from.id, to.id, to.baud
    )]
    Lost {
        /// Where it was.
        from: Place,
        /// Where it should be.
        to: Place,
    },
    /// The line fails.
    #[error("{0}")]
    Line(E),
}

impl<E> From<E> for AssignError<E> {
    fn from(error: E) -> Self {
        Self::Line(error)
    }
}

/// Gives the servo at one place another. `latency` is what an answer may take besides the time of its bytes.
///
/// # Errors
/// [`AssignError`]: it is not changed, unless the error says otherwise.
pub fn assign<L: Assignable, P: Line>(
    line: &mut P,
    from: Place,
    to: Place,
    latency: Duration,
) -> Result<Facts, AssignError<P::Error>> {
    if let Some(id) = [from.id, to.id].into_iter().find(|id| *id > L::MOST) {
        let most = L::MOST;
        return Err(AssignError::Id { id, most });
    }
    let mut talk = Talk::<L, P>::new(line, from.baud, latency)?;
    let facts = talk.identify(from)?;
    if facts.torque {
        let model = facts.model;
        return Err(AssignError::Torque { id: from.id, model });
    }
    let mut places = (0..).zip(facts.speeds);
    let Some((place, _)) = places.find(|(_, speed)| **speed == to.baud) else {
        return Err(AssignError::Speed {
            model: facts.model,
            baud: to.baud,
            possible: facts.speeds,
        });
    };
    // On the way it has its new id at its old speed.
    let between = Place {
        id: to.id,
        baud: from.baud,
    };
    for at in [between, to] {
        if at != from && talk.is_taken(at)? {
            return Err(AssignError::Taken { at });
        }
    }
    talk.set_baud(from.baud)?;
    talk.tell(L::lock(from.id, &facts, false))?;
    if between != from {
        talk.tell(Some(L::set_id(from.id, to.id)))?;
        talk.expect(from, between)?;
    }
    if to != between {
        talk.tell(Some(L::set_speed(to.id, place)))?;
        talk.set_baud(to.baud)?;
        talk.expect(from, to)?;
    }
    talk.tell(L::lock(to.id, &facts, true))?;
    Ok(facts)
}

/// What came in answer to an instruction.
enum Answer<P> {
    Pong(P),
    Table(Vec<u8>),
    Refused,
    Garbled,
    Silence,
}

/// One that speaks on a line.
struct Talk<'a, L: Language, P> {
    line: &'a mut P,
    language: L,
    baud: u32,
    latency: Duration,
}

impl<'a, L: Assignable, P: Line> Talk<'a, L, P> {
    /// Begins with a ping of all, which tells an adapter that gives back what it sends.
    fn new(line: &'a mut P, baud: u32, latency: Duration) -> Result<Self, P::Error> {
        line.set_baud(baud)?;
        let language = L::default();
        let mut talk = Self {
            line,
            language,
            baud,
            latency,
        };
        talk.ask(L::MOST, &L::ping(None), L::PONG)?;
        Ok(talk)
    }

    fn set_baud(&mut self, baud: u32) -> Result<(), P::Error> {
        if self.baud != baud {
            self.line.set_baud(baud)?;
            self.baud = baud;
        }
        Ok(())
    }

    /// Who is at a place.
    fn identify(&mut self, at: Place) -> Result<Facts, AssignError<P::Error>> {
        let mut answer = Answer::Silence;
        for _ in 0..TRIES {
            answer = self.ask(at.id, &L::ping(Some(at.id)), L::PONG)?;
            if matches!(answer, Answer::Pong(_)) {
                break;
            }
        }
        let pong = match answer {
            Answer::Pong(pong) => pong,
            Answer::Silence => return Err(AssignError::Absent { at }),
            _ => return Err(AssignError::Clash { at }),
        };
        // Of two with one id, one alone may answer a single read: the other still waits for the end of what it has heard of their clash.
        let mut facts = None;
        for _ in 0..READS {
            facts = match self.ask(at.id, &L::read(at.id), L::TABLE)? {
                Answer::Table(table) => L::facts(pong, &table),
                Answer::Refused => None,
                Answer::Pong(_) | Answer::Garbled | Answer::Silence => return Err(AssignError::Clash { at }),
            };
        }
        facts.ok_or(AssignError::Unknown { id: at.id })
    }

    /// Whether somebody answers at a place, be it with noise.
    fn is_taken(&mut self, at: Place) -> Result<bool, P::Error> {
        self.set_baud(at.baud)?;
        for _ in 0..TRIES {
            if !matches!(self.ask(at.id, &L::ping(Some(at.id)), L::PONG)?, Answer::Silence) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells a servo something, to which it may answer or not: whether it did as it was told shows after that.
    fn tell(&mut self, instruction: Option<Vec<u8>>) -> Result<(), P::Error> {
        if let Some(instruction) = instruction {
            self.ask(L::MOST, &instruction, L::PONG)?;
        }
        Ok(())
    }

    /// Waits for a servo where it should be now.
    fn expect(&mut self, from: Place, to: Place) -> Result<(), AssignError<P::Error>> {
        for _ in 0..TRIES {
            if let Answer::Pong(_) = self.ask(to.id, &L::ping(Some(to.id)), L::PONG)? {
                return Ok(());
            }
        }
        Err(AssignError::Lost { from, to })
    }

    /// Sends an instruction; what the servo of an id says to it, in an answer of so many bytes at most.
    fn ask(&mut self, id: u8, bytes: &[u8], longest: usize) -> Result<Answer<L::Pong>, P::Error> {
        let language = &mut self.language;
        let before = language.noise();
        let mut answer = None;
        let wire = wire_time(bytes.len() + longest, self.baud);
        let patience = wire + SLOWEST_RETURN + self.latency;
        self.line.exchange(bytes, patience, &mut |mut heard| {
            while let Some(said) = language.hear(&mut heard) {
                take(&mut answer, id, &said);
            }
            answer.is_some()
        })?;
        while let Some(said) = language.silence() {
            take(&mut answer, id, &said);
        }
        let garbled = is_louder(language.noise(), before);
        let none = if garbled { Answer::Garbled } else { Answer::Silence };
        Ok(answer.unwrap_or(none))
    }
}

fn take<P: Copy>(answer: &mut Option<Answer<P>>, id: u8, said: &Said<'_, P>) {
    let own = match *said {
        Said::Pong(from, pong) => (from, Answer::Pong(pong)),
        Said::Table(from, table) => (from, Answer::Table(table.to_vec())),
        Said::Refused(from) => (from, Answer::Refused),
        Said::Other => return,
    };
    if own.0 == id {
        *answer = Some(own.1);
    }
}

/// Whether more came that was no packet than the stray bytes of a line that changes its direction.
fn is_louder(noise: Noise, before: Noise) -> bool {
    noise.spoilt > before.spoilt || noise.stray > before.stray + STRAY
}

fn speeds(possible: &[u32]) -> String {
    let texts: Vec<String> = possible.iter().map(u32::to_string).collect();
    texts.join(", ")
}

/// How often a servo is pinged before it counts as silent.
const TRIES: u8 = 3;
/// How often its registers have to be read without fault before a servo is written to.
const READS: u8 = 5;
/// Stray bytes that mean nothing, one each way.
const STRAY: u64 = 2;
