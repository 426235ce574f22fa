//! From the treasury's types to what crosses to the windows.

use domain::{Address, Amount, Asset, Leg, Name, Network, ProposalId, Timestamp, VaultId};
use policy::{LimitUse, Reason, Tally};
use treasury::Treasury;
use wording::limits::percent;
use wording::paper::Fields;
use wording::proposal::Status;

use crate::dto::{AssetInfo, Field, LegView, LimitView, Money, RefusalView, StatusWord};
use crate::problem::{Answer, Problem, sentence};

/// RFC 3339 in UTC.
pub fn time(time: Timestamp) -> String {
    // `2026-11-20 10:15:00 UTC`
    let text = time.to_string();
    match text.trim_end_matches(" UTC").split_once(' ') {
        Some((day, hour)) => format!("{day}T{hour}Z"),
        None => text,
    }
}

/// An amount.
pub fn money(amount: Amount) -> Money {
    Money {
        value: amount.to_decimal(),
        asset: amount.asset().symbol().to_owned(),
        places: places(amount.asset()),
    }
}

/// Decimal places of an asset.
pub fn places(asset: Asset) -> u8 {
    match asset {
        Asset::Btc => 8,
        Asset::Evm(coin) => coin.decimals(),
    }
}

/// An asset that a vault can pay.
pub fn asset(asset: Asset) -> AssetInfo {
    AssetInfo {
        symbol: asset.symbol().to_owned(),
        places: places(asset),
        contract: asset
            .coin()
            .and_then(|coin| coin.contract())
            .map(|contract| contract.to_string()),
    }
}

/// A count, or the most that is shown.
pub fn count(number: impl TryInto<u32>) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}

/// One payment.
pub fn leg(leg: &Leg) -> LegView {
    LegView {
        payee: leg.payee.as_ref().map(ToString::to_string),
        address: leg.address.to_string(),
        grouped: leg.address.grouped(),
        amount: money(leg.amount),
    }
}

/// How something stands under a limit.
pub fn limit(used: &LimitUse) -> LimitView {
    let (so_far, adds, allowed) = match used.tally {
        Tally::Amount { used, adds, cap } => (used.to_string(), adds.to_string(), cap.to_string()),
        Tally::Count { used, adds, cap } => {
            (used.to_string(), adds.to_string(), format!("{cap} payouts"))
        }
    };
    LimitView {
        limit: format!("{}{}", used.limit, used.bucket),
        used: so_far,
        adds: Some(adds),
        allowed,
        percent: percent(used),
        window: used.window.to_string(),
        frees: match used.frees {
            policy::Frees::At(when) => Some(time(when)),
            policy::Frees::Fits | policy::Frees::AfterReserved | policy::Frees::Never => None,
        },
        words: used.to_string(),
    }
}

/// A limit by itself: what the smallest payout would add is not told.
pub fn standing(used: &LimitUse) -> LimitView {
    LimitView {
        adds: None,
        ..limit(used)
    }
}

/// Why something is refused.
pub fn refusal(reason: &Reason) -> RefusalView {
    let (rule, remedy) = match reason {
        Reason::Denied { deny, .. } => (
            Some(deny.to_string()),
            Some("Only another policy would allow it".to_owned()),
        ),
        Reason::OverLimit(used) => (Some(used.limit.to_string()), Some(frees(used))),
        Reason::NoLane { .. } => (
            None,
            Some(
                "Change what is paid so that a lane takes it, or adopt a policy with one"
                    .to_owned(),
            ),
        ),
        Reason::Expired { .. } => (None, Some("Propose it anew".to_owned())),
        Reason::Unreachable { rule, .. } => (Some(rule.to_string()), None),
        Reason::Fact(_)
        | Reason::NoGovernance(_)
        | Reason::BadPolicy(_)
        | Reason::LocksOut { .. }
        | Reason::OfficerNameTaken(_)
        | Reason::VaultNameTaken(_)
        | Reason::AddressTaken(_)
        | Reason::AssetKnown(_)
        | Reason::AssetTaken(_)
        | Reason::AssetDeclaredOtherwise { .. }
        | Reason::PolicyContradictsRegistry { .. } => (None, None),
    };
    RefusalView {
        words: sentence(&reason.to_string()),
        rule,
        remedy,
    }
}

fn frees(used: &LimitUse) -> String {
    match used.frees {
        policy::Frees::Fits => "It fits".to_owned(),
        policy::Frees::At(when) => {
            format!("It fits from {when} on, if nothing else is paid before")
        }
        policy::Frees::AfterReserved => {
            "It fits once payouts that are under way have settled and the window has passed"
                .to_owned()
        }
        policy::Frees::Never => {
            "It never fits: pay less, or adopt a policy that allows more".to_owned()
        }
    }
}

/// How far a proposal is.
pub const fn status(status: Status) -> StatusWord {
    match status {
        Status::Open => StatusWord::Open,
        Status::Enacted => StatusWord::Enacted,
        Status::Declined => StatusWord::Declined,
        Status::Lapsed => StatusWord::Lapsed,
        Status::Planned => StatusWord::Planned,
        Status::Signing => StatusWord::Signing,
        Status::Aborted => StatusWord::Aborted,
        Status::Signed => StatusWord::Signed,
        Status::Broadcast => StatusWord::Broadcast,
        Status::Confirmed => StatusWord::Confirmed,
        Status::Reverted => StatusWord::Reverted,
        Status::Cancelled => StatusWord::Cancelled,
        Status::Replaced => StatusWord::Replaced,
        Status::Bumping => StatusWord::Bumping,
        Status::Cancelling => StatusWord::Cancelling,
    }
}

/// Labels and values.
pub fn fields(fields: &Fields) -> Vec<Field> {
    fields
        .rows()
        .map(|(label, value)| Field {
            label: label.to_owned(),
            value,
        })
        .collect()
}

/// A name as typed into a field.
pub fn name(field: &str, text: &str) -> Answer<Name> {
    Name::new(text.trim()).map_err(|error| Problem::input(field, error))
}

/// A proposal's id.
pub fn id(text: &str) -> Answer<ProposalId> {
    text.parse()
        .map_err(|_| Problem::input("id", "this is no proposal's id"))
}

/// A network as written.
pub fn network(text: &str) -> Answer<Network> {
    text.parse::<Network>()
        .map_err(|error| Problem::input("network", error))
}

/// A vault's name.
pub fn vault_name(treasury: &Treasury, id: VaultId) -> String {
    treasury
        .vaults
        .get(&id)
        .map_or_else(|| id.short(), |vault| vault.plan.name().to_string())
}

/// An address in groups of four.
pub fn groups(address: &Address) -> Vec<String> {
    address
        .grouped()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        let moment = Timestamp::from_millis(1_795_774_500_000).unwrap();
        assert_eq!(time(moment), "2026-11-27T10:15:00Z");
    }
}
