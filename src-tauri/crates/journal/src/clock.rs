//! The latest reading of both clocks, to notice a jump of the wall clock (design rule 9).

use domain::{Span, Timestamp};

/// The wall clock beside the clock that counts since the machine started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockMark {
    /// Which start of the machine; the operating system names it.
    pub boot_id: String,
    /// Since that start, sleep included.
    pub since_boot: Span,
    /// What the wall clock showed.
    pub wall: Timestamp,
}

impl ClockMark {
    /// How much further the wall clock went than the boot clock since `earlier`. None when the
    /// machine started anew in between: then the boot clock says nothing.
    pub fn ahead_since(&self, earlier: &ClockMark) -> Option<Span> {
        if self.boot_id != earlier.boot_id {
            return None;
        }
        let boot = self
            .since_boot
            .as_millis()
            .saturating_sub(earlier.since_boot.as_millis());
        let wall = self.wall.since(earlier.wall).as_millis();
        Some(Span::from_millis(wall.saturating_sub(boot)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(boot: &str, since_boot: u64, wall: u64) -> ClockMark {
        ClockMark {
            boot_id: boot.to_owned(),
            since_boot: Span::from_secs(since_boot),
            wall: Timestamp::EARLIEST.plus(Span::from_secs(wall)),
        }
    }

    #[test]
    fn a_jump_ahead_of_the_boot_clock_is_measured() {
        let earlier = mark("a", 100, 1000);
        let ahead = |later: &ClockMark| later.ahead_since(&earlier);
        assert_eq!(ahead(&mark("a", 160, 1060)), Some(Span::ZERO));
        assert_eq!(ahead(&mark("a", 160, 4660)), Some(Span::from_secs(3600)));
        assert_eq!(ahead(&mark("a", 160, 900)), Some(Span::ZERO));
        assert_eq!(ahead(&mark("b", 1, 4660)), None);
    }
}
