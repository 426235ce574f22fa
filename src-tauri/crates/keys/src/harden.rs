//! Keeps what this process has in memory out of core dumps and debuggers.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Turns core dumps off, and on Linux debuggers of the same user, too. Gives what could not be done:
/// the commands work all the same, but whoever runs them should know.
pub fn harden() -> Vec<String> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let mut weaknesses = Vec::new();
    if let Err(error) = setrlimit(Resource::Core, none) {
        weaknesses.push(format!(
            "core dumps could not be turned off ({error}): a crash could write an opened share to the disk"
        ));
    }
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    {
        weaknesses.push(format!(
            "this process could not be closed to debuggers ({error}): another program of the same user could read its memory"
        ));
    }
    weaknesses
}
