//! The tokenizer and the tree.
//!
//! The tree is one flat vector in document order: each node knows where its subtree ends. That makes the repair of
//! SGML cheap: an element that turns out to have been an empty leaf without end tag gives its supposed children to its
//! parent by moving one number.

use std::borrow::Cow;

use super::{DEPTH_MAX, ELEMENTS_MAX, FIELD_BYTES_MAX, NAME_BYTES_MAX, ReadError, decode::Decoded};

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
struct Node {
    name_at: u32,
    value_at: u32,
    value_bytes: u32,
    /// The index after the last node of the subtree.
    end: u32,
    name_bytes: u8,
    /// The value holds CDATA sections or comments.
    has_markup: bool,
}

/// A read input.
#[derive(Debug)]
pub struct Document<'a> {
    text: Cow<'a, str>,
    nodes: Vec<Node>,
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

/// Builds the tree of a decoded input.
pub(super) fn build(decoded: Decoded<'_>) -> Result<Document<'_>, ReadError> {
    let Decoded { text, body_at, version } = decoded;
    let first = Builder::new(&text, body_at).run()?;
    if !first.saw_lowercase {
        let Builder { nodes, oddities, .. } = first;
        return Ok(Document { nodes, oddities, version, text });
    }
    // Names are upper case (OFX 2.3 §2.4.2); where they are not, one pass makes them so, and every comparison below
    // stays exact.
    let text = upper_case_names(&text, body_at);
    let Builder { nodes, oddities, .. } = Builder::new(&text, body_at).run()?;
    Ok(Document { nodes, oddities, version, text: Cow::Owned(text) })
}

fn upper_case_names(text: &str, body_at: usize) -> String {
    let mut upper = String::with_capacity(text.len());
    upper.push_str(&text[..body_at]);
    let mut rest = &text[body_at..];
    while let Some(at) = rest.find('<') {
        let name_at = at + 1 + usize::from(rest.as_bytes().get(at + 1) == Some(&b'/'));
        let name_bytes = rest.as_bytes()[name_at..].iter().take_while(|byte| is_name_byte(**byte)).count();
        upper.push_str(&rest[..name_at]);
        upper.push_str(&rest[name_at..name_at + name_bytes].to_ascii_uppercase());
        rest = &rest[name_at + name_bytes..];
    }
    upper.push_str(rest);
    upper
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':')
}

/// Whether markup that begins with `<!` declares a document type, an entity or the like.
pub(super) fn is_declaration(markup: &[u8]) -> bool {
    ["DOCTYPE", "ENTITY", "ELEMENT", "ATTLIST", "NOTATION"]
        .iter()
        .any(|word| markup.get(2..2 + word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes())))
}

/// A piece of markup.
enum Token {
    Open { name_at: usize, name_bytes: usize, closed: bool },
    Close { name_at: usize, name_bytes: usize },
    /// A comment or a processing instruction.
    Skip,
    CData,
}

/// The text between two tags, without the white space around it.
#[derive(Clone, Copy, Default)]
struct Run {
    from: usize,
    to: usize,
    has_text: bool,
    has_markup: bool,
}

struct Builder<'t> {
    text: &'t str,
    at: usize,
    nodes: Vec<Node>,
    /// Indices and ranks of the elements that are open, outermost first. The last one may turn out to be a leaf.
    open: Vec<(u32, Option<u8>)>,
    /// The last start tag is still undecided between leaf and aggregate.
    undecided: bool,
    run: Run,
    saw_lowercase: bool,
    roots: u32,
    oddities: Oddities,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, body_at: usize) -> Self {
        Self {
            text,
            at: body_at,
            nodes: Vec::with_capacity((text.len() / 32).min(ELEMENTS_MAX)),
            open: Vec::with_capacity(DEPTH_MAX),
            undecided: false,
            run: Run::default(),
            saw_lowercase: false,
            roots: 0,
            oddities: Oddities::default(),
        }
    }

    fn run(mut self) -> Result<Self, ReadError> {
        let mut text_from = self.at;
        let mut search_from = self.at;
        while let Some(found) = self.text[search_from..].find('<') {
            let at = search_from + found;
            let Some((token, end)) = self.token(at)? else {
                search_from = at + 1;
                continue;
            };
            self.add_text(text_from, at);
            match token {
                Token::Skip => self.run.has_markup = true,
                Token::CData => self.add_cdata(at, end),
                Token::Open { name_at, name_bytes, closed } => self.start(name_at, name_bytes, closed)?,
                Token::Close { name_at, name_bytes } => self.finish(name_at, name_bytes)?,
            }
            text_from = end;
            search_from = end;
        }
        self.add_text(text_from, self.text.len());
        self.decide()?;
        self.close_down_to(0);
        self.oddities.several_roots = self.roots > 1;
        self.oddities.truncated |= self.roots == 0;
        Ok(self)
    }

    /// The markup at a `<`, and where it ends; `None` for a `<` that is text.
    fn token(&self, at: usize) -> Result<Option<(Token, usize)>, ReadError> {
        let bytes = self.text.as_bytes();
        match bytes.get(at + 1) {
            Some(b'/') => Ok(self.name(at + 2)?.and_then(|(name_bytes, _, end)| {
                (name_bytes > 0).then_some((Token::Close { name_at: at + 2, name_bytes }, end))
            })),
            Some(b'!') => self.exclamation(at),
            Some(b'?') => {
                let end = self.text[at..].find('>').map_or(bytes.len(), |found| at + found + 1);
                Ok(Some((Token::Skip, end)))
            }
            Some(first) if first.is_ascii_alphabetic() => Ok(self.name(at + 1)?.map(|(name_bytes, closed, end)| {
                (Token::Open { name_at: at + 1, name_bytes, closed }, end)
            })),
            _ => Ok(None),
        }
    }

    fn exclamation(&self, at: usize) -> Result<Option<(Token, usize)>, ReadError> {
        let rest = &self.text[at..];
        let until = |end: &str| rest.find(end).map_or(self.text.len(), |found| at + found + end.len());
        if rest.starts_with("<!--") {
            return Ok(Some((Token::Skip, until("-->"))));
        }
        if rest.starts_with("<![CDATA[") {
            return Ok(Some((Token::CData, until("]]>"))));
        }
        if is_declaration(rest.as_bytes()) {
            return Err(ReadError::Declaration);
        }
        Ok(None)
    }

    /// The name of a tag: its length, whether the tag closes itself, and where it ends. `None` when this is no tag.
    fn name(&self, at: usize) -> Result<Option<(usize, bool, usize)>, ReadError> {
        let bytes = &self.text.as_bytes()[at..];
        let name_bytes = bytes.iter().take(NAME_BYTES_MAX + 1).take_while(|byte| is_name_byte(**byte)).count();
        if name_bytes > NAME_BYTES_MAX {
            return Err(ReadError::FieldTooLong);
        }
        if bytes.get(name_bytes) == Some(&b'>') {
            return Ok(Some((name_bytes, false, at + name_bytes + 1)));
        }
        // Attributes are not OFX, but `<OFX xmlns="…">` is seen. A tag without its `>` is text.
        let Some(end) = bytes[name_bytes..].iter().take(FIELD_BYTES_MAX).position(|byte| matches!(byte, b'>' | b'<')) else {
            return Ok(None);
        };
        let end = name_bytes + end;
        let starts_well = matches!(bytes[name_bytes], b'/' | b' ' | b'\t' | b'\r' | b'\n');
        if bytes[end] == b'<' || !starts_well {
            return Ok(None);
        }
        Ok(Some((name_bytes, bytes[end - 1] == b'/', at + end + 1)))
    }

    fn add_text(&mut self, from: usize, to: usize) {
        let bytes = &self.text.as_bytes()[from..to];
        let Some(first) = bytes.iter().position(|byte| *byte > b' ') else { return };
        let last = bytes.iter().rposition(|byte| *byte > b' ').unwrap_or(first);
        self.extend_run(from + first, from + last + 1);
    }

    fn add_cdata(&mut self, from: usize, to: usize) {
        self.run.has_markup = true;
        self.extend_run(from, to);
    }

    fn extend_run(&mut self, from: usize, to: usize) {
        if !self.run.has_text {
            self.run.from = from;
            self.run.has_text = true;
        }
        self.run.to = to;
    }

    /// Decides what the last start tag was, now that the text after it is known: text makes it a leaf
    /// (OFX 1.6 §2.3), unless it is one of the aggregates that carry the structure.
    fn decide(&mut self) -> Result<(), ReadError> {
        let run = std::mem::take(&mut self.run);
        if !std::mem::take(&mut self.undecided) || !run.has_text {
            return Ok(());
        }
        let Some(&(index, _)) = self.open.last() else { return Ok(()) };
        if is_structure(self.name_of(index)) {
            return Ok(());
        }
        if run.to - run.from > FIELD_BYTES_MAX {
            return Err(ReadError::FieldTooLong);
        }
        let node = &mut self.nodes[index as usize];
        node.value_at = run.from as u32;
        node.value_bytes = (run.to - run.from) as u32;
        node.has_markup = run.has_markup;
        self.open.pop();
        Ok(())
    }

    fn start(&mut self, name_at: usize, name_bytes: usize, closed: bool) -> Result<(), ReadError> {
        self.decide()?;
        let name = &self.text[name_at..name_at + name_bytes];
        self.saw_lowercase |= name.bytes().any(|byte| byte.is_ascii_lowercase());
        let rank = rank(name);
        if let Some(depth) = self.without_end_tag(name, rank) {
            self.close_down_to(depth);
        }
        if self.nodes.len() >= ELEMENTS_MAX {
            return Err(ReadError::TooManyElements);
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(ReadError::TooDeep);
        }
        self.roots += u32::from(name == "OFX");
        let index = self.nodes.len() as u32;
        self.nodes.push(Node {
            name_at: name_at as u32,
            value_at: 0,
            value_bytes: 0,
            end: index + 1,
            name_bytes: name_bytes as u8,
            has_markup: false,
        });
        if !closed {
            self.open.push((index, rank));
            self.undecided = true;
        }
        Ok(())
    }

    /// The outermost open element whose end tag must be missing, since it can't contain what starts now: an entry
    /// contains no balance, and no aggregate of OFX contains itself.
    fn without_end_tag(&self, name: &str, rank: Option<u8>) -> Option<usize> {
        if let Some(rank) = rank {
            return self.open.iter().position(|(_, open)| open.is_some_and(|open| open >= rank));
        }
        let same = self.open.iter().rposition(|&(open, _)| self.name_of(open) == name)?;
        is_aggregate(name).then_some(same)
    }

    fn finish(&mut self, name_at: usize, name_bytes: usize) -> Result<(), ReadError> {
        let was_leaf = self.undecided && self.run.has_text;
        let leaf = self.open.last().map(|(index, _)| *index).filter(|_| was_leaf);
        self.decide()?;
        let name = &self.text[name_at..name_at + name_bytes];
        if leaf.is_some_and(|index| self.name_of(index) == name && self.open.last().is_none_or(|(last, _)| *last != index)) {
            return Ok(());
        }
        let Some(depth) = self.open.iter().rposition(|&(open, _)| self.name_of(open) == name) else {
            self.oddities.stray_end_tags += 1;
            return Ok(());
        };
        self.close_down_to(depth + 1);
        if let Some((index, _)) = self.open.pop() {
            self.nodes[index as usize].end = self.nodes.len() as u32;
        }
        Ok(())
    }

    /// Closes what is open above `depth` elements and has no end tag. Aggregates keep their content; everything else
    /// was an empty leaf, and what followed it belongs to its parent.
    fn close_down_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some((index, _)) = self.open.pop() else { return };
            if is_aggregate(self.name_of(index)) {
                self.oddities.truncated |= self.name_of(index) == "OFX";
                self.nodes[index as usize].end = self.nodes.len() as u32;
            }
        }
    }

    fn name_of(&self, index: u32) -> &'t str {
        let node = self.nodes[index as usize];
        &self.text[node.name_at as usize..node.name_at as usize + usize::from(node.name_bytes)]
    }
}

/// Where an aggregate stands between the document (0) and one entry (6). None contains one of its own rank or a lower.
fn rank(name: &str) -> Option<u8> {
    match name {
        "OFX" => Some(0),
        "STMTRS" | "CCSTMTRS" | "LOANSTMTRS" | "INVSTMTRS" => Some(3),
        "BANKTRANLIST" | "BANKTRANLISTP" | "LOANTRANLIST" | "INVTRANLIST" | "INVPOSLIST" | "LEDGERBAL" | "AVAILBAL"
        | "INVBAL" => Some(4),
        "INVBANKTRAN" | "STMTTRNP" | "LOANSTMTTRN" => Some(5),
        "STMTTRN" => Some(6),
        _ if name.ends_with("MSGSRSV1") || name.ends_with("MSGSRSV2") => Some(1),
        _ if name.ends_with("TRNRS") => Some(2),
        _ => None,
    }
}

/// The aggregates that carry the structure of an answer: stray text inside does not make them leaves.
fn is_structure(name: &str) -> bool {
    rank(name).is_some()
        || matches!(
            name,
            "SONRS" | "PROFRS" | "ACCTINFORS" | "ACCTINFO" | "INVTRAN" | "INVBUY" | "INVSELL" | "INVPOS" | "BANKACCTFROM"
                | "CCACCTFROM" | "LOANACCTFROM" | "INVACCTFROM" | "SECLIST" | "SECINFO" | "MFACHALLENGERS" | "MFACHALLENGE"
        )
}

/// The aggregates of OFX 1.0.2 to 2.3 that an answer to our requests or a statement file can hold.
fn is_aggregate(name: &str) -> bool {
    if is_structure(name) || name.ends_with("MSGSET") || name.ends_with("MSGSETV1") || name.ends_with("MSGSETV2") {
        return true;
    }
    // 13.9.2.4.4: the kinds of trade; 13.9.2.6.2: of position; 13.8.5: of security.
    matches!(
        name,
        "BUYDEBT" | "BUYMF" | "BUYOPT" | "BUYOTHER" | "BUYSTOCK" | "CLOSUREOPT" | "INCOME" | "INVEXPENSE" | "JRNLFUND"
            | "JRNLSEC" | "MARGININTEREST" | "REINVEST" | "RETOFCAP" | "SELLDEBT" | "SELLMF" | "SELLOPT" | "SELLOTHER"
            | "SELLSTOCK" | "SPLIT" | "TRANSFER" | "POSMF" | "POSSTOCK" | "POSDEBT" | "POSOPT" | "POSOTHER"
            | "STOCKINFO" | "MFINFO" | "DEBTINFO" | "OPTINFO" | "OTHERINFO" | "SECID" | "CURRENCY" | "ORIGCURRENCY"
    ) || matches!(
        name,
        "STATUS" | "FI" | "MSGSETLIST" | "SIGNONINFOLIST" | "SIGNONINFO" | "MSGSETCORE" | "BANKACCTINFO" | "CCACCTINFO"
            | "LOANACCTINFO" | "INVACCTINFO" | "BPACCTINFO" | "OTHERACCTINFO" | "BANKACCTTO" | "CCACCTTO" | "LOANACCTTO"
            | "INVACCTTO" | "PAYEE" | "BALLIST" | "BAL" | "PRINBAL" | "LOANINT" | "LOANIRATE" | "LOANPMT"
            | "LOANPMTINFO" | "LOANTRNAMT" | "ESCRWAMT" | "LASTPMTINFO" | "INVOOLIST" | "INV401K" | "INV401KBAL"
            | "LOANINFO" | "MATCHINFO" | "CONTRIBINFO" | "VESTINFO" | "IMAGEDATA" | "OFXEXTENSION" | "CONTACTPROF"
    )
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
            (&inner[..length.unwrap_or(inner.len())], length.map_or(markup.len(), |length| length + "<![CDATA[]]>".len()))
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
        match entity(rest) {
            Some((decoded, bytes)) => {
                value.push(decoded);
                rest = &rest[bytes..];
            }
            None => {
                value.push('&');
                rest = &rest[1..];
            }
        }
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
