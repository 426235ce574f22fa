use std::time::Duration;

use domain::{SeatId, SessionId};
use tokio::time::timeout;

use super::*;

fn seat(number: u16) -> SeatId {
    SeatId::new(number).unwrap()
}

fn session(number: u8) -> SessionId {
    SessionId::from_bytes([number; 32])
}

fn pair(hub: &Hub, of: u8) -> (HubPort, HubPort) {
    let join = |number| hub.join(session(of), seat(number)).unwrap();
    (join(1), join(2))
}

/// What has arrived, until nothing more does.
async fn drain(port: &mut HubPort) -> Vec<(u16, Vec<u8>)> {
    let mut all = Vec::new();
    while let Ok(Ok(message)) = timeout(Duration::from_millis(20), port.recv()).await {
        all.push((message.from.get(), message.bytes.to_vec()));
    }
    all
}

#[tokio::test]
async fn messages_arrive_in_order_and_stamped_with_their_sender() {
    let hub = Hub::new();
    let (one, mut two) = pair(&hub, 7);
    let three = hub.join(session(7), seat(3)).unwrap();
    one.send(seat(2), vec![1]).await.unwrap();
    three.send(seat(2), vec![2]).await.unwrap();
    one.send(seat(2), vec![3]).await.unwrap();
    assert_eq!(
        drain(&mut two).await,
        [(1, vec![1]), (3, vec![2]), (1, vec![3])]
    );
}

#[tokio::test]
async fn what_is_sent_before_the_receiver_joins_waits_for_it() {
    let hub = Hub::new();
    let one = hub.join(session(7), seat(1)).unwrap();
    one.send(seat(2), vec![1]).await.unwrap();
    let mut two = hub.join(session(7), seat(2)).unwrap();
    assert_eq!(drain(&mut two).await, [(1, vec![1])]);
}

#[tokio::test]
async fn a_waiting_receiver_is_woken_by_a_message_and_by_the_end() {
    let hub = Hub::new();
    let (one, mut two) = pair(&hub, 7);
    let waiting = tokio::spawn(async move { (two.recv().await, two.recv().await) });
    tokio::task::yield_now().await;
    one.send(seat(2), vec![9]).await.unwrap();
    tokio::task::yield_now().await;
    hub.close(session(7));
    let (first, second) = timeout(Duration::from_secs(5), waiting)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first.unwrap().bytes.as_slice(), [9]);
    assert_eq!(second.unwrap_err(), Closed);
}

#[tokio::test]
async fn a_seat_joins_a_session_once_even_after_it_left() {
    let hub = Hub::new();
    let (one, two) = pair(&hub, 7);
    assert_eq!(
        hub.join(session(7), seat(1)).err(),
        Some(JoinError::Taken(seat(1)))
    );
    drop(two);
    assert_eq!(
        hub.join(session(7), seat(2)).err(),
        Some(JoinError::Taken(seat(2)))
    );
    assert_eq!(
        one.send(seat(2), vec![1]).await,
        Err(SendError::Left(seat(2)))
    );
    assert!(hub.join(session(8), seat(1)).is_ok());
}

#[tokio::test]
async fn an_ended_session_takes_and_gives_nothing_more() {
    let hub = Hub::new();
    let (one, mut two) = pair(&hub, 7);
    one.send(seat(2), vec![1]).await.unwrap();
    hub.close(session(7));
    assert_eq!(two.recv().await.unwrap_err(), Closed);
    assert_eq!(
        one.send(seat(2), vec![1]).await,
        Err(SendError::Closed(Closed))
    );
    assert_eq!(hub.join(session(7), seat(3)).err(), Some(JoinError::Closed));
}

#[tokio::test]
async fn sessions_do_not_mix() {
    let hub = Hub::new();
    let (one, _two) = pair(&hub, 7);
    let (_other_one, mut other_two) = pair(&hub, 8);
    one.send(seat(2), vec![1]).await.unwrap();
    assert_eq!(drain(&mut other_two).await, []);
}

#[tokio::test]
async fn sizes_and_queues_are_bounded_per_sender() {
    let hub = Hub::new();
    let (one, mut two) = pair(&hub, 7);
    let three = hub.join(session(7), seat(3)).unwrap();
    assert_eq!(
        one.send(seat(2), vec![0; MAX_MESSAGE + 1]).await,
        Err(SendError::TooLarge(MAX_MESSAGE + 1))
    );
    assert_eq!(
        one.send(seat(1), vec![0]).await,
        Err(SendError::ToItself(seat(1)))
    );
    for _ in 0..MAX_WAITING {
        one.send(seat(2), vec![0; MAX_MESSAGE]).await.unwrap();
    }
    assert_eq!(
        one.send(seat(2), vec![0]).await,
        Err(SendError::Full(seat(2)))
    );
    // A flood from one seat leaves room for the others.
    three.send(seat(2), vec![3]).await.unwrap();
    assert_eq!(drain(&mut two).await.len(), MAX_WAITING + 1);
    one.send(seat(2), vec![1]).await.unwrap();
}

#[tokio::test]
async fn a_cancelled_receive_loses_nothing() {
    let hub = Hub::new();
    let (one, mut two) = pair(&hub, 7);
    assert!(timeout(Duration::from_millis(5), two.recv()).await.is_err());
    one.send(seat(2), vec![1]).await.unwrap();
    assert_eq!(drain(&mut two).await, [(1, vec![1])]);
}

#[test]
fn messages_show_no_bytes() {
    let message = Message {
        from: seat(1),
        bytes: vec![0xAB; 4].into(),
    };
    let shown = format!("{message:?}");
    assert!(shown.contains("<redacted>"), "{shown}");
    assert!(!shown.contains("171"), "{shown}");
}

/// Sends 1, 2, 3 from seat 1 to seat 2 and gives what arrives.
async fn through(tamper: Tamper) -> Vec<u8> {
    let hub = Hub::with_tamper(tamper);
    let (one, mut two) = pair(&hub, 7);
    for byte in 1..=3 {
        one.send(seat(2), vec![byte]).await.unwrap();
    }
    drain(&mut two)
        .await
        .into_iter()
        .flat_map(|(_, bytes)| bytes)
        .collect()
}

#[tokio::test]
async fn a_lying_relay_drops_doubles_reorders_and_corrupts() {
    let second = |letter: &Letter| letter.bytes() == [2];
    assert_eq!(through(Tamper::drop(second)).await, [1, 3]);
    assert_eq!(through(Tamper::duplicate(second)).await, [1, 2, 2, 3]);
    assert_eq!(through(Tamper::reorder(second)).await, [1, 3, 2]);
    assert_eq!(
        through(Tamper::corrupt(second, |bytes| bytes.push(9))).await,
        [1, 2, 9, 3]
    );
}

#[tokio::test]
async fn a_lying_relay_replays_an_earlier_session() {
    let hub = Hub::with_tamper(Tamper::replay(|_| true));
    let (one, mut two) = pair(&hub, 7);
    one.send(seat(2), vec![1]).await.unwrap();
    assert_eq!(drain(&mut two).await, [(1, vec![1])]);
    let (one, mut two) = pair(&hub, 8);
    one.send(seat(2), vec![2]).await.unwrap();
    assert_eq!(drain(&mut two).await, [(1, vec![1]), (1, vec![2])]);
}
