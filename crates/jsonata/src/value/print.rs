//! The text of a value, as `$string` gives it.

use super::{Item, Object, grow};
use crate::format::{number_text, tidy};

/// With or without white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Compact,
    /// Two spaces for each level.
    Pretty,
}

/// What may stop a print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The text is longer than it may be.
    TooLong,
    /// It is a number that is infinite or not a number.
    NotFinite,
    /// A number inside is infinite.
    OutOfRange,
}

/// JSON text of at most about `limit` bytes. Functions are empty strings, numbers have 15 digits.
pub(crate) fn print(item: &Item, layout: Layout, limit: usize) -> Result<String, Stop> {
    let mut printer = Printer {
        out: String::new(),
        layout,
        limit,
    };
    printer.write(item, 0)?;
    Ok(printer.out)
}

/// A value in an error text: compact and shortened.
pub(crate) fn shown(item: &Item) -> String {
    const LONGEST: usize = 1000;
    match item {
        Item::Undefined | Item::Function(_) => "undefined".to_owned(),
        Item::Number(number) => number_text(*number),
        Item::String(text) => crate::message::quoted(text),
        other => {
            let text = print(other, Layout::Compact, LONGEST).unwrap_or_default();
            crate::message::shortened(&text).to_owned()
        }
    }
}

struct Printer {
    out: String,
    layout: Layout,
    limit: usize,
}

impl Printer {
    fn write(&mut self, item: &Item, level: usize) -> Result<(), Stop> {
        if self.out.len() > self.limit {
            return Err(Stop::TooLong);
        }
        match item {
            Item::Undefined | Item::Null => self.out.push_str("null"),
            Item::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Item::Number(number) if !number.is_finite() && level == 0 => {
                return Err(Stop::NotFinite);
            }
            Item::Number(number) if number.is_infinite() => return Err(Stop::OutOfRange),
            Item::Number(number) => self.out.push_str(&number_text(tidy(*number))),
            Item::Exact(number) => match number.as_i64() {
                Some(integer) => self.out.push_str(&integer.to_string()),
                None if number.is_integer() => self.out.push_str(&number.literal()),
                None => self.out.push_str(&number_text(tidy(number.as_f64()))),
            },
            Item::String(text) => expr::Value::String(text.clone()).write_text(&mut self.out),
            Item::Function(_) => self.out.push_str("\"\""),
            Item::Array(array) => {
                grow(|| {
                    self.sequence('[', ']', array.len(), level, |printer, place| {
                        printer.write(&array.get(place).unwrap_or_default(), level + 1)
                    })
                })?;
            }
            Item::Object(object) => grow(|| self.object(object, level))?,
            Item::Tuples(tuples) => {
                self.sequence('[', ']', tuples.len(), level, |printer, place| {
                    printer.write(&tuples[place].item, level + 1)
                })?;
            }
        }
        Ok(())
    }

    fn object(&mut self, object: &Object, level: usize) -> Result<(), Stop> {
        let mut members = object.entries();
        members.retain(|(_, item)| !item.is_undefined());
        let colon = match self.layout {
            Layout::Compact => ":",
            Layout::Pretty => ": ",
        };
        self.sequence('{', '}', members.len(), level, |printer, place| {
            let (key, item) = &members[place];
            expr::Value::String(key.clone()).write_text(&mut printer.out);
            printer.out.push_str(colon);
            printer.write(item, level + 1)
        })
    }

    fn sequence(
        &mut self,
        open: char,
        close: char,
        length: usize,
        level: usize,
        mut write: impl FnMut(&mut Printer, usize) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.out.push(open);
        for place in 0..length {
            if place > 0 {
                self.out.push(',');
            }
            self.new_line(level + 1);
            write(self, place)?;
        }
        if length > 0 {
            self.new_line(level);
        }
        self.out.push(close);
        Ok(())
    }

    fn new_line(&mut self, level: usize) {
        if self.layout == Layout::Pretty {
            self.out.push('\n');
            for _ in 0..level {
                self.out.push_str("  ");
            }
        }
    }
}
