//! The tokenizer: from text to a tree.

use std::borrow::Cow;

use super::{
    DEPTH_MAX, ELEMENTS_MAX, FIELD_BYTES_MAX, NAME_BYTES_MAX, ReadError,
    decode::Decoded,
    names::{is_aggregate, is_structure, rank},
    tree::{Document, Node, Oddities},
};

/// Builds the tree of a decoded input.
pub(super) fn build(decoded: Decoded<'_>) -> Result<Document<'_>, ReadError> {
    let Decoded { text, body_at, version } = decoded;
    let first = Builder::new(&text, body_at).run()?;
    if !first.saw_lowercase {
        let Builder { nodes, oddities, .. } = first;
        return Ok(Document { text, nodes, version, oddities });
    }
    // Names are upper case (OFX 2.3 §2.4.2); where they are not, one pass makes them so, and every comparison below
    // stays exact.
    let text = upper_case_names(&text, body_at);
    let Builder { nodes, oddities, .. } = Builder::new(&text, body_at).run()?;
    Ok(Document { text: Cow::Owned(text), nodes, version, oddities })
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
    ["DOCTYPE", "ENTITY", "ELEMENT", "ATTLIST", "NOTATION"].iter().any(|word| {
        markup.get(2..2 + word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// A piece of markup.
enum Token {
    Open {
        name_at: usize,
        name_bytes: usize,
        closed: bool,
    },
    Close {
        name_at: usize,
        name_bytes: usize,
    },
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
            Some(first) if first.is_ascii_alphabetic() => Ok(self
                .name(at + 1)?
                .map(|(name_bytes, closed, end)| (Token::Open { name_at: at + 1, name_bytes, closed }, end))),
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
        let name_bytes =
            bytes.iter().take(NAME_BYTES_MAX + 1).take_while(|byte| is_name_byte(**byte)).count();
        if name_bytes > NAME_BYTES_MAX {
            return Err(ReadError::FieldTooLong);
        }
        if bytes.get(name_bytes) == Some(&b'>') {
            return Ok(Some((name_bytes, false, at + name_bytes + 1)));
        }
        // Attributes are not OFX, but `<OFX xmlns="…">` is seen. A tag without its `>` is text.
        let Some(end) =
            bytes[name_bytes..].iter().take(FIELD_BYTES_MAX).position(|byte| matches!(byte, b'>' | b'<'))
        else {
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
        let same = self.open.iter().rposition(|&(open, _)| self.is_named(open, name))?;
        is_aggregate(name).then_some(same)
    }

    fn finish(&mut self, name_at: usize, name_bytes: usize) -> Result<(), ReadError> {
        let was_leaf = self.undecided && self.run.has_text;
        let leaf = self.open.last().map(|(index, _)| *index).filter(|_| was_leaf);
        self.decide()?;
        let name = &self.text[name_at..name_at + name_bytes];
        if leaf.is_some_and(|index| {
            self.name_of(index) == name && self.open.last().is_none_or(|(last, _)| *last != index)
        }) {
            return Ok(());
        }
        let Some(depth) = self.open.iter().rposition(|&(open, _)| self.is_named(open, name)) else {
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

    /// Lengths first: a hostile input asks this a hundred times for each of its tags.
    fn is_named(&self, index: u32, name: &str) -> bool {
        let node = self.nodes[index as usize];
        let at = node.name_at as usize;
        usize::from(node.name_bytes) == name.len()
            && self.text.as_bytes()[at..at + name.len()] == *name.as_bytes()
    }

    fn name_of(&self, index: u32) -> &'t str {
        let node = self.nodes[index as usize];
        &self.text[node.name_at as usize..node.name_at as usize + usize::from(node.name_bytes)]
    }
}
