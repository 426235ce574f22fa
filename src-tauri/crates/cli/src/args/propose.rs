//! `propose` and its kinds.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{Amount, Name, Network, Note};

use super::values::{PayLeg, Wait};

/// `propose`.
#[derive(Debug, Subcommand)]
pub enum ProposeCommand {
    /// A payout with one or more legs
    Payout(ProposePayout),
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
    /// The network of the address [default: the treasury's, when it has only one]
    #[arg(long, conflicts_with = "remove")]
    pub network: Option<Network>,
    /// Strike the payee out
    #[arg(long)]
    pub remove: bool,
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
    /// for each
    #[arg(long = "pay", required = true, value_name = "PAYEE=AMOUNT")]
    pub legs: Vec<PayLeg>,
    /// The most that the network fee may be
    #[arg(long, default_value = "0.0005 BTC", value_name = "AMOUNT")]
    pub fee_cap: Amount,
    /// What it is for
    #[arg(long, default_value = "", hide_default_value = true)]
    pub memo: Note,
    /// Who proposes, and until when
    #[command(flatten)]
    pub by: Proposer,
}
