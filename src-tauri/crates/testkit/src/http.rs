//! Just enough HTTP to know where a request and its answer end.

use anyhow::{Context as _, Result};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

/// Longer than any node needs, so that a hung one fails a test instead of holding it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request or an answer, byte for byte.
pub struct Message {
    /// Everything up to the empty line, and that line.
    pub head: Vec<u8>,
    /// What comes after it.
    pub body: Vec<u8>,
}

impl Message {
    /// An answer that holds JSON.
    pub fn json_answer(body: Vec<u8>) -> Self {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Self {
            head: head.into_bytes(),
            body,
        }
    }

    /// As it goes over the line.
    pub fn bytes(&self) -> Vec<u8> {
        [self.head.as_slice(), self.body.as_slice()].concat()
    }
}

/// Reads one message; without a length, an answer goes on to the end of the connection.
pub fn message(stream: &mut BufReader<TcpStream>, is_answer: bool) -> Result<Option<Message>> {
    let mut head = Vec::new();
    let mut length = None;
    loop {
        let start = head.len();
        if stream.read_until(b'\n', &mut head)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(head.split_at(start).1).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = Some(value.trim().parse()?);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = Vec::new();
    match length {
        Some(length) => {
            stream.take(length).read_to_end(&mut body)?;
        }
        None if is_answer => {
            stream.read_to_end(&mut body)?;
        }
        None => {}
    }
    Ok(Some(Message { head, body }))
}

/// Sends JSON to a local port, once and never again, and gives the answer's body.
pub fn post(port: u16, body: &[u8]) -> Result<Vec<u8>> {
    request(port, "POST", "/", body)
}

/// The same with another method and path.
pub fn request(port: u16, method: &str, path: &str, body: &[u8]) -> Result<Vec<u8>> {
    let mut node = TcpStream::connect(("127.0.0.1", port)).context("cannot connect to the node")?;
    node.set_read_timeout(Some(PATIENCE))?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    node.write_all(&[head.as_bytes(), body].concat())?;
    let answer = message(&mut BufReader::new(node), true)?;
    Ok(answer
        .context("the node closed the connection without an answer")?
        .body)
}
