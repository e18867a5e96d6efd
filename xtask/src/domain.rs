//! A ROS domain of one's own, so that runs on one machine do not hear each other.
//!
//! **Invariant:** two runs never hold the same domain: each holds a lock on the domain's file, and the system
//! drops it when the process ends in whatever way.
//!
//! The lock belongs to the open file, which a child shares from its fork to its exec: closing the file here would
//! leave the domain taken for that long, so dropping a domain unlocks it by name.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::Command;

use crate::progress::note;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};

/// Domains to choose from: 0 is everybody's default, and above 101 ports can meet those that the system hands out.
const DOMAINS: std::ops::RangeInclusive<u32> = 1..=100;

/// A domain that nobody else holds until this value is dropped.
#[derive(Debug)]
pub(crate) struct Domain {
    id: u32,
    lock: File,
}

impl Domain {
    /// Takes the first free one; the domain that the caller's shell uses is not taken.
    ///
    /// # Errors
    /// The lock files can't be made, or all domains are taken.
    pub(crate) fn take() -> Result<Self> {
        let callers = env::var("ROS_DOMAIN_ID")
            .ok()
            .and_then(|id| id.trim().parse().ok());
        Self::take_in(&env::temp_dir().join("ros-domains"), callers)
    }

    fn take_in(folder: &Path, callers: Option<u32>) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("can't create {}", folder.display()))?;
        for id in DOMAINS.filter(|id| Some(*id) != callers) {
            let path = folder.join(id.to_string());
            let Ok(file) = OpenOptions::new().append(true).create(true).open(&path) else {
                continue; // another user's
            };
            if file.try_lock().is_ok() {
                return Ok(Self { id, lock: file });
            }
        }
        bail!(
            "all ROS domains from {} to {} are taken",
            DOMAINS.start(),
            DOMAINS.end()
        )
    }

    /// Keeps a command's nodes in this domain and on this machine: a demo on an office network must not move the
    /// neighbour's robot. The variables that ROS 2 has for it bring shared memory back (see launch/config/fastdds.xml).
    pub(crate) fn confine<'a>(&self, command: &'a mut Command, workspace: &Workspace) -> &'a mut Command {
        command
            .env("ROS_DOMAIN_ID", self.id.to_string())
            .env(
                "FASTRTPS_DEFAULT_PROFILES_FILE",
                workspace.root().join("launch/config/fastdds_localhost.xml"),
            )
            .env_remove("ROS_AUTOMATIC_DISCOVERY_RANGE")
            .env_remove("ROS_LOCALHOST_ONLY")
    }

    /// The value for `ROS_DOMAIN_ID`.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }
}

impl Drop for Domain {
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            note(format!("can't give ROS domain {} back: {error}", self.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_shares_a_domain_and_a_dropped_one_is_free_again() {
        let folder = tempfile::tempdir().unwrap();
        let first = Domain::take_in(folder.path(), None).unwrap();
        let second = Domain::take_in(folder.path(), None).unwrap();
        assert_eq!((first.id(), second.id()), (1, 2));
        drop(first);
        assert_eq!(Domain::take_in(folder.path(), None).unwrap().id(), 1);
    }

    #[test]
    fn a_dropped_one_is_free_although_a_child_still_shares_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = Domain::take_in(folder.path(), None).unwrap();
        let _shared = first.lock.try_clone().unwrap();
        drop(first);
        assert_eq!(Domain::take_in(folder.path(), None).unwrap().id(), 1);
    }

    #[test]
    fn the_callers_domain_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Domain::take_in(folder.path(), Some(1)).unwrap().id(), 2);
    }

    #[test]
    fn when_all_are_taken_it_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let _all: Vec<_> = DOMAINS
            .map(|_| Domain::take_in(folder.path(), None).unwrap())
            .collect();
        assert!(
            Domain::take_in(folder.path(), None)
                .unwrap_err()
                .to_string()
                .contains("taken")
        );
    }
}
