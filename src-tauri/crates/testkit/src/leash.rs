//! Children that die with us, however we die.

use anyhow::{Context as _, Result};
use std::{
    ffi::OsStr,
    fs::File,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Runs the command given as `$1...` with `$0` as its input, and kills it when our own input ends:
/// the other end of that pipe is held by the parent alone and closes with it, even on SIGKILL.
const KEEPER: &str = r#"
exec 3<&0
"$@" <"$0" 3<&- &
child=$!
(cat <&3 >/dev/null; kill -KILL $child) 2>/dev/null >/dev/null &
exec 3<&- <&-
wait $child
"#;

/// A child process on a leash.
pub struct Leash {
    keeper: Child,
}

impl Leash {
    /// Starts `program`, reading from `input` and writing to `log`.
    pub fn start(
        program: &OsStr,
        arguments: &[&OsStr],
        environment: &[(&str, &OsStr)],
        input: &Path,
        log: &Path,
    ) -> Result<Self> {
        let log = File::options().append(true).create(true).open(log)?;
        let keeper = Command::new("sh")
            .arg("-c")
            .arg(KEEPER)
            .arg(input)
            .arg(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{}`", program.display()))?;
        Ok(Self { keeper })
    }

    /// True while the child runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.keeper.try_wait(), Ok(None))
    }

    /// Kills the child and waits until it is gone.
    pub fn kill(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }

    /// Waits for a child that was told to end; kills it when it does not.
    pub fn wait(&mut self, at_most: Duration) {
        let deadline = Instant::now() + at_most;
        while self.is_alive() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill();
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks again and again until `ready` gives something, or the time is up.
pub fn wait_for<T>(
    what: &str,
    at_most: Duration,
    mut ready: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + at_most;
    loop {
        if let Some(found) = ready()? {
            return Ok(found);
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "{what}: not within {} s",
            at_most.as_secs()
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn a_child_dies_with_its_leash() {
        let log = std::env::temp_dir().join(format!("leash-{}.txt", std::process::id()));
        let mut leash = Leash::start(
            OsStr::new("sh"),
            &[OsStr::new("-c"), OsStr::new("echo $$; exec sleep 1000")],
            &[],
            Path::new("/dev/null"),
            &log,
        )
        .unwrap();
        let pid = wait_for("a pid", Duration::from_secs(5), || {
            Ok(std::fs::read_to_string(&log)?.trim().parse::<u32>().ok())
        })
        .unwrap();
        let process = format!("/proc/{pid}");
        assert!(Path::new(&process).exists() && leash.is_alive());
        leash.kill();
        wait_for("death", Duration::from_secs(5), || {
            Ok((!Path::new(&process).exists()).then_some(()))
        })
        .unwrap();
        std::fs::remove_file(log).unwrap();
    }
}
