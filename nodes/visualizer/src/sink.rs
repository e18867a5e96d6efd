//! Decides where the pictures go, and keeps rerun away from everybody else: one thread draws, into a file, to live
//! viewers, or both.
//!
//! The file and the live server are two streams, since a live stream without a viewer can hold up what shares it. The live
//! server listens on this machine only, and forgets the oldest beyond its memory limit; what was logged as static (shapes,
//! styles) it keeps.
//!
//! **Invariant:** a sink that was closed or dropped leaves a file with its footer.

use crate::draw::{Audience, Drawing};
use crate::queue::Queue;
use crate::record::Record;
use servomesh_robot::Model;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Where the pictures go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// A file to write, `*.rrd` by custom.
    pub record: Option<PathBuf>,
    /// A port of this machine on which viewers can watch live.
    pub serve: Option<Serve>,
}

impl Output {
    /// The outputs of the `run`th run of one process, from 1 on: a simulation that began anew must not overwrite the
    /// recording of what was before. `cell.rrd` becomes `cell-2.rrd`.
    #[must_use]
    pub fn of_run(&self, run: u32) -> Self {
        let mut output = self.clone();
        if let (Some(path), true) = (&mut output.record, run > 1) {
            let stem = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            path.set_file_name(format!("{stem}-{run}.rrd"));
        }
        output
    }
}

/// How viewers can watch live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serve {
    /// The TCP port; rerun's own is [`DEFAULT_PORT`].
    pub port: u16,
    /// How much is kept for viewers that come late \[MB\].
    pub memory_limit_mb: u32,
}

/// The port on which rerun's viewer looks unless told otherwise.
pub const DEFAULT_PORT: u16 = rerun::DEFAULT_SERVER_PORT;

/// Why there are no pictures.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The file can't be written.
    #[error("recording {}: {source}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What rerun or the system says.
        source: Box<rerun::RecordingStreamError>,
    },
    /// The recording that is there already can't be set aside.
    #[error("recording {}: the file that is there can't be renamed: {source}", path.display())]
    Aside {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The port can't be used.
    #[error("live viewers on port {port}: {source}")]
    Port {
        /// The port.
        port: u16,
        /// What the system says.
        source: std::io::Error,
    },
    /// The server does not start, or the scene can't be sent.
    #[error("rerun: {0}")]
    Rerun(#[from] Box<rerun::RecordingStreamError>),
    /// No thread for it.
    #[error("the thread that draws could not be started: {0}")]
    Thread(std::io::Error),
}

/// What became of the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Records drawn.
    pub drawn: u64,
    /// Records dropped, since the thread that draws could not keep up.
    pub dropped: u64,
    /// Records that rerun refused.
    pub refused: u64,
    /// What rerun said of the last one it refused; empty if none.
    pub last_refusal: String,
}

/// The drawing thread, seen from outside.
#[derive(Debug)]
pub struct Sink {
    queue: Arc<Queue>,
    tally: Arc<Tally>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Tally {
    drawn: AtomicU64,
    refused: AtomicU64,
    last_refusal: Mutex<String>,
}

impl Sink {
    /// Opens the outputs and draws what never changes: the shapes of the cell.
    ///
    /// # Errors
    /// The file can't be written, the port is taken, or rerun does not start.
    pub fn open(output: &Output, model: Option<&Model>) -> Result<Self, SinkError> {
        let mut drawings = Vec::new();
        if let Some(path) = &output.record {
            let refused = |source| SinkError::Record {
                path: path.clone(),
                source: Box::new(source),
            };
            set_aside(path).map_err(|source| SinkError::Aside {
                path: path.clone(),
                source,
            })?;
            drawings.push(
                Drawing::open(stream().save(path).map_err(refused)?, model, Audience::Later)
                    .map_err(Box::new)?,
            );
        }
        if let Some(serve) = output.serve {
            drawings.push(Drawing::open(open_server(serve)?, model, Audience::Live).map_err(Box::new)?);
        }
        let (queue, tally) = (Arc::new(Queue::new(CAPACITY)), Arc::<Tally>::default());
        let thread = std::thread::Builder::new()
            .name("draw".to_owned())
            .spawn({
                let (queue, tally) = (Arc::clone(&queue), Arc::clone(&tally));
                move || draw_all(&queue, &tally, drawings)
            })
            .map_err(SinkError::Thread)?;
        Ok(Self {
            queue,
            tally,
            thread: Some(thread),
        })
    }

    /// Hands a record to the drawing thread; never waits for it.
    pub fn draw(&self, record: Record) {
        self.queue.push(record);
    }

    /// What became of the records so far.
    pub fn health(&self) -> Health {
        Health {
            drawn: self.tally.drawn.load(Ordering::Relaxed),
            dropped: self.queue.dropped(),
            refused: self.tally.refused.load(Ordering::Relaxed),
            last_refusal: self
                .tally
                .last_refusal
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }

    /// Draws what is left, ends the file with its footer and lets live viewers go.
    pub fn close(mut self) -> Health {
        self.end();
        self.health()
    }

    fn end(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            self.tally.refuse("the thread that draws panicked".to_owned());
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.end();
    }
}

impl Tally {
    fn refuse(&self, reason: String) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        *self.last_refusal.lock().unwrap_or_else(PoisonError::into_inner) = reason;
    }
}

fn draw_all(queue: &Queue, tally: &Tally, mut drawings: Vec<Drawing>) {
    while let Some(records) = queue.take_all() {
        for record in records {
            for drawing in &mut drawings {
                if let Err(error) = drawing.draw(&record) {
                    tally.refuse(error.to_string());
                }
            }
            tally.drawn.fetch_add(1, Ordering::Relaxed);
        }
    }
    for drawing in drawings {
        if let Err(error) = drawing.close() {
            tally.refuse(error);
        }
    }
}

/// A stream in which nothing depends on the machine's clock or environment.
fn stream() -> rerun::RecordingStreamBuilder {
    rerun::RecordingStreamBuilder::new(APPLICATION)
        .enabled(true)
        .send_properties(false)
}

/// Keeps the recording that a path names already as `<name>.old.rrd`: a visualizer that was killed and started again must
/// not erase what led there.
fn set_aside(path: &Path) -> std::io::Result<()> {
    match std::fs::rename(path, path.with_extension("old.rrd")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn open_server(serve: Serve) -> Result<rerun::RecordingStream, SinkError> {
    let host = Ipv4Addr::LOCALHOST;
    // rerun starts its server in the background and only logs if it fails: ask for the port first.
    let free = TcpListener::bind(SocketAddrV4::new(host, serve.port));
    drop(free.map_err(|source| SinkError::Port {
        port: serve.port,
        source,
    })?);
    let options = rerun::ServerOptions {
        memory_limit: rerun::MemoryLimit::from_bytes(u64::from(serve.memory_limit_mb) * 1_000_000),
        ..rerun::ServerOptions::default()
    };
    let stream = stream().serve_grpc_opts(host.to_string(), serve.port, options);
    stream.map_err(|error| SinkError::Rerun(Box::new(error)))
}

/// What viewers remember layouts for.
pub(crate) const APPLICATION: &str = "servomesh";

/// A few seconds of a cell; the stalls that were seen are far below one.
const CAPACITY: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_run_does_not_overwrite_the_first() {
        let output = Output {
            record: Some("/runs/cell.rrd".into()),
            serve: None,
        };
        assert_eq!(output.of_run(1), output);
        assert_eq!(output.of_run(3).record, Some("/runs/cell-3.rrd".into()));
    }

    #[test]
    fn a_recording_that_is_there_is_set_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cell.rrd");
        std::fs::write(&path, "what led there").expect("a file");
        let output = Output {
            record: Some(path.clone()),
            serve: None,
        };
        drop(Sink::open(&output, None).expect("a sink"));
        let old = std::fs::read(folder.path().join("cell.old.rrd")).expect("the old recording");
        assert_eq!(old, b"what led there");
        assert_ne!(std::fs::read(&path).expect("the new recording"), old);
    }

    #[test]
    fn what_cannot_be_opened_is_named() {
        let output = Output {
            record: Some("/nowhere/at/all.rrd".into()),
            serve: None,
        };
        let error = Sink::open(&output, None).expect_err("the folder does not exist");
        assert!(
            error.to_string().starts_with("recording /nowhere/at/all.rrd: "),
            "{error}"
        );

        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = taken.local_addr().expect("it is bound").port();
        let output = Output {
            record: None,
            serve: Some(Serve {
                port,
                memory_limit_mb: 10,
            }),
        };
        let error = Sink::open(&output, None).expect_err("the port is taken");
        assert!(
            error
                .to_string()
                .starts_with(&format!("live viewers on port {port}: ")),
            "{error}"
        );
    }
}
