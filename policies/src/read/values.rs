//! Single values: lengths of time, amounts, times of day.

use domain::amount::AmountError;
use domain::{Amount, Span};

use super::assets;
use super::reader::{Field, Read, shown};
use crate::assets::Assets;
use crate::error::Problem;

/// A year and a day: longer windows, delays and ages are mistakes.
pub(super) const LONGEST: Span = Span::from_secs(366 * 86_400);
/// Shorter windows and expiries are mistakes.
pub(super) const SHORTEST: Span = Span::from_secs(60);

/// Days of the week from Monday, as policies write them.
pub(crate) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `0.25 ETH`, with a word of the policy for its asset.
pub(super) fn amount(field: &Field<'_>, declared: &Assets) -> Read<Amount> {
    let text = field.text("an amount as text, for example \"0.5 BTC\"")?;
    let Some((number, word)) = text.trim().split_once(' ') else {
        return field.fault(Problem::Amount(AmountError::NoAsset(shown(text))));
    };
    let asset = assets::meant(field, word.trim_start(), declared)?;
    match Amount::from_decimal(number, asset) {
        Ok(amount) => Ok(amount),
        Err(error) => field.fault(Problem::Amount(error)),
    }
}

/// A length of time from `least` to [`LONGEST`].
pub(super) fn span(field: &Field<'_>, least: Span) -> Read<Span> {
    let text = field.text("a length of time as text, for example \"24 h\"")?;
    let Some(span) = parse_span(text) else {
        return field.fault(Problem::Span(shown(text)));
    };
    if !(least..=LONGEST).contains(&span) {
        return field.fault(Problem::SpanRange {
            word: shown(field.word),
            least,
            most: LONGEST,
        });
    }
    Ok(span)
}

/// Minutes since midnight, 0 to 1440.
pub(super) fn time_of_day(field: &Field<'_>) -> Read<u64> {
    let text = field.text("a time of day as text, for example \"09:00\"")?;
    match parse_time(text) {
        Some(minute) => Ok(minute),
        None => field.fault(Problem::TimeOfDay(shown(text))),
    }
}

fn parse_span(text: &str) -> Option<Span> {
    let (number, unit) = text.split_once(' ')?;
    let seconds: u64 = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let number = digits(number)?;
    number
        .checked_mul(seconds)?
        .checked_mul(1000)
        .map(Span::from_millis)
}

fn parse_time(text: &str) -> Option<u64> {
    let (hour, minute) = text.split_once(':')?;
    if hour.len() != 2 || minute.len() != 2 {
        return None;
    }
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    let total = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && total <= 1440).then_some(total)
}

/// Plain decimal digits: `+5`, `5_000` and an empty text are none.
fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}
