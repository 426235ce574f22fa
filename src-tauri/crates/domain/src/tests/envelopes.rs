//! DSSE envelopes and links.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use sha2::{Digest, Sha256};

use super::samples::*;
use crate::dsse::{BODY_TYPE, Envelope, EnvelopeError, LINK_TYPE, MAX_ENVELOPE};
use crate::entry::{Draft, Entry, LinkDraft, SignedLink};
fn encoding(kind: &str, payload: &[u8]) -> Vec<u8> {
    crate::dsse::pre_authentication_encoding(kind, payload)
}

#[test]
fn the_pre_authentication_encoding_is_that_of_the_dsse_protocol() {
    // The example of the protocol's text.
    assert_eq!(
        encoding("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    // Lengths count bytes, not characters; empty fields keep their spaces.
    assert_eq!(
        encoding("text/ä", b"\xC3\xB6"),
        "DSSEv1 7 text/ä 2 ö".as_bytes()
    );
    assert_eq!(encoding("a", b""), b"DSSEv1 1 a 0 ");
    assert_eq!(encoding("", b"x"), b"DSSEv1 0  1 x");
    let digest: [u8; 32] = Sha256::digest(b"DSSEv1 1 a 1 b").into();
    assert_eq!(crate::dsse::digest("a", b"b"), digest);
}

fn text() -> String {
    let signed = signed(bodies().swap_remove(0));
    String::from_utf8(signed.envelope().as_bytes().to_vec()).unwrap()
}

fn parse(text: &str) -> Result<Envelope, EnvelopeError> {
    Envelope::parse(BODY_TYPE, text.as_bytes())
}

#[test]
fn an_envelope_has_one_spelling() {
    let good = text();
    assert!(parse(&good).is_ok());
    let payload = good.split('"').nth(7).unwrap().to_owned();
    let decoded = STANDARD.decode(&payload).unwrap();
    let signature = good.rsplit('"').nth(1).unwrap();
    let url_safe = URL_SAFE.encode(STANDARD.decode(signature).unwrap());
    assert_ne!(url_safe, signature);
    // Of the last letter before the padding only two bits count.
    let letter = signature.trim_end_matches('=').chars().last().unwrap();
    let next = char::from_u32(u32::from(letter) + 1).unwrap();
    assert!("AQgw".contains(letter));
    let unused_bits = signature.replace(&format!("{letter}=="), &format!("{next}=="));
    for (what, changed) in [
        ("unknown field", good.replacen('{', "{\"more\":1,", 1)),
        (
            "unknown field of a signature",
            good.replacen("{\"keyid\"", "{\"more\":1,\"keyid\"", 1),
        ),
        (
            "duplicate key",
            good.replacen("\"payload\":", "\"payload\":\"\",\"payload\":", 1),
        ),
        ("another type", good.replacen("entry.v1", "entry.v2", 1)),
        ("a link's type", good.replacen(BODY_TYPE, LINK_TYPE, 1)),
        ("white space", good.replacen("\":", "\" :", 1)),
        ("trailing white space", format!("{good}\n")),
        ("trailing bytes", format!("{good}x")),
        (
            "an array for an object",
            format!("[\"{BODY_TYPE}\",\"{payload}\",[]]"),
        ),
        (
            "an escape",
            good.replacen("payloadType", "payload\\u0054ype", 1),
        ),
        ("no padding", good.replacen("==\"", "\"", 1)),
        (
            "line breaks in base64",
            good.replacen(&payload, &format!("{payload}\\n"), 1),
        ),
        ("unused bits", good.replacen(signature, &unused_bits, 1)),
        (
            "upper-case key id",
            good.replacen(
                &Key::new(0x11).public().key_id().to_string(),
                &Key::new(0x11).public().key_id().to_string().to_uppercase(),
                1,
            ),
        ),
        ("URL-safe base64", good.replacen(signature, &url_safe, 1)),
        (
            "no signature",
            good.split("\"signatures\":[").next().unwrap().to_owned() + "\"signatures\":[]}",
        ),
        (
            "no key id",
            good.replacen(
                &format!("\"keyid\":\"{}\",", Key::new(0x11).public().key_id()),
                "",
                1,
            ),
        ),
    ] {
        assert_ne!(changed, good, "{what}");
        assert!(parse(&changed).is_err(), "{what}");
    }
    assert_eq!(parse(&good).unwrap().payload(), decoded);
}

#[test]
fn signatures_are_bounded_distinct_and_low_s() {
    let key = Key::new(0x11);
    let signature = key.sign(&[1; 32]);
    let id = key.public().key_id();
    let assemble = |named: &[_]| Envelope::assemble(BODY_TYPE, b"{}", named);
    assert!(assemble(&[(id, signature)]).is_ok());
    assert!(assemble(&[]).is_err());
    assert!(assemble(&[(id, signature), (id, signature)]).is_err());
    let many = |count: u8| -> Vec<_> {
        (1..=count)
            .map(|seed| (Key::new(seed).public().key_id(), signature))
            .collect()
    };
    assert!(assemble(&many(32)).is_ok());
    assert!(assemble(&many(33)).is_err());
    let large = vec![b' '; MAX_ENVELOPE + 1];
    assert_eq!(
        Envelope::parse(BODY_TYPE, &large).unwrap_err(),
        EnvelopeError::TooLarge(MAX_ENVELOPE + 1)
    );
}

#[test]
fn an_envelope_verifies_under_its_signer_only() {
    let signed = signed(bodies().swap_remove(0));
    let envelope = signed.envelope();
    assert_eq!(envelope.verify(&Key::new(0x11).public()), Ok(()));
    assert_eq!(
        envelope.verify(&Key::new(0x21).public()),
        Err(EnvelopeError::NotSignedBy)
    );
    // The right key id over another's signature.
    let key = Key::new(0x11);
    let forged = Key::new(0x21).sign(envelope.digest());
    let forged = Envelope::assemble(
        BODY_TYPE,
        envelope.payload(),
        &[(key.public().key_id(), forged)],
    );
    assert!(matches!(
        forged.unwrap().verify(&key.public()),
        Err(EnvelopeError::Key(_))
    ));
    // A draft finds a card's mistake before anything is stored.
    let draft = Draft::new(bodies().swap_remove(0)).unwrap();
    let wrong = key.sign(&[9; 32]);
    assert!(draft.sign(&[(key.public(), wrong)]).is_err());
}

#[test]
fn a_link_binds_place_body_and_signatures() {
    let machine = Key::new(0xE1);
    let link = |sequence, previous, body: &crate::entry::SignedBody| {
        let draft = LinkDraft::new(sequence, previous, body).unwrap();
        let signature = machine.sign(draft.digest());
        draft.sign(&machine.public(), signature).unwrap()
    };
    let body = signed(bodies().swap_remove(0));
    let first = link(0, None, &body);
    assert_eq!(
        SignedLink::parse(first.envelope().as_bytes()).unwrap(),
        first
    );
    assert_eq!(first.machine(), Some(machine.public().machine_id()));
    let ids = [
        first.id(),
        link(1, None, &body).id(),
        link(0, Some(first.id()), &body).id(),
        link(0, None, &signed(bodies().swap_remove(1))).id(),
    ];
    let different: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(different.len(), ids.len());
    let entry = |body| Entry {
        body,
        link: first.clone(),
        first_seen: at(9),
    };
    assert!(entry(body.clone()).is_linked());
    // The same body under another signature: same id, but not what was linked.
    let key = Key::new(0x11);
    let other = key.sign(&[3; 32]);
    let other = Envelope::assemble(
        BODY_TYPE,
        body.envelope().payload(),
        &[(key.public().key_id(), other)],
    );
    let other = crate::entry::SignedBody::parse(other.unwrap().as_bytes()).unwrap();
    assert_eq!(other.id(), body.id());
    assert!(!entry(other).is_linked());
    // Two signatures are none of a link.
    let draft = LinkDraft::new(0, None, &body).unwrap();
    let named = [0x11, 0x21].map(|seed| {
        (
            Key::new(seed).public().key_id(),
            Key::new(seed).sign(draft.digest()),
        )
    });
    let twice = Envelope::assemble(LINK_TYPE, first.envelope().payload(), &named).unwrap();
    assert!(SignedLink::parse(twice.as_bytes()).is_err());
    assert_eq!(entry(body).effective_time(), at(9));
}
