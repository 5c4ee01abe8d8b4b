//! Peers that write anything: what they write is taken, or named as what it breaks; and what is cut into pieces anywhere
//! means the same.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect ends there")]

use diglot_calls::frame::{Header, Type, WORKER_ID};
use diglot_calls::message::{CALL_ITEMS, CallHead};
use diglot_calls::preface::Preface;
use diglot_calls::{CALLS_MAX, Connection, Event, GRANTED_BYTES_MAX, Payload, Total, Violation, items};
use proptest::collection::vec;
use proptest::prelude::*;

fn broker() -> Connection<u32> {
    let mut broker = Connection::broker(1_000_000);
    broker.handle(&Preface { message_bytes_max: 0 }.encode()).unwrap();
    broker
}

/// Frames whose headers are right and whose payloads often are, on few calls.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let id = prop_oneof![0..4u32, (0..4u32).prop_map(|number| number | WORKER_ID)];
    let kind = (0..Type::ALL.len()).prop_map(|index| Type::ALL[index]);
    let payload = prop_oneof![
        vec(any::<u8>(), 0..40),
        (0..50u32, 0..100u32, 0..8u8).prop_map(|(total, window, flags)| {
            let mut payload = vec![];
            CallHead { total, window, flags, service: "s", function: "f", ..CallHead::default() }
                .encode(&mut payload);
            payload.extend(vec![0; total as usize]);
            payload
        }),
        (0..50u32).prop_map(|total| [total.to_le_bytes().to_vec(), vec![1; total as usize / 2]].concat()),
        (1..200u32).prop_map(|bytes| bytes.to_le_bytes().to_vec()),
        (1..5u8).prop_map(|reason| vec![reason]),
        Just(vec![]),
    ];
    (kind, any::<bool>(), id, payload).prop_map(|(kind, end, id, payload)| {
        let end = end || kind == Type::Throw;
        let mut frame = Header { length: payload.len(), kind, end, id }.encode().to_vec();
        frame.extend(payload);
        frame
    })
}

/// Everything that `bytes` mean, given in pieces of these lengths, until a rule is broken. DATA is put together again.
fn meanings(
    connection: &mut Connection<u32>,
    bytes: &[u8],
    pieces: &[usize],
) -> (Vec<String>, Option<Violation>) {
    let mut told: Vec<String> = vec![];
    let mut open_data = String::new();
    let (mut start, mut end) = (0, 0);
    let mut pieces = pieces.iter().copied().cycle();
    while end < bytes.len() {
        end = bytes.len().min(end + pieces.next().unwrap_or(usize::MAX).max(1));
        loop {
            let needs = connection.needs(&bytes[start..end]);
            match connection.handle(&bytes[start..end]) {
                Err(violation) => return (told, Some(violation)),
                Ok(None) => {
                    assert!(needs > end - start, "{needs} bytes are there");
                    break;
                }
                Ok(Some((count, event))) => {
                    start += count;
                    match event {
                        Some(Event::Data { id, bytes, end, .. }) => {
                            open_data += &format!("{id} {bytes:?}");
                            // Pieces of one frame cannot be told from frames.
                            open_data = open_data.replace(&format!("]{id} ["), ", ");
                            if end {
                                told.push(std::mem::take(&mut open_data) + " end");
                            }
                        }
                        Some(event) => {
                            told.push(std::mem::take(&mut open_data));
                            told.push(format!("{event:?}"));
                        }
                        None => {}
                    }
                }
            }
        }
    }
    told.push(open_data);
    told.retain(|told| !told.is_empty());
    (told, None)
}

fn begin(connection: &mut Connection<u32>) {
    let head = CallHead { window: 30, flags: CALL_ITEMS, ..CallHead::default() };
    for owner in 0..2 {
        connection.begin(owner, &head, Payload::Copied(b"")).unwrap().unwrap();
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..300)) {
        meanings(&mut broker(), &bytes, &[]);
        meanings(&mut Connection::worker(), &bytes, &[]);
    }

    #[test]
    fn any_frames_in_any_pieces(frames in vec(frame(), 0..30), pieces in vec(1..60usize, 1..10)) {
        let bytes = frames.concat();
        let (mut whole, mut cut) = (broker(), broker());
        begin(&mut whole);
        begin(&mut cut);
        prop_assert_eq!(meanings(&mut whole, &bytes, &[]), meanings(&mut cut, &bytes, &pieces));
        let open = whole.calls().count();
        prop_assert_eq!(open, whole.open_ours() + whole.open_theirs());
        prop_assert!(open <= 2 * CALLS_MAX);
    }

    #[test]
    fn items_in_any_pieces(sizes in vec(0..300usize, 0..40), pieces in vec(1..200usize, 1..10)) {
        let items: Vec<Vec<u8>> = sizes.iter().map(|size| vec![*size as u8; *size]).collect();
        let mut bytes = vec![];
        for item in &items {
            bytes.extend((item.len() as u32).to_le_bytes());
            bytes.extend(item);
        }
        let mut splitter = items::Items::new(300);
        let mut got = vec![];
        let (mut rest, mut pieces) = (bytes.as_slice(), pieces.iter().cycle());
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(rest.len().min(*pieces.next().unwrap()));
            splitter.push(piece, |item| got.push(item.to_vec())).unwrap();
            rest = more;
        }
        prop_assert!(splitter.is_whole());
        prop_assert_eq!(got, items);
    }
}

#[test]
fn an_item_too_large() {
    let mut splitter = items::Items::new(10);
    splitter.push(b"\x0A\0", |_| panic!("no item yet")).unwrap();
    assert!(!splitter.is_whole());
    splitter.push(b"\0\0", |_| panic!("no item yet")).unwrap();
    splitter.push(b"0123456789", |item| assert_eq!(item, b"0123456789")).unwrap();
    assert!(splitter.push(b"\x0B\0\0\0", |_| panic!("too large")).is_err());
}

#[test]
fn data_can_be_received_past_the_buffer() {
    let mut broker = broker();
    begin(&mut broker);
    let mut bytes = Header { length: 8, kind: Type::Return, end: false, id: 1 }.encode().to_vec();
    bytes.extend(20u32.to_le_bytes());
    bytes.extend(b"0123");
    bytes.extend(Header { length: 16, kind: Type::Data, end: true, id: 1 }.encode());
    let mut at = 0;
    while let Some((count, _)) = broker.handle(&bytes[at..]).unwrap() {
        at += count;
    }
    assert_eq!(at, bytes.len());
    assert_eq!(broker.expected(), Some((1, 16)));
    assert_eq!(broker.received(10), Some(Event::Data { id: 1, owner: 0, bytes: b"", end: false }));
    assert_eq!(broker.expected(), Some((1, 6)));
    let rest = broker.handle(b"abcdef").unwrap();
    assert_eq!(rest, Some((6, Some(Event::Data { id: 1, owner: 0, bytes: b"abcdef", end: true }))));
    assert!(!broker.is_open(1));
}

#[test]
fn a_worker_never_grants_too_much_by_its_windows() {
    let mut worker = Connection::<u32>::worker();
    let mut broker = broker();
    let head = CallHead { window: 100_000_000, ..CallHead::default() };
    for _ in 0..5 {
        worker.begin(0, &head, Payload::Copied(b"")).unwrap().unwrap();
    }
    assert_eq!(worker.grantable(), 0);
    let bytes = worker.output().first()[16..].to_vec();
    let (told, violation) = meanings(&mut broker, &bytes, &[]);
    assert_eq!((told.len(), violation), (5, None));
    assert_eq!(broker.room(WORKER_ID | 3), (GRANTED_BYTES_MAX - 200_000_000) as usize);
    broker.answer(WORKER_ID | 1, Total::Message(0), Payload::Copied(b""), true);
    let bytes = broker.output().first()[16..].to_vec();
    worker.handle(&Preface { message_bytes_max: 5 }.encode()).unwrap();
    worker.handle(&bytes).unwrap();
    assert_eq!(worker.grantable(), 100_000_000);
}

#[test]
fn as_many_calls_as_may_be() {
    let mut worker = Connection::<u32>::worker();
    let mut broker = broker();
    let head = CallHead::default();
    for _ in 0..CALLS_MAX {
        worker.begin(0, &head, Payload::Copied(b"")).unwrap().unwrap();
    }
    assert_eq!(worker.begin(0, &head, Payload::Copied(b"")), Ok(None));
    let mut bytes = vec![];
    while !worker.output().is_empty() {
        let first = worker.output().first().to_vec();
        worker.output().sent(first.len());
        bytes.extend(first);
    }
    let (told, violation) = meanings(&mut broker, &bytes[16..], &[]);
    assert_eq!((told.len(), violation), (CALLS_MAX, None));
    let mut one_more =
        Header { length: 20, kind: Type::Call, end: true, id: WORKER_ID | (CALLS_MAX as u32 + 1) }
            .encode()
            .to_vec();
    one_more.extend([0; 20]);
    assert!(matches!(broker.handle(&one_more), Err(Violation::TooManyCalls { .. })));
}
