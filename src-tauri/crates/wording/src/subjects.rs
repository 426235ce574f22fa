//! What a person wants, as something that can be proposed, or the reason why not.

use domain::proposal::{Cancel, OfficerChange, PayeeChange, Thaw};
use domain::{
    Address, Amount, Batch, ChainId, Coin, EntryId, EvmAddress, Leg, Name, Network, Note, Officer,
    OfficerId, Payout, ProposalId, Seat, SeatId, SeatKind, Subject, Symbol, VaultId, VaultPlan,
};
use treasury::VaultRecord;

use crate::payees;
use crate::proposal::{Status, the};
use crate::table::{self, BadLine, Row};
use crate::view::{View, Voice};
use crate::written::{AmountText, PayLeg};

/// A vault by name.
pub fn vault<'a>(view: &'a View, name: &Name) -> anyhow::Result<(VaultId, &'a VaultRecord)> {
    view.treasury().vault_named(name).ok_or_else(|| {
        let known: Vec<&str> = view
            .treasury()
            .vaults
            .values()
            .map(|vault| vault.plan.name().as_str())
            .collect();
        let there = if known.is_empty() {
            "none yet".to_owned()
        } else {
            known.join(", ")
        };
        anyhow::anyhow!("there is no vault `{name}`; there is {there}; nothing was done")
    })
}

/// An officer who may act.
pub fn officer<'a>(view: &'a View, name: &Name) -> anyhow::Result<&'a Officer> {
    let treasury = view.treasury();
    treasury.officer_named(name).ok_or_else(|| {
        let known: Vec<&str> = treasury
            .officers
            .values()
            .filter(|record| record.active)
            .map(|record| record.officer.name.as_str())
            .collect();
        anyhow::anyhow!(
            "there is no active officer `{name}`; there are {}; nothing was done",
            known.join(", ")
        )
    })
}

/// A vault that can pay: it has its key.
pub fn paying<'a>(view: &'a View, name: &Name) -> anyhow::Result<(VaultId, &'a VaultRecord)> {
    let (id, vault) = vault(view, name)?;
    if vault.key().is_none() {
        let how = match view.voice {
            Voice::Terminal => {
                format!("generate it with `countersign vault keygen {name}`")
            }
            Voice::Window => "make it on the page of vaults".to_owned(),
        };
        anyhow::bail!("vault {name} has no key yet, so it holds nothing; {how}");
    }
    Ok((id, vault))
}

/// A payout.
pub fn payout(
    view: &View,
    name: &Name,
    legs: &[PayLeg],
    fee_cap: Option<&AmountText>,
    memo: Note,
) -> anyhow::Result<Subject> {
    let (id, vault) = paying(view, name)?;
    let legs = payees::legs(view.treasury(), id, vault, legs)?;
    let fee_cap = payees::fee_cap(view.treasury(), vault.plan.network(), fee_cap)?;
    Ok(Subject::Payout(
        Payout::new(id, legs, fee_cap, memo).map_err(nothing)?,
    ))
}

/// A table of payouts that was read and found good.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its lines.
    pub rows: Vec<Row>,
    /// The fee cap of each payout.
    pub fee_cap: Amount,
    /// What it proposes: on an EVM chain a batch, on Bitcoin one payout with a leg for each line.
    pub subject: Subject,
}

/// Why a table can't be proposed.
#[derive(Debug)]
pub enum TableProblem {
    /// Lines that can't be paid.
    Lines(Vec<BadLine>),
    /// Anything else.
    Other(anyhow::Error),
}

impl From<anyhow::Error> for TableProblem {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// Reads a table. One bad line, and nothing of it can be proposed.
pub fn batch(
    view: &View,
    name: &Name,
    bytes: &[u8],
    fee_cap: Option<&AmountText>,
    memo: &Note,
) -> Result<Table, TableProblem> {
    let treasury = view.treasury();
    let (id, vault) = vault(view, name)?;
    let network = vault.plan.network();
    let known = payees::known(treasury, network);
    let find = |text: &str| {
        payees::payee(treasury, network, text).map_err(|error| without_ending(&error.to_string()))
    };
    let rows = table::rows(bytes, &known, &find).map_err(TableProblem::Lines)?;
    let legs: Vec<Leg> = rows.iter().map(|row| row.leg.clone()).collect();
    payees::refuse_own(id, vault, &legs)?;
    let fee_cap = payees::fee_cap(treasury, network, fee_cap)?;
    let subject = match network {
        Network::Evm(_) => {
            let payouts = rows.iter().map(|row| line(id, row, fee_cap));
            let payouts = payouts.collect::<anyhow::Result<Vec<_>>>()?;
            Subject::Batch(Batch::new(id, payouts, memo.clone()).map_err(nothing)?)
        }
        Network::Bitcoin | Network::Testnet4 | Network::Signet | Network::Regtest => {
            if let Some(row) = rows.iter().find(|row| !row.memo.as_str().is_empty()) {
                return Err(TableProblem::Other(anyhow::anyhow!(
                    "line {}: on Bitcoin all lines are legs of one payout, which has one memo: give it for the whole table and leave the column empty; nothing was proposed",
                    row.line
                )));
            }
            Subject::Payout(Payout::new(id, legs, fee_cap, memo.clone()).map_err(nothing)?)
        }
    };
    Ok(Table {
        rows,
        fee_cap,
        subject,
    })
}

fn line(vault: VaultId, row: &Row, fee_cap: Amount) -> anyhow::Result<Payout> {
    Payout::new(vault, vec![row.leg.clone()], fee_cap, row.memo.clone())
        .map_err(|error| anyhow::anyhow!("line {}: {error}; nothing was proposed", row.line))
}

fn nothing(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("{error}; nothing was proposed")
}

/// The table says at its end, once for all lines, that nothing was proposed.
fn without_ending(text: &str) -> String {
    text.trim_end_matches("; nothing was proposed").to_owned()
}

/// A coin or token that becomes known.
pub fn asset(
    view: &View,
    chain: ChainId,
    contract: Option<&str>,
    symbol: Symbol,
    decimals: u8,
) -> anyhow::Result<Subject> {
    let network = Network::Evm(chain);
    let networks = &view.treasury().founding.networks;
    if !networks.contains(&network) {
        let names: Vec<String> = networks.iter().map(Network::to_string).collect();
        anyhow::bail!(
            "this treasury has nothing on {network}; its networks were fixed when it was founded: {}; nothing was proposed",
            names.join(", ")
        );
    }
    let contract = contract
        .map(|text| EvmAddress::parse(text, chain))
        .transpose()
        .map_err(|error| anyhow::anyhow!("the token's contract: {error}; nothing was proposed"))?;
    let coin = Coin::new(chain, contract, symbol, decimals)
        .map_err(|error| anyhow::anyhow!("{error}; nothing was proposed"))?;
    Ok(Subject::Asset(coin))
}

/// The cancel of a payout that is signed, or is being signed.
pub fn cancel(
    view: &View,
    id: ProposalId,
    fee_cap: Option<&AmountText>,
) -> anyhow::Result<Subject> {
    let treasury = view.treasury();
    let named = the(treasury, id);
    let Some((record, payout)) = treasury.payout(id) else {
        anyhow::bail!("{named} is no payout: only a payout is cancelled; nothing was proposed");
    };
    match record.stage() {
        Some(stage) if stage.is_final() => anyhow::bail!(
            "{named} is {} already: there is nothing left to cancel; nothing was proposed",
            Status::of(record).word()
        ),
        Some(_) if !record.is_open() => {}
        Some(_) | None => match (Status::of(record), view.voice) {
            (Status::Declined | Status::Lapsed, _) => anyhow::bail!(
                "{named} is {} already, and nothing of it was ever signed; nothing was proposed",
                Status::of(record).word()
            ),
            (_, Voice::Terminal) => anyhow::bail!(
                "nothing of {named} is signed yet, so one officer ends it: countersign decline {} --as OFFICER; nothing was proposed",
                id.short()
            ),
            (_, Voice::Window) => anyhow::bail!(
                "nothing of {named} is signed yet, so one officer ends it: decline it; nothing was proposed"
            ),
        },
    }
    let network = treasury
        .vaults
        .get(&payout.vault())
        .map(|vault| vault.plan.network());
    let fee_cap = match (fee_cap, network) {
        (Some(written), Some(network)) => {
            payees::fee_amount(payout.fee_cap().asset(), network, written)?
        }
        (_, _) => payout.fee_cap(),
    };
    Ok(Subject::Cancel(Cancel {
        payout: id,
        fee_cap,
    }))
}

/// A payee that is entered, or paid elsewhere from then on.
pub fn payee(name: Name, address: &str, network: Network) -> anyhow::Result<Subject> {
    let address = Address::parse(address, network)
        .map_err(|error| anyhow::anyhow!("{error}; nothing was proposed"))?;
    Ok(Subject::Payee(PayeeChange::Set { name, address }))
}

/// A payee that leaves the address book.
pub fn payee_removal(view: &View, name: Name) -> anyhow::Result<Subject> {
    if !view.treasury().payees.contains_key(&name) {
        anyhow::bail!("there is no payee `{name}` in the address book; nothing was proposed");
    }
    Ok(Subject::Payee(PayeeChange::Remove { name }))
}

/// An officer who may act no more.
pub fn suspension(view: &View, name: &Name) -> anyhow::Result<Subject> {
    Ok(Subject::Officer(OfficerChange::Suspend(
        officer(view, name)?.id(),
    )))
}

/// The freezes that are lifted; all in force where none is named.
pub fn thaw(view: &View, freezes: Vec<EntryId>) -> anyhow::Result<Subject> {
    let treasury = view.treasury();
    if treasury.freezes.is_empty() {
        anyhow::bail!("nothing is frozen, so there is nothing to lift; nothing was proposed");
    }
    let freezes = if freezes.is_empty() {
        treasury.freezes.keys().copied().collect()
    } else {
        freezes
    };
    Ok(Subject::Thaw(Thaw { freezes }))
}

/// A seat as a person orders it.
#[derive(Debug, Clone)]
pub struct SeatOrder {
    /// Its name.
    pub name: Name,
    /// Who opens it.
    pub opens: Opens,
}

/// Who opens a seat that is ordered.
#[derive(Debug, Clone)]
pub enum Opens {
    /// The keyring of this machine.
    Keyring,
    /// Any one of these officers.
    AnyOf(Vec<Name>),
    /// So many of these officers together.
    Together(u16, Vec<Name>),
}

/// A vault whose seats are all on this machine, numbered from 1.
pub fn vault_plan(
    view: &View,
    name: Name,
    network: Network,
    confirmations: u32,
    threshold: u16,
    seats: &[SeatOrder],
) -> anyhow::Result<Subject> {
    let ids = |names: &[Name]| -> anyhow::Result<Vec<OfficerId>> {
        names
            .iter()
            .map(|name| Ok(officer(view, name)?.id()))
            .collect()
    };
    let seats = seats
        .iter()
        .zip(1_u16..)
        .map(|(seat, number)| {
            let kind = match &seat.opens {
                Opens::Keyring => SeatKind::Device,
                Opens::AnyOf(officers) => SeatKind::Hardware {
                    officers: ids(officers)?,
                },
                Opens::Together(pieces, officers) => SeatKind::Recovery {
                    officers: ids(officers)?,
                    pieces: *pieces,
                },
            };
            Ok(Seat {
                id: SeatId::new(number)?,
                name: seat.name.clone(),
                machine: view.machine,
                kind,
            })
        })
        .collect::<anyhow::Result<Vec<Seat>>>()?;
    Ok(Subject::Vault(VaultPlan::new(
        name,
        network,
        confirmations,
        threshold,
        seats,
    )?))
}
