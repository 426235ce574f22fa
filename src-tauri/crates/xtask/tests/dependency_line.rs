//! The dependency line of `docs/ARCHITECTURE.md`, held over `cargo metadata`: who may use whom, what
//! the pure crates may stand on, what the co-signer builds without, and what the lock file never
//! holds. A crate that is not placed here fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// Each of our crates and those of ours that it may use, in the payout's own order.
const LINE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("policy", &["domain"]),
    ("plans", &["domain", "policy"]),
    ("mpc", &["domain", "plans"]),
    ("treasury", &["domain", "policy", "plans"]),
    ("keys", &["domain"]),
    ("journal", &["domain"]),
    ("relay", &["domain"]),
    ("btc", &["domain", "plans"]),
    ("evm", &["domain", "plans"]),
    (
        "driver",
        &[
            "domain", "policy", "plans", "mpc", "treasury", "keys", "journal", "relay", "btc",
            "evm",
        ],
    ),
    (
        "wording",
        &["domain", "policy", "plans", "treasury", "btc", "driver"],
    ),
    (
        "cli",
        &[
            "domain", "policy", "plans", "mpc", "treasury", "keys", "journal", "relay", "btc",
            "evm", "driver", "wording",
        ],
    ),
    (
        "desktop",
        &[
            "domain", "policy", "plans", "treasury", "keys", "journal", "btc", "evm", "driver",
            "wording",
        ],
    ),
    // A virtual card that shared our code would share our mistakes.
    ("testkit", &[]),
    ("xtask", &["testkit"]),
];

/// Crates without I/O, clock or randomness of their own.
const PURE: &[&str] = &["domain", "policy", "plans", "mpc", "treasury"];

/// What a pure crate must not reach, not even through others. `*` ends a prefix.
const IMPURE: &[&str] = &[
    "alloy*",
    "async-*",
    "bdk_*",
    "bitcoincore-rpc*",
    "chrono",
    "futures-executor",
    "hyper*",
    "jsonrpc*",
    "keyring*",
    "libsqlite3-sys",
    "minreq",
    "mio",
    "pcsc*",
    "reqwest*",
    "rusqlite",
    "smol",
    "socket2",
    "sqlx*",
    "tauri*",
    "time",
    "tokio*",
    "ureq",
    "yubikey",
    "zbus*",
];

/// Numbers and hashes, pure by themselves. What the edges turn on in them (serde, random values) is
/// linked and never called from a pure crate, so what lies behind them is not followed.
const PURE_LIBRARIES: &[&str] = &["alloy-primitives"];

/// Words that a pure crate's own sources must not use: time, randomness and I/O are arguments.
const IMPURE_WORDS: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time",
    "SystemTime",
    "Instant::now",
    "OsRng",
    "thread_rng",
    "getrandom::",
];

/// What the co-signer builds without.
const WINDOWED: &[&str] = &[
    "tauri*",
    "wry",
    "tao",
    "webkit2gtk*",
    "javascriptcore*",
    "gtk*",
];

/// Threshold-signing crates whose lines have lost whole keys, or that a company may not use. The
/// reasons are in `.deny.toml`, which must name each as well.
const BANNED: &[&str] = &[
    "cggmp21",
    "cggmp21-keygen",
    "cggmp24",
    "cggmp24-keygen",
    "curv-kzen",
    "fast-paillier",
    "gg20",
    "kzen-paillier",
    "libpaillier",
    "multi-party-ecdsa",
    "paillier-zk",
    "sl-dkls23",
    "synedrion",
    "tofn",
    "tss-ecdsa",
];

#[test]
fn dependencies_run_one_way_in_the_payouts_order() -> Result<()> {
    none(wrong_edges(&Workspace::read()?))
}

#[test]
fn pure_crates_reach_no_runtime_network_storage_or_clock() -> Result<()> {
    let workspace = Workspace::read()?;
    none(
        PURE.iter()
            .flat_map(|root| workspace.reached(root, IMPURE))
            .collect(),
    )
}

#[test]
fn pure_crates_take_time_randomness_and_io_as_arguments() -> Result<()> {
    let workspace = Workspace::read()?;
    let mut problems = Vec::new();
    for name in PURE {
        let member = workspace.members.get(*name).context("pure crate missing")?;
        let files = sources(&member.directory.join("src"))?;
        ensure!(!files.is_empty(), "`{name}` has no sources");
        for file in files {
            problems.extend(impure_words(&file, &std::fs::read_to_string(&file)?));
        }
    }
    none(problems)
}

#[test]
fn the_cosigner_builds_without_a_window() -> Result<()> {
    none(Workspace::read()?.reached("cli", WINDOWED))
}

#[test]
fn no_banned_threshold_crate_is_in_the_lock_file() -> Result<()> {
    let root = Workspace::read()?.root;
    none(banned_in(&std::fs::read_to_string(
        root.join("Cargo.lock"),
    )?))
}

#[test]
fn cargo_deny_bans_the_same_crates() -> Result<()> {
    let root = Workspace::read()?.root;
    let deny = std::fs::read_to_string(root.join(".deny.toml"))?;
    let missing = BANNED
        .iter()
        .filter(|name| !deny.contains(&format!("{{ crate = \"{name}\", reason = ")));
    none(
        missing
            .map(|name| format!("`.deny.toml` does not ban `{name}`"))
            .collect(),
    )
}

/// The checks themselves, attacked: each made-up wrong must be found.
#[test]
fn a_wrong_edge_is_found_and_named() -> Result<()> {
    let found = |from: &str, to: &str, kind: Value| -> Result<String> {
        let all = wrong_edges(&Workspace::of(&forged(from, to, kind))?);
        Ok(all.join("\n"))
    };
    ensure!(found("policy", "domain", Value::Null)?.is_empty());
    ensure!(found("keys", "testkit", json!("dev"))?.is_empty());
    for (from, to, kind) in [
        ("domain", "policy", Value::Null),
        ("mpc", "keys", Value::Null),
        ("journal", "policy", json!("build")),
        ("driver", "testkit", Value::Null),
        ("cli", "xtask", Value::Null),
        ("keys", "cli", json!("dev")),
        ("newcomer", "domain", Value::Null),
    ] {
        let problems = found(from, to, kind)?;
        ensure!(
            problems.contains(&format!("`{from}`")),
            "{from} -> {to}: {problems}"
        );
    }
    Ok(())
}

#[test]
fn a_forbidden_crate_is_found_with_the_way_to_it() -> Result<()> {
    let found = Workspace::of(&forged("domain", "tokio-util", Value::Null))?
        .reached("domain", IMPURE)
        .join("\n");
    ensure!(found.contains("`domain` -> `tokio-util`"), "{found}");
    let dev = Workspace::of(&forged("domain", "tokio-util", json!("dev")))?;
    ensure!(dev.reached("domain", IMPURE).is_empty());
    ensure!(banned_in("[[package]]\nname = \"cggmp24\"\n").len() == 1);
    let clock = impure_words(Path::new("x.rs"), "fn f() { std::time::SystemTime::now() }");
    ensure!(!clock.is_empty());
    let fine = "// std::fs\nfn f() {}\n#[cfg(test)]\nmod tests { use std::fs; }";
    ensure!(impure_words(Path::new("x.rs"), fine).is_empty());
    Ok(())
}

struct Member {
    directory: PathBuf,
    /// Name of the dependency and its kind: `normal`, `dev` or `build`.
    uses: Vec<(String, String)>,
}

struct Workspace {
    root: PathBuf,
    members: BTreeMap<String, Member>,
    names: BTreeMap<String, String>,
    /// Package id to the ids that it links, without those for tests and build scripts.
    links: BTreeMap<String, Vec<String>>,
}

impl Workspace {
    fn read() -> Result<Self> {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--locked", "--format-version", "1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cargo metadata failed: {said}");
        Self::of(&serde_json::from_slice(&output.stdout)?)
    }

    fn of(metadata: &Value) -> Result<Self> {
        let ours: BTreeSet<&str> = list(metadata, "workspace_members")?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let mut workspace = Self {
            root: PathBuf::from(text(metadata, "workspace_root")?),
            members: BTreeMap::new(),
            names: BTreeMap::new(),
            links: BTreeMap::new(),
        };
        for package in list(metadata, "packages")? {
            let (id, name) = (text(package, "id")?, text(package, "name")?);
            workspace.names.insert(id.to_owned(), name.to_owned());
            if ours.contains(id) {
                let member = Member::of(package)?;
                workspace.members.insert(name.to_owned(), member);
            }
        }
        let resolve = metadata.get("resolve").context("no `resolve`")?;
        for node in list(resolve, "nodes")? {
            let links = list(node, "deps")?.iter().filter(|link| is_linked(link));
            let links = links.map(|link| text(link, "pkg").map(str::to_owned));
            let id = text(node, "id")?.to_owned();
            workspace.links.insert(id, links.collect::<Result<_>>()?);
        }
        Ok(workspace)
    }

    /// Packages matching `patterns` that `root` links, each with the way to it.
    fn reached(&self, root: &str, patterns: &[&str]) -> Vec<String> {
        let Some(member) = self.members.get(root) else {
            return vec![format!("`{root}` is no member of the workspace")];
        };
        let at = member.directory.to_string_lossy();
        let start = self
            .names
            .iter()
            .find(|(id, name)| *name == root && id.contains(&*at));
        let Some((start, _)) = start else {
            return vec![format!("`{root}` has no package id")];
        };
        let mut problems = Vec::new();
        let mut seen = BTreeSet::from([start.as_str()]);
        let mut open = vec![(start.as_str(), format!("`{root}`"))];
        while let Some((id, way)) = open.pop() {
            for next in self.links.get(id).into_iter().flatten() {
                let name = self.names.get(next).map_or("?", String::as_str);
                let way = format!("{way} -> `{name}`");
                if !seen.insert(next) || PURE_LIBRARIES.contains(&name) {
                    continue;
                }
                if patterns.iter().any(|pattern| matches(pattern, name)) {
                    problems.push(format!("`{root}` must not reach `{name}`, but: {way}"));
                }
                open.push((next, way));
            }
        }
        problems
    }
}

impl Member {
    fn of(package: &Value) -> Result<Self> {
        let manifest = Path::new(text(package, "manifest_path")?);
        let uses = list(package, "dependencies")?.iter().map(|dependency| {
            let kind = dependency.get("kind").and_then(Value::as_str);
            let name = text(dependency, "name")?.to_owned();
            Ok((name, kind.unwrap_or("normal").to_owned()))
        });
        Ok(Self {
            directory: manifest.parent().context("no folder")?.to_owned(),
            uses: uses.collect::<Result<_>>()?,
        })
    }
}

fn wrong_edges(workspace: &Workspace) -> Vec<String> {
    let line: BTreeMap<&str, &[&str]> = LINE.iter().copied().collect();
    let mut problems: Vec<String> = line
        .keys()
        .filter(|name| !workspace.members.contains_key(**name))
        .map(|name| format!("`{name}` is placed in LINE but is no member of the workspace"))
        .collect();
    for (name, member) in &workspace.members {
        let Some(may_use) = line.get(name.as_str()) else {
            problems.push(format!(
                "`{name}` has no place yet: say in LINE which of our crates it may use"
            ));
            continue;
        };
        let ours = |used: &str| workspace.members.contains_key(used);
        for (used, kind) in member.uses.iter().filter(|(used, _)| ours(used)) {
            let allowed = match kind.as_str() {
                // Tests may join what products must not, but nobody stands on a program.
                "dev" => !matches!(used.as_str(), "cli" | "xtask"),
                _ => may_use.contains(&used.as_str()),
            };
            if !allowed {
                problems.push(format!(
                    "`{name}` must not use `{used}` ({kind} dependency): it may use {may_use:?}"
                ));
            }
        }
    }
    problems
}

fn impure_words(file: &Path, source: &str) -> Vec<String> {
    let product = source
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.starts_with("//"));
    let mut problems = Vec::new();
    for (number, line) in product.enumerate() {
        for word in IMPURE_WORDS.iter().filter(|word| line.contains(**word)) {
            let (file, number) = (file.display(), number.saturating_add(1));
            problems.push(format!(
                "{file}, code line {number}: `{word}` in a pure crate; take it as an argument"
            ));
        }
    }
    problems
}

/// All sources below a folder but tests in files of their own.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if stem.ends_with("tests") {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

fn banned_in(lock: &str) -> Vec<String> {
    BANNED
        .iter()
        .filter(|name| {
            lock.lines()
                .any(|line| line == format!("name = \"{name}\""))
        })
        .map(|name| format!("`{name}` is in Cargo.lock; `.deny.toml` says why it must not be"))
        .collect()
}

fn is_linked(link: &Value) -> bool {
    let kinds = link.get("dep_kinds").and_then(Value::as_array);
    kinds
        .into_iter()
        .flatten()
        .any(|kind| kind.get("kind").is_none_or(Value::is_null))
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value
        .get(key)
        .and_then(Value::as_str)
        .with_context(|| format!("no text `{key}`"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value
        .get(key)
        .and_then(Value::as_array)
        .with_context(|| format!("no list `{key}`"))
}

fn none(problems: Vec<String>) -> Result<()> {
    ensure!(problems.is_empty(), "\n{}", problems.join("\n"));
    Ok(())
}

/// Metadata of a workspace with every placed crate, both ends of one edge, and that edge.
fn forged(from: &str, to: &str, kind: Value) -> Value {
    let names: BTreeSet<&str> = LINE
        .iter()
        .map(|(name, _)| *name)
        .chain([from, to])
        .collect();
    let id = |name: &str| format!("path+file:///w/{name}#0.1.0");
    let packages: Vec<Value> = names
        .iter()
        .map(|name| {
            let edge = json!([{ "name": to, "kind": kind }]);
            let dependencies = if *name == from { edge } else { json!([]) };
            let manifest = format!("/w/{name}/Cargo.toml");
            json!({ "id": id(name), "name": name, "manifest_path": manifest, "dependencies": dependencies })
        })
        .collect();
    let ours = names.iter().filter(|name| !matches(IMPURE_EXAMPLE, name));
    let members: Vec<String> = ours.map(|name| id(name)).collect();
    let node =
        json!({ "id": id(from), "deps": [{ "pkg": id(to), "dep_kinds": [{ "kind": kind }] }] });
    json!({
        "workspace_root": "/w",
        "workspace_members": members,
        "packages": packages,
        "resolve": { "nodes": [node] },
    })
}

/// A foreign crate in [`forged`]; all others are members.
const IMPURE_EXAMPLE: &str = "tokio-util";
