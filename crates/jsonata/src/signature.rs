//! Function signatures (`<s-n?:s>`): what arguments a function takes, and how they are checked.
//!
//! A signature is a sequence of parameters, each with the kinds of value it takes and how often it
//! may come. Arguments are matched like a text is matched by a regular expression: as many as
//! possible for each parameter, fewer when what follows would not fit.

use crate::error::Error;
use crate::value::{Array, Item};

/// A parsed signature.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    parameters: Vec<Parameter>,
}

#[derive(Clone, Debug)]
struct Parameter {
    /// The symbols of the kinds it takes, `m` for a missing value.
    kinds: String,
    occurrence: Occurrence,
    /// A missing argument is replaced by the context.
    context: bool,
    /// A value that is no array becomes one.
    array: bool,
    /// Of the items of an array.
    items: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occurrence {
    Once,
    Optional,
    Repeated,
}

/// What [`Signature::check`] makes of arguments: the checked ones, or an error that does not know
/// the function's name yet ([`Error::in_function`]).
pub(crate) type Checked = Result<Vec<Item>, Error>;

impl Signature {
    /// Parses `<...>`. The error is a code and an offset.
    pub(crate) fn parse(text: &str) -> Result<Signature, (&'static str, usize)> {
        let symbols: Vec<(usize, char)> = text.char_indices().collect();
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut place = 1;
        while let Some((offset, symbol)) = symbols.get(place).copied() {
            match symbol {
                ':' => break,
                's' | 'n' | 'b' | 'l' | 'o' => {
                    parameters.push(Parameter::of(&format!("{symbol}m")))
                }
                'a' => parameters.push(Parameter::any(true)),
                'f' => parameters.push(Parameter::of("f")),
                'j' => parameters.push(Parameter::of("asnblom")),
                'x' => parameters.push(Parameter::any(false)),
                '-' | '?' | '+' => {
                    if let Some(last) = parameters.last_mut() {
                        last.occurrence = match symbol {
                            '+' => Occurrence::Repeated,
                            _ => Occurrence::Optional,
                        };
                        last.context |= symbol == '-';
                    }
                }
                '(' => {
                    let end = closing(&symbols, place, '(', ')');
                    let kinds: String = inside(&symbols, place, end);
                    if kinds.contains('<') {
                        return Err(("S0402", offset));
                    }
                    parameters.push(Parameter::of(&format!("{kinds}m")));
                    place = end;
                }
                '<' => {
                    let end = closing(&symbols, place, '<', '>');
                    match parameters.last_mut() {
                        Some(last) if last.array || last.kinds == "f" => {
                            last.items = Some(inside(&symbols, place, end));
                        }
                        _ => return Err(("S0401", offset)),
                    }
                    place = end;
                }
                _ => {}
            }
            place += 1;
        }
        Ok(Signature { parameters })
    }

    /// Checks arguments, puts the context where one is missing, and makes arrays where arrays are
    /// expected. Cost: parameters by arguments.
    pub(crate) fn check(&self, arguments: &[Item], context: &Item) -> Checked {
        let kinds: Vec<char> = arguments.iter().map(symbol).collect();
        let Some(shares) = self.shares(&kinds) else {
            return Err(self.mismatch(&kinds));
        };
        let mut checked = Vec::with_capacity(arguments.len().max(self.parameters.len()));
        let mut matched = 0;
        let mut place = 0;
        for (parameter, share) in self.parameters.iter().zip(shares) {
            if share > 0 {
                for kind in &kinds[matched..matched + share] {
                    let argument = arguments.get(place).unwrap_or(&Item::Undefined);
                    checked.push(parameter.fit(argument, *kind, share, place)?);
                    place += 1;
                }
                matched += share;
            } else if parameter.context {
                let context = context.unwrapped();
                if !parameter.takes(symbol(&context)) {
                    let number = (place + 1).to_string();
                    return Err(Error::with("T0411", &[("index", &number)]));
                }
                checked.push(context);
            } else {
                // As in the reference implementation, a parameter without a share still takes the
                // argument that is there, and the next one the argument after it.
                checked.push(arguments.get(place).cloned().unwrap_or_default());
                place += 1;
            }
        }
        Ok(checked)
    }

    /// How many parameters there are.
    pub(crate) fn len(&self) -> usize {
        self.parameters.len()
    }

    /// Whether a check looks at the items of arrays.
    pub(crate) fn looks_inside(&self) -> bool {
        self.parameters
            .iter()
            .any(|parameter| parameter.items.is_some())
    }

    /// How many arguments each parameter gets; `None` when they do not fit.
    fn shares(&self, kinds: &[char]) -> Option<Vec<usize>> {
        let width = kinds.len() + 1;
        let count = self.parameters.len();
        // Whether the parameters from `row` on match the arguments from `column` on.
        let mut fits = vec![false; (count + 1) * width];
        fits[count * width + kinds.len()] = true;
        for (row, parameter) in self.parameters.iter().enumerate().rev() {
            for column in (0..width).rev() {
                let next = |taken: usize| fits[(row + 1) * width + column + taken];
                let takes = kinds.get(column).is_some_and(|kind| parameter.takes(*kind));
                fits[row * width + column] = match parameter.occurrence {
                    Occurrence::Once => takes && next(1),
                    Occurrence::Optional => next(0) || (takes && next(1)),
                    Occurrence::Repeated => takes && (next(1) || fits[row * width + column + 1]),
                };
            }
        }
        if !fits[0] {
            return None;
        }
        let mut column = 0;
        let mut shares = Vec::with_capacity(count);
        for (row, parameter) in self.parameters.iter().enumerate() {
            let longest = parameter.longest(&kinds[column..]);
            let share = (0..=longest)
                .rev()
                .find(|share| fits[(row + 1) * width + column + share])?;
            shares.push(share);
            column += share;
        }
        Some(shares)
    }

    /// The first argument up to which the parameters cannot be made to fit.
    fn mismatch(&self, kinds: &[char]) -> Error {
        let mut good = 0;
        // Whether the parameters so far match the arguments up to there.
        let mut reached = vec![false; kinds.len() + 1];
        reached[0] = true;
        for parameter in &self.parameters {
            let mut next = vec![false; reached.len()];
            for end in 0..reached.len() {
                let taken = end > 0 && parameter.takes(kinds[end - 1]);
                next[end] = match parameter.occurrence {
                    Occurrence::Once => taken && reached[end - 1],
                    Occurrence::Optional => reached[end] || (taken && reached[end - 1]),
                    Occurrence::Repeated => taken && (reached[end - 1] || next[end - 1]),
                };
            }
            reached = next;
            match reached.iter().rposition(|reached| *reached) {
                Some(end) => good = end,
                None => break,
            }
        }
        Error::with("T0410", &[("index", &(good + 1).to_string())])
    }
}

impl Parameter {
    fn of(kinds: &str) -> Parameter {
        Parameter {
            kinds: kinds.to_owned(),
            occurrence: Occurrence::Once,
            context: false,
            array: false,
            items: None,
        }
    }

    fn any(array: bool) -> Parameter {
        Parameter {
            array,
            ..Parameter::of("asnblfom")
        }
    }

    fn takes(&self, kind: char) -> bool {
        self.kinds.contains(kind)
    }

    fn longest(&self, kinds: &[char]) -> usize {
        let most = match self.occurrence {
            Occurrence::Repeated => usize::MAX,
            _ => 1,
        };
        kinds
            .iter()
            .take(most)
            .take_while(|kind| self.takes(**kind))
            .count()
    }

    fn fit(&self, argument: &Item, kind: char, share: usize, index: usize) -> Result<Item, Error> {
        if !self.array || kind == 'm' {
            return Ok(argument.clone());
        }
        let fitting = match (&self.items, argument) {
            (None, _) => true,
            (Some(items), Item::Array(array)) => homogeneous(array, items),
            (Some(items), _) => share == 1 && items.len() == 1 && items.starts_with(kind),
        };
        if !fitting {
            let details = [
                ("index", &*(index + 1).to_string()),
                ("type", plural(self.items.as_deref())),
            ];
            return Err(Error::with("T0412", &details));
        }
        Ok(match argument {
            Item::Array(_) => argument.clone(),
            other => Item::Array(Array::own(vec![other.clone()])),
        })
    }
}

fn homogeneous(array: &Array, items: &str) -> bool {
    array.iter().all(|item| items.starts_with(symbol(&item)))
}

/// The name of a kind in an error text, as JSON.
fn plural(items: Option<&str>) -> &'static str {
    match items {
        Some("a") => "\"arrays\"",
        Some("b") => "\"booleans\"",
        Some("f") => "\"functions\"",
        Some("n") => "\"numbers\"",
        Some("o") => "\"objects\"",
        Some("s") => "\"strings\"",
        _ => "undefined",
    }
}

fn symbol(item: &Item) -> char {
    match item {
        Item::Undefined => 'm',
        Item::Null => 'l',
        Item::Bool(_) => 'b',
        Item::Number(_) | Item::Exact(_) => 'n',
        Item::String(_) => 's',
        Item::Array(_) | Item::Tuples(_) => 'a',
        Item::Object(_) => 'o',
        Item::Function(_) => 'f',
    }
}

/// Where the bracket that is open at `start` is closed; the end when it is not.
fn closing(symbols: &[(usize, char)], start: usize, open: char, close: char) -> usize {
    let mut depth = 1_usize;
    for (place, (_, symbol)) in symbols.iter().enumerate().skip(start + 1) {
        if *symbol == close {
            depth -= 1;
            if depth == 0 {
                return place;
            }
        } else if *symbol == open {
            depth += 1;
        }
    }
    symbols.len()
}

fn inside(symbols: &[(usize, char)], start: usize, end: usize) -> String {
    symbols
        .get(start + 1..end)
        .unwrap_or_default()
        .iter()
        .map(|(_, symbol)| symbol)
        .collect()
}
