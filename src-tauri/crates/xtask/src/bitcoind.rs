//! A regtest `bitcoind`, built once from the sources inside the pinned crate `libbitcoinkernel-sys`
//! and kept in the cache. Cargo fetches and checks the crate but never compiles it.

use crate::{cache, say};
use anyhow::{Context as _, Result, bail};
use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

const CRATE: &str = "libbitcoinkernel-sys";
const VERSION: &str = "0.4.1";

/// -O1 and no hardening: a test node that is ready in half the time. The crate's package leaves out
/// the wallet, the benchmarks and the embedded address map, so they are switched off.
const FLAGS: &[&str] = &[
    "-DCMAKE_BUILD_TYPE=Release",
    "-DCMAKE_CXX_FLAGS_RELEASE=-O1",
    "-DBUILD_DAEMON=ON",
    "-DBUILD_CLI=OFF",
    "-DBUILD_TESTS=OFF",
    "-DBUILD_BENCH=OFF",
    "-DBUILD_TX=OFF",
    "-DBUILD_UTIL=OFF",
    "-DBUILD_BITCOIN_BIN=OFF",
    "-DBUILD_GUI=OFF",
    "-DBUILD_WALLET_TOOL=OFF",
    "-DENABLE_WALLET=OFF",
    "-DENABLE_EXTERNAL_SIGNER=OFF",
    "-DENABLE_IPC=OFF",
    "-DWITH_ZMQ=OFF",
    "-DBUILD_FUZZ_BINARY=OFF",
    "-DBUILD_KERNEL_LIB=OFF",
    "-DWITH_EMBEDDED_ASMAP=OFF",
    "-DENABLE_HARDENING=OFF",
];

/// The node's path in the cache, built or not.
pub fn path() -> Result<PathBuf> {
    Ok(directory()?.join("bitcoind"))
}

fn directory() -> Result<PathBuf> {
    Ok(cache::directory()?.join(format!("bitcoind-{VERSION}-{:08x}", fingerprint(FLAGS))))
}

/// FNV-1a, 32 bits: a name for a set of flags that stays the same under every compiler.
fn fingerprint(words: &[&str]) -> u32 {
    words
        .iter()
        .flat_map(|word| word.bytes().chain([b'\n']))
        .fold(0x811c_9dc5, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
}

/// The node's path; builds it first where it is not yet in the cache.
pub fn ensure() -> Result<PathBuf> {
    if let Some(given) = cache::given("COUNTERSIGN_BITCOIND")? {
        return Ok(given);
    }
    let path = path()?;
    if !path.is_file() {
        build(&directory()?)?;
    }
    cache::point_at("bitcoind", &path)?;
    Ok(path)
}

fn build(finished: &Path) -> Result<()> {
    let cache = cache::directory()?;
    let _lock = cache::lock(&cache, "bitcoind")?;
    if finished.join("bitcoind").is_file() {
        return Ok(());
    }
    remove_leftovers(&cache);
    let started = Instant::now();
    say::step(&format!(
        "building a regtest bitcoind from the crate {CRATE} {VERSION}, once: five to ten minutes on two cores"
    ));
    let source = source()?;
    let work = cache.join(format!("bitcoind-build-{}", std::process::id()));
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).with_context(|| format!("cannot create `{}`", work.display()))?;
    let log_path = cache.join("bitcoind-build.log");
    let mut log = File::create(&log_path).context("cannot create the build log")?;
    say::detail(&format!("log: {}", log_path.display()));

    let mut configure = Command::new("cmake");
    configure
        .arg("-B")
        .arg(&work)
        .arg("-S")
        .arg(&source)
        .args(FLAGS);
    run_logged(configure, &mut log, &log_path, "configuring")?;

    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mut compile = Command::new("cmake");
    compile
        .arg("--build")
        .arg(&work)
        .args(["--target", "bitcoind", "-j"])
        .arg(cores.to_string());
    run_logged(compile, &mut log, &log_path, "compiling")?;

    let built = work.join("bin/bitcoind");
    let stripped = Command::new("strip").arg(&built).status();
    if !stripped.is_ok_and(|status| status.success()) {
        say::detail("`strip` did not run; the node keeps its symbols");
    }
    let staging = cache.join(format!("bitcoind-staging-{}", std::process::id()));
    let _ = fs::remove_dir_all(&staging);
    fs::create_dir_all(&staging)?;
    fs::rename(&built, staging.join("bitcoind")).context("the build ended without a bitcoind")?;
    let _ = fs::remove_dir_all(finished);
    fs::rename(&staging, finished).context("cannot put the node in its place")?;
    let _ = fs::remove_dir_all(&work);
    say::detail(&format!(
        "built in {} s: {}",
        started.elapsed().as_secs(),
        finished.display()
    ));
    Ok(())
}

/// Removes what earlier builds left when they were killed; the lock says that none runs.
fn remove_leftovers(cache: &Path) {
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_ours = |prefix: &str| name.to_str().is_some_and(|name| name.starts_with(prefix));
        if (is_ours("bitcoind-build-") || is_ours("bitcoind-staging-")) && entry.path().is_dir() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The cmake source inside the registry package that `Cargo.lock` pins.
fn source() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(cache::repository()?)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run `cargo metadata`")?;
    anyhow::ensure!(
        output.status.success(),
        "`cargo metadata` failed: {}",
        output.status
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let manifest = metadata
        .get("packages")
        .and_then(|packages| packages.as_array())
        .into_iter()
        .flatten()
        .find(|p| {
            p.get("name").is_some_and(|n| n == CRATE)
                && p.get("version").is_some_and(|v| v == VERSION)
        })
        .and_then(|package| package.get("manifest_path")?.as_str())
        .with_context(|| format!("`cargo metadata` does not list {CRATE} {VERSION}"))?;
    let source = Path::new(manifest).with_file_name("bitcoin");
    anyhow::ensure!(
        source.join("CMakeLists.txt").is_file(),
        "no cmake project in `{}`",
        source.display()
    );
    Ok(source)
}

/// Runs `command` with its output in the log, and shows each further tenth of `[ 40%]` lines.
fn run_logged(mut command: Command, log: &mut File, log_path: &Path, what: &str) -> Result<()> {
    say::detail(what);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log.try_clone()?)
        .spawn()
        .with_context(|| format!("cannot run {command:?}"))?;
    let mut shown = 0;
    for line in BufReader::new(child.stdout.take().context("no output to read")?).split(b'\n') {
        let line = line?;
        log.write_all(&line)?;
        log.write_all(b"\n")?;
        if let Some(percent) = percentage(&line).filter(|percent| *percent >= shown + 10) {
            shown = percent - percent % 10;
            say::detail(&format!("{what}: {percent} %"));
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!(
            "{what} bitcoind failed ({status}); the log's end:\n{}",
            tail(log_path)
        );
    }
    Ok(())
}

fn percentage(line: &[u8]) -> Option<u32> {
    let (number, _) = std::str::from_utf8(line)
        .ok()?
        .strip_prefix('[')?
        .split_once("%]")?;
    number.trim().parse().ok()
}

fn tail(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(15))
        .copied()
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_percentage_of_a_make_line() {
        assert_eq!(percentage(b"[ 45%] Building CXX object"), Some(45));
        assert_eq!(percentage(b"[100%] Built target"), Some(100));
        assert_eq!(percentage(b"-- Configuring done"), None);
    }

    #[test]
    fn the_fingerprint_of_the_flags_never_changes_by_itself() {
        assert_eq!(
            fingerprint(&["-DA=1", "-DB=2"]),
            fingerprint(&["-DA=1", "-DB=2"])
        );
        assert_ne!(
            fingerprint(&["-DA=1", "-DB=2"]),
            fingerprint(&["-DB=2", "-DA=1"])
        );
        assert_eq!(fingerprint(&[]), 0x811c_9dc5);
    }
}
