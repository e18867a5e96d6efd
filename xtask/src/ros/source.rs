//! Decides which ROS 2 is used: the sourced one if r2r can use it, else the wheels.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// Distributions that r2r 0.9 generates bindings for and that this workspace is built on.
const SUPPORTED: [&str; 4] = ["humble", "jazzy", "lyrical", "rolling"];

/// Where ROS 2 comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// `setup.bash` of a distribution was sourced: its name and prefixes, this workspace's own left out.
    Sourced { distro: String, prefixes: Vec<PathBuf> },
    /// Jazzy from wheels.
    Wheels,
}

impl Source {
    /// Looks at the environment.
    ///
    /// # Errors
    /// The sourced distribution is not supported.
    pub(crate) fn find(workspace: &Workspace) -> Result<Self> {
        let own = workspace.ros_dir();
        let prefixes = env::var_os("AMENT_PREFIX_PATH")
            .map(|paths| env::split_paths(&paths).collect::<Vec<_>>())
            .unwrap_or_default()
            .into_iter()
            .filter(|path| !path.as_os_str().is_empty() && !path.starts_with(&own))
            .collect();
        Self::decide(env::var("ROS_DISTRO").ok(), prefixes)
    }

    fn decide(distro: Option<String>, prefixes: Vec<PathBuf>) -> Result<Self> {
        match distro {
            // With no prefix but this workspace's own, the variables are those of `cargo xtask env`.
            _ if prefixes.is_empty() => Ok(Self::Wheels),
            Some(distro) if SUPPORTED.contains(&distro.as_str()) => Ok(Self::Sourced { distro, prefixes }),
            Some(distro) => bail!(
                "ROS 2 {distro} is sourced, which r2r does not support: source one of {}, or start from a \
                 shell in which none is sourced (then ROS 2 Jazzy is set up here)",
                SUPPORTED.join(", ")
            ),
            None => bail!(
                "AMENT_PREFIX_PATH is set but ROS_DISTRO is not: source the distribution's setup.bash, or \
                 start from a shell in which AMENT_PREFIX_PATH is unset"
            ),
        }
    }

    /// The distribution's name, as in `ROS_DISTRO`.
    pub(crate) fn distro(&self) -> &str {
        match self {
            Self::Sourced { distro, .. } => distro,
            Self::Wheels => "jazzy",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes() -> Vec<PathBuf> {
        vec![PathBuf::from("/opt/ros/humble")]
    }

    #[test]
    fn a_sourced_distribution_is_used() {
        let source = Source::decide(Some("humble".into()), prefixes()).unwrap();
        assert_eq!(
            source,
            Source::Sourced {
                distro: "humble".into(),
                prefixes: prefixes()
            }
        );
    }

    #[test]
    fn without_one_the_wheels_are() {
        assert_eq!(Source::decide(None, vec![]).unwrap(), Source::Wheels);
        assert_eq!(
            Source::decide(Some("jazzy".into()), vec![]).unwrap(),
            Source::Wheels
        );
    }

    #[test]
    fn an_unsupported_one_is_refused_by_name() {
        let error = Source::decide(Some("kilted".into()), prefixes()).unwrap_err();
        assert!(error.to_string().contains("kilted"), "{error}");
    }
}
