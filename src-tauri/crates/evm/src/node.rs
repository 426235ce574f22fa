//! The company's own node, asked over JSON-RPC.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use alloy::transports::http::reqwest::{Client, Error as HttpError, StatusCode, redirect};
use domain::ChainId;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::answer::{Count, Syncing};
use crate::config::{NodeAuth, NodeConfig, NodeConfigError};
use crate::node_error::NodeError;

/// Questions in one batch, the node's chain and state included: the least limit that a common node
/// (Erigon) has by default.
const BATCH: usize = 100;

/// Most bytes of an answer. The largest that is asked for is a block with its transactions.
const MAX_ANSWER: usize = 64 << 20;

/// Blocks that a node may be behind and still count as caught up: a block being checked.
const BLOCKS_BEHIND: u64 = 3;

/// Longest text of a node that is passed on.
const MAX_REASON: usize = 200;

/// A node that is asked for one chain. Clones ask the same node.
#[derive(Debug, Clone)]
pub struct Node {
    config: Arc<NodeConfig>,
    client: Client,
    place: String,
    chain: ChainId,
}

/// One question.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    method: &'static str,
    params: Value,
}

/// What the node said to one question: an answer, or [`NodeError::Refused`].
pub(crate) type Answer = Result<Value, NodeError>;

impl Question {
    pub(crate) const fn new(method: &'static str, params: Value) -> Self {
        Self { method, params }
    }

    fn to_json(&self, id: usize) -> Value {
        json!({"jsonrpc": "2.0", "id": id, "method": self.method, "params": self.params})
    }
}

impl Node {
    /// Speaks to nobody yet: a treasury opens and shows what it knows while its node is down.
    pub fn connect(config: NodeConfig, chain: ChainId) -> Result<Self, NodeConfigError> {
        let client = Client::builder()
            .timeout(config.patience)
            // The customer's own node and nobody else: neither a proxy of the environment nor where
            // an answer points to.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .build()
            .map_err(|error| NodeConfigError::Client(cause(&error.without_url())))?;
        Ok(Self {
            place: config.place(),
            config: Arc::new(config),
            client,
            chain,
        })
    }

    /// The chain that the node must be on.
    pub const fn chain(&self) -> ChainId {
        self.chain
    }

    /// Where it is: scheme, host and port, without anything that may be a credential.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Asks one question, in one batch with the node's chain id and state.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<T, NodeError> {
        let answers = self.ask_each(&[Question::new(method, params)]).await?;
        self.read_next(method, &mut answers.into_iter())
    }

    /// Asks many questions and gives the answers in their order. Each batch that goes out begins with
    /// the chain id and the state of the node that answers it: an answer of another chain, or of a
    /// node that has not caught up, is never seen by a caller.
    pub(crate) async fn ask_each(&self, questions: &[Question]) -> Result<Vec<Answer>, NodeError> {
        let mut all = Vec::with_capacity(questions.len());
        let first = [
            Question::new("eth_chainId", json!([])),
            Question::new("eth_syncing", json!([])),
        ];
        let room = BATCH.saturating_sub(first.len());
        let none = if questions.is_empty() { 1 } else { 0 };
        // Also without a question the chain and the state are asked.
        for part in questions
            .chunks(room)
            .chain(std::iter::repeat_n(&[][..], none))
        {
            let batch: Vec<&Question> = first.iter().chain(part).collect();
            let mut answers = self.post(&batch).await?.into_iter();
            let Count(actual) = self.read_next("eth_chainId", &mut answers)?;
            self.check_chain_id(actual)?;
            self.check_caught_up(self.read_next("eth_syncing", &mut answers)?)?;
            all.extend(answers);
        }
        Ok(all)
    }

    /// Asks one question alone: for the one that is more than a question.
    pub(crate) async fn ask_alone(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<Value, NodeError> {
        let answers = self.post(&[&Question::new(method, params)]).await?;
        self.read_next(method, &mut answers.into_iter())
    }

    /// Reads the next answer; a refusal is an error.
    pub(crate) fn read_next<T: DeserializeOwned>(
        &self,
        what: &str,
        answers: &mut impl Iterator<Item = Answer>,
    ) -> Result<T, NodeError> {
        let next = answers
            .next()
            .ok_or_else(|| self.nonsense(format!("{what} has no answer")))?;
        self.read(what, next?)
    }

    /// Reads an answer.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        what: &str,
        value: Value,
    ) -> Result<T, NodeError> {
        serde_json::from_value(value).map_err(|error| self.nonsense(format!("{what}: {error}")))
    }

    /// That something is of the node's chain.
    pub(crate) fn own(&self, asked: ChainId) -> Result<(), NodeError> {
        if asked == self.chain {
            return Ok(());
        }
        Err(NodeError::Misdirected {
            url: self.place.clone(),
            chain: self.chain,
            asked,
        })
    }

    pub(crate) fn nonsense(&self, reason: impl fmt::Display) -> NodeError {
        NodeError::Nonsense {
            url: self.place.clone(),
            reason: self.words(&reason.to_string()),
        }
    }

    pub(crate) fn lies(&self, what: impl fmt::Display) -> NodeError {
        NodeError::Lies {
            url: self.place.clone(),
            what: self.words(&what.to_string()),
        }
    }

    fn check_chain_id(&self, actual: u64) -> Result<(), NodeError> {
        if actual == self.chain.get() {
            return Ok(());
        }
        Err(NodeError::OtherChain {
            url: self.place.clone(),
            expected: self.chain,
            actual,
        })
    }

    fn check_caught_up(&self, state: Syncing) -> Result<(), NodeError> {
        let (current, highest) = match state {
            Syncing::Done(false) => return Ok(()),
            Syncing::Done(true) => (0, 0),
            Syncing::Yes(progress) => (progress.current_block.0, progress.highest_block.0),
        };
        // Before the first peer answers, a node that starts reports 0 of 0.
        if highest > 0 && highest <= current.saturating_add(BLOCKS_BEHIND) {
            return Ok(());
        }
        Err(NodeError::Syncing {
            url: self.place.clone(),
            current,
            highest,
        })
    }

    async fn post(&self, questions: &[&Question]) -> Result<Vec<Answer>, NodeError> {
        let batch = questions.iter().enumerate();
        let body: Vec<Value> = batch.map(|(id, question)| question.to_json(id)).collect();
        let body = serde_json::to_vec(&body).map_err(|error| self.nonsense(error))?;
        let answer = self.exchange(body).await?;
        let read = serde_json::from_slice(&answer);
        match read.map_err(|error| self.nonsense(error))? {
            Value::Array(answers) => self.sort(answers, questions.len()),
            // A batch that was refused as a whole.
            Value::Object(mut one) => Err(match one.remove("error") {
                Some(error) => self.refused(error),
                None => self.nonsense("one answer to a batch"),
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Err(self.nonsense("no JSON-RPC answer"))
            }
        }
    }

    /// Sends the bytes and reads the answer, up to the ceiling.
    async fn exchange(&self, body: Vec<u8>) -> Result<Vec<u8>, NodeError> {
        let request = self.client.post(self.config.url.clone());
        let request = match &self.config.auth {
            Some(NodeAuth::Bearer(token)) => request.bearer_auth(token.reveal()),
            Some(NodeAuth::Basic { user, password }) => {
                request.basic_auth(user, Some(password.reveal()))
            }
            None => request,
        };
        let request = request
            .header("content-type", "application/json")
            .body(body);
        let mut response = request
            .send()
            .await
            .map_err(|error| self.transport(error))?;
        self.check_http(response.status())?;
        let mut answer = Vec::new();
        while let Some(part) = response
            .chunk()
            .await
            .map_err(|error| self.transport(error))?
        {
            if answer.len().saturating_add(part.len()) > MAX_ANSWER {
                return Err(self.nonsense("it is too long"));
            }
            answer.extend_from_slice(&part);
        }
        Ok(answer)
    }

    fn check_http(&self, status: StatusCode) -> Result<(), NodeError> {
        let url = self.place.clone();
        match status.as_u16() {
            200..=299 => Ok(()),
            401 | 403 => Err(NodeError::Unauthorized { url }),
            code @ (408 | 429 | 502..=504) => Err(NodeError::Unreachable {
                url,
                reason: format!("HTTP status {code}: busy, or not there"),
            }),
            code @ 300..=399 => Err(self.nonsense(format!(
                "HTTP status {code}: it points elsewhere, which is not followed"
            ))),
            code => Err(self.nonsense(format!("HTTP status {code}"))),
        }
    }

    /// The answers in the questions' order; exactly one to each.
    fn sort(&self, answers: Vec<Value>, questions: usize) -> Result<Vec<Answer>, NodeError> {
        let mut sorted: Vec<Option<Answer>> =
            std::iter::repeat_n((), questions).map(|()| None).collect();
        for answer in answers {
            let Value::Object(mut answer) = answer else {
                return Err(self.nonsense("an answer of a batch is no object"));
            };
            let id = answer.get("id").and_then(Value::as_u64);
            let place = id.and_then(|id| sorted.get_mut(usize::try_from(id).ok()?));
            match place {
                Some(place @ None) => *place = Some(self.open(&mut answer)?),
                // A refusal of the whole batch, given in an array and to no question.
                None if id.is_none() && answer.contains_key("error") => {
                    let error = answer.remove("error").unwrap_or_default();
                    return Err(self.refused(error));
                }
                Some(Some(_)) | None => {
                    return Err(self.nonsense("an answer to no question, or a second one"));
                }
            }
        }
        let sorted: Option<Vec<Answer>> = sorted.into_iter().collect();
        sorted.ok_or_else(|| self.nonsense("a question of a batch has no answer"))
    }

    fn open(&self, answer: &mut Map<String, Value>) -> Result<Answer, NodeError> {
        let error = answer.remove("error").filter(|error| !error.is_null());
        match (answer.remove("result"), error) {
            (_, Some(error)) => Ok(Err(self.refused(error))),
            (Some(result), None) => Ok(Ok(result)),
            (None, None) => Err(self.nonsense("neither a result nor an error")),
        }
    }

    fn refused(&self, error: Value) -> NodeError {
        let code = error.get("code").and_then(Value::as_i64);
        let message = error.get("message").and_then(Value::as_str);
        NodeError::Refused {
            url: self.place.clone(),
            code: code.unwrap_or_default(),
            reason: self.words(message.unwrap_or("without a reason")),
        }
    }

    fn transport(&self, error: HttpError) -> NodeError {
        let url = self.place.clone();
        if error.is_timeout() {
            return NodeError::TimedOut {
                url,
                seconds: self.config.patience.as_secs(),
            };
        }
        let reason = self.words(&cause(&error.without_url()));
        NodeError::Unreachable { url, reason }
    }

    /// A node's words, fit to be shown: short, on one line, without our credentials.
    fn words(&self, text: &str) -> String {
        let line: String = self
            .config
            .redact(text)
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(MAX_REASON)
            .collect();
        line.trim().to_owned()
    }
}

/// The innermost cause, which is what the system said.
fn cause(error: &HttpError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(inner) = next {
        text = inner.to_string();
        next = inner.source();
    }
    text
}
