//! Reads a pattern, as JavaScript does without the `u` flag: what has no special meaning stands for
//! itself.

use super::class::Class;

/// Groups and classes in each other.
const MAX_NESTING: usize = 100;
const MAX_REPEAT: u32 = 100_000;

/// What a pattern says.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Empty,
    Char(char),
    Class(Class),
    Sequence(Vec<Node>),
    Choice(Vec<Node>),
    /// A capture with its number, from 1.
    Group(usize, Box<Node>),
    Repeat {
        inside: Box<Node>,
        least: u32,
        /// `u32::MAX` without bound.
        most: u32,
        greedy: bool,
        /// The captures inside.
        groups: (usize, usize),
    },
    Start,
    End,
    Boundary {
        negated: bool,
    },
    Reference(usize),
    /// By name, resolved when all groups are known.
    NamedReference(String),
    Look {
        inside: Box<Node>,
        behind: bool,
        negated: bool,
    },
}

/// A pattern that was read.
pub(super) struct Pattern {
    pub(super) root: Node,
    pub(super) groups: usize,
    pub(super) names: Vec<(String, usize)>,
}

pub(super) fn parse(text: &str) -> Result<Pattern, &'static str> {
    let characters: Vec<char> = text.chars().collect();
    let total = count_groups(&characters);
    let mut parser = Parser {
        characters,
        place: 0,
        groups: 0,
        total,
        nesting: 0,
        names: Vec::new(),
    };
    let root = parser.choice()?;
    if parser.place < parser.characters.len() {
        return Err("Unmatched ')'");
    }
    Ok(Pattern {
        root,
        groups: parser.groups,
        names: parser.names,
    })
}

/// How many captures there are: a reference may come before its group.
fn count_groups(characters: &[char]) -> usize {
    let mut count = 0;
    let mut in_class = false;
    let mut place = 0;
    while place < characters.len() {
        let next = |offset: usize| characters.get(place + offset);
        match characters[place] {
            '\\' => place += 1,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                let named = next(2) == Some(&'<') && !matches!(next(3), Some('=' | '!'));
                count += usize::from(next(1) != Some(&'?') || named);
            }
            _ => {}
        }
        place += 1;
    }
    count
}

pub(super) struct Parser {
    pub(super) characters: Vec<char>,
    pub(super) place: usize,
    groups: usize,
    pub(super) total: usize,
    nesting: usize,
    names: Vec<(String, usize)>,
}

pub(super) type Parsed<T = Node> = Result<T, &'static str>;

impl Parser {
    pub(super) fn peek(&self) -> Option<char> {
        self.characters.get(self.place).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.place += 1;
        Some(character)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let matches = text
            .chars()
            .enumerate()
            .all(|(offset, one)| self.characters.get(self.place + offset) == Some(&one));
        if matches {
            self.place += text.chars().count();
        }
        matches
    }

    fn choice(&mut self) -> Parsed {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err("Regular expression too large");
        }
        let mut choices = vec![self.sequence()?];
        while self.eat("|") {
            choices.push(self.sequence()?);
        }
        self.nesting -= 1;
        Ok(match choices.len() {
            1 => choices.remove(0),
            _ => Node::Choice(choices),
        })
    }

    fn sequence(&mut self) -> Parsed {
        let mut parts = Vec::new();
        while let Some(next) = self.peek() {
            if matches!(next, '|' | ')') {
                break;
            }
            let groups = self.groups;
            let atom = self.atom()?;
            let quantifiable = !matches!(
                atom,
                Node::Start | Node::End | Node::Boundary { .. } | Node::Look { behind: true, .. }
            );
            parts.push(self.quantified(atom, groups, quantifiable)?);
        }
        Ok(match parts.len() {
            0 => Node::Empty,
            1 => parts.remove(0),
            _ => Node::Sequence(parts),
        })
    }

    fn quantified(&mut self, atom: Node, groups: usize, quantifiable: bool) -> Parsed {
        let Some((least, most)) = self.quantifier()? else {
            return Ok(atom);
        };
        if !quantifiable {
            return Err("Nothing to repeat");
        }
        let greedy = !self.eat("?");
        Ok(Node::Repeat {
            inside: Box::new(atom),
            least,
            most,
            greedy,
            groups: (groups + 1, self.groups),
        })
    }

    fn quantifier(&mut self) -> Parsed<Option<(u32, u32)>> {
        if self.eat("*") {
            return Ok(Some((0, u32::MAX)));
        }
        if self.eat("+") {
            return Ok(Some((1, u32::MAX)));
        }
        if self.eat("?") {
            return Ok(Some((0, 1)));
        }
        let start = self.place;
        if self.eat("{") {
            if let Some(bounds) = self.bounds() {
                if bounds.0 > bounds.1 {
                    return Err("numbers out of order in {} quantifier");
                }
                return Ok(Some(bounds));
            }
            self.place = start;
        }
        Ok(None)
    }

    /// `n}`, `n,}` or `n,m}`
    fn bounds(&mut self) -> Option<(u32, u32)> {
        let least = self.digits()?;
        let most = if self.eat(",") {
            if self.peek() == Some('}') {
                u32::MAX
            } else {
                self.digits()?
            }
        } else {
            least
        };
        self.eat("}").then_some((least, most))
    }

    pub(super) fn digits(&mut self) -> Option<u32> {
        let mut number: Option<u32> = None;
        while let Some(digit) = self.peek().and_then(|one| one.to_digit(10)) {
            self.place += 1;
            let value = number.unwrap_or(0).saturating_mul(10).saturating_add(digit);
            number = Some(value.min(MAX_REPEAT));
        }
        number
    }

    fn atom(&mut self) -> Parsed {
        let Some(character) = self.next() else {
            return Ok(Node::Empty);
        };
        Ok(match character {
            '^' => Node::Start,
            '$' => Node::End,
            '.' => Node::Class(Class::any()),
            '(' => return self.group(),
            '[' => Node::Class(self.class()?),
            '\\' => return self.escape(),
            '*' | '+' | '?' => return Err("Nothing to repeat"),
            '{' => {
                let start = self.place;
                let is_quantifier = self.bounds().is_some();
                self.place = start;
                if is_quantifier {
                    return Err("Nothing to repeat");
                }
                Node::Char('{')
            }
            plain => Node::Char(plain),
        })
    }

    fn group(&mut self) -> Parsed {
        let look = [
            ("?=", false, false),
            ("?!", false, true),
            ("?<=", true, false),
            ("?<!", true, true),
        ];
        for (text, behind, negated) in look {
            if self.eat(text) {
                let inside = Box::new(self.closed()?);
                return Ok(Node::Look {
                    inside,
                    behind,
                    negated,
                });
            }
        }
        if self.eat("?:") {
            return self.closed();
        }
        let name = match self.eat("?<") {
            true => Some(self.name()?),
            false if self.peek() == Some('?') => return Err("Invalid group"),
            false => None,
        };
        self.groups += 1;
        let number = self.groups;
        if let Some(name) = name {
            if self.names.iter().any(|(known, _)| *known == name) {
                return Err("Duplicate capture group name");
            }
            self.names.push((name, number));
        }
        Ok(Node::Group(number, Box::new(self.closed()?)))
    }

    fn closed(&mut self) -> Parsed {
        let inside = self.choice()?;
        if !self.eat(")") {
            return Err("Unterminated group");
        }
        Ok(inside)
    }

    /// Up to `>`.
    pub(super) fn name(&mut self) -> Parsed<String> {
        let mut name = String::new();
        loop {
            match self.next() {
                Some('>') if !name.is_empty() => return Ok(name),
                Some(letter) if letter.is_alphanumeric() || matches!(letter, '_' | '$') => {
                    name.push(letter);
                }
                _ => return Err("Invalid capture group name"),
            }
        }
    }
}
