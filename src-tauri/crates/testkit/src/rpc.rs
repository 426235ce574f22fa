//! JSON-RPC as EVM nodes speak it, without a client's retries: a call reaches the node once.

use crate::http;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// What a node answers to one call.
pub type Answer = std::result::Result<Value, RpcError>;

/// A node's refusal of one call.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    /// Such as -32003, for a transaction that the pool does not take.
    pub code: i64,
    /// In the node's words.
    pub message: String,
    /// Such as what a contract said when it reverted.
    pub data: Option<Value>,
}

impl RpcError {
    /// A refusal without data.
    pub fn new(code: i64, message: &str) -> Self {
        Self {
            code,
            message: message.to_owned(),
            data: None,
        }
    }
}

impl std::fmt::Display for RpcError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "code {}: {}", self.code, self.message)
    }
}

impl std::error::Error for RpcError {}

/// Calls the node at a local port. A refusal is an [`RpcError`] inside the error.
pub fn call(port: u16, method: &str, arguments: &[Value]) -> Result<Value> {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": arguments });
    let body = http::post(port, &serde_json::to_vec(&request)?)?;
    let answer = serde_json::from_slice(&body).context("the node's answer is no JSON")?;
    Ok(read(&answer)?)
}

/// One answer's meaning.
pub fn read(answer: &Value) -> Answer {
    let Some(error) = answer.get("error").filter(|error| !error.is_null()) else {
        return Ok(answer.get("result").cloned().unwrap_or_default());
    };
    let message = error.get("message").and_then(Value::as_str);
    Err(RpcError {
        code: error
            .get("code")
            .and_then(Value::as_i64)
            .unwrap_or_default(),
        message: message.unwrap_or_default().to_owned(),
        data: error.get("data").cloned(),
    })
}

/// The answer to the call with this id.
pub fn write(id: &Value, answer: Answer) -> Value {
    let error = match answer {
        Ok(result) => return json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => error,
    };
    let mut said = json!({ "code": error.code, "message": error.message });
    if let (Some(data), Some(said)) = (error.data, said.as_object_mut()) {
        said.insert("data".to_owned(), data);
    }
    json!({ "jsonrpc": "2.0", "id": id, "error": said })
}
