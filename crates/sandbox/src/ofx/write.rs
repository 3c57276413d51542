//! An OFX answer as a tree, and the tree as SGML (1.x, leaves unclosed) or XML (2.x).

use std::fmt::Write as _;

/// One element: an aggregate with children or a leaf with a value. An OFX leaf can't be empty (OFX 2.3 §2.3.2), so empty leaves
/// are dropped when they are added.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    tag: &'static str,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Value(String),
    Children(Vec<Node>),
}

impl Node {
    pub(crate) fn new(tag: &'static str) -> Self {
        Self { tag, content: Content::Children(Vec::new()) }
    }

    /// Adds a leaf.
    pub(crate) fn leaf(mut self, tag: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.push(Self { tag, content: Content::Value(value) });
        }
        self
    }

    /// Adds a leaf if there is a value.
    pub(crate) fn leaf_if(self, tag: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.leaf(tag, value),
            None => self,
        }
    }

    /// Adds `Y` or `N`.
    pub(crate) fn flag(self, tag: &'static str, value: bool) -> Self {
        self.leaf(tag, if value { "Y" } else { "N" })
    }

    pub(crate) fn child(mut self, node: Node) -> Self {
        self.push(node);
        self
    }

    pub(crate) fn child_if(self, node: Option<Node>) -> Self {
        match node {
            Some(node) => self.child(node),
            None => self,
        }
    }

    pub(crate) fn children(mut self, nodes: impl IntoIterator<Item = Node>) -> Self {
        for node in nodes {
            self.push(node);
        }
        self
    }

    pub(crate) fn push(&mut self, node: Node) {
        match &mut self.content {
            Content::Children(children) => children.push(node),
            Content::Value(_) => unreachable!("leaves are made only by leaf()"),
        }
    }

    pub(crate) fn tag(&self) -> &'static str {
        self.tag
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(&self.content, Content::Children(children) if children.is_empty())
    }
}

/// How an answer is put into bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// 102 … 230, as in the header.
    pub version: u16,
    /// All on one line, as 28 of 197 real files are.
    pub one_line: bool,
}

impl Form {
    pub(crate) fn is_xml(self) -> bool {
        self.version >= 200
    }

    /// The message set of multi-factor signon exists in 1.0.3, 2.0.3, 2.1.1 and everything from 2.2.
    pub(crate) fn has_mfa(self) -> bool {
        matches!(self.version, 103 | 203 | 211..)
    }

    pub(crate) fn has_loans(self) -> bool {
        self.version >= 210
    }

    /// 2.2 added AVGCOSTBASIS, pending transactions and account names.
    pub(crate) fn has_2_2(self) -> bool {
        self.version >= 220
    }
}

/// The whole document: header and body. SGML goes out in Windows-1252, as the header says; XML in UTF-8.
pub(crate) fn document(root: &Node, form: Form, new_file_uid: &str) -> Vec<u8> {
    let mut text = header(form, new_file_uid);
    render(root, form, 0, &mut text);
    if form.is_xml() { text.into_bytes() } else { windows_1252(&text) }
}

/// OFX 2.3 §2.2, OFX 1.6 §2.2: OLDFILEUID is for error recovery, which the sandbox doesn't offer.
fn header(form: Form, new_file_uid: &str) -> String {
    let uid: String =
        new_file_uid.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).take(36).collect();
    let uid = if uid.is_empty() { "NONE".to_owned() } else { uid };
    if form.is_xml() {
        let version = form.version;
        return format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\r\n\
             <?OFX OFXHEADER=\"200\" VERSION=\"{version}\" SECURITY=\"NONE\" OLDFILEUID=\"NONE\" NEWFILEUID=\"{uid}\"?>\r\n"
        );
    }
    format!(
        "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:{}\r\nSECURITY:NONE\r\nENCODING:USASCII\r\nCHARSET:1252\r\n\
         COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:{uid}\r\n\r\n",
        form.version
    )
}

fn render(node: &Node, form: Form, depth: usize, out: &mut String) {
    let (indent, line_end) = if form.one_line { (0, "") } else { (depth, "\r\n") };
    let pad = " ".repeat(indent);
    match &node.content {
        Content::Value(value) => {
            let _ = write!(out, "{pad}<{}>{}", node.tag, escape(value));
            if form.is_xml() {
                let _ = write!(out, "</{}>", node.tag);
            }
            out.push_str(line_end);
        }
        Content::Children(children) => {
            let _ = write!(out, "{pad}<{}>{line_end}", node.tag);
            for child in children {
                render(child, form, depth + 1, out);
            }
            let _ = write!(out, "{pad}</{}>{line_end}", node.tag);
        }
    }
}

fn escape(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What Windows-1252 lacks becomes a question mark; the sandbox's own texts stay within Latin-1.
fn windows_1252(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| match c {
            '\u{0}'..='\u{7f}' | '\u{a0}'..='\u{ff}' => c as u8,
            '•' => 0x95,
            '’' => 0x92,
            '–' => 0x96,
            '€' => 0x80,
            _ => b'?',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Node {
        Node::new("OFX")
            .child(Node::new("STATUS").leaf("CODE", "0").leaf("MESSAGE", "Café <A&B>").leaf("MEMO", ""))
    }

    #[test]
    fn sgml_leaves_are_unclosed_and_in_windows_1252() {
        let bytes = document(&sample(), Form { version: 102, one_line: true }, "u1");
        let body = bytes.windows(5).position(|w| w == b"<OFX>").map(|at| bytes[at..].to_vec()).unwrap();
        assert_eq!(body, b"<OFX><STATUS><CODE>0<MESSAGE>Caf\xe9 &lt;A&amp;B&gt;</STATUS></OFX>");
        assert!(bytes.starts_with(b"OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\n"));
        assert!(String::from_utf8_lossy(&bytes).contains("NEWFILEUID:u1\r\n\r\n"));
    }

    #[test]
    fn xml_leaves_are_closed_and_in_utf_8() {
        let text =
            String::from_utf8(document(&sample(), Form { version: 211, one_line: true }, "\"><x")).unwrap();
        assert!(text.contains("VERSION=\"211\"") && text.contains("NEWFILEUID=\"x\""));
        assert!(
            text.ends_with(
                "<OFX><STATUS><CODE>0</CODE><MESSAGE>Café &lt;A&amp;B&gt;</MESSAGE></STATUS></OFX>"
            )
        );
    }

    #[test]
    fn features_follow_the_version() {
        let form = |version| Form { version, one_line: false };
        for (version, mfa, loans) in
            [(102, false, false), (103, true, false), (160, false, false), (203, true, false)]
        {
            assert_eq!((form(version).has_mfa(), form(version).has_loans()), (mfa, loans), "{version}");
        }
        assert!(form(211).has_mfa() && form(211).has_loans() && !form(211).has_2_2());
        assert!(form(230).has_2_2());
    }
}
