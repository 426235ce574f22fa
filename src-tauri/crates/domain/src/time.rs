//! Points and spans of time. Nothing here reads a clock: time is an argument.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Timestamp(u64);

/// A time outside the years this program accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("time {0} ms is outside the years 2020 to 2200: the clock or the entry is wrong")]
pub struct TimestampError(u64);

impl Timestamp {
    /// 2020-01-01 00:00 UTC.
    pub const EARLIEST: Timestamp = Timestamp(1_577_836_800_000);
    /// 2200-01-01 00:00 UTC.
    pub const LATEST: Timestamp = Timestamp(7_258_118_400_000);

    /// A time in milliseconds since 1970, between [`Self::EARLIEST`] and [`Self::LATEST`].
    pub const fn from_millis(millis: u64) -> Result<Self, TimestampError> {
        if millis < Self::EARLIEST.0 || millis > Self::LATEST.0 {
            return Err(TimestampError(millis));
        }
        Ok(Self(millis))
    }

    /// Milliseconds since 1970.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// This time and a span later; stops at [`Self::LATEST`].
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        let later = self.0.saturating_add(span.as_millis());
        if later > Self::LATEST.0 {
            Self::LATEST
        } else {
            Self(later)
        }
    }

    /// This time and a span earlier; stops at [`Self::EARLIEST`].
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        let earlier = self.0.saturating_sub(span.as_millis());
        if earlier < Self::EARLIEST.0 {
            Self::EARLIEST
        } else {
            Self(earlier)
        }
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub const fn since(self, earlier: Timestamp) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Minutes since midnight UTC, 0 to 1439.
    pub const fn minute_of_day_utc(self) -> u16 {
        ((self.0 / 60_000) % 1440) as u16
    }

    /// Day of the week in UTC: 0 is Monday, 6 is Sunday.
    pub const fn weekday_utc(self) -> u8 {
        // 1970-01-01 was a Thursday.
        ((self.0 / 86_400_000 + 3) % 7) as u8
    }
}

impl TryFrom<u64> for Timestamp {
    type Error = TimestampError;
    fn try_from(millis: u64) -> Result<Self, TimestampError> {
        Self::from_millis(millis)
    }
}

impl From<Timestamp> for u64 {
    fn from(time: Timestamp) -> u64 {
        time.0
    }
}

impl fmt::Display for Timestamp {
    /// `2026-11-20 10:15:00 UTC`, by the civil-from-days algorithm of Howard Hinnant.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1000;
        let days = seconds / 86_400 + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let of_day = seconds % 86_400;
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC",
            of_day / 3600,
            of_day / 60 % 60,
            of_day % 60
        )
    }
}

/// A length of time in milliseconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// A span of seconds; stops at the largest span.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Span {
    /// The largest unit that divides it: `90 s`, `15 min`, `24 h`, `7 d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, millis) in [
            ("d", 86_400_000),
            ("h", 3_600_000),
            ("min", 60_000),
            ("s", 1000),
        ] {
            let whole = self.0 / millis;
            let enough = unit != "d" || whole > 1;
            if whole > 0 && enough && self.0.is_multiple_of(millis) {
                return write!(f, "{whole} {unit}");
            }
        }
        if self.0 >= 1000 {
            write!(f, "{} s", self.0 / 1000)
        } else {
            write!(f, "{} ms", self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_dates_are_right() {
        let show = |ms| Timestamp::from_millis(ms).unwrap().to_string();
        assert_eq!(show(1_577_836_800_000), "2020-01-01 00:00:00 UTC");
        assert_eq!(show(1_709_210_096_789), "2024-02-29 12:34:56 UTC");
        assert_eq!(show(7_258_118_400_000), "2200-01-01 00:00:00 UTC");
        let friday = Timestamp::from_millis(1_795_168_500_000).unwrap();
        assert_eq!(friday.to_string(), "2026-11-20 09:55:00 UTC");
        assert_eq!((friday.weekday_utc(), friday.minute_of_day_utc()), (4, 595));
    }

    #[test]
    fn times_outside_the_accepted_years_are_refused() {
        assert!(Timestamp::from_millis(0).is_err());
        assert!(Timestamp::from_millis(u64::MAX).is_err());
    }

    #[test]
    fn spans_read_naturally() {
        let show = |s| Span::from_secs(s).to_string();
        assert_eq!(
            [show(90), show(900), show(86_400), show(604_800)],
            ["90 s", "15 min", "24 h", "7 d"]
        );
    }
}
