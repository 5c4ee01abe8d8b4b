//! Texts of one sequence of bytes each, good and bad (the Autobahn test suite's sections 6.3 to 6.23): judged in one
//! frame and in one frame a byte, compressed and not, and the bad ones at the first byte that makes them bad.

use diglot_front::websocket::{Fault, Kind, Limits};

use crate::connection::{Connection, Seen, drive};
use crate::peer::{compress, frame};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const GOOD: &[&[u8]] = &[
    b"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!",
    // The first and the last character of each length, and those around the surrogates.
    b"\x00",
    b"\x7f",
    b"\xc2\x80",
    b"\xdf\xbf",
    b"\xe0\xa0\x80",
    b"\xed\x9f\xbf",
    b"\xee\x80\x80",
    b"\xef\xbf\xbd",
    b"\xef\xbf\xbf",
    b"\xf0\x90\x80\x80",
    b"\xf4\x8f\xbf\xbf",
    // Characters that are none, but may be written.
    b"\xef\xb7\x90",
    b"\xef\xbf\xbe",
    b"\xf0\x9f\xbf\xbe",
    b"\xf1\x8f\xbf\xbf",
    b"\xf3\xbf\xbf\xbe",
];

const BAD: &[&[u8]] = &[
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    b"\xce\xba\xe1\xbd\xb9\xf4\x90\x80\x80edited",
    // Above the last character, and of five and six bytes.
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xf7\xbf\xbf\xbf",
    b"\xf8\x88\x80\x80\x80",
    b"\xfb\xbf\xbf\xbf\xbf",
    b"\xfc\x84\x80\x80\x80\x80",
    b"\xfd\xbf\xbf\xbf\xbf\xbf",
    b"\xfe",
    b"\xff",
    b"\xfe\xfe\xff\xff",
    // Continuations alone.
    b"\x80",
    b"\xbf",
    b"\x80\xbf\x80\xbf",
    b"a\x80",
    // Beginnings alone.
    b"\xc2 ",
    b"\xdf \xde ",
    b"\xe0 ",
    b"\xe1\x80 ",
    b"\xf0\x90 ",
    b"\xf0\x90\x80 ",
    b"\xce\xce",
    // Written in more bytes than needed.
    b"\xc0\xaf",
    b"\xc1\xbf",
    b"\xe0\x80\xaf",
    b"\xe0\x9f\xbf",
    b"\xf0\x80\x80\xaf",
    b"\xf0\x8f\xbf\xbf",
    b"\xc0\x80",
    // Surrogates, alone and in pairs.
    b"\xed\xa0\x80",
    b"\xed\xad\xbf",
    b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xed\xaf\xbf\xed\xbf\xbf",
];

/// Good so far, but nothing may end here.
const CUT: &[&[u8]] =
    &[b"\xce", b"\xe1\xbd", b"\xf0\x90\x80", b"\xed\x9f", b"a\xf4\x8f\xbf", b"\xce\xba\xe1\xbd\xb9\xcf"];

/// The same text in one frame, in one a byte, and in each compressed.
fn forms(text: &[u8]) -> Vec<(bool, Vec<u8>)> {
    let mut forms = Vec::new();
    for (deflate, rsv1, payload) in [(false, 0, text.to_vec()), (true, 0x40, compress(text, 6, 15))] {
        forms.push((deflate, frame(0x81 | rsv1, KEY, &payload)));
        let mut frames = Vec::new();
        for (at, byte) in payload.iter().enumerate() {
            let first = if at == 0 { 0x01 | rsv1 } else { 0 };
            frames.extend(frame(first, KEY, &[*byte]));
        }
        frames.extend(frame(0x80, KEY, b""));
        forms.push((deflate, frames));
    }
    forms
}

#[test]
fn texts_are_judged_in_all_forms() {
    let texts = [(GOOD, true), (BAD, false), (CUT, false)];
    for (text, is_good) in
        texts.into_iter().flat_map(|(list, is_good)| list.iter().map(move |text| (text, is_good)))
    {
        let expected =
            if is_good { Seen::Message(Kind::Text, text.to_vec()) } else { Seen::Fault(Fault::TextUtf8) };
        for (deflate, sent) in forms(text) {
            for room in [1, usize::MAX] {
                let seen = drive(sent.chunks(1), deflate, room, &Limits::default());
                assert_eq!(
                    seen,
                    std::slice::from_ref(&expected),
                    "{}, compressed: {deflate}",
                    text.escape_ascii()
                );
            }
        }
    }
}

#[test]
fn the_first_wrong_byte_is_the_last_one_read() {
    for text in BAD {
        let wrong = (0..text.len())
            .find(|&at| std::str::from_utf8(&text[..=at]).is_err_and(|error| error.error_len().is_some()));
        let wrong = wrong.expect("a byte makes it wrong");
        // Much more is announced than comes.
        let header = [&[0x81, 0x80 | 126, 0x10, 0x00][..], &KEY].concat();
        let mut connection = Connection::new(false, &Limits::default());
        assert!(connection.push(&header, usize::MAX));
        for (at, byte) in text.iter().enumerate().take(wrong + 1) {
            let goes_on = connection.push(&[byte ^ KEY[at % 4]], usize::MAX);
            assert_eq!(goes_on, at < wrong, "{} at {at}", text.escape_ascii());
        }
        assert_eq!(connection.seen, [Seen::Fault(Fault::TextUtf8)]);
    }
}

#[test]
fn close_codes_are_those_that_may_be_sent() {
    let mut accepted = Vec::new();
    for code in 0..=u16::MAX {
        let sent = frame(0x88, KEY, &code.to_be_bytes());
        match &drive([&sent[..]], false, 0, &Limits::default())[..] {
            [Seen::Close(Some(read), reason)] if *read == code && reason.is_empty() => accepted.push(code),
            [Seen::Fault(Fault::CloseCodeInvalid)] => {}
            other => panic!("{code}: {other:?}"),
        }
    }
    let expected: Vec<u16> = (1000..=1003).chain(1007..=1014).chain(3000..=4999).collect();
    assert_eq!(accepted, expected);
}
