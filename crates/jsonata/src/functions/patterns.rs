//! `$contains`, `$match`, `$replace`, `$split`: texts searched by a text, a regular expression or any
//! function that finds matches.

use std::rc::Rc;
use std::sync::Arc;

use super::{argument, text, whole};
use crate::error::Error;
use crate::eval::{Function, Machine, Outcome};
use crate::regex::{Found, Regex};
use crate::value::{Array, Item, Members, Object};

/// A match, wherever it came from.
struct Match {
    text: Arc<str>,
    /// Where it begins and ends: in bytes of a regular expression's, as told by other functions.
    start: usize,
    end: usize,
    groups: Vec<Item>,
    next: Next,
}

/// How the next match is found.
enum Next {
    Regex(Arc<Regex>),
    Function(Item),
}

pub(super) fn contains(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Item::String(text) = argument(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    match argument(arguments, 1) {
        Item::String(token) => {
            machine.read(text.len() + token.len())?;
            Ok(Item::Bool(text.contains(&**token)))
        }
        Item::Function(matcher) => Ok(Item::Bool(first(machine, matcher, text)?.is_some())),
        _ => Ok(Item::Undefined),
    }
}

pub(super) fn matches(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Item::String(text) = argument(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    let limit = limit(arguments, 2, "D3040")?;
    let Item::Function(matcher) = argument(arguments, 1) else {
        return Ok(Item::Undefined);
    };
    let mut found = Vec::new();
    let mut units = Units::default();
    each_match(machine, matcher, text, limit, &mut |machine, one| {
        let index = match one.next {
            Next::Regex(_) => units.before(text, one.start),
            Next::Function(_) => one.start,
        };
        let groups = Item::Array(machine.array(one.groups.clone())?);
        let mut members = Members::new();
        members.insert("match".into(), Item::String(one.text.clone()));
        members.insert("index".into(), Item::count(index));
        members.insert("groups".into(), groups);
        found.push(machine.object(members)?);
        Ok(())
    })?;
    machine.sequence(found)
}

pub(super) fn split(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Item::String(text) = argument(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    let limit = limit(arguments, 2, "D3020")?;
    machine.make_text(text.len())?;
    let parts: Vec<Item> = match argument(arguments, 1) {
        Item::String(separator) if separator.is_empty() => {
            let count = text.chars().count().min(limit);
            machine.make_items(count)?;
            machine.memory(count.saturating_mul(16))?;
            text.chars()
                .take(limit)
                .map(|one| Item::string(one.to_string()))
                .collect()
        }
        Item::String(separator) => {
            let mut parts = Vec::new();
            for part in text.split(&**separator).take(limit) {
                machine.memory(16)?;
                machine.work(1)?;
                parts.push(Item::string(part));
            }
            parts
        }
        Item::Function(matcher) => {
            let mut parts = Vec::new();
            let mut start = 0;
            each_match(machine, matcher, text, limit, &mut |machine, one| {
                machine.memory(16)?;
                parts.push(Item::string(slice(text, start, one.start)));
                start = one.end;
                Ok(())
            })?;
            if parts.len() < limit {
                parts.push(Item::string(slice(text, start, text.len())));
            }
            parts
        }
        _ => return Ok(Item::Undefined),
    };
    Ok(Item::Array(machine.array(parts)?))
}

pub(super) fn replace(machine: &mut Machine<'_>, arguments: &[Item]) -> Outcome {
    let Item::String(text) = argument(arguments, 0) else {
        return Ok(Item::Undefined);
    };
    if self::text(arguments, 1) == Some("") {
        return Err(Error::of("D3010"));
    }
    let limit = limit(arguments, 3, "D3011")?;
    let replacement = argument(arguments, 2);
    match argument(arguments, 1) {
        Item::String(pattern) => replace_text(machine, text, pattern, replacement, limit),
        Item::Function(matcher) => {
            let mut made = String::new();
            let mut done = 0;
            each_match(machine, matcher, text, limit, &mut |machine, one| {
                let kept = slice(text, done, one.start);
                machine.make_text(kept.len())?;
                made.push_str(kept);
                let substitute = substitute(machine, replacement, one)?;
                machine.make_text(substitute.len())?;
                made.push_str(&substitute);
                done = one.end;
                Ok(())
            })?;
            let rest = slice(text, done, text.len());
            machine.make_text(rest.len())?;
            made.push_str(rest);
            Ok(Item::string(made))
        }
        _ => Ok(Item::Undefined),
    }
}

fn replace_text(
    machine: &mut Machine<'_>,
    text: &str,
    pattern: &str,
    replacement: &Item,
    limit: usize,
) -> Outcome {
    let Item::String(replacement) = replacement else {
        return Err(Error::of("D3012"));
    };
    machine.make_text(text.len())?;
    let mut made = String::with_capacity(text.len());
    let mut done = 0;
    for (place, _) in text.match_indices(pattern).take(limit) {
        machine.make_text(replacement.len())?;
        made.push_str(&text[done..place]);
        made.push_str(replacement);
        done = place + pattern.len();
    }
    made.push_str(&text[done..]);
    Ok(Item::string(made))
}

/// What takes the place of a match: a text with `$1` and the like, or what a function makes of it.
fn substitute(machine: &mut Machine<'_>, replacement: &Item, one: &Match) -> Outcome<Arc<str>> {
    match replacement {
        Item::String(template) => {
            machine.read(template.len())?;
            filled(machine, template, one)
        }
        Item::Function(function) => {
            let object = object_of(machine, one)?;
            match machine.apply(function, vec![object], &Item::Null)? {
                Item::String(text) => Ok(text),
                _ => Err(Error::of("D3012")),
            }
        }
        _ => Err(Error::of("D3012")),
    }
}

/// The template with its groups. `$$` is a dollar, `$0` the match; a number takes as many digits as
/// there may be groups, one fewer if there is no such group.
fn filled(machine: &mut Machine<'_>, template: &str, one: &Match) -> Outcome<Arc<str>> {
    let count = one.groups.len();
    let most = count.max(1).ilog10() as usize + 1;
    let mut made = String::new();
    let mut rest = template;
    while let Some(dollar) = rest.find('$') {
        made.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            made.push('$');
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix('0') {
            machine.make_text(one.text.len())?;
            made.push_str(&one.text);
            rest = after;
            continue;
        }
        let digits = rest
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        let number = |digits: usize| rest[..digits].parse::<usize>().ok();
        let mut taken = digits;
        if most > 1 && taken == most && number(taken).is_some_and(|group| group > count) {
            taken -= 1;
        }
        let Some(group) = number(taken) else {
            made.push('$');
            continue;
        };
        if let Some(Item::String(text)) =
            group.checked_sub(1).and_then(|place| one.groups.get(place))
        {
            machine.make_text(text.len())?;
            made.push_str(text);
        }
        rest = &rest[taken..];
    }
    made.push_str(rest);
    Ok(made.into())
}

/// Visits matches one after the other.
fn each_match(
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

fn first(
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

fn object_of(machine: &mut Machine<'_>, one: &Match) -> Outcome {
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
struct Units {
    bytes: usize,
    units: usize,
}

impl Units {
    fn before(&mut self, text: &str, position: usize) -> usize {
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
fn slice(text: &str, start: usize, end: usize) -> &str {
    let end = text.floor_char_boundary(end.min(text.len()));
    let start = text.floor_char_boundary(start.min(end));
    &text[start..end]
}

/// The most matches.
fn limit(arguments: &[Item], place: usize, code: &'static str) -> Outcome<usize> {
    match whole(arguments, place) {
        Some(limit) if limit < 0.0 => Err(Error::of(code)),
        Some(limit) => Ok(limit as usize),
        None => Ok(usize::MAX),
    }
}
