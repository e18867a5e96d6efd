//! ROS 2 for this workspace: the one that is sourced, or real wheels in `.ros/` where none is.
//!
//! Three layers, each made once and reused while what it was made from is unchanged:
//! 1. [`venv`]: a Python environment with the tools and, without a sourced ROS 2, its wheels;
//! 2. [`messages`]: the message packages of `msgs/` that the distribution lacks;
//! 3. [`environment`]: the variables that make both usable.
//!
//! **Invariant:** a layer counts as made only once its stamp is written, and the stamp is written last. One
//! set-up at a time holds the lock.

pub(crate) mod environment;
mod machine;
mod messages;
mod source;
mod venv;
mod wheels;

use std::fs::{self, File, TryLockError};

use anyhow::{Context, Result};
use rustix::io::{FdFlags, fcntl_setfd};

use crate::progress::note;
use crate::workspace::Workspace;
pub(crate) use environment::RosEnv;
use source::Source;

/// Makes sure that ROS 2 and the messages are there and returns how to use them.
///
/// # Errors
/// The machine lacks something (the message says what to install), or a step of the set-up fails.
pub(crate) fn setup(workspace: &Workspace) -> Result<RosEnv> {
    let source = Source::find(workspace)?;
    if let Some(installed) = venv::existing(workspace, &source)? {
        let base = RosEnv::new(workspace, &source, &installed, None);
        let wanted = messages::Wanted::list(workspace, &base, &installed)?;
        if let Some(messages) = wanted.existing() {
            return Ok(RosEnv::new(workspace, &source, &installed, Some(messages)));
        }
    }

    let _lock = lock(workspace)?;
    // Another set-up may have finished while this one waited, so each layer is looked at again.
    let installed = match venv::existing(workspace, &source)? {
        Some(installed) => installed,
        None => venv::install(workspace, &source)?,
    };
    let base = RosEnv::new(workspace, &source, &installed, None);
    let wanted = messages::Wanted::list(workspace, &base, &installed)?;
    let messages = match wanted.existing() {
        Some(messages) => messages,
        None => wanted.build(workspace, &base)?,
    };
    Ok(RosEnv::new(workspace, &source, &installed, Some(messages)))
}

/// Adds a package to the finished set-up, unless it is there.
///
/// # Errors
/// It can't be installed.
pub(crate) fn add_package(workspace: &Workspace, requirement: &str) -> Result<()> {
    let _lock = lock(workspace)?;
    venv::add(workspace, requirement)
}

/// Holds the set-up's lock until the file is dropped; the system drops it for processes that die.
fn lock(workspace: &Workspace) -> Result<File> {
    let folder = workspace.ros_dir();
    fs::create_dir_all(&folder).with_context(|| format!("can't create {}", folder.display()))?;
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| format!("can't create {}", path.display()))?;
    // Children inherit it: where this process is killed, the next set-up waits for the pip that it left behind.
    fcntl_setfd(&file, FdFlags::empty()).context("can't share the lock with children")?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            note("another set-up is at work; waiting for it");
            file.lock().context("can't lock the set-up")?;
        }
        Err(TryLockError::Error(error)) => return Err(error).context("can't lock the set-up"),
    }
    Ok(file)
}
