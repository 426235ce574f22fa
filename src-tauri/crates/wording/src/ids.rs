//! Ids by their first digits.

use domain::{EntryId, ProposalId, Subject};
use treasury::Treasury;

use crate::proposal;

/// Fewer digits than this name nothing: they would name something else next week.
const FEWEST: usize = 4;

/// A proposal by its id or the first digits of it.
pub fn proposal(treasury: &Treasury, text: &str) -> anyhow::Result<ProposalId> {
    let known = treasury.proposals.iter().map(|(id, record)| {
        let what = format!(
            "{} {}",
            record.proposal.subject.kind(),
            proposal::summary(treasury, &record.proposal.subject)
        );
        (*id, id.to_string(), what)
    });
    pick("proposal", text, known)
}

/// The payout that a proposal is about: itself, or the one that it cancels. What is planned, signed and
/// sent for a cancel is a version of its payout.
pub fn payout_of(treasury: &Treasury, id: ProposalId) -> ProposalId {
    match treasury
        .proposals
        .get(&id)
        .map(|record| &record.proposal.subject)
    {
        Some(Subject::Cancel(cancel)) => cancel.payout,
        Some(_) | None => id,
    }
}

/// A freeze in force by its id or the first digits of it.
pub fn freeze(treasury: &Treasury, text: &str) -> anyhow::Result<EntryId> {
    let known = treasury.freezes.iter().map(|(id, freeze)| {
        (
            *id,
            id.to_string(),
            format!("{} {}", freeze.time, freeze.reason),
        )
    });
    pick("freeze", text, known)
}

fn pick<T>(
    what: &str,
    text: &str,
    known: impl Iterator<Item = (T, String, String)>,
) -> anyhow::Result<T> {
    let hexadecimal = text.bytes().all(|b| b.is_ascii_hexdigit());
    if text.len() < FEWEST || !hexadecimal {
        anyhow::bail!(
            "`{text}` is no {what}: give its id, or at least its first {FEWEST} digits (0 to 9, a to f); nothing was done"
        );
    }
    let start = text.to_ascii_lowercase();
    let mut fitting: Vec<(T, String, String)> =
        known.filter(|(_, id, _)| id.starts_with(&start)).collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some((id, ..)), true) => Ok(id),
        (None, _) => anyhow::bail!("there is no {what} `{text}`; nothing was done"),
        (Some(last), false) => {
            let list: String = fitting
                .iter()
                .chain([&last])
                .map(|(_, id, what)| format!("\n  {id}  {what}"))
                .collect();
            anyhow::bail!(
                "`{text}` is the beginning of more than one {what}, give more digits; nothing was done:{list}"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Result<u8, String> {
        let known = [(1, "abcd01"), (2, "abcd02"), (3, "ffff00")];
        let known = known.map(|(id, hex)| (id, hex.to_owned(), "0.5 BTC".to_owned()));
        pick("proposal", text, known.into_iter()).map_err(|e| e.to_string())
    }

    #[test]
    fn first_digits_name_what_is_alone_with_them() {
        assert_eq!(find("abcd02"), Ok(2));
        assert_eq!(find("FFFF"), Ok(3));
    }

    #[test]
    fn digits_that_two_share_are_refused_and_both_listed() {
        let error = find("abcd").unwrap_err();
        assert!(
            error.contains("abcd01") && error.contains("abcd02"),
            "{error}"
        );
    }

    #[test]
    fn too_few_digits_and_other_words_name_nothing() {
        for bad in ["", "f", "fff", "payout", "ffff0z"] {
            assert!(
                find(bad)
                    .unwrap_err()
                    .contains("at least its first 4 digits"),
                "{bad}"
            );
        }
        assert!(find("0000").unwrap_err().contains("there is no proposal"));
    }
}
