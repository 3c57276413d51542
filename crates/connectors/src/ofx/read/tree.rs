//! The tree of an input.
//!
//! It is one flat vector in document order: each node knows where its subtree ends. That makes the repair of
//! SGML cheap: an element that turns out to have been an empty leaf without end tag gives its supposed children to its
//! parent by moving one number.

use std::borrow::Cow;

/// What was strange about an input that could be read all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Oddities {
    /// The input ends before its `</OFX>`.
    pub truncated: bool,
    /// More than one `<OFX>`.
    pub several_roots: bool,
    /// End tags that match nothing open.
    pub stray_end_tags: u32,
}

/// One element: positions in the text. A vector of these is the tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) name_at: u32,
    pub(super) value_at: u32,
    pub(super) value_bytes: u32,
    /// The index after the last node of the subtree.
    pub(super) end: u32,
    pub(super) name_bytes: u8,
    /// The value holds CDATA sections or comments.
    pub(super) has_markup: bool,
}

/// A read input.
#[derive(Debug)]
pub struct Document<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) nodes: Vec<Node>,
    /// The VERSION of the header, such as 102 or 211.
    pub version: Option<u16>,
    pub oddities: Oddities,
}

/// One element of a document.
#[derive(Clone, Copy)]
pub struct Element<'d> {
    document: &'d Document<'d>,
    index: usize,
}

impl<'d> Document<'d> {
    /// Every element, in document order.
    pub fn elements(&'d self) -> impl Iterator<Item = Element<'d>> {
        (0..self.nodes.len()).map(|index| Element { document: self, index })
    }

    /// The element at an index of document order.
    pub(super) fn element(&'d self, index: usize) -> Option<Element<'d>> {
        (index < self.nodes.len()).then_some(Element { document: self, index })
    }

    /// How many elements have this name.
    pub fn count(&'d self, name: &str) -> usize {
        self.elements().filter(|element| element.name() == name).count()
    }
}

impl<'d> Element<'d> {
    fn node(self) -> &'d Node {
        &self.document.nodes[self.index]
    }

    /// Its name, upper case.
    pub fn name(self) -> &'d str {
        let node = self.node();
        &self.document.text[node.name_at as usize..node.name_at as usize + usize::from(node.name_bytes)]
    }

    /// Its value, decoded; empty for an aggregate and for an empty leaf.
    pub fn text(self) -> Cow<'d, str> {
        let node = self.node();
        let raw = &self.document.text[node.value_at as usize..(node.value_at + node.value_bytes) as usize];
        if node.has_markup {
            return Cow::Owned(without_markup(raw));
        }
        if raw.contains('&') { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) }
    }

    /// Where its subtree ends, as an index of document order.
    pub(super) fn end(self) -> usize {
        self.node().end as usize
    }

    /// Its own index of document order.
    pub(super) fn index(self) -> usize {
        self.index
    }

    /// Its children.
    pub fn children(self) -> Children<'d> {
        Children { document: self.document, at: self.index + 1, end: self.end() }
    }

    /// Its first child of a name.
    pub fn child(self, name: &str) -> Option<Element<'d>> {
        self.children().find(|child| child.name() == name)
    }

    /// Everything below it, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Element<'d>> {
        let document = self.document;
        (self.index + 1..self.end()).map(move |index| Element { document, index })
    }

    /// The first element of a name anywhere below.
    pub fn find(self, name: &str) -> Option<Element<'d>> {
        self.descendants().find(|element| element.name() == name)
    }

    /// The value of its first child of a name; `None` when there is none or it is empty.
    pub fn value(self, name: &str) -> Option<Cow<'d, str>> {
        self.child(name).map(Element::text).filter(|text| !text.is_empty())
    }
}

impl std::fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{}>", self.name())
    }
}

/// The children of an element.
pub struct Children<'d> {
    document: &'d Document<'d>,
    at: usize,
    end: usize,
}

impl<'d> Iterator for Children<'d> {
    type Item = Element<'d>;

    fn next(&mut self) -> Option<Element<'d>> {
        if self.at >= self.end {
            return None;
        }
        let child = Element { document: self.document, index: self.at };
        self.at = child.end();
        Some(child)
    }
}

/// A value with CDATA sections and comments: the sections' content stays as it is, comments vanish.
fn without_markup(raw: &str) -> String {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('<') {
        value.push_str(&unescape(&rest[..at]));
        let markup = &rest[at..];
        let (kept, end) = if let Some(inner) = markup.strip_prefix("<![CDATA[") {
            let length = inner.find("]]>");
            (
                &inner[..length.unwrap_or(inner.len())],
                length.map_or(markup.len(), |length| length + "<![CDATA[]]>".len()),
            )
        } else if markup.starts_with("<!--") {
            ("", markup.find("-->").map_or(markup.len(), |end| end + "-->".len()))
        } else if markup.starts_with("<?") {
            ("", markup.find('>').map_or(markup.len(), |end| end + 1))
        } else {
            ("<", 1)
        };
        value.push_str(kept);
        rest = &markup[end..];
    }
    value.push_str(&unescape(rest));
    value.trim().to_owned()
}

/// Replaces the predefined entities, `&nbsp;` (OFX 1.6 §2.3.2.1) and character references. A bare `&` stays.
fn unescape(raw: &str) -> String {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        value.push_str(&rest[..at]);
        rest = &rest[at..];
        // An `&` that begins no entity stays.
        let (decoded, bytes) = entity(rest).unwrap_or(('&', 1));
        value.push(decoded);
        rest = &rest[bytes..];
    }
    value.push_str(rest);
    value
}

/// The character an entity at the start of `text` stands for, and the entity's length.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let decoded = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control())?
        }
    };
    Some((decoded, end + 1))
}
