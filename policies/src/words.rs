//! Lists as people write them.

use std::fmt::Display;

/// `a, b and c`.
pub(crate) fn all(items: impl IntoIterator<Item = impl Display>) -> String {
    join(items, "and")
}

/// `a, b or c`.
pub(crate) fn any(items: impl IntoIterator<Item = impl Display>) -> String {
    join(items, "or")
}

fn join(items: impl IntoIterator<Item = impl Display>, last: &str) -> String {
    let mut words: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match (words.pop(), words.is_empty()) {
        (None, _) => String::new(),
        (Some(only), true) => only,
        (Some(end), false) => format!("{} {last} {end}", words.join(", ")),
    }
}

/// A number of units of an asset as a decimal, without loss, however large.
pub(crate) fn decimal(units: u128, decimals: u8) -> String {
    let width = usize::from(decimals);
    let digits = format!("{units:0>pad$}", pad = width.saturating_add(1));
    let (whole, fraction) = digits
        .split_at_checked(digits.len().saturating_sub(width))
        .unwrap_or((&digits, ""));
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sums_are_shown_without_loss() {
        let show = |units| super::decimal(units, 8);
        assert_eq!(
            [show(0), show(1), show(100_000_000), show(150_000_000)],
            ["0", "0.00000001", "1", "1.5"]
        );
        assert_eq!(show(u128::MAX), "3402823669209384634633746074317.68211455");
    }

    #[test]
    fn lists_read_naturally() {
        assert_eq!(super::all(["a", "b", "c"]), "a, b and c");
        assert_eq!(super::any(["a", "b"]), "a or b");
        assert_eq!(super::any(["a"]), "a");
    }
}
