//! Response heads and the fields of workers.

use diglot_front::h1::{
    FieldScratch, HeadOptions, RequestFacts, ResponseFraming, Rule, SimpleResponse, Version, WorkerFields,
    frame_response, write_head, write_informational, write_simple,
};

const DATE: &[u8; 29] = b"Sun, 06 Nov 1994 08:49:37 GMT";
const FIELDS_MAX: usize = 100;

const OPTIONS: HeadOptions<'static> = HeadOptions {
    status: 200,
    reason: None,
    framing: ResponseFraming::ContentLength(5),
    version: Version::Http11,
    keep_alive: true,
    date: Some(DATE),
};

/// Writes a head and gives it with the word on the connection. Dates are written `Date: *`.
fn head(options: &HeadOptions<'_>, fields: &str) -> (String, bool) {
    let (mut out, mut scratch) = (Vec::new(), FieldScratch::default());
    let fields = WorkerFields::parse(fields.as_bytes(), &mut scratch, FIELDS_MAX).unwrap();
    let lives_on = write_head(&mut out, options, &fields);
    let text = String::from_utf8(out).unwrap();
    (text.replace(std::str::from_utf8(DATE).unwrap(), "*"), lives_on)
}

#[test]
fn fields_pass_as_they_came_and_the_rest_is_added() {
    let (text, lives_on) = head(&OPTIONS, "X-b: 1\r\nx-B:2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n");
    let expected = "HTTP/1.1 200 OK\r\nX-b: 1\r\nx-B:2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\
                    Date: *\r\nContent-Length: 5\r\n\r\n";
    assert_eq!((text.as_str(), lives_on), (expected, true));
}

#[test]
fn what_the_application_gave_is_not_added_again() {
    let (text, _) = head(&HeadOptions { date: None, ..OPTIONS }, "");
    assert_eq!(text, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    let (text, _) = head(&OPTIONS, "content-length: 5\r\ndate: then\r\n");
    assert_eq!(text, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ndate: then\r\n\r\n");
}

#[test]
fn fields_of_the_worker_s_connection_stay_behind() {
    let fields = "Connection: keep-alive, X-Secret\r\nKeep-Alive: timeout=5\r\nX-Secret: s\r\nA: b\r\n\
                  Transfer-Encoding: chunked\r\nUpgrade: x\r\nProxy-Connection: y\r\n";
    let (text, lives_on) = head(&HeadOptions { framing: ResponseFraming::Chunked, ..OPTIONS }, fields);
    let expected = "HTTP/1.1 200 OK\r\nA: b\r\nDate: *\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!((text.as_str(), lives_on), (expected, true));
}

#[test]
fn a_length_that_is_not_the_framing_s_stays_behind() {
    for framing in [ResponseFraming::NoBody, ResponseFraming::Close] {
        let (text, _) = head(&HeadOptions { framing, ..OPTIONS }, "A: b\r\nContent-Length: 9\r\nC: d\r\n");
        assert!(text.starts_with("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\nDate: *\r\n"), "{text}");
        assert!(!text.contains("ength"), "{text}");
    }
    let (text, _) =
        head(&HeadOptions { framing: ResponseFraming::NoBodyLength(9), ..OPTIONS }, "Content-Length: 9\r\n");
    assert!(text.contains("Content-Length: 9\r\n"), "{text}");
}

#[test]
fn connections_live_on_where_everybody_agrees() {
    let close = ResponseFraming::Close;
    let http10 = Version::Http10;
    for (options, fields, line, expected) in [
        (OPTIONS, "", "", true),
        (HeadOptions { keep_alive: false, ..OPTIONS }, "", "Connection: close\r\n", false),
        (OPTIONS, "connection: Close\r\n", "Connection: close\r\n", false),
        (HeadOptions { version: http10, ..OPTIONS }, "", "Connection: keep-alive\r\n", true),
        (HeadOptions { version: http10, framing: close, ..OPTIONS }, "", "Connection: close\r\n", false),
        (HeadOptions { status: 426, ..OPTIONS }, "Upgrade: h2\r\n", "Connection: Upgrade\r\n", true),
    ] {
        let (text, lives_on) = head(&options, fields);
        let connection = text.find("Connection").map_or("", |at| &text[at..text.len() - 2]);
        assert_eq!((connection, lives_on), (line, expected), "{options:?} {fields}");
    }
}

#[test]
fn a_switch_of_protocols_keeps_its_fields() {
    let options = HeadOptions { status: 101, framing: ResponseFraming::NoBody, ..OPTIONS };
    let (text, _) =
        head(&options, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n");
    let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\
                    Date: *\r\nConnection: Upgrade\r\n\r\n";
    assert_eq!(text, expected);
}

#[test]
fn reasons_and_rare_codes() {
    for (status, reason, line) in [
        (418, None, "HTTP/1.1 418 I'm a Teapot\r\n"),
        (599, None, "HTTP/1.1 599 \r\n"),
        (200, Some(&b"Fine"[..]), "HTTP/1.1 200 Fine\r\n"),
        (999, Some(&b""[..]), "HTTP/1.1 999 \r\n"),
    ] {
        assert!(head(&HeadOptions { status, reason, ..OPTIONS }, "").0.starts_with(line), "{status}");
    }
}

#[test]
fn interim_responses_carry_only_their_fields() {
    let (mut out, mut scratch) = (Vec::new(), FieldScratch::default());
    let text = b"Link: </a.css>; rel=preload\r\nContent-Length: 3\r\nConnection: close\r\n";
    write_informational(&mut out, 103, &WorkerFields::parse(text, &mut scratch, FIELDS_MAX).unwrap());
    write_informational(&mut out, 100, &WorkerFields::EMPTY);
    let expected =
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn answers_of_the_server_itself() {
    let response = SimpleResponse {
        status: 503,
        sentence: "The service has no worker left; try again shortly.",
        retry_after_s: Some(3),
        is_head: false,
        version: Version::Http11,
        keep_alive: false,
        date: DATE,
    };
    let mut out = Vec::new();
    write_simple(&mut out, &response);
    let head = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 51\r\n\
                Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 3\r\nConnection: close\r\n\r\n";
    let written = String::from_utf8(out.clone()).unwrap();
    assert_eq!(written, format!("{head}The service has no worker left; try again shortly.\n"));
    out.clear();
    write_simple(&mut out, &SimpleResponse { is_head: true, ..response });
    assert_eq!(String::from_utf8(out).unwrap(), head);
}

#[test]
fn fields_no_server_may_send_are_an_error() {
    use Rule::*;
    for (text, rule) in [
        ("A: b", LineCut),
        ("A: b\r", LineCut),
        ("A", LineCut),
        ("A: b\n", BareLf),
        ("A: b\rC: d\r\n", BareCr),
        ("A: b\0\r\n", ValueByte),
        ("A: b\r\n c\r\n", ObsFold),
        (" A: b\r\n", LeadingSpace),
        ("A : b\r\n", SpaceBeforeColon),
        (": b\r\n", NameEmpty),
        ("A\r\n", ColonMissing),
        ("\u{c4}: b\r\n", NameByte),
        ("A: b\r\n\r\n", NameEmpty),
        ("A: b\r\n\r\nC: d\r\n", NameEmpty),
        ("Content-Length: 1\r\nContent-Length: 1\r\n", LengthDuplicate),
        ("Content-Length: 1, 1\r\n", LengthInvalid),
        ("Transfer-Encoding: gzip, chunked\r\n", TransferEncodingUnsupported),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", TransferEncodingDuplicate),
    ] {
        let fault =
            WorkerFields::parse(text.as_bytes(), &mut FieldScratch::default(), FIELDS_MAX).unwrap_err();
        assert_eq!(fault, rule, "{text:?}");
    }
    let many = "A: b\r\n".repeat(FIELDS_MAX + 1);
    let mut scratch = FieldScratch::default();
    assert_eq!(WorkerFields::parse(many.as_bytes(), &mut scratch, FIELDS_MAX).unwrap_err(), TooManyFields);
    let greedy = format!("Connection: {}\r\n", "x,".repeat(1000));
    assert_eq!(
        WorkerFields::parse(greedy.as_bytes(), &mut scratch, FIELDS_MAX).unwrap_err(),
        ConnectionTooLong
    );
}

#[test]
fn trailers_of_workers_are_checked() {
    let mut scratch = FieldScratch::default();
    let trailers = WorkerFields::parse_trailers(b"X-Sum: 1\r\n", &mut scratch, FIELDS_MAX).unwrap();
    assert_eq!(trailers.text(), b"X-Sum: 1\r\n");
    let fault = WorkerFields::parse_trailers(b"Content-Length: 1\r\n", &mut scratch, FIELDS_MAX).unwrap_err();
    assert_eq!(fault, Rule::TrailerForbidden);
}

/// A Transfer-Encoding of the application's own says that the declared length is not to be believed.
#[test]
fn a_transfer_encoding_outweighs_a_length() {
    let (mut out, mut scratch) = (Vec::new(), FieldScratch::default());
    let text = b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n";
    let fields = WorkerFields::parse(text, &mut scratch, FIELDS_MAX).unwrap();
    let request =
        RequestFacts { is_head: false, is_connect: false, version: Version::Http11, keep_alive: true };
    let framing = frame_response(request, 200, fields.content_length(), None);
    assert_eq!(framing, ResponseFraming::Chunked);
    write_head(&mut out, &HeadOptions { framing, ..OPTIONS }, &fields);
    let written = String::from_utf8(out).unwrap();
    assert!(!written.contains("Content-Length") && written.matches("chunked").count() == 1, "{written}");
}
