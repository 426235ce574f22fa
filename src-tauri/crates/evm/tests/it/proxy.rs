//! A node's liar: forwards JSON-RPC and changes what comes back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy::transports::http::reqwest;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What becomes of an answer.
pub enum Fate {
    /// It goes to the asker.
    Pass,
    /// The line closes instead.
    Close,
    /// Nothing is said.
    Silence,
    /// This goes out instead: status line with further headers, and body.
    Instead(String, String),
}

type Lie = Box<dyn FnMut(&str, &mut Value) -> Fate + Send>;

/// A proxy before a node; ends with the test.
pub struct Proxy {
    pub url: String,
    task: JoinHandle<()>,
    seen: Arc<Mutex<Seen>>,
}

/// What was asked.
#[derive(Default, Clone)]
pub struct Seen {
    /// The head of each request.
    pub heads: Vec<String>,
    /// The methods of each request, in order.
    pub batches: Vec<Vec<String>>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// `lie` sees each method with the whole answer object, and may change it.
    pub async fn start(
        upstream: &str,
        lie: impl FnMut(&str, &mut Value) -> Fate + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let upstream = upstream.to_owned();
        let lie: Arc<Mutex<Lie>> = Arc::new(Mutex::new(Box::new(lie)));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let noted = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (upstream, lie) = (upstream.clone(), Arc::clone(&lie));
                let noted = Arc::clone(&noted);
                tokio::spawn(async move {
                    let _ = serve(stream, &upstream, &lie, &noted).await;
                });
            }
        });
        Self { url, task, seen }
    }

    /// Changes the result of one method.
    pub async fn changing(
        upstream: &str,
        method: &'static str,
        mut change: impl FnMut(&mut Value) + Send + 'static,
    ) -> Self {
        Self::start(upstream, move |asked, answer| {
            if asked == method {
                change(&mut answer["result"]);
            }
            Fate::Pass
        })
        .await
    }

    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    upstream: &str,
    lie: &Mutex<Lie>,
    noted: &Mutex<Seen>,
) -> std::io::Result<()> {
    let (head, body) = read(&mut stream).await?;
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let methods: Vec<String> = asked.as_array().unwrap().iter().map(method).collect();
    {
        let mut noted = noted.lock().unwrap();
        noted.heads.push(head);
        noted.batches.push(methods.clone());
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let forwarded = client
        .post(upstream)
        .header("content-type", "application/json")
        .body(body);
    let answer = forwarded.send().await.unwrap().bytes().await.unwrap();
    let mut answers: Vec<Value> = serde_json::from_slice(&answer).unwrap();
    let mut fate = Fate::Pass;
    for answer in &mut answers {
        let id = usize::try_from(answer["id"].as_u64().unwrap()).unwrap();
        match lie.lock().unwrap()(&methods[id], answer) {
            Fate::Pass => {}
            other => fate = other,
        }
    }
    // JSON-RPC allows any order.
    answers.reverse();
    let (head, body) = match fate {
        Fate::Pass => ("200 OK".to_owned(), Value::Array(answers).to_string()),
        Fate::Close => return Ok(()),
        Fate::Silence => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            return Ok(());
        }
        Fate::Instead(head, body) => (head, body),
    };
    let answer = format!(
        "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

fn method(question: &Value) -> String {
    question["method"].as_str().unwrap().to_owned()
}

async fn read(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut part = [0; 8192];
    loop {
        let end = all.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&all[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse::<usize>().unwrap())
            });
            let body = end + 4;
            if all.len() >= body + length.unwrap() {
                return Ok((head, all[body..].to_vec()));
            }
        }
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        all.extend_from_slice(&part[..read]);
    }
}
