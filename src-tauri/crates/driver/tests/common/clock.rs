//! A clock that a test can set.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::Span;
use driver::{Clock, ClockError, Moment, SystemClock};

/// The system's clock, which a test can set.
#[derive(Default)]
pub struct TestClock {
    ahead_ms: AtomicU64,
    behind_ms: AtomicU64,
    boot_ahead_ms: AtomicU64,
}

impl TestClock {
    /// Time passes, for both clocks.
    pub fn pass(&self, span: Span) {
        self.ahead_ms.fetch_add(span.as_millis(), Ordering::SeqCst);
        self.boot_ahead_ms
            .fetch_add(span.as_millis(), Ordering::SeqCst);
    }

    /// Somebody sets the wall clock ahead.
    pub fn set_ahead(&self, span: Span) {
        self.ahead_ms.fetch_add(span.as_millis(), Ordering::SeqCst);
    }

    /// Somebody sets the wall clock behind.
    pub fn set_behind(&self, span: Span) {
        self.behind_ms.fetch_add(span.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Result<Moment, ClockError> {
        let real = SystemClock.now()?;
        let wall = real
            .wall
            .plus(Span::from_millis(self.ahead_ms.load(Ordering::SeqCst)))
            .minus(Span::from_millis(self.behind_ms.load(Ordering::SeqCst)));
        let since_boot = real.since_boot + self.boot_ahead_ms.load(Ordering::SeqCst);
        Ok(Moment {
            wall,
            boot: real.boot,
            since_boot,
        })
    }
}
