//! Short texts that people give to things, safe to show.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that can't be a name or a note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing in it.
    #[error("an empty text is no name")]
    Empty,
    /// Longer than allowed.
    #[error("at most {max} characters are allowed, this has {actual}")]
    TooLong {
        /// Most characters allowed.
        max: usize,
        /// Characters given.
        actual: usize,
    },
    /// A character that hides, reorders or breaks text on a screen.
    #[error("character U+{0:04X} is not allowed: it can hide or reorder what is read")]
    Character(u32),
    /// White space at an end, which no reader sees.
    #[error("white space at the start or end is not allowed")]
    Padded,
}

fn check(text: &str, max: usize) -> Result<(), TextError> {
    let actual = text.chars().count();
    if actual > max {
        return Err(TextError::TooLong { max, actual });
    }
    if text.trim() != text {
        return Err(TextError::Padded);
    }
    match text.chars().find(|c| deceives(*c)) {
        Some(c) => Err(TextError::Character(c.into())),
        None => Ok(()),
    }
}

/// Control, zero-width, bidirectional-override and other invisible characters.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
        || (c.is_whitespace() && c != ' ')
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $max:literal, $empty:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Most characters allowed.
            pub const MAX: usize = $max;

            /// Checks a text.
            pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
                let text = text.into();
                if text.is_empty() && !$empty {
                    return Err(TextError::Empty);
                }
                check(&text, Self::MAX)?;
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = TextError;
            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;
            fn try_from(text: String) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

text!(
    /// What a treasury, vault, officer, group, payee or machine is called. One line, 64 characters.
    Name, 64, false
);
text!(
    /// A memo or reason: one line, up to 280 characters, may be empty.
    Note, 280, true
);

impl Note {
    /// Nothing written.
    pub const EMPTY: Note = Note(String::new());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_deceive_a_reader_are_refused() {
        for bad in [
            "",
            " Acme",
            "Acme\n",
            "Ac\u{202E}me",
            "Ac\u{200B}me",
            "a\u{0}b",
            "a\tb",
        ] {
            assert!(Name::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            Name::new("Ünal & Söhne GmbH").unwrap().as_str(),
            "Ünal & Söhne GmbH"
        );
        assert!(Name::new("x".repeat(65)).is_err());
    }
}
