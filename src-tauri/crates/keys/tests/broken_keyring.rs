//! Keyrings that are locked or not there. The crate `keyring` connects once a process, so each case
//! runs this test again in a process of its own.
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]
#![expect(clippy::print_stdout, reason = "how the child tells its parent")]

use std::process::Command;

use keys::os_keyring::{KeyringError, OsKeyring};
use testkit::session_bus::SessionBus;

const CHILD: &str = "COUNTERSIGN_TEST_CHILD";
const MARK: &str = "the child says: ";

/// Opens the keyring on this bus in a child; gives what it says.
fn open_on(bus: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_keyring_that_is_locked_or_missing_says_what_to_do",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .env("DBUS_SESSION_BUS_ADDRESS", bus)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.split(MARK)
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned()
}

fn say() {
    let said = match OsKeyring::open("broken") {
        Ok(_) => "opened".to_owned(),
        Err(KeyringError::Locked(why)) => format!("locked: {}", KeyringError::Locked(why)),
        Err(KeyringError::NoService(why)) => format!("none: {}", KeyringError::NoService(why)),
        Err(other) => format!("other: {other:?}"),
    };
    println!("{MARK}{said}");
}

#[test]
fn a_keyring_that_is_locked_or_missing_says_what_to_do() {
    if std::env::var_os(CHILD).is_some() {
        return say();
    }
    let folder = tempfile::tempdir().unwrap();
    let mut session = SessionBus::start(folder.path()).unwrap();
    assert_eq!(open_on(&session.address()), "opened");
    session.lock().unwrap();
    let said = open_on(&session.address());
    assert!(
        said.starts_with("locked: the keyring of the operating system is locked"),
        "{said}"
    );
    assert!(
        said.contains("unlock it, as you do when you log in"),
        "{said}"
    );
    session.unlock().unwrap();
    assert_eq!(open_on(&session.address()), "opened");
    session.stop_keyring();
    let said = open_on(&session.address());
    assert!(
        said.starts_with("none: no keyring of the operating system answers"),
        "{said}"
    );
    let said = open_on("unix:path=/nowhere");
    assert!(
        said.starts_with("none: no keyring of the operating system answers"),
        "{said}"
    );
}
