//! Properties of the OFX reader over generated input, and its agreement with an XML reader.

use std::fmt::Write as _;

use connectors::ofx::{
    DEPTH_MAX, Document, Element, FIELD_BYTES_MAX, NAME_BYTES_MAX, ReadError, Reply, amount, moment, read,
};
use proptest::{collection::vec, prelude::*};

/// One entry as the small writer below writes it.
#[derive(Debug, Clone)]
struct Written {
    cents: i64,
    day: u32,
    id: String,
    name: String,
    memo: Option<String>,
}

/// How the small writer lays a file out.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent choices of a generated file")]
struct Style {
    xml: bool,
    closes: bool,
    lines: bool,
    comma: bool,
    empty_leaves: bool,
}

fn text() -> impl Strategy<Value = String> {
    // Anything a payee may hold, markup included; the white space at its ends is the reader's to remove.
    "[ -~àéîõüßł€中]{0,40}".prop_map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn entry() -> impl Strategy<Value = Written> {
    (-9_999_999_i64..9_999_999, 1_u32..29, "[A-Za-z0-9-]{1,20}", text(), proptest::option::of(text()))
        .prop_map(|(cents, day, id, name, memo)| Written { cents, day, id, name, memo })
}

fn style() -> impl Strategy<Value = Style> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(xml, closes, lines, comma, empty_leaves)| Style {
            xml,
            closes: closes || xml,
            lines,
            comma,
            empty_leaves,
        },
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn leaf(file: &mut String, style: Style, name: &str, value: &str) {
    if value.is_empty() && !style.empty_leaves {
        return;
    }
    write!(file, "<{name}>{}", escaped(value)).expect("into memory");
    if style.closes {
        write!(file, "</{name}>").expect("into memory");
    }
    if style.lines {
        file.push_str("\r\n");
    }
}

fn written(entries: &[Written], style: Style) -> String {
    let mut file = String::new();
    if style.xml {
        file.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?OFX OFXHEADER=\"200\" VERSION=\"211\" SECURITY=\"NONE\" OLDFILEUID=\"NONE\" NEWFILEUID=\"NONE\"?>\n");
    } else {
        file.push_str(
            "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nENCODING:UTF-8\r\nCHARSET:NONE\r\n\r\n",
        );
    }
    file.push_str("<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>");
    leaf(&mut file, style, "CURDEF", "USD");
    file.push_str("<BANKTRANLIST>");
    for entry in entries {
        file.push_str("<STMTTRN>");
        let sign = if entry.cents < 0 { "-" } else { "" };
        let mark = if style.comma { ',' } else { '.' };
        let (whole, cents) = (entry.cents.unsigned_abs() / 100, entry.cents.unsigned_abs() % 100);
        leaf(&mut file, style, "DTPOSTED", &format!("202601{:02}", entry.day));
        leaf(&mut file, style, "TRNAMT", &format!("{sign}{whole}{mark}{cents:02}"));
        leaf(&mut file, style, "FITID", &entry.id);
        leaf(&mut file, style, "NAME", &entry.name);
        if let Some(memo) = &entry.memo {
            leaf(&mut file, style, "MEMO", memo);
        }
        file.push_str("</STMTTRN>");
    }
    file.push_str("</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>");
    file
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..600)) {
        if let Ok(document) = read(&bytes) {
            let _ = Reply::of(&document);
        }
    }

    /// Bytes that look like OFX reach deeper than noise does.
    #[test]
    fn no_markup_makes_it_panic(parts in vec(prop_oneof![
        Just("<OFX>"), Just("</OFX>"), Just("<STMTTRN>"), Just("</STMTTRN>"), Just("<STMTRS>"), Just("<MEMO>"),
        Just("<NAME>x"), Just("<TRNAMT>-1,5"), Just("<"), Just(">"), Just("</"), Just("<!--"), Just("-->"),
        Just("<![CDATA["), Just("]]>"), Just("&amp;"), Just("&#x0;"), Just("&"), Just("<INVPOS>"), Just("<POSSTOCK>"),
        Just("<SECLIST>"), Just("<STATUS>"), Just("<CODE>0"), Just("é"), Just("\0"), Just("<a b='>'>"), Just("<X/>"),
        Just("<ACCTINFO>"), Just("<BANKACCTFROM>"), Just("<ACCTID>1"), Just("\n"),
    ], 0..60)) {
        let input = format!("<OFX>{}", parts.concat());
        if let Ok(document) = read(input.as_bytes()) {
            let reply = Reply::of(&document);
            let returned: usize = reply.statements.iter().map(|statement| statement.entries.len()).sum();
            prop_assert_eq!(document.count("STMTTRN"), returned + reply.unplaced);
        }
    }

    #[test]
    fn what_is_written_is_read(entries in vec(entry(), 0..12), style in style()) {
        let file = written(&entries, style);
        let document = read(file.as_bytes()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let reply = Reply::of(&document);
        prop_assert_eq!(reply.statements.len(), 1);
        let read = &reply.statements[0].entries;
        prop_assert_eq!((read.len(), reply.unplaced), (entries.len(), 0));
        for (read, written) in read.iter().zip(&entries) {
            prop_assert_eq!(read.amount, Some(rust_decimal::Decimal::new(written.cents, 2)));
            prop_assert_eq!(read.posted.map(|moment| moment.date.day() as u32), Some(written.day));
            prop_assert_eq!(read.id.as_deref(), Some(written.id.as_str()));
            prop_assert_eq!(read.name.as_deref().unwrap_or_default(), &written.name);
            prop_assert_eq!(read.memo.as_deref().unwrap_or_default(), written.memo.as_deref().unwrap_or_default());
        }
    }

    /// A file that ends early is marked, and what it returns was in it.
    #[test]
    fn a_cut_file_is_marked(entries in vec(entry(), 1..6), style in style(), share in 0.0_f64..1.0) {
        let file = written(&entries, style);
        let end = file.len() - "</OFX>".len();
        let mut cut = (end as f64 * share) as usize;
        while !file.is_char_boundary(cut) {
            cut -= 1;
        }
        let Ok(document) = read(&file.as_bytes()[..cut]) else { return Ok(()) };
        prop_assert!(document.oddities.truncated, "{}", &file[..cut]);
        let reply = Reply::of(&document);
        let returned: usize = reply.statements.iter().map(|statement| statement.entries.len()).sum();
        let tags = file[..cut].matches("<STMTTRN>").count();
        prop_assert_eq!(tags, returned + reply.unplaced);
    }

    #[test]
    fn numbers_and_dates_never_panic(text in "\\PC{0,40}") {
        let _ = (amount(&text), moment(&text));
    }

    #[test]
    fn an_amount_reads_as_written(cents in any::<i32>()) {
        let decimal = rust_decimal::Decimal::new(i64::from(cents), 2);
        prop_assert_eq!(amount(&decimal.to_string()), Some(decimal));
        prop_assert_eq!(amount(&decimal.to_string().replace('.', ",")), Some(decimal));
    }

    /// On well-formed OFX 2 the tree is the one that an XML reader sees.
    #[test]
    fn an_xml_reader_sees_the_same(entries in vec(entry(), 0..8), lines in any::<bool>(), comma in any::<bool>()) {
        let style = Style { xml: true, closes: true, lines, comma, empty_leaves: true };
        let file = written(&entries, style);
        let document = read(file.as_bytes()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(our_view(&document), their_view(&file));
    }
}

/// Depth, name and value of every element in document order.
type View = Vec<(usize, String, String)>;

fn our_view(document: &Document<'_>) -> View {
    fn walk(element: Element<'_>, depth: usize, view: &mut View) {
        view.push((depth, element.name().to_owned(), element.text().into_owned()));
        for child in element.children() {
            walk(child, depth + 1, view);
        }
    }
    let mut view = Vec::new();
    if let Some(root) = document.elements().next() {
        walk(root, 0, &mut view);
    }
    view
}

fn their_view(file: &str) -> View {
    use quick_xml::{Reader, escape::unescape, events::Event};
    let mut reader = Reader::from_str(file);
    let (mut view, mut open): (View, Vec<usize>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(tag) => {
                let name = tag.name().as_ref().to_owned();
                view.push((open.len(), name, String::new()));
                open.push(view.len() - 1);
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(text) => {
                append(&mut view, &open, &unescape(&text).expect("known entities"));
            }
            Event::GeneralRef(reference) => {
                let raw = format!("&{};", &*reference);
                append(&mut view, &open, &unescape(&raw).expect("known entities"));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    for (_, _, value) in &mut view {
        *value = value.trim().to_owned();
    }
    view
}

fn append(view: &mut View, open: &[usize], text: &str) {
    if let Some(at) = open.last() {
        view[*at].2.push_str(text);
    }
}

#[test]
fn every_limit_refuses_one_more() {
    let nested = |depth: usize| format!("<OFX>{}", "<A>".repeat(depth - 1));
    assert!(read(nested(DEPTH_MAX).as_bytes()).is_ok());
    assert_eq!(read(nested(DEPTH_MAX + 1).as_bytes()).err(), Some(ReadError::TooDeep));
    let field = |bytes: usize| format!("<OFX><MEMO>{}</MEMO></OFX>", "x".repeat(bytes));
    assert!(read(field(FIELD_BYTES_MAX).as_bytes()).is_ok());
    assert_eq!(read(field(FIELD_BYTES_MAX + 1).as_bytes()).err(), Some(ReadError::FieldTooLong));
    let name = |bytes: usize| format!("<OFX><{0}>x</{0}></OFX>", "N".repeat(bytes));
    assert!(read(name(NAME_BYTES_MAX).as_bytes()).is_ok());
    assert_eq!(read(name(NAME_BYTES_MAX + 1).as_bytes()).err(), Some(ReadError::FieldTooLong));
    let elements = |count: usize| format!("<OFX>{}", "<A>1".repeat(count - 1));
    assert!(read(elements(connectors::ofx::ELEMENTS_MAX).as_bytes()).is_ok());
    assert_eq!(
        read(elements(connectors::ofx::ELEMENTS_MAX + 1).as_bytes()).err(),
        Some(ReadError::TooManyElements)
    );
    let large = vec![b' '; connectors::ofx::INPUT_BYTES_MAX + 1];
    assert_eq!(read(&large).err(), Some(ReadError::TooLarge));
}

#[test]
fn declarations_are_refused_wherever_they_stand() {
    for input in [
        "<!DOCTYPE OFX [<!ENTITY a 'aaaa'>]><OFX>&a;</OFX>",
        "<!doctype ofx><OFX></OFX>",
        "<OFX><MEMO>x<!ENTITY b 'y'></OFX>",
        "<OFX><!DOCTYPE x></OFX>",
        "<OFX><!ELEMENT x></OFX>",
    ] {
        assert_eq!(read(input.as_bytes()).err(), Some(ReadError::Declaration), "{input}");
    }
    let unknown =
        read(b"<OFX><MEMO>&a;&#0;&#x110000;</MEMO></OFX>").expect("entities that nobody declared are text");
    assert_eq!(
        unknown.elements().nth(1).map(|memo| memo.text().into_owned()).as_deref(),
        Some("&a;&#0;&#x110000;")
    );
}

/// The CPU time of this thread so far, in nanoseconds: other programs on the machine don't count.
fn cpu_nanoseconds() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts it");
    text.split_whitespace().next().and_then(|field| field.parse().ok()).expect("the first field")
}

/// Sixteen times the input takes about sixteen times the time, for the shapes that make careless readers quadratic.
#[test]
fn time_is_linear_in_the_input() {
    const TIMES: usize = 16;
    let shapes: [fn(usize) -> String; 7] = [
        |n| format!("<OFX>{}", "<".repeat(n)),
        |n| format!("<OFX>{}", "</A>".repeat(n / 4)),
        |n| format!("<OFX>{}", "<A".repeat(n / 2)),
        |n| format!("<OFX>{}", "<!--".repeat(n / 4)),
        |n| format!("<OFX>{}", "<MEMO>&".repeat(n / 7)),
        |n| format!("<OFX>{}", "<STMTTRN><MEMO>".repeat(n / 15)),
        |n| format!("<OFX>{}{}", "<A>".repeat(90), "</B>".repeat(n / 4)),
    ];
    for (number, shape) in shapes.into_iter().enumerate() {
        let time = |input: &str, times: usize| {
            let started = cpu_nanoseconds();
            for _ in 0..times {
                let _ = read(input.as_bytes()).map(|document| Reply::of(&document).unplaced);
            }
            cpu_nanoseconds() - started
        };
        let (small, large) = (shape(20_000), shape(20_000 * TIMES));
        let (often, once) = (time(&small, TIMES), time(&large, 1));
        // A quadratic reader would take sixteen times as long; the clock ticks in milliseconds.
        assert!(once < often.max(20_000_000) * 6, "shape {number}: {often} ns and {once} ns");
    }
}
