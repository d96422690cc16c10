//! Matches of regular expressions, and of any other function that finds some.

use std::rc::Rc;
use std::sync::Arc;

use crate::error::Error;
use crate::eval::{Function, Machine, Outcome};
use crate::regex::{Found, Regex};
use crate::value::{Array, Item, Members, Object};

/// A match, wherever it came from.
pub(super) struct Match {
    pub(super) text: Arc<str>,
    /// Where it begins and ends: in bytes of a regular expression's, as told by other functions.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) groups: Vec<Item>,
    pub(super) next: Next,
}

/// How the next match is found.
pub(super) enum Next {
    Regex(Arc<Regex>),
    Function(Item),
}

/// Visits matches one after the other.
pub(super) fn each_match(
    machine: &mut Machine<'_>,
    matcher: &Rc<Function>,
    text: &Arc<str>,
    limit: usize,
    visit: &mut dyn FnMut(&mut Machine<'_>, &Match) -> Outcome<()>,
) -> Outcome<()> {
    if limit == 0 {
        return Ok(());
    }
    let mut current = first(machine, matcher, text)?;
    let mut count = 0;
    while let Some(one) = current {
        machine.work(1)?;
        visit(machine, &one)?;
        count += 1;
        if count >= limit {
            // The reference implementation looks for one match more before it sees the limit.
            return following(machine, &one, text).map(|_| ());
        }
        current = following(machine, &one, text)?;
    }
    Ok(())
}

pub(super) fn first(
    machine: &mut Machine<'_>,
    matcher: &Rc<Function>,
    text: &Arc<str>,
) -> Outcome<Option<Match>> {
    if let Function::Regex(regex) = &**matcher {
        let found = machine.find_match(regex, text, 0)?;
        return found
            .map(|found| of_regex(machine, regex, text, &found))
            .transpose();
    }
    let found = machine.apply(matcher, vec![Item::String(text.clone())], &Item::Null)?;
    of_item(&found)
}

fn following(machine: &mut Machine<'_>, one: &Match, text: &Arc<str>) -> Outcome<Option<Match>> {
    match &one.next {
        Next::Regex(_) if one.end >= text.len() => Ok(None),
        Next::Regex(regex) => match machine.find_match(regex, text, one.end)? {
            Some(found) if found.start == found.end => Err(Error::of("D1004")),
            found => found
                .map(|found| of_regex(machine, regex, text, &found))
                .transpose(),
        },
        Next::Function(Item::Function(next)) => {
            let found = machine.apply(next, Vec::new(), &Item::Null)?;
            of_item(&found)
        }
        Next::Function(_) => Ok(None),
    }
}

fn of_regex(
    machine: &mut Machine<'_>,
    regex: &Arc<Regex>,
    text: &str,
    found: &Found,
) -> Outcome<Match> {
    machine.make_text(found.end - found.start)?;
    Ok(Match {
        text: text[found.start..found.end].into(),
        start: found.start,
        end: found.end,
        groups: groups(machine, text, found)?,
        next: Next::Regex(regex.clone()),
    })
}

fn groups(machine: &mut Machine<'_>, text: &str, found: &Found) -> Outcome<Vec<Item>> {
    machine.make_items(found.groups.len())?;
    let mut groups = Vec::with_capacity(found.groups.len());
    for group in &found.groups {
        groups.push(match group {
            Some((start, end)) => machine.text(text[*start..*end].to_owned())?,
            None => Item::Undefined,
        });
    }
    Ok(groups)
}

/// The match that a function told.
fn of_item(item: &Item) -> Outcome<Option<Match>> {
    let object = match item {
        Item::Undefined => return Ok(None),
        Item::Object(object) => object,
        _ => return Err(Error::of("T1010")),
    };
    let get = |key: &str| object.get(key).unwrap_or_default();
    let is_match = get("start").as_f64().is_some()
        || get("groups").as_array().is_some()
        || get("next").as_function().is_some();
    if !is_match {
        return Err(Error::of("T1010"));
    }
    let text: Arc<str> = get("match").as_str().unwrap_or("").into();
    let start = get("start").as_f64().unwrap_or(0.0) as usize;
    Ok(Some(Match {
        start,
        end: start.saturating_add(text.len()),
        text,
        groups: get("groups")
            .as_array()
            .map(|groups| groups.iter().collect())
            .unwrap_or_default(),
        next: Next::Function(get("next")),
    }))
}

pub(super) fn object_of(machine: &mut Machine<'_>, one: &Match) -> Outcome {
    let groups = Item::Array(machine.array(one.groups.clone())?);
    let mut members = Members::new();
    members.insert("match".into(), Item::String(one.text.clone()));
    members.insert("start".into(), Item::count(one.start));
    members.insert("end".into(), Item::count(one.end));
    members.insert("groups".into(), groups);
    machine.object(members)
}

/// What a regular expression gives when it is called as a function.
pub(crate) fn match_object(
    machine: &mut Machine<'_>,
    regex: &Arc<Regex>,
    text: &Arc<str>,
    found: &Found,
) -> Outcome {
    let groups = groups(machine, text, found)?;
    let next = machine.function(Function::NextMatch {
        regex: regex.clone(),
        text: text.clone(),
        from: found.end,
    })?;
    let mut units = Units::default();
    let (start, end) = (
        units.before(text, found.start),
        units.before(text, found.end),
    );
    machine.read(found.end)?;
    let mut members = Members::new();
    members.insert(
        "match".into(),
        machine.text(text[found.start..found.end].to_owned())?,
    );
    members.insert("start".into(), Item::count(start));
    members.insert("end".into(), Item::count(end));
    members.insert("groups".into(), Item::Array(Array::own(groups)));
    members.insert("next".into(), next);
    Ok(Item::Object(Object::own(members)))
}

/// Positions as JavaScript counts them, asked for in rising order.
#[derive(Default)]
pub(super) struct Units {
    bytes: usize,
    units: usize,
}

impl Units {
    pub(super) fn before(&mut self, text: &str, position: usize) -> usize {
        self.units += slice(text, self.bytes, position).encode_utf16().count();
        self.bytes = position;
        self.units
    }
}

/// The byte position of a UTF-16 unit.
pub(crate) fn byte_of_unit(text: &str, unit: f64) -> usize {
    let mut units = 0.0;
    for (place, character) in text.char_indices() {
        if units >= unit {
            return place;
        }
        units += character.len_utf16() as f64;
    }
    text.len()
}

/// A part of a text, by positions that a function may have made up.
pub(super) fn slice(text: &str, start: usize, end: usize) -> &str {
    let end = text.floor_char_boundary(end.min(text.len()));
    let start = text.floor_char_boundary(start.min(end));
    &text[start..end]
}
