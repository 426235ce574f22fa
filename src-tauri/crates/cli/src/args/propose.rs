//! `propose` and its kinds.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{ChainId, Name, Network, Note, Symbol};

use super::values::{AmountText, PayLeg, Wait, chain_id, symbol};

/// `propose`.
#[derive(Debug, Subcommand)]
pub enum ProposeCommand {
    /// A payout with one or more legs
    Payout(ProposePayout),
    /// A table of payouts (CSV), decided as one
    ///
    /// The first line names the columns payee, amount, asset and, if wanted, memo. Each further line is a
    /// payout of an EVM vault, up to 1000 under one digest, one approval and one release; on a Bitcoin
    /// vault all lines are the legs of one payout. Bad lines are named, and then nothing is proposed.
    Batch(ProposeBatch),
    /// Another policy
    Policy {
        /// The policy's file
        file: PathBuf,
        /// Who proposes, and until when
        #[command(flatten)]
        by: Proposer,
    },
    /// Enter a payee in the address book, change its address, or strike it out
    Payee(ProposePayee),
    /// Let an enrolled officer join, or suspend one
    Officer {
        /// The officer's name
        name: Name,
        /// Suspend the officer instead
        #[arg(long)]
        suspend: bool,
        /// Who proposes, and until when
        #[command(flatten)]
        by: Proposer,
    },
    /// Make a coin or token of an EVM chain known, so that it can be paid and limited
    ///
    /// Governance decides what a symbol means; nothing of it is ever read from a node. The chain's own
    /// coin, in which fees are paid, comes first: give it without --contract.
    Asset(ProposeAsset),
    /// Collect what lies on a vault's deposit accounts, or join its many coins of bitcoin into one
    ///
    /// Governance decides. A sweep can only move money between addresses of the vault itself. On an EVM
    /// chain the main account sends gas ahead where a token's account has too little for its fee; such a
    /// token is collected once that has arrived, under a second release.
    Sweep(ProposeSweep),
    /// Replace a signed payout, before it is in a block, by a transaction that pays nobody
    ///
    /// Governance decides. Either the payout or its cancelling transaction ends up in the chain, never
    /// both; until one has, the payout can still be made. Nothing signed yet is declined instead.
    Cancel(ProposeCancel),
    /// Lift freezes: all that are in force now, or those named
    Thaw {
        /// Ids of freezes, or their first digits; all in force when none is given
        freezes: Vec<String>,
        /// Who proposes, and until when
        #[command(flatten)]
        by: Proposer,
    },
}

/// Who proposes, and until when it can be decided.
#[derive(Debug, Args)]
pub struct Proposer {
    /// The officer who proposes
    #[arg(long = "as", value_name = "OFFICER")]
    pub officer: Name,
    /// How long it can be decided
    #[arg(long, default_value = "7 d", value_name = "TIME")]
    pub expires_in: Wait,
}

/// `propose payee`.
#[derive(Debug, Args)]
pub struct ProposePayee {
    /// The payee's name
    pub name: Name,
    /// Where it is paid; with --remove none
    #[arg(required_unless_present = "remove", conflicts_with = "remove")]
    pub address: Option<String>,
    /// The network of the address, for example bitcoin or eip155:1 [default: the treasury's, when it
    /// has only one]
    #[arg(long, conflicts_with = "remove")]
    pub network: Option<Network>,
    /// Strike the payee out
    #[arg(long)]
    pub remove: bool,
    /// Who proposes, and until when
    #[command(flatten)]
    pub by: Proposer,
}

/// `propose batch`.
#[derive(Debug, Args)]
pub struct ProposeBatch {
    /// The table, as CSV in UTF-8
    pub file: PathBuf,
    /// The vault that pays
    #[arg(long)]
    pub vault: Name,
    /// The most that the network fee of each payout may be [default: what is usual on the network]
    #[arg(long, value_name = "AMOUNT")]
    pub fee_cap: Option<AmountText>,
    /// What all of it is for
    #[arg(long, default_value = "", hide_default_value = true)]
    pub memo: Note,
    /// Who proposes, and until when
    #[command(flatten)]
    pub by: Proposer,
}

/// `propose asset`.
#[derive(Debug, Args)]
pub struct ProposeAsset {
    /// What people call it, for example USDC
    #[arg(value_parser = symbol)]
    pub symbol: Symbol,
    /// The chain's id, for example 1 for Ethereum
    #[arg(long, value_name = "CHAIN_ID", value_parser = chain_id)]
    pub chain: ChainId,
    /// The token's ERC-20 contract, in mixed case; leave it out for the chain's own coin
    #[arg(long, value_name = "ADDRESS")]
    pub contract: Option<String>,
    /// Its decimal places, as its issuer says: 18 for ETH, 6 for USDC on Ethereum
    #[arg(long, value_name = "N")]
    pub decimals: u8,
    /// Who proposes, and until when
    #[command(flatten)]
    pub by: Proposer,
}

/// `propose sweep`.
#[derive(Debug, Args)]
pub struct ProposeSweep {
    /// The vault
    #[arg(long)]
    pub vault: Name,
    /// Only this coin or token, by its symbol [default: everything]
    #[arg(long, value_parser = symbol)]
    pub asset: Option<Symbol>,
    /// What it is for
    #[arg(long, default_value = "", hide_default_value = true)]
    pub memo: Note,
    /// Who proposes, and until when
    #[command(flatten)]
    pub by: Proposer,
}

/// `propose cancel`.
#[derive(Debug, Args)]
pub struct ProposeCancel {
    /// The payout's id, or its first digits
    pub id: String,
    /// The most that the cancelling transaction may cost [default: the payout's own fee cap]
    #[arg(long, value_name = "AMOUNT")]
    pub fee_cap: Option<AmountText>,
    /// Who proposes, and until when
    #[command(flatten)]
    pub by: Proposer,
}

/// `propose payout`.
#[derive(Debug, Args)]
pub struct ProposePayout {
    /// The vault that pays
    #[arg(long)]
    pub vault: Name,
    /// A leg: `PAYEE=0.25 BTC`, by the payee's name in the address book, or `ADDRESS=0.25 BTC`; repeat
    /// for each. From a vault on an EVM chain one leg, of a coin that governance entered: `PAYEE=1.5 USDC`
    #[arg(long = "pay", required = true, value_name = "PAYEE=AMOUNT")]
    pub legs: Vec<PayLeg>,
    /// The most that the network fee may be, all bumps included [default: 0.0005 BTC; on an EVM chain
    /// 0.02 of its own coin]
    #[arg(long, value_name = "AMOUNT")]
    pub fee_cap: Option<AmountText>,
    /// What it is for
    #[arg(long, default_value = "", hide_default_value = true)]
    pub memo: Note,
    /// Who proposes, and until when
    #[command(flatten)]
    pub by: Proposer,
}
