//! The clocks of this machine, as one argument.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::Timestamp;

/// Wall clock and boot clock at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// What the wall clock shows.
    pub wall: Timestamp,
    /// Names this boot of the machine.
    pub boot: String,
    /// Milliseconds since boot, unmoved by setting the wall clock.
    pub since_boot: u64,
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// This moment; an error when the machine's clock makes no sense.
    fn now(&self) -> Result<Moment, ClockError>;
}

/// The machine's clock can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Outside the accepted years, or unreadable.
    #[error("this machine's clock can't be right ({0}): set it, then try again; nothing was done")]
    Absurd(String),
    /// Set back.
    #[error(
        "this machine's clock shows {now}, but the journal's last entry is of {last}: the clock was set back. nothing was done; set it right, then try again (a freeze works all the same)"
    )]
    Behind {
        /// What it shows.
        now: Timestamp,
        /// The latest time in the journal.
        last: Timestamp,
    },
}

/// The operating system's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Result<Moment, ClockError> {
        let absurd = |why: &dyn std::fmt::Display| ClockError::Absurd(why.to_string());
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|e| absurd(&e))?;
        let millis = u64::try_from(since.as_millis()).map_err(|e| absurd(&e))?;
        let wall = Timestamp::from_millis(millis).map_err(|e| absurd(&e))?;
        let (boot, since_boot) = boot_clock().map_err(|e| absurd(&e))?;
        Ok(Moment {
            wall,
            boot,
            since_boot,
        })
    }
}

/// Linux tells both without a system call of its own: `/proc/uptime` counts suspended time too.
fn boot_clock() -> std::io::Result<(String, u64)> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?
        .trim()
        .to_owned();
    let uptime = std::fs::read_to_string("/proc/uptime")?;
    let bad = || std::io::Error::new(std::io::ErrorKind::InvalidData, "unreadable uptime");
    let first = uptime.split_whitespace().next().ok_or_else(bad)?;
    let (seconds, hundredths) = first.split_once('.').ok_or_else(bad)?;
    let seconds: u64 = seconds.parse().map_err(|_| bad())?;
    let hundredths: u64 = hundredths.parse().map_err(|_| bad())?;
    Ok((
        boot,
        seconds
            .saturating_mul(1000)
            .saturating_add(hundredths.saturating_mul(10)),
    ))
}
