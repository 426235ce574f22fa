//! Exports as a careful forger would make them: whatever is not signed is made to fit again.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::dsse::{self, BODY_TYPE, LINK_TYPE};
use domain::{Canonical, LinkId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::support::*;

/// The lines of an export, without the last.
#[derive(Clone)]
pub(super) struct Export(pub(super) Vec<String>);

/// What a forger gets to choose about an entry.
pub(super) struct Forged<'a> {
    pub(super) payload: Vec<u8>,
    pub(super) signer: &'a Key,
    pub(super) linker: &'a Key,
    /// Turns the signature's `r || s`.
    pub(super) turn: fn([u8; 64]) -> [u8; 64],
    /// Changes the envelope's text after signing and before linking.
    pub(super) retouch: fn(String) -> String,
}

impl Export {
    /// Of [`fill`].
    pub(super) async fn filled() -> Self {
        let home = Home::filled().await;
        let path = home.folder.path().join("export.jsonl");
        home.open().await.export(&path, seconds(100)).await.unwrap();
        Self::read(&path)
    }

    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.pop();
        Self(lines)
    }

    /// The file's bytes, with a last line that fits.
    pub(super) fn sealed(&self) -> Vec<u8> {
        let mut text = self.0.join("\n");
        text.push('\n');
        let sha256 = hex::encode(Sha256::digest(&text));
        text.push_str(&format!("{{\"sha256\":\"{sha256}\"}}\n"));
        text.into_bytes()
    }

    pub(super) fn line(&self, sequence: usize) -> Value {
        serde_json::from_str(&self.0[sequence + 1]).unwrap()
    }

    /// An envelope's text of an entry.
    pub(super) fn envelope(&self, sequence: usize, part: &str) -> String {
        let text = self.line(sequence)[part].as_str().unwrap().to_owned();
        String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
    }

    /// A payload of an entry.
    pub(super) fn payload(&self, sequence: usize, part: &str) -> String {
        let envelope: Value = serde_json::from_str(&self.envelope(sequence, part)).unwrap();
        let payload = STANDARD
            .decode(envelope["payload"].as_str().unwrap())
            .unwrap();
        String::from_utf8(payload).unwrap()
    }

    pub(super) fn put(&mut self, sequence: usize, body: &str, link: &str, first_seen: u64) {
        let (body, link) = (STANDARD.encode(body), STANDARD.encode(link));
        self.0[sequence + 1] = format!(
            "{{\"sequence\":{sequence},\"body\":\"{body}\",\"link\":\"{link}\",\"first_seen\":{first_seen}}}"
        );
    }

    /// Exchanges one envelope of an entry and leaves the other.
    pub(super) fn retouch(
        &mut self,
        sequence: usize,
        part: &str,
        change: impl Fn(String) -> String,
    ) {
        let first_seen = self.line(sequence)["first_seen"].as_u64().unwrap();
        let other = if part == "body" { "link" } else { "body" };
        let (changed, other) = (
            change(self.envelope(sequence, part)),
            self.envelope(sequence, other),
        );
        match part {
            "body" => self.put(sequence, &changed, &other, first_seen),
            _ => self.put(sequence, &other, &changed, first_seen),
        }
    }

    /// The number of entries that the header announces.
    pub(super) fn announce(&mut self, entries: usize) {
        let header: Value = serde_json::from_str(&self.0[0]).unwrap();
        let old = header["entries"].as_u64().unwrap();
        self.0[0] = self.0[0].replace(
            &format!("\"entries\":{old}"),
            &format!("\"entries\":{entries}"),
        );
    }

    /// The head that the header announces.
    pub(super) fn announce_head(&mut self, head: LinkId) {
        let header: Value = serde_json::from_str(&self.0[0]).unwrap();
        let old = header["head"].as_str().unwrap();
        self.0[0] = self.0[0].replace(old, &head.to_string());
    }

    pub(super) fn link_id(&self, sequence: usize) -> LinkId {
        let payload = self.payload(sequence, "link");
        LinkId::from_bytes(dsse::digest(LINK_TYPE, payload.as_bytes()))
    }

    /// Adds an entry at the end, linked as well as the linker's key can, and announces it.
    pub(super) fn append(&mut self, forged: &Forged<'_>) {
        let sequence = self.0.len() - 1;
        let digest = dsse::digest(BODY_TYPE, &forged.payload);
        let signature = (forged.turn)(forged.signer.raw(&digest).to_bytes().into());
        let body = envelope(BODY_TYPE, &forged.payload, forged.signer, &signature);
        let signatures = Canonical::new("countersign/signatures/v1")
            .number(1)
            .bytes(forged.signer.public().key_id().as_bytes())
            .bytes(&signature)
            .finish();
        let link = format!(
            "{{\"version\":1,\"sequence\":{sequence},\"previous\":\"{}\",\"body\":\"{}\",\"signatures\":\"{}\"}}",
            self.link_id(sequence - 1),
            hex::encode(digest),
            hex::encode(signatures),
        );
        let linked = dsse::digest(LINK_TYPE, link.as_bytes());
        let signature = forged.linker.raw(&linked).to_bytes().into();
        let link = envelope(LINK_TYPE, link.as_bytes(), forged.linker, &signature);
        self.0.push(String::new());
        let first_seen = seconds(1000).as_millis();
        self.put(sequence, &(forged.retouch)(body), &link, first_seen);
        self.announce(sequence + 1);
        self.announce_head(self.link_id(sequence));
    }
}

pub(super) fn envelope(kind: &str, payload: &[u8], signer: &Key, signature: &[u8; 64]) -> String {
    format!(
        "{{\"payloadType\":\"{kind}\",\"payload\":\"{}\",\"signatures\":[{{\"keyid\":\"{}\",\"sig\":\"{}\"}}]}}",
        STANDARD.encode(payload),
        signer.public().key_id(),
        STANDARD.encode(signature),
    )
}

/// The other signature that anybody can make of one: `n - s`.
pub(super) fn high_s(signature: [u8; 64]) -> [u8; 64] {
    let parsed = p256::ecdsa::Signature::from_slice(&signature).unwrap();
    let (r, s) = parsed.split_scalars();
    let turned = p256::ecdsa::Signature::from_scalars(r, -*s).unwrap();
    turned.to_bytes().into()
}

pub(super) fn same(signature: [u8; 64]) -> [u8; 64] {
    signature
}

pub(super) fn unchanged(text: String) -> String {
    text
}

/// A good body's payload after [`fill`], by officer 1.
pub(super) fn good_payload() -> String {
    String::from_utf8(next_body(500).envelope().payload().to_vec()).unwrap()
}

/// Each kind of forgery, what it is called, and the entry that is bad; none where the header is.
pub(super) fn forgeries(good: &Export) -> Vec<(&'static str, Vec<u8>, Option<u64>)> {
    let mut all = Vec::new();
    let mut case = |name, bad: Option<u64>, change: &dyn Fn(&mut Export)| {
        let mut export = good.clone();
        change(&mut export);
        all.push((name, export.sealed(), bad));
    };
    let drop = |export: &mut Export, sequence: usize| {
        export.0.remove(sequence + 1);
        export.announce(9);
    };
    case("dropped", Some(5), &|export| drop(export, 5));
    case("reordered", Some(3), &|export| export.0.swap(4, 5));
    case("doubled", Some(4), &|export| {
        export.0.insert(4, export.0[4].clone());
        export.announce(11);
    });
    case("cut, still announced", Some(9), &|export| {
        export.0.pop();
    });
    case("cut, head still announced", None, &|export| drop(export, 9));
    case("swapped signature", Some(6), &|export| {
        let sig = |envelope: &str| {
            let envelope: Value = serde_json::from_str(envelope).unwrap();
            envelope["signatures"][0]["sig"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let other = sig(&export.envelope(4, "body"));
        let own = sig(&export.envelope(6, "body"));
        export.retouch(6, "body", |envelope| envelope.replace(&own, &other));
    });
    case("swapped link signature", Some(6), &|export| {
        let digest = *export.link_id(6).as_bytes();
        let signature = machine_key(2).raw(&digest).to_bytes().into();
        let payload = export.payload(6, "link");
        let link = envelope(LINK_TYPE, payload.as_bytes(), &machine_key(1), &signature);
        export.retouch(6, "link", |_| link.clone());
    });
    case("a founder's signature taken away", Some(0), &|export| {
        export.retouch(0, "body", |envelope| {
            let (rest, _last) = envelope.rsplit_once(",{\"keyid\"").unwrap();
            rest.to_owned() + "]}"
        });
    });
    case("white space", Some(2), &|export| {
        export.retouch(2, "body", |envelope| envelope.replace("\":", "\": "));
    });
    case("trailing bytes", Some(2), &|export| {
        export.retouch(2, "link", |envelope| envelope + " ");
    });
    case("other base64", Some(2), &|export| {
        export.retouch(2, "body", |envelope| envelope.replace("==\"", "\""));
    });
    case("first seen before the one before", Some(4), &|export| {
        let line = &mut export.0[5];
        *line = line.replace(
            "\"first_seen\":1800000009000",
            "\"first_seen\":1800000006999",
        );
    });
    case("another treasury announced", None, &|export| {
        let treasury = treasury().to_string();
        export.0[0] = export.0[0].replace(&treasury, &"0".repeat(64));
    });
    all.extend(forged_entries(good));
    all
}

/// Entries that a forger, or an officer with a strange program, puts at the end.
fn forged_entries(good: &Export) -> Vec<(&'static str, Vec<u8>, Option<u64>)> {
    let (officer, machine, stranger) = (officer_key(1), machine_key(2), Key::new(0x77));
    let payload = good_payload();
    let entry = |payload: &str| Forged {
        payload: payload.as_bytes().to_vec(),
        signer: &officer,
        linker: &machine,
        turn: same,
        retouch: unchanged,
    };
    let mut of_machine: Value = serde_json::from_str(&payload).unwrap();
    of_machine["author"] = json!({ "machine": stranger.public().machine_id() });
    let with = |from: &str, to: &str| {
        let changed = payload.replacen(from, to, 1);
        assert_ne!(changed, payload, "{from}");
        changed
    };
    let cases = [
        (
            "forged author",
            Forged {
                signer: &stranger,
                ..entry(&payload)
            },
        ),
        (
            "forged link",
            Forged {
                linker: &stranger,
                ..entry(&payload)
            },
        ),
        (
            "link of the replaced machine",
            Forged {
                linker: &machine_key(1),
                ..entry(&payload)
            },
        ),
        (
            "freeze key on a proposal",
            Forged {
                signer: &freeze_key(1),
                ..entry(&payload)
            },
        ),
        (
            "high s",
            Forged {
                turn: high_s,
                ..entry(&payload)
            },
        ),
        (
            "unknown version",
            entry(&with("\"version\":1", "\"version\":2")),
        ),
        (
            "duplicate key",
            entry(&with("\"version\":1", "\"version\":1,\"version\":1")),
        ),
        (
            "unknown field",
            entry(&with("\"version\":1", "\"version\":1,\"more\":1")),
        ),
        ("unknown act", entry(&with("\"proposed\"", "\"minted\""))),
        (
            "another treasury",
            entry(&with(&treasury().to_string(), &"1".repeat(64))),
        ),
        (
            "payload with white space",
            entry(&with("\"version\":1", "\"version\": 1")),
        ),
        (
            "fields out of order",
            entry(&with("\"version\":1,\"treasury\"", "\"treasury\"")),
        ),
        (
            "unknown author",
            entry(&with(
                &officer_key(1).public().officer_id().to_string(),
                &stranger.public().officer_id().to_string(),
            )),
        ),
        ("a body twice", entry(&good.payload(4, "body"))),
        ("bytes after the payload", entry(&(payload.clone() + "{}"))),
        (
            "base64 with line breaks",
            Forged {
                retouch: |text| text.replacen("\"payload\":\"", "\"payload\":\"\\n", 1),
                ..entry(&payload)
            },
        ),
        (
            "another payload type",
            Forged {
                retouch: |text| text.replacen("entry.v1", "entry.v2", 1),
                ..entry(&payload)
            },
        ),
    ];
    let forge = |(name, forged): (&'static str, Forged<'_>)| {
        let mut export = good.clone();
        export.append(&forged);
        (name, export.sealed(), Some(FILLED))
    };
    cases.into_iter().map(forge).collect()
}

/// A good entry made by the forger's own tools, to know that the forgeries fail for their own reason.
pub(super) fn honest(good: &Export) -> Vec<u8> {
    let mut export = good.clone();
    export.append(&Forged {
        payload: good_payload().into_bytes(),
        signer: &officer_key(1),
        linker: &machine_key(2),
        turn: same,
        retouch: unchanged,
    });
    export.sealed()
}
