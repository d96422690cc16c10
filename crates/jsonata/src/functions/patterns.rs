//! `$contains`, `$match`, `$replace`, `$split`: texts searched by a text, a regular expression or any
//! function that finds matches.

use std::sync::Arc;

use super::matches::{Match, Next, Units, each_match, first, object_of, slice};
use super::{argument, text, whole};
use crate::error::Error;
use crate::eval::{Machine, Outcome};
use crate::value::{Item, Members};

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
    machine.read(text.len())?;
    let parts: Vec<Item> = match argument(arguments, 1) {
        Item::String(separator) if separator.is_empty() => {
            let count = text.chars().count().min(limit);
            machine.make_items(count)?;
            machine.memory(count.saturating_mul(32))?;
            text.chars()
                .take(limit)
                .map(|one| Item::string(one.to_string()))
                .collect()
        }
        Item::String(separator) => {
            let mut parts = Vec::new();
            for part in text.split(&**separator).take(limit) {
                machine.work(1)?;
                parts.push(machine.text(part)?);
            }
            parts
        }
        Item::Function(matcher) => {
            let mut parts = Vec::new();
            let mut start = 0;
            each_match(machine, matcher, text, limit, &mut |machine, one| {
                parts.push(machine.text(slice(text, start, one.start))?);
                start = one.end;
                Ok(())
            })?;
            if parts.len() < limit {
                parts.push(machine.text(slice(text, start, text.len()))?);
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
            machine.paid_text(made)
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
    machine.paid_text(made)
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

/// The most matches.
fn limit(arguments: &[Item], place: usize, code: &'static str) -> Outcome<usize> {
    match whole(arguments, place) {
        Some(limit) if limit < 0.0 => Err(Error::of(code)),
        Some(limit) => Ok(limit as usize),
        None => Ok(usize::MAX),
    }
}
