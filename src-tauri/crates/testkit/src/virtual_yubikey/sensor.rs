//! The touch sensor: who touches, when, and what goes wrong meanwhile.

use crate::locked;
use serde::{Deserialize, Serialize};
use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// Who touches a key that asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TouchMode {
    /// Touched at once.
    Auto,
    /// Touched when a test presses it.
    Manual,
    /// Touched by itself after so many milliseconds: a slow officer.
    AfterMs(u64),
    /// Nobody is there: a press does nothing.
    Never,
}

/// When a key that was told to be pulled leaves its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullOn {
    /// Right after it has answered a successful VERIFY.
    AfterVerify,
    /// While it blinks for a touch.
    AtTouch,
    /// After it has signed or agreed on a key, before the answer gets out.
    BeforeAnswer,
}

/// How a wait for a touch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    Touched,
    TimedOut,
    Pulled,
}

/// How long a key blinks before it is pulled "at touch", so that the blinking can be seen.
const BLINK_BEFORE_PULL: Duration = Duration::from_millis(200);

struct State {
    mode: TouchMode,
    in_reader: bool,
    blinking: bool,
    pressed: bool,
    asked: u32,
    pull: Option<PullOn>,
}

/// Shared by the card, which waits, and the test, which presses.
pub struct Sensor {
    timeout: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

impl Sensor {
    pub(super) fn new(timeout: Duration) -> Self {
        let state = State {
            mode: TouchMode::Auto,
            in_reader: false,
            blinking: false,
            pressed: false,
            asked: 0,
            pull: None,
        };
        Self {
            timeout,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn plugged(&self) {
        self.change(|state| state.in_reader = true);
    }

    pub(super) fn unplugged(&self) {
        self.change(|state| state.in_reader = false);
    }

    /// True once, when the pull that was ordered is this one.
    pub(super) fn take_pull(&self, event: PullOn) -> bool {
        locked(&self.state)
            .pull
            .take_if(|ordered| *ordered == event)
            .is_some()
    }

    /// Blinks until touched, pulled or out of time.
    pub(super) fn wait_for_touch(&self) -> Touch {
        let pulled = self.take_pull(PullOn::AtTouch);
        let mut state = locked(&self.state);
        state.asked += 1;
        state.pressed = false;
        state.blinking = true;
        self.changed.notify_all();
        let patience = match state.mode {
            _ if pulled => BLINK_BEFORE_PULL,
            TouchMode::Auto => Duration::ZERO,
            TouchMode::AfterMs(delay) => self.timeout.min(Duration::from_millis(delay)),
            TouchMode::Manual | TouchMode::Never => self.timeout,
        };
        let by_itself = match state.mode {
            TouchMode::Auto => true,
            TouchMode::AfterMs(delay) => Duration::from_millis(delay) < self.timeout,
            TouchMode::Manual | TouchMode::Never => false,
        };
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, patience, |s| s.in_reader && (pulled || !s.pressed))
            .unwrap_or_else(PoisonError::into_inner);
        state.blinking = false;
        self.changed.notify_all();
        if pulled || !state.in_reader {
            Touch::Pulled
        } else if state.pressed || by_itself {
            Touch::Touched
        } else {
            Touch::TimedOut
        }
    }

    /// Says who touches from here on.
    pub fn set_mode(&self, mode: TouchMode) {
        self.change(|state| state.mode = mode);
    }

    /// Orders the key to be pulled once, or takes the order back.
    pub fn pull_on(&self, event: Option<PullOn>) {
        self.change(|state| state.pull = event);
    }

    /// Waits until the key blinks, then touches it. False when it did not blink in time, or when
    /// nobody is there to touch it.
    pub fn press(&self, within: Duration) -> bool {
        let state = locked(&self.state);
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, within, |s| !s.blinking)
            .unwrap_or_else(PoisonError::into_inner);
        if !state.blinking || state.mode == TouchMode::Never {
            return false;
        }
        state.pressed = true;
        // The blink is used up: a second press waits for the next one, also before the card has noticed.
        state.blinking = false;
        self.changed.notify_all();
        true
    }

    /// Waits until the key blinks.
    pub fn wait_blink(&self, within: Duration) -> bool {
        let state = locked(&self.state);
        let waited = self
            .changed
            .wait_timeout_while(state, within, |s| !s.blinking);
        waited.unwrap_or_else(PoisonError::into_inner).0.blinking
    }

    /// Waits until the key is in no reader.
    pub fn wait_pulled(&self, within: Duration) -> bool {
        let state = locked(&self.state);
        let waited = self
            .changed
            .wait_timeout_while(state, within, |s| s.in_reader);
        !waited.unwrap_or_else(PoisonError::into_inner).0.in_reader
    }

    /// How often a touch was asked for.
    pub fn touches_asked(&self) -> u32 {
        locked(&self.state).asked
    }

    /// Whether the key is in a reader.
    pub fn in_reader(&self) -> bool {
        locked(&self.state).in_reader
    }

    fn change(&self, how: impl FnOnce(&mut State)) {
        how(&mut locked(&self.state));
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn two_presses_in_a_row_are_two_touches() {
        for _ in 0..200 {
            let sensor = Sensor::new(SOON);
            sensor.plugged();
            sensor.set_mode(TouchMode::Manual);
            std::thread::scope(|scope| {
                let card = scope.spawn(|| [sensor.wait_for_touch(), sensor.wait_for_touch()]);
                assert!(sensor.press(SOON));
                assert!(sensor.press(SOON));
                assert_eq!(card.join().unwrap(), [Touch::Touched, Touch::Touched]);
            });
        }
    }
}
