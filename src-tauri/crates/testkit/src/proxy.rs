//! A line to a node that can fail: refuse, delay, or lose the answer after the node has acted.

use crate::{http::message, locked};
use anyhow::Result;
use std::{
    io::{BufReader, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It goes through.
    Pass,
    /// The connection is closed before the node sees it.
    Refuse,
    /// It goes through at once; the answer comes so much later.
    Delay(Duration),
    /// It goes through and the node acts; the answer is lost.
    LoseAnswer,
}

/// A proxy on a port of its own; it ends when dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Mutex<State>>,
}

struct State {
    otherwise: Line,
    rules: Vec<(String, Line)>,
    requests: Vec<String>,
    open: bool,
}

impl Proxy {
    /// A proxy in front of the node on this local port.
    pub fn start(port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let state = State {
            otherwise: Line::Pass,
            rules: Vec::new(),
            requests: Vec::new(),
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
                    let _ = relay(&client, port, &shared);
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

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says what happens to every request that no rule names.
    pub fn set(&self, line: Line) {
        locked(&self.shared).otherwise = line;
    }

    /// Says what happens to requests of this RPC method.
    pub fn on(&self, method: &str, line: Line) {
        let mut state = locked(&self.shared);
        state.rules.retain(|(named, _)| named != method);
        state.rules.push((method.to_owned(), line));
    }

    /// Everything passes again.
    pub fn mend(&self) {
        let mut state = locked(&self.shared);
        state.rules.clear();
        state.otherwise = Line::Pass;
    }

    /// The bodies of all requests of this RPC method that came here, refused ones too.
    pub fn requests(&self, method: &str) -> Vec<String> {
        let state = locked(&self.shared);
        state
            .requests
            .iter()
            .filter(|body| names(body, method))
            .cloned()
            .collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        locked(&self.shared).open = false;
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn names(body: &str, method: &str) -> bool {
    body.contains(&format!("\"{method}\""))
}

fn relay(client: &TcpStream, port: u16, shared: &Mutex<State>) -> Result<()> {
    let mut requests = BufReader::new(client.try_clone()?);
    while let Some(request) = message(&mut requests, false)? {
        let line = {
            let mut state = locked(shared);
            let body = String::from_utf8_lossy(&request.body).into_owned();
            let rule = state.rules.iter().find(|(method, _)| names(&body, method));
            let line = rule.map_or(state.otherwise, |(_, line)| *line);
            state.requests.push(body);
            if state.open { line } else { Line::Refuse }
        };
        if line == Line::Refuse {
            return Ok(());
        }
        let mut node = TcpStream::connect(("127.0.0.1", port))?;
        node.write_all(&request.bytes())?;
        let Some(answer) = message(&mut BufReader::new(node), true)? else {
            return Ok(());
        };
        match line {
            Line::LoseAnswer | Line::Refuse => return Ok(()),
            Line::Delay(delay) => std::thread::sleep(delay),
            Line::Pass => {}
        }
        let mut client = client;
        client.write_all(&answer.bytes())?;
    }
    Ok(())
}
