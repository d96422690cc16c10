//! A writer for the XML of the query protocol. Owns escaping and nesting; knows no document's shape.

/// An XML document in the making. Every [`Xml::open`] needs its [`Xml::close`]; [`Xml::finish`] closes what is left.
#[derive(Debug, Default)]
pub struct Xml {
    text: String,
    open: Vec<&'static str>,
}

impl Xml {
    /// Begins an element.
    pub fn open(&mut self, name: &'static str) {
        self.open_with(name, &[]);
    }

    /// Begins an element with attributes.
    pub fn open_with(&mut self, name: &'static str, attributes: &[(&str, &str)]) {
        self.text.push('<');
        self.text.push_str(name);
        for (key, value) in attributes {
            self.text.push_str(&format!(" {key}=\""));
            escape_into(value, &mut self.text);
            self.text.push('"');
        }
        self.text.push('>');
        self.open.push(name);
    }

    /// Ends the innermost open element; does nothing when none is open.
    pub fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.end(name);
        }
    }

    /// An element that holds a text.
    pub fn leaf(&mut self, name: &str, value: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
        escape_into(value, &mut self.text);
        self.end(name);
    }

    /// An element that holds a text, or nothing at all.
    pub fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.leaf(name, value);
        }
    }

    /// An element around what `content` writes.
    pub fn element(&mut self, name: &'static str, content: impl FnOnce(&mut Xml)) {
        self.open(name);
        content(self);
        self.close();
    }

    /// `<name><member>..</member>..</name>`: a list of the query protocol.
    pub fn list<T>(
        &mut self,
        name: &'static str,
        items: impl IntoIterator<Item = T>,
        each: impl Fn(&mut Xml, T),
    ) {
        self.open(name);
        for item in items {
            self.element("member", |xml| each(xml, item));
        }
        self.close();
    }

    /// Text inside the innermost open element.
    pub fn text(&mut self, value: &str) {
        escape_into(value, &mut self.text);
    }

    /// The document.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn end(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }
}

/// Characters that XML 1.0 cannot hold, even escaped, become U+FFFD, so that every answer can be parsed.
fn escape_into(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\n' | '\t' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
}
