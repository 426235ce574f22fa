//! The virtual YubiKeys, reached from outside their namespace over the real PC/SC stack.

use aes::{
    Aes192,
    cipher::{BlockDecrypt as _, BlockEncrypt as _, KeyInit as _, generic_array::GenericArray},
};
use anyhow::{Context as _, Result};
use p256_card::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
use std::{
    ffi::CString,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};
use testkit::{
    room::{Card, CardOptions, Room, RoomHost},
    virtual_yubikey::{PullOn, TouchMode},
};

const SELECT_PIV: &[u8] = &[0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08];
const GET_SERIAL: &[u8] = &[0x00, 0xF8, 0x00, 0x00];
const GET_VERSION: &[u8] = &[0x00, 0xFD, 0x00, 0x00];
const VERIFY: &[u8] = b"\x00\x20\x00\x80\x08123456\xff\xff";
const SIGNATURE_SLOT: u8 = 0x9C;
const FREEZE_SLOT: u8 = 0x9E;
const NEVER: u8 = 1;
const ALWAYS: u8 = 3;
const TOUCH_ALWAYS: u8 = 2;
const SOON: Duration = Duration::from_secs(10);

struct Line(pcsc::Card);

impl Line {
    fn to(card: &Card) -> Result<Self> {
        let context = pcsc::Context::establish(pcsc::Scope::User)?;
        let name = CString::new(card.reader()?)?;
        let line = Self(context.connect(&name, pcsc::ShareMode::Shared, pcsc::Protocols::ANY)?);
        line.ok(SELECT_PIV)?;
        Ok(line)
    }

    /// Data and status word; the rest of a long answer is fetched.
    fn send(&self, command: &[u8]) -> Result<(Vec<u8>, u16)> {
        let mut buffer = vec![0; pcsc::MAX_BUFFER_SIZE];
        let (mut data, mut next) = (Vec::new(), command.to_vec());
        loop {
            let answer = self.0.transmit(&next, &mut buffer)?;
            let at = answer.len().checked_sub(2).context("no status word")?;
            let (part, word) = answer.split_at(at);
            data.extend(part);
            match word {
                [0x61, more] => next = vec![0x00, 0xC0, 0x00, 0x00, *more],
                word => return Ok((data, u16::from_be_bytes(word.try_into()?))),
            }
        }
    }

    fn ok(&self, command: &[u8]) -> Result<Vec<u8>> {
        let (data, word) = self.send(command)?;
        anyhow::ensure!(word == 0x9000, "{word:04X}");
        Ok(data)
    }

    fn sign(&self, slot: u8) -> Result<(Vec<u8>, u16)> {
        let mut command = vec![0x00, 0x87, 0x11, slot, 38, 0x7C, 36, 0x82, 0x00, 0x81, 32];
        command.extend([7; 32]);
        self.send(&command)
    }

    /// The public key in a slot, from its metadata.
    fn public_key(&self, slot: u8) -> Result<VerifyingKey> {
        let metadata = self.ok(&[0x00, 0xF7, 0x00, slot])?;
        let at = metadata.len().checked_sub(65).context("too short")?;
        Ok(VerifyingKey::from_sec1_bytes(metadata.split_at(at).1)?)
    }

    fn has_signed(&self, slot: u8, answer: &(Vec<u8>, u16)) -> Result<()> {
        anyhow::ensure!(answer.1 == 0x9000, "{:04X}", answer.1);
        let signature = Signature::from_der(answer.0.get(4..).context("too short")?)?;
        self.public_key(slot)?
            .verify_prehash(&[7; 32], &signature)?;
        Ok(())
    }

    /// Mutual authentication with the default AES-192 key of firmware 5.7.
    fn authenticate(&self) -> Result<()> {
        let key: Vec<u8> = [1, 2, 3, 4, 5, 6, 7, 8].repeat(3);
        let cipher = Aes192::new_from_slice(&key).ok().context("24 bytes")?;
        let shown = self.ok(&[0x00, 0x87, 0x0A, 0x9B, 4, 0x7C, 2, 0x80, 0])?;
        let mut witness = shown.get(4..).context("too short")?.to_vec();
        cipher.decrypt_block(GenericArray::from_mut_slice(&mut witness));
        let mut command = vec![0x00, 0x87, 0x0A, 0x9B, 38, 0x7C, 36, 0x80, 16];
        command.extend(witness);
        command.extend([0x81, 16]);
        command.extend([9; 16]);
        let response = self.ok(&command)?;
        let mut expected = [9; 16];
        cipher.encrypt_block(GenericArray::from_mut_slice(&mut expected));
        anyhow::ensure!(
            response.get(4..) == Some(expected.as_slice()),
            "not the card's key"
        );
        Ok(())
    }
}

fn signer(options: &CardOptions) -> Result<Card> {
    let card = Room::from_env()?.plugged(options)?;
    card.import_key(SIGNATURE_SLOT, ALWAYS, TOUCH_ALWAYS)?;
    Ok(card)
}

#[test]
fn four_cards_at_once_each_answer_with_their_own_serial() -> Result<()> {
    let cards = Room::from_env()?.plugged_cards(4)?;
    for card in &cards {
        assert_eq!(Line::to(card)?.ok(GET_SERIAL)?, card.serial().to_be_bytes());
    }
    Ok(())
}

#[test]
fn a_signature_needs_the_pin_just_before_and_a_touch() -> Result<()> {
    let card = signer(&CardOptions::default())?;
    let line = Line::to(&card)?;
    assert_eq!(line.sign(SIGNATURE_SLOT)?.1, 0x6982);
    line.ok(VERIFY)?;
    line.ok(GET_VERSION)?;
    assert_eq!(line.sign(SIGNATURE_SLOT)?.1, 0x6982);
    assert_eq!(card.touches_asked()?, 0);
    line.ok(VERIFY)?;
    let answer = line.sign(SIGNATURE_SLOT)?;
    line.has_signed(SIGNATURE_SLOT, &answer)?;
    assert_eq!(card.touches_asked()?, 1);
    assert_eq!(
        line.sign(SIGNATURE_SLOT)?.1,
        0x6982,
        "one PIN, one signature"
    );
    Ok(())
}

#[test]
fn a_slot_without_pin_signs_after_a_touch_alone() -> Result<()> {
    let card = signer(&CardOptions::default())?;
    card.import_key(FREEZE_SLOT, NEVER, TOUCH_ALWAYS)?;
    let line = Line::to(&card)?;
    line.has_signed(FREEZE_SLOT, &line.sign(FREEZE_SLOT)?)?;
    assert_eq!(card.touches_asked()?, 1);
    Ok(())
}

#[test]
fn the_touch_is_the_tests_to_give() -> Result<()> {
    let timeout = Duration::from_secs(1);
    let card = signer(&CardOptions {
        touch_timeout: timeout,
        ..CardOptions::default()
    })?;
    let line = Line::to(&card)?;

    card.set_touch(TouchMode::Manual)?;
    line.ok(VERIFY)?;
    let answer = thread::scope(|scope| {
        let pressed = scope.spawn(|| card.press(SOON));
        let answer = line.sign(SIGNATURE_SLOT);
        assert!(
            matches!(pressed.join(), Ok(Ok(true))),
            "it blinked and was pressed"
        );
        answer
    })?;
    line.has_signed(SIGNATURE_SLOT, &answer)?;

    line.ok(VERIFY)?;
    let started = Instant::now();
    assert_eq!(line.sign(SIGNATURE_SLOT)?.1, 0x6982, "nobody pressed");
    assert!(started.elapsed() >= timeout);

    card.set_touch(TouchMode::AfterMs(300))?;
    line.ok(VERIFY)?;
    let started = Instant::now();
    line.has_signed(SIGNATURE_SLOT, &line.sign(SIGNATURE_SLOT)?)?;
    assert!(started.elapsed() >= Duration::from_millis(300));

    card.set_touch(TouchMode::Never)?;
    line.ok(VERIFY)?;
    assert_eq!(line.sign(SIGNATURE_SLOT)?.1, 0x6982);
    assert!(!card.press(Duration::ZERO)?);
    Ok(())
}

#[test]
fn a_card_can_be_pulled_at_each_moment_and_signs_when_it_is_back() -> Result<()> {
    let card = signer(&CardOptions::default())?;
    for event in [PullOn::AfterVerify, PullOn::AtTouch, PullOn::BeforeAnswer] {
        card.pull_on(event)?;
        let line = Line::to(&card)?;
        line.ok(VERIFY).with_context(|| format!("{event:?}"))?;
        let signed = line.sign(SIGNATURE_SLOT);
        assert!(signed.is_err(), "{event:?}: {signed:?}");
        assert!(card.wait_pulled(SOON)?, "{event:?}");
        assert!(card.reader().is_err());
        card.plug()?;
    }
    let line = Line::to(&card)?;
    line.ok(VERIFY)?;
    line.has_signed(SIGNATURE_SLOT, &line.sign(SIGNATURE_SLOT)?)
}

#[test]
fn an_imported_key_is_not_attested() -> Result<()> {
    let card = signer(&CardOptions::default())?;
    let line = Line::to(&card)?;
    assert_eq!(line.send(&[0x00, 0xF9, SIGNATURE_SLOT, 0x00])?.1, 0x6A80);
    Ok(())
}

#[test]
fn attestations_verify_to_their_own_root_and_no_other() -> Result<()> {
    let room = Room::from_env()?;
    for root in ["test", "another", "deep"] {
        let card = room.plugged(&CardOptions::root(root))?;
        let line = Line::to(&card)?;
        line.authenticate()?;
        let generate = [
            0x00,
            0x47,
            0x00,
            SIGNATURE_SLOT,
            11,
            0xAC,
            9,
            0x80,
            1,
            0x11,
            0xAA,
            1,
            ALWAYS,
        ];
        line.ok(&[&generate[..], &[0xAB, 1, TOUCH_ALWAYS]].concat())?;
        let leaf = line.ok(&[0x00, 0xF9, SIGNATURE_SLOT, 0x00])?;
        let object = line.ok(&[0x00, 0xCB, 0x3F, 0xFF, 5, 0x5C, 3, 0x5F, 0xFF, 0x01])?;
        let attestation = object
            .get(8..object.len().saturating_sub(5))
            .context("too short")?;
        let mut chain = room.intermediate_certificates(root)?;
        chain.push(attestation.to_vec());
        for trusted in ["test", "another", "deep"] {
            let good = openssl_verifies(&room.root_certificate(trusted)?, &chain, &leaf)?;
            assert_eq!(good, trusted == root, "{root} under {trusted}");
        }
    }
    Ok(())
}

fn openssl_verifies(root: &[u8], chain: &[Vec<u8>], leaf: &[u8]) -> Result<bool> {
    let directory = scratch("openssl")?;
    let pem = |name: &str, certificates: &[&[u8]]| -> Result<_> {
        let path = directory.join(name);
        let mut text = Vec::new();
        for der in certificates {
            let file = directory.join("one.der");
            std::fs::write(&file, der)?;
            let output = Command::new("openssl")
                .args(["x509", "-inform", "DER", "-in"])
                .arg(file)
                .output()?;
            anyhow::ensure!(output.status.success(), "not a certificate");
            text.extend(output.stdout);
        }
        std::fs::write(&path, text)?;
        Ok(path)
    };
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let output = Command::new("openssl")
        .args(["verify", "-CAfile"])
        .arg(pem("root.pem", &[root])?)
        .arg("-untrusted")
        .arg(pem("chain.pem", &chain)?)
        .arg(pem("leaf.pem", &[leaf])?)
        .output()?;
    std::fs::remove_dir_all(directory)?;
    Ok(output.status.success())
}

#[test]
fn a_card_goes_with_its_handle() -> Result<()> {
    let room = Room::from_env()?;
    let card = room.plugged(&CardOptions::default())?;
    let serial = card.serial();
    assert!(room.card(serial).is_ok());
    drop(card);
    let deadline = Instant::now() + SOON;
    while room.card(serial).is_ok() {
        assert!(Instant::now() < deadline, "still in the room");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[test]
fn a_room_is_for_one_test_at_a_time_when_asked_for() -> Result<()> {
    let room = Room::from_env()?;
    let mine = room.exclusive()?;
    thread::scope(|scope| {
        let other = scope.spawn(|| room.exclusive().map(|_| Instant::now()));
        thread::sleep(Duration::from_millis(200));
        let given_back = Instant::now();
        drop(mine);
        let Ok(taken) = other.join() else {
            anyhow::bail!("panicked")
        };
        assert!(taken? >= given_back);
        Ok(())
    })
}

#[test]
fn rooms_live_side_by_side_and_kept_cards_outlive_them() -> Result<()> {
    let program = Path::new(env!("CARGO_BIN_EXE_virtual-yubikeys"));
    let directories = [scratch("a")?, scratch("b")?];
    let options = CardOptions {
        serial: Some(1001),
        keep: true,
        ..CardOptions::default()
    };
    let mut keys = Vec::new();
    {
        let [one, two] =
            [&directories[0], &directories[1]].map(|d| RoomHost::start_with(program, d));
        let (one, two) = (one?, two?);
        for host in [&one, &two] {
            let card = host.room().plugged(&options)?;
            card.import_key(SIGNATURE_SLOT, ALWAYS, TOUCH_ALWAYS)?;
            keys.push(key_seen_by_another_process(host.room())?);
        }
        assert_ne!(
            keys.first(),
            keys.last(),
            "same serial, two rooms, two keys"
        );
    }
    let again = RoomHost::start_with(program, &directories[0])?;
    assert_eq!(
        again.room().card(1001)?.reader()?,
        again.room().status()?[0].reader.clone().unwrap_or_default()
    );
    assert_eq!(
        Some(&key_seen_by_another_process(again.room())?),
        keys.first()
    );
    drop(again);
    for directory in directories {
        std::fs::remove_dir_all(directory)?;
    }
    Ok(())
}

/// PC/SC reads the way to its readers from the environment once: this runs the helper below.
fn key_seen_by_another_process(room: &Room) -> Result<String> {
    let output = Command::new(std::env::current_exe()?)
        .args([
            "--ignored",
            "--exact",
            "tells_the_key_of_card_1001",
            "--nocapture",
        ])
        .env("PCSCLITE_CSOCK_NAME", room.pcscd_socket())
        .env("COUNTERSIGN_ROOM", room.directory())
        .output()?;
    let said = String::from_utf8(output.stdout)?;
    let key = said
        .lines()
        .find_map(|line| line.split_once("key: "))
        .context("no key")?
        .1;
    Ok(key.to_owned())
}

#[test]
#[ignore = "a helper of rooms_live_side_by_side_and_kept_cards_outlive_them"]
fn tells_the_key_of_card_1001() -> Result<()> {
    let line = Line::to(&Room::from_env()?.card(1001)?)?;
    println!(
        "key: {}",
        hex::encode(line.public_key(SIGNATURE_SLOT)?.to_encoded_point(true))
    );
    Ok(())
}

fn scratch(name: &str) -> Result<std::path::PathBuf> {
    let thread = format!("{:?}", thread::current().id());
    let number: String = thread.chars().filter(char::is_ascii_digit).collect();
    let name = format!("countersign-{name}-{}-{number}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}
