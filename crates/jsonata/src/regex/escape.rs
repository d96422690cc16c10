//! Reads escapes and character classes.

use super::class::Class;
use super::parse::{Node, Parsed, Parser};

impl Parser {
    pub(super) fn escape(&mut self) -> Parsed {
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
    pub(super) fn class(&mut self) -> Parsed<Class> {
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
