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

#[cfg(test)]
mod tests {
    #[test]
    fn lists_read_naturally() {
        assert_eq!(super::all(["a", "b", "c"]), "a, b and c");
        assert_eq!(super::any(["a", "b"]), "a or b");
        assert_eq!(super::any(["a"]), "a");
    }
}
