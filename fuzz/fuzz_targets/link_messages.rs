//! The lesser payloads of any parts: what is encoded is decoded as the same.
#![no_main]

use arbitrary::Arbitrary;
use diglot_link::frame::{ABOARD_BYTES_MAX, CLOSE_BYTES_MAX, MESSAGE_BYTES_MAX, OPEN_BYTES_MAX};
use diglot_link::message::{self, CancelReason, Close, Interface, Open, Ready, Response};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Message<'a> {
    Open { tls: bool, peer: &'a str, peer_port: u16, local: &'a str, local_port: u16 },
    Ready { interface: u8, runtime: &'a str },
    Response { status: u16, lines: &'a [u8], body: &'a [u8] },
    Cancel(u8),
    Close { code: u16, reason: &'a str },
    Credit(u32),
}

fuzz_target!(|message: Message<'_>| {
    let mut out = vec![];
    match message {
        Message::Open { tls, peer, peer_port, local, local_port } => {
            let open = Open { tls, peer, peer_port, local, local_port };
            open.encode(&mut out);
            assert!(out.len() <= OPEN_BYTES_MAX);
            let decoded = Open::decode(&out).expect("its own payload");
            assert!(peer.starts_with(decoded.peer) && local.starts_with(decoded.local));
            assert!(peer.len() > message::ADDRESS_BYTES_MAX || decoded.peer == peer);
        }
        Message::Ready { interface, runtime } => {
            let interfaces = [Interface::Asgi, Interface::Wsgi, Interface::Http, Interface::Fetch];
            let ready = Ready { interface: interfaces[usize::from(interface % 4)], runtime };
            ready.encode(&mut out);
            assert!(out.len() <= MESSAGE_BYTES_MAX);
            let decoded = Ready::decode(&out).expect("its own payload");
            assert_eq!(decoded.interface, ready.interface);
            assert!(runtime.starts_with(decoded.runtime));
        }
        Message::Response { status, lines, body } => {
            Response::encode_fixed(&mut out, status, lines.len());
            out.extend_from_slice(lines);
            out.extend_from_slice(body);
            let right = Response { status, fields: lines, body };
            let is_final = message::is_final(status) && body.len() <= ABOARD_BYTES_MAX;
            assert_eq!(Response::decode(&out).ok(), is_final.then_some(right));
            let is_interim = message::is_interim(status) && body.is_empty();
            assert_eq!(Response::decode_inform(&out).ok(), is_interim.then_some(right));
        }
        Message::Cancel(number) => {
            assert_eq!(CancelReason::decode(&[number]).ok(), CancelReason::from_number(number));
        }
        Message::Close { code, reason } => {
            Close { code, reason }.encode(&mut out);
            assert!(out.len() <= CLOSE_BYTES_MAX);
            match Close::decode(&out) {
                Ok(close) => assert!(close.code == code && reason.starts_with(close.reason)),
                Err(_) => assert!(!Close::is_sendable(code) && !matches!(code, 1005 | 1006)),
            }
        }
        Message::Credit(bytes) => {
            assert_eq!(message::decode_credit(&bytes.to_le_bytes()).is_ok(), bytes > 0);
        }
    }
});
