//! The sandbox's own reader of OFX requests, tolerant like a real server's: SGML with or without closed leaves, XML, any
//! layout. It shares nothing with the readers of the product.

use super::write::Form;

/// Longest request that is read, in bytes; a real one has a few thousand.
pub(crate) const BODY_BYTES_MAX: usize = 1 << 20;
const DEPTH_MAX: usize = 64;
const ELEMENTS_MAX: usize = 20_000;

/// An element of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub tag: String,
    /// The value of a leaf; empty for an aggregate.
    pub value: String,
    pub children: Vec<Element>,
}

/// A request that could be read. One that couldn't is answered with HTTP 400 (OFX 2.3 §2.1).
#[derive(Debug)]
pub(crate) struct Request {
    pub form: Form,
    pub new_file_uid: String,
    pub root: Element,
}

/// Why a request is answered with HTTP 400.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub &'static str);

impl Element {
    pub(crate) fn child(&self, tag: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.tag == tag)
    }

    /// The value of a leaf below this element, if it is there and not empty.
    pub(crate) fn text(&self, tag: &str) -> Option<&str> {
        self.child(tag).map(|leaf| leaf.value.as_str()).filter(|value| !value.is_empty())
    }

    pub(crate) fn flag(&self, tag: &str) -> bool {
        self.text(tag) == Some("Y")
    }
}

/// Reads a request file: header of either kind, then the body.
pub(crate) fn read(body: &[u8]) -> Result<Request, Unreadable> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Unreadable("the request is too long"));
    }
    let text = match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(_) => body.iter().map(|byte| char::from(*byte)).collect(),
    };
    let start = text.find("<OFX>").ok_or(Unreadable("there is no <OFX>"))?;
    let (head, body) = text.split_at(start);
    let version = header_field(head, "VERSION").and_then(|version| version.parse().ok());
    let version: u16 = version.ok_or(Unreadable("the header has no VERSION"))?;
    if header_field(head, "SECURITY").is_some_and(|security| security != "NONE") {
        return Err(Unreadable("application-level security isn't offered here"));
    }
    let new_file_uid = header_field(head, "NEWFILEUID").unwrap_or("NONE").to_owned();
    Ok(Request { form: Form { version, one_line: false }, new_file_uid, root: Tree::read(body)? })
}

/// `KEY:VALUE` of a 1.x header or `KEY="VALUE"` of a 2.x one. `VERSION` must not match the end of another word, nor the XML
/// declaration's lower-case `version`.
fn header_field<'a>(head: &'a str, key: &str) -> Option<&'a str> {
    head.match_indices(key).find_map(|(at, _)| {
        if head[..at].ends_with(|c: char| c.is_ascii_alphanumeric()) {
            return None;
        }
        let rest = head[at + key.len()..].trim_start();
        if let Some(rest) = rest.strip_prefix('=') {
            let rest = rest.trim_start().trim_start_matches(['"', '\'']);
            return rest.split(['"', '\'']).next();
        }
        let rest = rest.strip_prefix(':')?;
        rest.trim_start_matches(' ').split(|c: char| c.is_whitespace()).next()
    })
}

/// The open elements while reading; the first one is an artificial parent of `<OFX>`.
struct Tree {
    open: Vec<Element>,
    elements: usize,
}

impl Tree {
    fn read(mut rest: &str) -> Result<Element, Unreadable> {
        let mut tree = Self { open: vec![Element::default()], elements: 0 };
        while let Some(at) = rest.find('<') {
            rest = &rest[at + 1..];
            if let Some(after) = skip_markup(rest)? {
                rest = after;
                continue;
            }
            let end = rest.find('>').ok_or(Unreadable("a tag isn't closed"))?;
            let name = rest[..end].trim();
            rest = &rest[end + 1..];
            match name.strip_prefix('/') {
                Some(name) => tree.close(name.trim())?,
                None => rest = tree.start(name, rest)?,
            }
        }
        if tree.open.len() != 1 {
            return Err(Unreadable("an aggregate isn't closed"));
        }
        let top = tree.open.pop().unwrap_or_default();
        match <[Element; 1]>::try_from(top.children) {
            Ok([root]) if root.tag == "OFX" => Ok(root),
            _ => Err(Unreadable("there must be exactly one <OFX>")),
        }
    }

    /// A leaf is a tag followed by text, or by its own end tag; anything else opens an aggregate (OFX 1.6 §2.3).
    fn start<'a>(&mut self, name: &str, rest: &'a str) -> Result<&'a str, Unreadable> {
        self.elements += 1;
        let name = name.trim_end_matches('/').split_whitespace().next().unwrap_or_default();
        if name.is_empty() || self.elements > ELEMENTS_MAX {
            return Err(Unreadable("a tag has no name, or there are too many"));
        }
        let (value, after) = text_until_tag(rest);
        let end_tag = format!("</{name}>");
        let closed = after.strip_prefix(end_tag.as_str());
        if value.is_empty() && closed.is_none() {
            if self.open.len() >= DEPTH_MAX {
                return Err(Unreadable("the request is nested too deeply"));
            }
            self.open.push(Element { tag: name.to_owned(), ..Element::default() });
            return Ok(rest);
        }
        self.add(Element { tag: name.to_owned(), value, children: Vec::new() });
        Ok(closed.unwrap_or(after))
    }

    fn close(&mut self, name: &str) -> Result<(), Unreadable> {
        if self.open.len() < 2 || self.open.last().is_none_or(|element| element.tag != name) {
            return Err(Unreadable("an end tag doesn't match"));
        }
        if let Some(element) = self.open.pop() {
            self.add(element);
        }
        Ok(())
    }

    fn add(&mut self, element: Element) {
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(element);
        }
    }
}

/// Skips a comment or processing instruction; the text after its `<` is given. Document types are refused: no client needs
/// them, and entities in them are a trap.
fn skip_markup(rest: &str) -> Result<Option<&str>, Unreadable> {
    let end = match rest {
        _ if rest.starts_with("!--") => "-->",
        _ if rest.starts_with('?') => "?>",
        _ if rest.starts_with('!') => return Err(Unreadable("document types are refused")),
        _ => return Ok(None),
    };
    let at = rest.find(end).ok_or(Unreadable("a comment isn't closed"))?;
    Ok(Some(&rest[at + end.len()..]))
}

/// The value up to the next tag, entities resolved and CDATA taken as it is, and what follows.
fn text_until_tag(mut rest: &str) -> (String, &str) {
    let mut value = String::new();
    loop {
        let at = rest.find('<').unwrap_or(rest.len());
        value.push_str(&unescape(&rest[..at]));
        rest = &rest[at..];
        let Some(cdata) = rest.strip_prefix("<![CDATA[") else {
            return (value.trim().to_owned(), rest);
        };
        let end = cdata.find("]]>").unwrap_or(cdata.len());
        value.push_str(&cdata[..end]);
        rest = cdata.get(end + 3..).unwrap_or_default();
    }
}

fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SGML: &str =
        "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nNEWFILEUID:abc\r\n\r\n";

    fn body(body: &str) -> Result<Request, Unreadable> {
        read(format!("{SGML}{body}").as_bytes())
    }

    #[test]
    fn sgml_and_xml_give_one_tree() {
        let unclosed =
            body("<OFX><SONRQ>\r\n<USERID>a &amp; b\r\n<FI><ORG>O</ORG><FID>1</FI></SONRQ></OFX>").unwrap();
        let xml = "<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\" VERSION=\"211\" SECURITY=\"NONE\" NEWFILEUID=\"abc\"?>\
                   <OFX><!-- c --><SONRQ><USERID><![CDATA[a & b]]></USERID><FI><ORG>O</ORG><FID>1</FID></FI></SONRQ></OFX>";
        let xml = read(xml.as_bytes()).unwrap();
        assert_eq!(unclosed.root, xml.root);
        assert_eq!((unclosed.form.version, xml.form.version), (102, 211));
        assert_eq!((unclosed.new_file_uid.as_str(), xml.new_file_uid.as_str()), ("abc", "abc"));
        assert_eq!(xml.root.child("SONRQ").and_then(|sonrq| sonrq.text("USERID")), Some("a & b"));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert!(read(b"hello").is_err());
        assert!(read(b"<OFX></OFX>").is_err(), "no header");
        assert!(body("<OFX><A><B>1</A>").is_err(), "not closed");
        assert!(body("<OFX><A></B></A></OFX>").is_err(), "wrong end");
        assert!(body("<OFX></OFX><OFX></OFX>").is_err(), "two documents");
        assert!(body(&format!("<OFX>{}", "<A>".repeat(100))).is_err(), "too deep");
        assert!(body("<OFX><!DOCTYPE x><A>1</OFX>").is_err(), "document type");
        assert!(read(&vec![b'a'; BODY_BYTES_MAX + 1]).is_err(), "too long");
        assert!(read(SGML.replace("SECURITY:NONE", "SECURITY:TYPE1").as_bytes()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[<>/A-Z&;! \\-?\\[\\]]{0,200}") {
            let _ = body(&text);
        }
    }
}
