//! The file's format: pinned, and the only one that is read.

use super::*;

/// Files written by the first version. A change that can't read them, or that writes others, shows here.
#[test]
fn files_of_the_first_version_open() {
    let fixture = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/sealed");
        SealedFile::parse(&std::fs::read(format!("{folder}/{name}.json")).unwrap()).unwrap()
    };
    let officers = [Officer::new(1), Officer::new(2), Officer::new(3)];
    let openers: Vec<Opener> = officers.iter().map(Officer::opener).collect();

    let device = fixture("device");
    let keyring = Memory::default();
    assert!(device.openers().is_empty());
    let (name, key) = (
        "share-key/885eb909b6778ada354bd48eb7bcd2b50c3b99e03340f945d7c4f4f713097f4a",
        "9a6212b5dbaf9d529e50e6be895545a208e913e946a0f1f15a5ed7328d3bd371",
    );
    keyring.set(name, &hex::decode(key).unwrap()).unwrap();
    assert_eq!(
        open_device(&device, &binding(), &keyring).unwrap().expose(),
        SHARE
    );

    let hardware = fixture("hardware");
    assert_eq!(
        (hardware.kind(), hardware.openers_needed()),
        (SealKind::Hardware, 1)
    );
    assert_eq!(hardware.openers(), openers[..2]);
    let opened = open_hardware(&hardware, &binding(), &officers[1].key(), |e| {
        officers[1].agree(e)
    });
    assert_eq!(opened.unwrap().expose(), SHARE);

    let recovery = fixture("recovery");
    assert_eq!(
        (recovery.kind(), recovery.openers_needed()),
        (SealKind::Recovery, 2)
    );
    assert_eq!(recovery.openers(), openers);
    let pieces = vec![
        piece(&recovery, &officers[2]),
        piece(&recovery, &officers[0]),
    ];
    assert_eq!(
        combine(&recovery, &binding(), pieces).unwrap().expose(),
        SHARE
    );
}

#[test]
fn only_the_one_spelling_of_a_known_version_is_a_share_file() {
    let good = text(&hardware(&[&Officer::new(1), &Officer::new(2)]));
    assert!(SealedFile::parse(good.as_bytes()).is_ok());
    let with = |was: &str, is: &str| {
        assert!(good.contains(was), "{was}");
        good.replacen(was, is, 1)
    };
    let officer = Officer::new(2).opener().officer.to_string();
    let twice = Officer::new(1).opener().officer.to_string();
    let malformed = [
        String::new(),
        "{}".to_owned(),
        format!("{good} x"),
        with("sealed-share/v1", "sealed-share/v2"),
        with(r#""seat":3"#, r#""seat":0"#),
        with(r#""seat":3"#, r#""seat":16"#),
        with(r#""seat":3"#, r#""seat":3,"seat":3"#),
        with(r#""check""#, r#""extra":1,"check""#),
        with(r#""hardware""#, r#""software""#),
        with(r#""piece":0"#, r#""piece":1"#),
        with(&officer, &twice),
        with(r#""nonce":""#, r#""nonce":"00"#),
        with(r#""check":""#, r#""check":"G0"#),
    ];
    for bad in malformed {
        let error = SealedFile::parse(bad.as_bytes()).unwrap_err();
        assert!(matches!(error, FileError::Malformed(_)), "{error}: {bad}");
    }
    let upper = with(&officer, &officer.to_uppercase());
    assert!(SealedFile::parse(upper.as_bytes()).is_err());
    for other in [format!(" {good}"), format!("{good}\n"), with(":", ": ")] {
        assert_eq!(
            SealedFile::parse(other.as_bytes()),
            Err(FileError::NotCanonical)
        );
    }
    let large = vec![b' '; MAX_FILE + 1];
    assert_eq!(
        SealedFile::parse(&large),
        Err(FileError::TooLarge(MAX_FILE + 1))
    );
}

#[test]
fn lids_out_of_order_or_too_few_are_no_share_file() {
    let officers = [Officer::new(1), Officer::new(2), Officer::new(3)];
    let good = text(&recovery(&officers, 2));
    for (was, is) in [
        (r#""needed":2"#, r#""needed":1"#),
        (r#""needed":2"#, r#""needed":4"#),
        (r#""piece":2"#, r#""piece":3"#),
        (r#""piece":1"#, r#""piece":0"#),
    ] {
        let bad = good.replacen(was, is, 1);
        assert_ne!(bad, good);
        assert!(
            matches!(
                SealedFile::parse(bad.as_bytes()),
                Err(FileError::Malformed(_))
            ),
            "{is}"
        );
    }
}
