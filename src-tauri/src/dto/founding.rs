//! Founding a treasury.

use serde::{Deserialize, Serialize};
use specta::Type;

/// A founding as drafted.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct FoundingDraft {
    /// The treasury's name.
    pub name: String,
    /// Its networks, all of one class.
    pub networks: Vec<String>,
    /// The first policy.
    pub policy: String,
    /// Enrolled officers, by name.
    pub officers: Vec<String>,
    /// This machine's name.
    pub machine: String,
    /// Who administers it.
    pub administrators: Vec<String>,
    /// Why real money on one machine is accepted.
    pub waiver: Option<String>,
}

/// A policy that ships, to begin with.
#[derive(Debug, Clone, Serialize, Type)]
pub struct PolicyTemplate {
    /// Its file's name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What can be chosen at a founding.
#[derive(Debug, Clone, Serialize, Type)]
pub struct FoundingChoices {
    /// Networks that Countersign knows by name; EVM chains are written `eip155:NUMBER`.
    pub networks: Vec<String>,
    /// Policies that ship.
    pub policies: Vec<PolicyTemplate>,
    /// Officers enrolled on this machine.
    pub enrolments: Vec<super::EnrolmentView>,
    /// Whether the attestation roots are a test's: never for real money.
    pub test_roots: bool,
}

/// A backup that is restored on this machine.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct JoinDraft {
    /// The backup's folder on this machine.
    pub folder: String,
    /// The officer who proposes that this machine takes over.
    pub officer: String,
    /// This machine's name.
    pub machine: String,
    /// Who administers it.
    pub administrators: Vec<String>,
}
