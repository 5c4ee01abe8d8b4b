//! What a request head says besides being valid.

use diglot_front::h1::{
    BodyFraming, Limits, RequestHead, Rule, Scratch, Status, TargetForm, Version, parse_request,
};

/// Reads a head that must be whole and valid, and looks at it.
fn check<R>(text: &str, look: impl FnOnce(&RequestHead<'_>) -> R) -> R {
    let mut scratch = Scratch::new();
    match parse_request(text.as_bytes(), &mut scratch, &Limits::default()) {
        Ok(Status::Complete(head)) => look(&head),
        other => panic!("{text:?}: {other:?}"),
    }
}

fn text(bytes: Option<&[u8]>) -> Option<&str> {
    bytes.map(|bytes| std::str::from_utf8(bytes).unwrap())
}

#[test]
fn fields_keep_case_order_and_duplicates() {
    let head = "GET / HTTP/1.1\r\nHOST: a\r\nx-B:  1 \r\nX-b:\t2\t\r\nCookie: a=b\r\nE:\r\n\r\n";
    check(head, |head| {
        let fields: Vec<_> = head.headers.iter().map(|f| (text(Some(f.name)), text(Some(f.value)))).collect();
        let expected = [("HOST", "a"), ("x-B", "1"), ("X-b", "2"), ("Cookie", "a=b"), ("E", "")];
        assert_eq!(fields, expected.map(|(name, value)| (Some(name), Some(value))));
        for field in head.headers {
            assert_eq!(field.id, diglot_link::names::id_of(field.name));
        }
        assert_eq!(text(head.headers.get("X-B")), Some("1"));
    });
}

#[test]
fn targets_are_split() {
    for (request_line, form, path, path_start, query, authority) in [
        ("GET /a/b?c=d?e", TargetForm::Origin, "/a/b", 0, Some("c=d?e"), "h"),
        ("GET /?", TargetForm::Origin, "/", 0, Some(""), "h"),
        ("GET //x", TargetForm::Origin, "//x", 0, None, "h"),
        ("GET http://h", TargetForm::Absolute, "/", 8, None, "h"),
        ("GET http://h?q", TargetForm::Absolute, "/", 8, Some("q"), "h"),
        ("GET http://h:80/a?q", TargetForm::Absolute, "/a", 11, Some("q"), "h:80"),
        ("OPTIONS *", TargetForm::Asterisk, "", 0, None, "h"),
    ] {
        check(&format!("{request_line} HTTP/1.1\r\nHost: h\r\n\r\n"), |head| {
            assert_eq!(head.form, form, "{request_line}");
            assert_eq!(text(Some(head.path)), Some(path), "{request_line}");
            assert_eq!(head.path_start, path_start, "{request_line}");
            assert_eq!(text(head.query), query, "{request_line}");
            assert_eq!(text(head.authority), Some(authority), "{request_line}");
            assert_eq!(text(Some(head.target)), request_line.split(' ').nth(1));
        });
    }
    check("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", |head| {
        assert_eq!((head.form, head.path, head.keep_alive), (TargetForm::Authority, &b""[..], false));
    });
    check("GET / HTTP/1.0\r\n\r\n", |head| assert_eq!(head.authority, None));
}

#[test]
fn persistence_follows_section_9_3() {
    for (version, connection, expected) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: keep-alive, CLOSE\r\n", false),
        ("1.1", "Connection: a\r\nConnection: close\r\n", false),
        ("1.1", "Connection: closed\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: keep-alive\r\n", true),
        ("1.0", "Connection: close, keep-alive\r\n", false),
    ] {
        check(&format!("GET / HTTP/{version}\r\nHost: h\r\n{connection}\r\n"), |head| {
            assert_eq!(head.keep_alive, expected, "{version} {connection}");
        });
    }
}

#[test]
fn expectations_count_where_content_follows() {
    for (version, fields, expected) in [
        ("1.1", "Expect: 100-Continue\r\nContent-Length: 1\r\n", true),
        ("1.1", "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", true),
        ("1.1", "Expect: 100-continue\r\nContent-Length: 0\r\n", false),
        ("1.1", "Expect: 100-continue\r\n", false),
        ("1.1", "Expect: something\r\nContent-Length: 1\r\n", false),
        ("1.0", "Expect: 100-continue\r\nContent-Length: 1\r\n", false),
    ] {
        check(&format!("POST / HTTP/{version}\r\nHost: h\r\n{fields}\r\n"), |head| {
            assert_eq!(head.expect_continue, expected, "{version} {fields}");
        });
    }
}

#[test]
fn upgrades_need_both_fields() {
    for (version, fields, expected) in [
        ("1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n", true),
        ("1.1", "Upgrade: websocket\r\n", false),
        ("1.1", "Connection: upgrade\r\n", false),
        ("1.0", "Connection: upgrade\r\nUpgrade: websocket\r\n", false),
    ] {
        check(&format!("GET / HTTP/{version}\r\nHost: h\r\n{fields}\r\n"), |head| {
            assert_eq!(head.upgrade, expected, "{version} {fields}");
        });
    }
}

#[test]
fn head_bytes_end_where_the_content_begins() {
    let text = "\r\nPOST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi";
    check(text, |head| {
        assert_eq!(&text[head.head_bytes..], "hi");
        assert_eq!(head.framing, BodyFraming::Length(2));
        assert_eq!(head.version, Version::Http11);
    });
}

/// Each limit lets exactly its number of bytes pass, and answers as soon as nothing can fit any more.
#[test]
fn limits_are_exact() {
    let limits = Limits {
        request_line_bytes_max: "GET / HTTP/1.1".len(),
        header_bytes_max: "Host: a\r\n\r\n".len(),
        header_count_max: 1,
        ..Limits::default()
    };
    let outcome = |text: &str| match parse_request(text.as_bytes(), &mut Scratch::new(), &limits) {
        Ok(Status::Complete(_)) => Ok(true),
        Ok(Status::Incomplete) => Ok(false),
        Err(rejection) => Err(rejection.rule),
    };
    assert_eq!(outcome("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Ok(true));
    assert_eq!(outcome("GET / HTTP/1.1\r\nHost: a\r\n\r"), Ok(false));
    assert_eq!(outcome("GET /a HTTP/1.1\r"), Err(Rule::RequestLineTooLong));
    assert_eq!(outcome("GET /a HTTP/1.1"), Ok(false));
    assert_eq!(outcome("GET / HTTP/1.1\r\nHost: ab\r\n\r"), Err(Rule::HeaderTooLarge));
    assert_eq!(outcome("GET / HTTP/1.1\r\nHost: ab\r\n"), Ok(false));
    let roomy = Limits { header_bytes_max: 100, ..limits };
    let second = parse_request(b"GET / HTTP/1.1\r\nHost: a\r\nX", &mut Scratch::new(), &roomy).unwrap_err();
    assert_eq!(second.rule, Rule::TooManyFields);
    // A limit beyond what positions can hold is as good as none.
    let endless =
        Limits { request_line_bytes_max: usize::MAX, header_bytes_max: usize::MAX, ..Limits::default() };
    assert!(parse_request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &mut Scratch::new(), &endless).is_ok());
}

/// Fewer bytes than in the call before are read afresh instead of with positions that are no longer true.
#[test]
fn a_scratch_survives_other_bytes() {
    let mut scratch = Scratch::new();
    let limits = Limits::default();
    assert!(matches!(
        parse_request(b"POST /long HTTP/1.1\r\nHost: abc\r\nX-Y: z\r\nContent-Le", &mut scratch, &limits),
        Ok(Status::Incomplete)
    ));
    assert!(scratch.is_within_head());
    match parse_request(b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n", &mut scratch, &limits) {
        Ok(Status::Complete(head)) => assert_eq!((head.target, head.headers.len()), (&b"/b"[..], 1)),
        other => panic!("{other:?}"),
    }
    assert!(!scratch.is_within_head());
}
