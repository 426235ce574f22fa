//! Where a node is and how to speak to it.

use std::fmt;
use std::time::Duration;

use alloy::transports::http::reqwest::Url;
use zeroize::Zeroizing;

/// How long one answer may take, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(15);

/// A password or token for the node. Wiped when dropped, never printed.
pub struct NodeSecret(Zeroizing<String>);

impl NodeSecret {
    /// Takes a secret.
    pub fn new(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NodeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// How this program proves itself to the node.
#[derive(Debug)]
pub enum NodeAuth {
    /// A token (`Authorization: Bearer`).
    Bearer(NodeSecret),
    /// A user name and password (`Authorization: Basic`).
    Basic {
        /// The user's name.
        user: String,
        /// The user's password.
        password: NodeSecret,
    },
}

/// Where the node is and how to speak to it.
pub struct NodeConfig {
    /// May hold a token in its path or query, so it is shown as [`NodeConfig::place`] alone.
    pub(crate) url: Url,
    pub(crate) auth: Option<NodeAuth>,
    pub(crate) patience: Duration,
}

/// An address at which no node can be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeConfigError {
    /// No address, or one of another scheme.
    #[error("a node's address starts with http:// or https://, for example http://127.0.0.1:8545")]
    Address,
    /// A password in the address, where it would be shown.
    #[error(
        "the node's address holds a user name or password; they belong in their own fields, where they are not shown"
    )]
    Credentials,
    /// The HTTP client can't be set up.
    #[error("connections can't be set up on this machine ({0}); nothing was sent")]
    Client(String),
}

impl NodeConfig {
    /// A node at `url`.
    pub fn new(url: &str) -> Result<Self, NodeConfigError> {
        let url = Url::parse(url.trim()).map_err(|_| NodeConfigError::Address)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(NodeConfigError::Address);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NodeConfigError::Credentials);
        }
        Ok(Self {
            url,
            auth: None,
            patience: PATIENCE,
        })
    }

    /// The same with credentials.
    #[must_use]
    pub fn auth(mut self, auth: NodeAuth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// The same with another limit for one answer.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Scheme, host and port: all of the address that is ever shown.
    pub fn place(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Removes from a node's words what it may have repeated of our credentials.
    pub(crate) fn redact(&self, words: &str) -> String {
        let secret = match &self.auth {
            Some(NodeAuth::Bearer(token)) => token.reveal(),
            Some(NodeAuth::Basic { password, .. }) => password.reveal(),
            None => "",
        };
        let segments = self.url.path_segments().into_iter().flatten();
        let query = self.url.query().unwrap_or_default();
        let values = query.split(['&', '=']).chain(segments).chain([secret]);
        // Shorter ones are words like `rpc` and `v1`.
        let hidden =
            values.filter(|value| value.len() >= 6 || (*value == secret && !value.is_empty()));
        hidden.fold(words.to_owned(), |words, value| {
            words.replace(value, "<redacted>")
        })
    }
}

impl fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeConfig")
            .field("place", &self.place())
            .field("auth", &self.auth)
            .field("patience", &self.patience)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_and_without_credentials() {
        for wrong in [
            "",
            "127.0.0.1:8545",
            "ws://node:8546",
            "file:///etc/passwd",
            "http://",
        ] {
            assert_eq!(
                NodeConfig::new(wrong).unwrap_err(),
                NodeConfigError::Address,
                "{wrong}"
            );
        }
        for wrong in ["http://user:pw@node:8545", "https://token@node"] {
            assert_eq!(
                NodeConfig::new(wrong).unwrap_err(),
                NodeConfigError::Credentials
            );
        }
    }

    #[test]
    fn neither_a_token_nor_a_path_is_shown() {
        let config = NodeConfig::new("https://node.example:8545/v3/path-token?key=query-token")
            .unwrap()
            .auth(NodeAuth::Bearer(NodeSecret::new("bearer-token".to_owned())));
        let shown = format!("{config:?} {}", config.place());
        assert!(shown.contains("https://node.example:8545"));
        for secret in ["path-token", "query-token", "bearer-token"] {
            assert!(!shown.contains(secret), "{shown}");
            let said = config.redact(&format!("project {secret} is over its limit"));
            assert_eq!(said, "project <redacted> is over its limit");
        }
    }
}
