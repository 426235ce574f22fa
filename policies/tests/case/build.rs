//! What a case says, built: coins, legs, uses, payouts, changes.

use std::collections::BTreeMap;

use domain::address::Network;
use domain::proposal::{Cancel, OfficerChange, PayeeChange, PolicyChange, Thaw};
use domain::{
    Address, Amount, Asset, Batch, ChainId, Coin, EntryId, EvmAddress, Leg, Name, Note, Payout,
    Subject, Sweep, Symbol, Timestamp, Transfer,
};
use policy::{Facts, Use, UseState};

use super::rows::{
    Case, ChangeRow, CoinRow, ItemRow, LegRow, StateRow, TransferRow, UseRow, ether,
};
use crate::support::{Signer, address, name, proposal_id, vault_id};

pub fn coin(row: &CoinRow) -> Coin {
    let chain = ChainId::new(row.chain).unwrap();
    let contract = row.contract.as_deref();
    let contract = contract.map(|text| EvmAddress::parse(text, chain).unwrap());
    let symbol = Symbol::new(row.symbol.as_ref().unwrap_or(&row.word)).unwrap();
    Coin::new(chain, contract, symbol, row.decimals).unwrap()
}

impl Case {
    /// `5 USDC`, by the words of the case.
    fn amount(&self, text: &str) -> Amount {
        let (number, word) = text.split_once(' ').expect("a number and a word");
        let row = self.coins.iter().find(|row| row.word == word);
        let asset = row.map_or(Asset::Btc, |row| Asset::Evm(coin(row)));
        assert!(row.is_some() || word == "BTC", "no asset: {word}");
        Amount::from_decimal(number, asset).unwrap()
    }

    fn leg(&self, row: &LegRow) -> Leg {
        let amount = self.amount(&row.amount);
        let home = match amount.asset() {
            Asset::Btc => Network::Regtest,
            Asset::Evm(coin) => Network::Evm(coin.chain()),
        };
        let label = row
            .address
            .as_ref()
            .or(row.payee.as_ref())
            .expect("a payee or an address");
        Leg {
            payee: row.payee.as_deref().map(name),
            address: addressed(label, home),
            amount,
        }
    }

    pub fn used(&self, facts: &Facts, row: &UseRow) -> Use {
        Use {
            proposal: proposal_id(&row.proposal),
            vault: vault_id(&row.vault),
            initiator: officer(&row.initiator).id(),
            legs: row.legs.iter().map(|leg| self.leg(leg)).collect(),
            fee: self.amount(&row.fee),
            at: at(facts, &row.at),
            state: match row.state {
                StateRow::Reserved => UseState::Reserved,
                StateRow::Settled => UseState::Settled,
            },
        }
    }

    pub fn subject(&self) -> Subject {
        match (&self.payout, &self.batch, &self.change) {
            (Some(row), None, None) => {
                let legs: Vec<Leg> = row.legs.iter().map(|leg| self.leg(leg)).collect();
                let usual = match legs[0].amount.asset() {
                    Asset::Btc => "0.001 BTC",
                    Asset::Evm(_) => "0.01 ETH",
                };
                let fee_cap = self.amount(row.fee_cap.as_deref().unwrap_or(usual));
                let note = Note::new("").unwrap();
                Subject::Payout(Payout::new(vault_id(&row.vault), legs, fee_cap, note).unwrap())
            }
            (None, Some(row), None) => Subject::Batch(self.batch_of(&row.vault, &row.payouts)),
            (None, None, Some(row)) => self.changed(row),
            _ => panic!("a case has a payout, a batch or a change"),
        }
    }

    fn batch_of(&self, vault: &str, rows: &[ItemRow]) -> Batch {
        let payout = |row: &ItemRow| {
            let leg = LegRow {
                payee: row.payee.clone(),
                address: row.address.clone(),
                amount: row.amount.clone(),
            };
            let fee_cap = self.amount(&row.fee_cap);
            let note = Note::new("").unwrap();
            Payout::new(vault_id(vault), vec![self.leg(&leg)], fee_cap, note).unwrap()
        };
        let payouts = rows.iter().map(payout).collect();
        Batch::new(vault_id(vault), payouts, Note::new("").unwrap()).unwrap()
    }

    fn changed(&self, row: &ChangeRow) -> Subject {
        if let Some(text) = &row.policy {
            return Subject::Policy(PolicyChange {
                text: text_of(text),
            });
        }
        if let Some(label) = &row.suspend {
            return Subject::Officer(OfficerChange::Suspend(officer(label).id()));
        }
        if let Some(label) = &row.add {
            let officer = officer(label).officer().clone();
            return Subject::Officer(OfficerChange::Add(Box::new(officer)));
        }
        if let Some(payee) = &row.enter {
            let label = payee.address.as_ref().unwrap_or(&payee.name);
            let address = addressed(label, Network::Regtest);
            return Subject::Payee(PayeeChange::Set {
                name: name(&payee.name),
                address,
            });
        }
        if let Some(word) = &row.asset {
            let row = self.coins.iter().find(|row| row.word == *word);
            return Subject::Asset(coin(row.expect("a coin of the case")));
        }
        if let Some(rows) = &row.sweep {
            let transfer = |row: &TransferRow| Transfer {
                from: row.from,
                to: row.to,
                amount: self.amount(&row.amount),
                fee_cap: self.amount(&row.fee_cap),
            };
            let transfers = rows.iter().map(transfer).collect();
            let sweep = Sweep::new(vault_id(&ether()), transfers, Note::new("").unwrap());
            return Subject::Sweep(sweep.unwrap());
        }
        if let Some(fee_cap) = &row.cancel {
            return Subject::Cancel(Cancel {
                payout: proposal_id("out"),
                fee_cap: self.amount(fee_cap),
            });
        }
        let freeze = row.thaw.as_ref().expect("a change of some kind");
        Subject::Thaw(Thaw {
            freezes: vec![EntryId::from_bytes(crate::support::hash(freeze))],
        })
    }
}

/// `Hetzner`, or `Hetzner on testnet4`.
pub fn addressed(label: &str, home: Network) -> Address {
    match label.split_once(" on ") {
        Some((label, network)) => address(label, network.parse().unwrap()),
        None => address(label, home),
    }
}

/// `Alice/2` is a second key under the name Alice.
pub fn officer(label: &str) -> Signer {
    Signer::new(label, label.split('/').next().unwrap())
}

pub fn roster(labels: &[String]) -> BTreeMap<domain::OfficerId, Name> {
    labels
        .iter()
        .map(|label| officer(label))
        .map(|one| (one.id(), one.officer().name.clone()))
        .collect()
}

pub fn text_of(policy: &str) -> String {
    if !policy.ends_with(".toml") {
        return policy.to_owned();
    }
    let path = format!("{}/shipped/{policy}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// Friday 2026-11-20 10:00 UTC.
pub const BASE: u64 = 1_795_168_800_000;

pub fn at(facts: &Facts, text: &str) -> Timestamp {
    moved(facts.now, text)
}

/// `-1 h`, `+5 min`, `+1 ms`, `now`.
pub fn moved(from: Timestamp, text: &str) -> Timestamp {
    if text == "now" {
        return from;
    }
    let (sign, rest) = text.split_at(1);
    let (number, unit) = rest.split_once(' ').expect("a number and a unit");
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        other => panic!("no unit: {other}"),
    };
    let span = number.parse::<u64>().unwrap() * unit;
    let millis = match sign {
        "+" => from.as_millis() + span,
        "-" => from.as_millis() - span,
        other => panic!("no sign: {other}"),
    };
    Timestamp::from_millis(millis).unwrap()
}
