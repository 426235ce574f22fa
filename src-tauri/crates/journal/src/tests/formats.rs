//! What is on disk is pinned: a change of format shows here before it meets a customer's journal.

use insta::assert_snapshot;

use super::forge::Export;
use super::support::*;
use crate::{Anchor, database};

#[test]
fn the_envelope_of_a_body_is_pinned() {
    let founding = founding();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert_snapshot!("founding", text(founding.envelope().payload()));
    assert_snapshot!("founding_envelope", text(founding.envelope().as_bytes()));
    assert_snapshot!("founding_id", founding.id());
}

#[tokio::test]
async fn the_envelope_of_a_link_is_pinned() {
    let export = Export::filled().await;
    assert_snapshot!("link", export.payload(1, "link"));
    assert_snapshot!("link_envelope", export.envelope(1, "link"));
    assert_snapshot!("link_id", export.link_id(1));
}

#[tokio::test]
async fn the_export_is_pinned() {
    let bytes = Export::filled().await.sealed();
    assert_snapshot!("export", String::from_utf8(bytes).unwrap());
}

#[tokio::test]
async fn the_anchor_is_pinned() {
    let home = Home::filled().await;
    assert_snapshot!("anchor", home.anchors.get().unwrap());
    assert_eq!(Anchor::Empty.to_text().unwrap(), r#""empty""#);
    let longest = Anchor::parse(&home.anchors.get().unwrap()).unwrap();
    assert!(longest.to_text().unwrap().len() < 1000);
}

#[tokio::test]
async fn the_schema_is_pinned() {
    let home = Home::filled().await;
    let mut connection = database::open(&home.path()).await.unwrap();
    let schema: Vec<(String,)> = sqlx::query_as(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY name",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let schema: Vec<String> = schema.into_iter().map(|(sql,)| sql).collect();
    assert_snapshot!("schema", schema.join("\n\n"));
}
