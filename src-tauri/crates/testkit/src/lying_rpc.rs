//! An RPC server that lies: it stands before a real node and changes what it says, or says that it
//! did what it never asked the node to do. Refusing and losing answers is [`crate::proxy`]'s work.
//!
//! It understands single calls and batches, in bodies with a length.

pub use crate::rpc::{Answer, RpcError};

use crate::{
    http::{self, Message, message},
    locked, rpc,
};
use anyhow::Result;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{BufReader, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// A lying server on a port of its own; it ends when dropped.
pub struct LyingRpc {
    address: SocketAddr,
    shared: Arc<Mutex<State>>,
}

/// The call's parameters and the honest answer make the answer that is given.
type Twist = Arc<dyn Fn(&Value, Answer) -> Answer + Send + Sync>;
/// The call's parameters alone make it.
type Invent = Arc<dyn Fn(&Value) -> Answer + Send + Sync>;

#[derive(Clone)]
enum Lie {
    Twist(Twist),
    Invent(Invent),
}

struct State {
    lies: BTreeMap<String, Lie>,
    asked: Vec<(String, Value)>,
    open: bool,
}

impl LyingRpc {
    /// A server in front of the node on this local port; it is honest at first.
    pub fn start(port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let state = State {
            lies: BTreeMap::new(),
            asked: Vec::new(),
            open: true,
        };
        let shared = Arc::new(Mutex::new(state));
        let inside = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if !locked(&inside).open {
                    break;
                }
                let shared = Arc::clone(&inside);
                std::thread::spawn(move || {
                    let _ = serve(&client, port, &shared);
                    let _ = client.shutdown(Shutdown::Both);
                });
            }
        });
        Ok(Self { address, shared })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port where it listens, for a [`crate::proxy::Proxy`] in front of it.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The node is asked; `lie` sees the parameters and the honest answer, and says what to answer.
    pub fn lie(
        &self,
        method: &str,
        lie: impl Fn(&Value, Answer) -> Answer + Send + Sync + 'static,
    ) {
        self.tell(method, Lie::Twist(Arc::new(lie)));
    }

    /// The node is not asked: `invent` sees the parameters and makes the answer up.
    pub fn invent(&self, method: &str, invent: impl Fn(&Value) -> Answer + Send + Sync + 'static) {
        self.tell(method, Lie::Invent(Arc::new(invent)));
    }

    /// The node is not asked: the answer to this method is always `result`.
    pub fn always(&self, method: &str, result: Value) {
        self.invent(method, move |_| Ok(result.clone()));
    }

    fn tell(&self, method: &str, lie: Lie) {
        locked(&self.shared).lies.insert(method.to_owned(), lie);
    }

    /// This method is answered honestly again.
    pub fn be_honest_about(&self, method: &str) {
        locked(&self.shared).lies.remove(method);
    }

    /// Everything is answered honestly again.
    pub fn be_honest(&self) {
        locked(&self.shared).lies.clear();
    }

    /// The parameters of every call of this method that came here, in batches too.
    pub fn asked(&self, method: &str) -> Vec<Value> {
        let state = locked(&self.shared);
        let of_method = state.asked.iter().filter(|(named, _)| named == method);
        of_method
            .map(|(_, parameters)| parameters.clone())
            .collect()
    }
}

impl Drop for LyingRpc {
    fn drop(&mut self) {
        locked(&self.shared).open = false;
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(client: &TcpStream, port: u16, shared: &Mutex<State>) -> Result<()> {
    let mut requests = BufReader::new(client.try_clone()?);
    while let Some(request) = message(&mut requests, false)? {
        let calls = calls(&request.body, shared);
        if !locked(shared).open {
            return Ok(());
        }
        let body = if calls.iter().any(|call| call.lie.is_some()) {
            answer(&request.body, &calls, port)?
        } else {
            http::post(port, &request.body)?
        };
        let mut client = client;
        client.write_all(&Message::json_answer(body).bytes())?;
    }
    Ok(())
}

/// A call of a request, and the lie that is told about its method.
struct Call {
    whole: Value,
    parameters: Value,
    lie: Option<Lie>,
}

impl Call {
    fn id(&self) -> Value {
        self.whole.get("id").cloned().unwrap_or_default()
    }

    fn is_for_the_node(&self) -> bool {
        !matches!(self.lie, Some(Lie::Invent(_)))
    }
}

/// The calls of a request, noted as asked; none when it is no JSON.
fn calls(body: &[u8], shared: &Mutex<State>) -> Vec<Call> {
    let calls = match serde_json::from_slice(body) {
        Ok(Value::Array(calls)) => calls,
        Ok(call) => vec![call],
        Err(_) => Vec::new(),
    };
    let mut state = locked(shared);
    let noted = calls.into_iter().map(|whole| {
        let method = whole.get("method").and_then(Value::as_str);
        let method = method.unwrap_or_default().to_owned();
        let parameters = whole.get("params").cloned().unwrap_or_default();
        let lie = state.lies.get(&method).cloned();
        state.asked.push((method, parameters.clone()));
        Call {
            whole,
            parameters,
            lie,
        }
    });
    noted.collect()
}

/// Asks the node what it is to be asked, and puts the answers together in the calls' order.
fn answer(request: &[u8], calls: &[Call], port: u16) -> Result<Vec<u8>> {
    let is_batch = request.trim_ascii_start().starts_with(b"[");
    let forwarded: Vec<&Value> = calls
        .iter()
        .filter(|call| call.is_for_the_node())
        .map(|call| &call.whole)
        .collect();
    let honest = if forwarded.is_empty() {
        Vec::new()
    } else {
        serde_json::from_slice(&http::post(port, &serde_json::to_vec(&forwarded)?)?)?
    };
    let given: Vec<Value> = calls
        .iter()
        .filter_map(|call| one_answer(call, &honest))
        .collect();
    let whole = match (is_batch, given.first()) {
        (false, Some(only)) => serde_json::to_vec(only)?,
        _ => serde_json::to_vec(&given)?,
    };
    Ok(whole)
}

fn one_answer(call: &Call, honest: &[Value]) -> Option<Value> {
    let id = call.id();
    let said = || honest.iter().find(|answer| answer.get("id") == Some(&id));
    match &call.lie {
        None => said().cloned(),
        Some(Lie::Twist(lie)) => Some(rpc::write(&id, lie(&call.parameters, rpc::read(said()?)))),
        Some(Lie::Invent(lie)) => Some(rpc::write(&id, lie(&call.parameters))),
    }
}
