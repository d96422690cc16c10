//! Wildcards and policy variables. Owns the matching of one pattern against one text, in linear space and without
//! recursion, so that no pattern can cost more than its length times the text's.

use crate::context::Context;

/// One symbol of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// `*`: any run of characters.
    Any,
    /// `?`: any one character.
    One,
    /// This character.
    Is(char),
}

/// Whether a pattern of `*`, `?` and characters covers the whole text.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    matches(&plain(pattern), text)
}

/// The symbols of a pattern without variables.
pub(crate) fn plain(pattern: &str) -> Vec<Symbol> {
    pattern.chars().map(symbol).collect()
}

fn symbol(c: char) -> Symbol {
    match c {
        '*' => Symbol::Any,
        '?' => Symbol::One,
        other => Symbol::Is(other),
    }
}

/// The symbols of a pattern with its `${variables}` replaced by literal text; `None` when one has no value.
pub(crate) fn expand(pattern: &str, context: &Context) -> Option<Vec<Symbol>> {
    let mut symbols = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else {
            break;
        };
        symbols.extend(before.chars().map(symbol));
        symbols.extend(variable(name, context)?.chars().map(Symbol::Is));
        rest = tail;
    }
    symbols.extend(rest.chars().map(symbol));
    Some(symbols)
}

/// `*`, `?` and `$` stand for themselves; `key, 'default'` has a value at any rate.
fn variable(expression: &str, context: &Context) -> Option<String> {
    if matches!(expression, "*" | "?" | "$") {
        return Some(expression.to_owned());
    }
    let (name, default) = expression
        .split_once(',')
        .map_or((expression, None), |(n, d)| (n, Some(d.trim())));
    let default = default.and_then(|d| d.strip_prefix('\'')?.strip_suffix('\''));
    match context.values(name.trim()) {
        Some([value]) => Some(value.clone()),
        _ => default.map(str::to_owned),
    }
}

/// The text of symbols that are to be taken literally, `*` and `?` included.
pub(crate) fn literal(symbols: &[Symbol]) -> String {
    let text = symbols.iter().map(|symbol| match symbol {
        Symbol::Any => '*',
        Symbol::One => '?',
        Symbol::Is(c) => *c,
    });
    text.collect()
}

/// Whether the symbols cover the whole text.
pub(crate) fn matches(pattern: &[Symbol], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last `*` was, and how far it reaches: the only place to go back to.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Symbol::Any) => {
                star = Some((p, t));
                p += 1;
            }
            Some(Symbol::One) => (p, t) = (p + 1, t + 1),
            Some(Symbol::Is(c)) if *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, reach)) => {
                    star = Some((at, reach + 1));
                    (p, t) = (at + 1, reach + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|symbol| *symbol == Symbol::Any)
}

/// Whether the symbols of an ARN cover another ARN, part by part; what is not an ARN is compared as a whole.
pub(crate) fn matches_arn(pattern: &[Symbol], text: &str) -> bool {
    let texts: Vec<&str> = text.splitn(6, ':').collect();
    let patterns: Vec<&[Symbol]> = pattern
        .splitn(6, |symbol| *symbol == Symbol::Is(':'))
        .collect();
    if patterns.len() < 6 || texts.len() < 6 {
        return matches(pattern, text);
    }
    patterns
        .iter()
        .zip(texts)
        .all(|(pattern, text)| matches(pattern, text))
}
