//! What the demo leaves for other programs to check.

use anyhow::Result;
use serde::Serialize;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// What happened.
#[derive(Debug, Serialize)]
pub struct Report {
    pub grade: String,
    pub bitcoin: Bitcoin,
    pub evm: Evm,
    pub payouts: Vec<Payout>,
    pub sweeps: Vec<Sweep>,
    pub refusals: Vec<Refusal>,
    pub journal: Journal,
    pub home: PathBuf,
}

/// How to ask the node.
#[derive(Debug, Serialize)]
pub struct Bitcoin {
    pub rpc_url: String,
    pub rpc_user: String,
    pub rpc_password: String,
    pub vault_address: String,
}

/// How to ask the EVM chain's node.
#[derive(Debug, Serialize)]
pub struct Evm {
    pub rpc_url: String,
    pub chain_id: u64,
    pub vault_address: String,
    /// The contract of the demo's USDC.
    pub token: String,
}

/// A payout and what became of it.
#[derive(Debug, Serialize)]
pub struct Payout {
    pub id: String,
    pub chain: String,
    pub status: String,
    pub tx: Option<String>,
    pub legs: Vec<Leg>,
    pub demanded: Vec<String>,
    pub approved_by: Vec<String>,
}

/// A transfer between two addresses of a vault, and what became of it.
#[derive(Debug, Serialize)]
pub struct Sweep {
    /// The account that it left.
    pub from: String,
    #[serde(flatten)]
    pub transfer: Payout,
}

/// One payee of a payout; the amount as decimal text.
#[derive(Debug, Serialize)]
pub struct Leg {
    pub to: String,
    pub amount: String,
    pub asset: String,
}

/// Something that was not done, and why.
#[derive(Debug, Serialize)]
pub struct Refusal {
    pub what: String,
    pub reason: String,
}

/// The journal at the end.
#[derive(Debug, Serialize)]
pub struct Journal {
    pub path: PathBuf,
    pub entries: u64,
    pub verified: bool,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    report: &'a Report,
    pcscd: Option<String>,
    dbus: Option<String>,
}

impl Report {
    /// Writes it as JSON, whole or not at all.
    pub fn write(&self, file: &Path, variables: &[(&'static str, OsString)]) -> Result<()> {
        let of = |wanted: &str| {
            variables
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value.to_string_lossy().into_owned())
        };
        let whole = Whole {
            report: self,
            pcscd: of("PCSCLITE_CSOCK_NAME"),
            dbus: of("DBUS_SESSION_BUS_ADDRESS"),
        };
        let beside = file.with_extension("new");
        std::fs::write(&beside, serde_json::to_vec_pretty(&whole)?)?;
        Ok(std::fs::rename(&beside, file)?)
    }

    /// A command that mines two blocks of the EVM chain.
    pub fn evm_mine_command(&self) -> String {
        format!(
            "curl -sH 'Content-Type: application/json' -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"anvil_mine\",\"params\":[\"0x2\"]}}' {}; countersign run --until-settled",
            self.evm.rpc_url
        )
    }

    /// A command that mines two blocks.
    pub fn mine_command(&self) -> String {
        let Bitcoin {
            rpc_url,
            rpc_user,
            rpc_password,
            ..
        } = &self.bitcoin;
        format!(
            "curl -su {rpc_user}:{rpc_password} -d '{{\"method\":\"generatetoaddress\",\"params\":[2,\"bcrt1qx3uaw9cfjvy3xxtkmvw7rrtv79yz4yf4hnvhvk\"]}}' {rpc_url}; countersign run --until-settled"
        )
    }
}
