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

struct Parser {
    characters: Vec<char>,
    place: usize,
    groups: usize,
    total: usize,
    nesting: usize,
    names: Vec<(String, usize)>,
}

type Parsed<T = Node> = Result<T, &'static str>;

impl Parser {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.place).copied()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.place += 1;
        Some(character)
    }

    fn eat(&mut self, text: &str) -> bool {
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

    fn digits(&mut self) -> Option<u32> {
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
    fn name(&mut self) -> Parsed<String> {
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

    fn escape(&mut self) -> Parsed {
        let Some(letter) = self.peek() else {
            return Err("\\ at end of pattern");
        };
        if let Some(class) = Class::of_letter(letter) {
            self.place += 1;
            return Ok(Node::Class(class));
        }
        match letter {
            'b' | 'B' => {
                self.place += 1;
                Ok(Node::Boundary {
                    negated: letter == 'B',
                })
            }
            '1'..='9' => {
                let start = self.place;
                let number = self.digits().unwrap_or(0) as usize;
                if number <= self.total {
                    return Ok(Node::Reference(number));
                }
                self.place = start;
                Ok(Node::Char(self.character_escape()))
            }
            'k' if self.characters.get(self.place + 1) == Some(&'<') && self.total > 0 => {
                self.place += 2;
                Ok(Node::NamedReference(self.name()?))
            }
            _ => Ok(Node::Char(self.character_escape())),
        }
    }

    /// After the backslash: a single character.
    fn character_escape(&mut self) -> char {
        let Some(letter) = self.next() else {
            return '\\';
        };
        match letter {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'c' => match self.peek() {
                Some(control) if control.is_ascii_alphabetic() => {
                    self.place += 1;
                    char::from((control as u8) & 0x1f)
                }
                _ => {
                    self.place -= 1;
                    '\\'
                }
            },
            'x' => self.hexadecimal(2).unwrap_or('x'),
            'u' => self.unicode().unwrap_or('u'),
            '0'..='7' => self.octal(letter),
            same => same,
        }
    }

    fn hexadecimal(&mut self, length: usize) -> Option<char> {
        char::from_u32(self.code(length)?).or(Some(char::REPLACEMENT_CHARACTER))
    }

    fn code(&mut self, length: usize) -> Option<u32> {
        let digits = self.characters.get(self.place..self.place + length)?;
        let mut code = 0;
        for digit in digits {
            code = code * 16 + digit.to_digit(16)?;
        }
        self.place += length;
        Some(code)
    }

    fn unicode(&mut self) -> Option<char> {
        let high = self.code(4)?;
        let start = self.place;
        if (0xd800..0xdc00).contains(&high) && self.eat("\\u") {
            if let Some(low @ 0xdc00..0xe000) = self.code(4) {
                return char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            }
            self.place = start;
        }
        char::from_u32(high).or(Some(char::REPLACEMENT_CHARACTER))
    }

    fn octal(&mut self, first: char) -> char {
        let mut code = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            match self.peek().and_then(|digit| digit.to_digit(8)) {
                Some(digit) if code * 8 + digit <= 0o377 => {
                    self.place += 1;
                    code = code * 8 + digit;
                }
                _ => break,
            }
        }
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// After `[`.
    fn class(&mut self) -> Parsed<Class> {
        let negated = self.eat("^");
        let mut class = Class::default();
        loop {
            if self.eat("]") {
                let class = class.normalized();
                return Ok(if negated { class.inverted() } else { class });
            }
            let from = self.class_member()?;
            let is_range = self.peek() == Some('-')
                && !matches!(self.characters.get(self.place + 1), None | Some(']'));
            if !is_range {
                from.add_to(&mut class);
                continue;
            }
            self.place += 1;
            let to = self.class_member()?;
            match (from, to) {
                (Member::Char(from), Member::Char(to)) if from <= to => class.add(from, to),
                (Member::Char(_), Member::Char(_)) => {
                    return Err("Range out of order in character class");
                }
                (from, to) => {
                    from.add_to(&mut class);
                    class.add('-', '-');
                    to.add_to(&mut class);
                }
            }
        }
    }

    fn class_member(&mut self) -> Parsed<Member> {
        match self.next() {
            None => Err("Unterminated character class"),
            Some('\\') => {
                let Some(letter) = self.peek() else {
                    return Err("\\ at end of pattern");
                };
                if let Some(class) = Class::of_letter(letter) {
                    self.place += 1;
                    return Ok(Member::Class(class));
                }
                if letter == 'b' {
                    self.place += 1;
                    return Ok(Member::Char('\u{8}'));
                }
                Ok(Member::Char(self.character_escape()))
            }
            Some(plain) => Ok(Member::Char(plain)),
        }
    }
}

enum Member {
    Char(char),
    Class(Class),
}

impl Member {
    fn add_to(&self, class: &mut Class) {
        match self {
            Member::Char(character) => class.add(*character, *character),
            Member::Class(other) => class.add_class(other),
        }
    }
}
