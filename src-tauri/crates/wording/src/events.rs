//! What happened in a turn, in words and for programs.

use domain::ProposalId;
use driver::Event;
use serde_json::{Value, json};

use crate::proposal::the;
use crate::view::View;

/// Events as lines.
pub fn lines(view: &View, events: &[Event]) -> Vec<String> {
    events.iter().map(|event| words(view, event)).collect()
}

/// Events for programs.
pub fn values(events: &[Event]) -> Vec<Value> {
    events.iter().map(value).collect()
}

fn words(view: &View, event: &Event) -> String {
    let the = |id: &ProposalId| the(view.treasury(), *id);
    match event {
        Event::Lapsed(id) => format!("{}: its time passed", the(id)),
        Event::Enacted(id) => format!("{}: in force", the(id)),
        Event::Planned(id) => format!("{}: its exact transaction is fixed", the(id)),
        Event::NotPlanned(id, why) => format!("{}: no transaction yet: {why}", the(id)),
        Event::Signed(id, txid) => format!("{}: signed, transaction {txid}", the(id)),
        Event::NotSigned(id, why) => format!("{}: NOT SIGNED: {why}", the(id)),
        Event::Closed(what) => format!("closed: {what}"),
        Event::Broadcast(id, _) => format!("{}: handed to the node", the(id)),
        Event::NotBroadcast(id, why) => format!("{}: not sent yet: {why}", the(id)),
        Event::Confirming(id, blocks, needed) => {
            format!("{}: {blocks} of {needed} confirmations", the(id))
        }
        Event::Confirmed(id, _, height) => format!("{}: CONFIRMED, in block {height}", the(id)),
        Event::Reverted(id, _, height) => format!(
            "{}: REVERTED in block {height}: nobody was paid, only the fee is gone; paying again is a new payout",
            the(id)
        ),
        Event::Cancelled(id, _, height) => format!(
            "{}: CANCELLED in block {height}: nobody was paid, and it can't be paid any more",
            the(id)
        ),
        Event::Reorged(id) => format!(
            "{}: its block left the chain; it waits for another",
            the(id)
        ),
        Event::Dropped(id) => {
            format!(
                "{}: the node no longer knows it; the same bytes go out again",
                the(id)
            )
        }
        Event::Replaced(id, by) => {
            format!(
                "{}: REPLACED, transaction {by} took its {}; it will never be paid",
                the(id),
                anchor_word(view, *id)
            )
        }
        Event::Froze(why) => format!("FROZEN by this machine: {why}"),
        Event::NodeTrouble(why) => format!("the node: {why}"),
    }
}

/// What another transaction takes so that a payout never happens.
fn anchor_word(view: &View, id: ProposalId) -> &'static str {
    let payout = view.treasury().payout(id);
    match payout.and_then(|(_, payout)| payout.asset().coin()) {
        Some(_) => "nonce",
        None => "coins",
    }
}

fn value(event: &Event) -> Value {
    let name = name(event);
    match event {
        Event::Lapsed(id)
        | Event::Enacted(id)
        | Event::Planned(id)
        | Event::Reorged(id)
        | Event::Dropped(id) => json!({ "event": name, "proposal": id.to_string() }),
        Event::NotPlanned(id, why)
        | Event::NotSigned(id, why)
        | Event::NotBroadcast(id, why)
        | Event::Replaced(id, why) => {
            json!({ "event": name, "proposal": id.to_string(), "detail": why })
        }
        Event::Signed(id, txid) | Event::Broadcast(id, txid) => {
            json!({ "event": name, "proposal": id.to_string(), "txid": txid.to_string() })
        }
        Event::Confirming(id, blocks, needed) => json!({
            "event": name,
            "proposal": id.to_string(),
            "confirmations": blocks,
            "needed": needed,
            "detail": format!("{blocks} of {needed} confirmations"),
        }),
        Event::Confirmed(id, txid, height)
        | Event::Reverted(id, txid, height)
        | Event::Cancelled(id, txid, height) => json!({
            "event": name,
            "proposal": id.to_string(),
            "txid": txid.to_string(),
            "height": height,
        }),
        Event::Closed(why) | Event::Froze(why) | Event::NodeTrouble(why) => {
            json!({ "event": name, "detail": why })
        }
    }
}

/// What programs call it.
pub const fn name(event: &Event) -> &'static str {
    match event {
        Event::Lapsed(_) => "lapsed",
        Event::Enacted(_) => "enacted",
        Event::Planned(_) => "planned",
        Event::NotPlanned(..) => "not_planned",
        Event::Signed(..) => "signed",
        Event::NotSigned(..) => "not_signed",
        Event::Closed(_) => "closed",
        Event::Broadcast(..) => "broadcast",
        Event::NotBroadcast(..) => "not_broadcast",
        Event::Confirming(..) => "confirming",
        Event::Confirmed(..) => "confirmed",
        Event::Reverted(..) => "reverted",
        Event::Cancelled(..) => "cancelled",
        Event::Reorged(_) => "reorged",
        Event::Dropped(_) => "dropped",
        Event::Replaced(..) => "replaced",
        Event::Froze(_) => "froze",
        Event::NodeTrouble(_) => "node_trouble",
    }
}

/// The proposal that an event is about.
pub const fn proposal(event: &Event) -> Option<ProposalId> {
    match event {
        Event::Lapsed(id)
        | Event::Enacted(id)
        | Event::Planned(id)
        | Event::NotPlanned(id, _)
        | Event::Signed(id, _)
        | Event::NotSigned(id, _)
        | Event::Broadcast(id, _)
        | Event::NotBroadcast(id, _)
        | Event::Confirming(id, ..)
        | Event::Confirmed(id, ..)
        | Event::Reverted(id, ..)
        | Event::Cancelled(id, ..)
        | Event::Reorged(id)
        | Event::Dropped(id)
        | Event::Replaced(id, _) => Some(*id),
        Event::Closed(_) | Event::Froze(_) | Event::NodeTrouble(_) => None,
    }
}
