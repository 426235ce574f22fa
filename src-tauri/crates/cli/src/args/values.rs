//! Values as people write them on the command line.

use std::str::FromStr;

use domain::{ChainId, Name, Span, Symbol};
pub use wording::written::{AmountText, PayLeg};

/// `SEAT=Alice,Bob`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatOfficers {
    /// The seat's name.
    pub name: Name,
    /// Who opens it.
    pub officers: Vec<Name>,
}

/// `SEAT=2:Alice,Bob,Carol`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverySeat {
    /// The seat's name.
    pub name: Name,
    /// Who holds a piece.
    pub officers: Vec<Name>,
    /// Pieces needed.
    pub pieces: u16,
}

fn names(text: &str) -> Result<Vec<Name>, String> {
    text.split(',')
        .map(|name| Name::new(name.trim()).map_err(|e| e.to_string()))
        .collect()
}

impl FromStr for SeatOfficers {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, officers) = text.split_once('=').ok_or("write SEAT=Alice,Bob")?;
        let name = Name::new(name).map_err(|e| e.to_string())?;
        Ok(Self {
            name,
            officers: names(officers)?,
        })
    }
}

impl FromStr for RecoverySeat {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "write SEAT=2:Alice,Bob,Carol";
        let (name, rest) = text.split_once('=').ok_or(wrong)?;
        let (pieces, officers) = rest.split_once(':').ok_or(wrong)?;
        let name = Name::new(name).map_err(|e| e.to_string())?;
        let pieces = pieces.parse().map_err(|_| wrong)?;
        Ok(Self {
            name,
            officers: names(officers)?,
            pieces,
        })
    }
}

/// A length of time such as `90 min`, `24 h` or `7 d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub Span);

impl FromStr for Wait {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no length of time; write for example 90 min, 24 h or 7 d");
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit()).trim();
        let seconds: u64 = match unit {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(wrong()),
        };
        let count: u64 = digits.parse().map_err(|_| wrong())?;
        count
            .checked_mul(seconds)
            .map(|s| Self(Span::from_secs(s)))
            .ok_or_else(wrong)
    }
}

/// A chain's number, alone or as networks are written: `31337` or `eip155:31337`.
pub fn chain_id(text: &str) -> Result<ChainId, String> {
    let wrong = || {
        format!("`{text}` is no chain id; write its number, for example 1 for Ethereum or 31337")
    };
    let digits = text.strip_prefix("eip155:").unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let number = digits.parse().map_err(|_| wrong())?;
    ChainId::new(number).map_err(|error| error.to_string())
}

/// A symbol such as `USDC`.
pub fn symbol(text: &str) -> Result<Symbol, String> {
    Symbol::new(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn seats_are_read_with_those_who_open_them() {
        let key: SeatOfficers = "key=Alice, Bob".parse().unwrap();
        assert_eq!(
            (key.name, key.officers),
            (name("key"), vec![name("Alice"), name("Bob")])
        );
        let safe: RecoverySeat = "safe=2:Alice,Bob,Carol".parse().unwrap();
        assert_eq!((safe.pieces, safe.officers.len()), (2, 3));
        for bad in [
            "safe",
            "safe=Alice,Bob",
            "safe=x:Alice",
            "=2:Alice",
            "safe=2:",
            "safe=70000:Alice",
        ] {
            assert!(bad.parse::<RecoverySeat>().is_err(), "{bad}");
        }
    }

    #[test]
    fn chains_are_named_by_their_number() {
        assert_eq!(
            chain_id("31337"),
            ChainId::new(31_337).map_err(|e| e.to_string())
        );
        assert_eq!(
            chain_id("eip155:1"),
            ChainId::new(1).map_err(|e| e.to_string())
        );
        for bad in [
            "",
            "0",
            "-1",
            "+1",
            "0x1",
            "ethereum",
            "eip155:",
            "99999999999999999999",
        ] {
            assert!(chain_id(bad).is_err(), "{bad}");
        }
        for bad in ["", "BTC", "US DC", "USDC\u{200b}", "1INCH", "THIRTEENCHARS"] {
            assert!(symbol(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lengths_of_time_are_read_as_written() {
        let span = |text: &str| text.parse::<Wait>().map(|wait| wait.0);
        assert_eq!(span("90 min"), Ok(Span::from_secs(5400)));
        assert_eq!(span("7d"), Ok(Span::from_secs(604_800)));
        for bad in [
            "",
            "7",
            "d",
            "-1 d",
            "1.5 h",
            "1 month",
            "99999999999999999999 s",
            "1 d 2 h",
        ] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }
}
