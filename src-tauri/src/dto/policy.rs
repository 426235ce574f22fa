//! The policy: in force, checked, and its history.

use serde::Serialize;
use specta::Type;

/// A policy.
#[derive(Debug, Clone, Serialize, Type)]
pub struct PolicyView {
    /// Its hash.
    pub hash: String,
    /// When it was adopted; none for one that is not.
    pub adopted: Option<String>,
    /// As written.
    pub text: String,
    /// In plain words.
    pub words: String,
    /// Its groups with their members, as the policy names them.
    pub groups: Vec<GroupView>,
}

/// A group of officers.
#[derive(Debug, Clone, Serialize, Type)]
pub struct GroupView {
    /// Its name.
    pub name: String,
    /// Its members.
    pub members: Vec<String>,
}

/// A policy that was in force.
#[derive(Debug, Clone, Serialize, Type)]
pub struct PolicyVersion {
    /// Its hash.
    pub hash: String,
    /// When it was adopted.
    pub adopted: String,
    /// Who proposed it; the founders proposed the first.
    pub by: String,
    /// The proposal.
    pub proposal: Option<String>,
    /// As written.
    pub text: String,
    /// Whether it is in force.
    pub in_force: bool,
}

/// What a text would be as a policy.
#[derive(Debug, Clone, Serialize, Type)]
pub struct PolicyCheck {
    /// Why it is none.
    pub error: Option<PolicyErrorView>,
    /// What it says, where it is one.
    pub view: Option<PolicyView>,
    /// What it changes, as a unified difference.
    pub diff: String,
}

/// Why a text is no policy.
#[derive(Debug, Clone, Serialize, Type)]
pub struct PolicyErrorView {
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
    /// In words.
    pub words: String,
}
