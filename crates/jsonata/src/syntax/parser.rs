//! The parser: operators by precedence (Pratt), as in the reference implementation, so that the same
//! texts are refused with the same words.

use std::sync::Arc;

use super::lexer::{Lexer, Token};
use super::power::{binding_power, left_power, plain, shown};
use super::tree::{Kind, Pairs, SortTerm, Tree};
use crate::error::SyntaxError;
use crate::message::quoted;
use crate::signature::Signature;
use crate::value::grow;

/// How deep operands may be nested in each other, and how high the tree may become.
const MAX_NESTING: u32 = 500;

/// Parses a text; positions in errors are in bytes.
pub(crate) fn parse(text: &str) -> Result<Tree, SyntaxError> {
    let mut lexer = Lexer::new(text);
    let (token, position) = lexer.next(false)?;
    let mut parser = Parser {
        lexer,
        token,
        position,
        nesting: 0,
    };
    let tree = parser.expression(0)?;
    if !matches!(parser.token, Token::End) {
        let token = shown(&parser.token);
        return Err(SyntaxError::at(
            parser.position,
            "S0201",
            &[("token", &token)],
        ));
    }
    Ok(tree)
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    token: Token,
    position: usize,
    nesting: u32,
}

type Parsed<T = Tree> = Result<T, SyntaxError>;

impl Parser<'_> {
    /// Goes to the next token and returns this one.
    fn take(&mut self, after_operand: bool) -> Parsed<(Token, usize)> {
        let (token, position) = self.lexer.next(after_operand)?;
        let token = std::mem::replace(&mut self.token, token);
        Ok((token, std::mem::replace(&mut self.position, position)))
    }

    fn at(&self, operator: &str) -> bool {
        matches!(self.token, Token::Operator(this) if this == operator)
    }

    /// Goes past an operator that must be here.
    fn expect(&mut self, operator: &'static str, after_operand: bool) -> Parsed<()> {
        if !self.at(operator) {
            let expected = quoted(operator);
            let code = match self.token {
                Token::End => "S0203",
                _ => "S0202",
            };
            let details = [("value", &*expected), ("token", &shown(&self.token))];
            return Err(SyntaxError::at(self.position, code, &details));
        }
        self.take(after_operand)?;
        Ok(())
    }

    fn tree(&self, kind: Kind, position: usize) -> Parsed {
        let height = kind.inner_height() + 1;
        if height > 2 * MAX_NESTING {
            return Err(SyntaxError::at(position, "U1005", &[]));
        }
        Ok(Tree {
            kind,
            position,
            keep_array: false,
            height,
        })
    }

    fn expression(&mut self, right_power: u32) -> Parsed {
        if self.nesting == MAX_NESTING {
            return Err(SyntaxError::at(self.position, "U1005", &[]));
        }
        self.nesting += 1;
        let parsed = grow(|| {
            let (token, position) = self.take(true)?;
            let mut left = self.prefix(token, position)?;
            while right_power < left_power(&self.token) {
                let (token, position) = self.take(false)?;
                left = self.infix(token, left, position)?;
            }
            Ok(left)
        });
        self.nesting -= 1;
        parsed
    }

    fn boxed(&mut self, right_power: u32) -> Parsed<Box<Tree>> {
        self.expression(right_power).map(Box::new)
    }

    /// What begins with that token.
    fn prefix(&mut self, token: Token, position: usize) -> Parsed {
        let kind = match token {
            Token::Name(name) => Kind::Name(name),
            Token::Variable(name) => Kind::Variable(name),
            Token::String(text) => Kind::String(text),
            Token::Number(number) => Kind::Number(number),
            Token::Literal(literal) => Kind::Literal(literal),
            Token::Regex(regex) => Kind::Regex(regex),
            Token::End => Kind::End,
            Token::Operator(operator) => return self.prefix_operator(operator, position),
        };
        self.tree(kind, position)
    }

    fn prefix_operator(&mut self, operator: &'static str, position: usize) -> Parsed {
        let kind = match operator {
            // The words are names where an operand should be.
            "and" | "or" | "in" => Kind::Name(operator.into()),
            "-" => Kind::Negate(self.boxed(70)?),
            "*" => Kind::Wildcard,
            "**" => Kind::Descendants,
            "%" => Kind::Parent,
            "(" => Kind::Block(self.block()?),
            "[" => Kind::Array(self.array()?),
            "{" => Kind::Object(self.pairs()?),
            "|" => self.transform()?,
            _ => {
                return Err(SyntaxError::at(
                    position,
                    "S0211",
                    &[("token", &quoted(operator))],
                ));
            }
        };
        self.tree(kind, position)
    }

    fn infix(&mut self, token: Token, left: Tree, position: usize) -> Parsed {
        let Token::Operator(operator) = token else {
            return Err(SyntaxError::at(
                position,
                "S0201",
                &[("token", &shown(&token))],
            ));
        };
        let power = binding_power(operator);
        let kind = match operator {
            "(" => self.call(left)?,
            "[" => return self.filter(left, position),
            "{" => Kind::Group(Box::new(left), self.pairs()?),
            "^" => self.sort(left)?,
            ":=" => self.bind(left, power)?,
            "@" => Kind::Focus(Box::new(left), self.variable("@", power)?),
            "#" => Kind::Index(Box::new(left), self.variable("#", power)?),
            "?" => self.condition(left)?,
            "." => Kind::Dot(Box::new(left), self.boxed(power)?),
            "~>" => Kind::Apply(Box::new(left), self.boxed(power)?),
            operator => Kind::Binary {
                operator,
                left: Box::new(left),
                right: self.boxed(power)?,
            },
        };
        self.tree(kind, position)
    }

    fn block(&mut self) -> Parsed<Vec<Tree>> {
        let mut parts = Vec::new();
        while !self.at(")") {
            parts.push(self.expression(0)?);
            if !self.at(";") {
                break;
            }
            self.take(false)?;
        }
        self.expect(")", true)?;
        Ok(parts)
    }

    fn array(&mut self) -> Parsed<Vec<Tree>> {
        let mut items = Vec::new();
        if !self.at("]") {
            loop {
                let item = self.array_item()?;
                items.push(item);
                if !self.at(",") {
                    break;
                }
                self.take(false)?;
            }
        }
        self.expect("]", true)?;
        Ok(items)
    }

    fn array_item(&mut self) -> Parsed {
        let item = self.expression(0)?;
        if !self.at("..") {
            return Ok(item);
        }
        let (_, position) = self.take(false)?;
        let kind = Kind::Binary {
            operator: "..",
            left: Box::new(item),
            right: self.boxed(0)?,
        };
        self.tree(kind, position)
    }

    fn pairs(&mut self) -> Parsed<Pairs> {
        let mut pairs = Vec::new();
        if !self.at("}") {
            loop {
                let key = self.expression(0)?;
                self.expect(":", false)?;
                pairs.push((key, self.expression(0)?));
                if !self.at(",") {
                    break;
                }
                self.take(false)?;
            }
        }
        self.expect("}", true)?;
        Ok(pairs)
    }

    fn transform(&mut self) -> Parsed<Kind> {
        let pattern = self.boxed(0)?;
        self.expect("|", false)?;
        let update = self.boxed(0)?;
        let mut delete = None;
        if self.at(",") {
            self.take(false)?;
            delete = Some(self.boxed(0)?);
        }
        self.expect("|", false)?;
        Ok(Kind::Transform {
            pattern,
            update,
            delete,
        })
    }

    fn call(&mut self, left: Tree) -> Parsed<Kind> {
        let mut arguments = Vec::new();
        let mut partial = false;
        if !self.at(")") {
            loop {
                if self.at("?") {
                    partial = true;
                    let (_, place) = self.take(false)?;
                    arguments.push(self.tree(Kind::Placeholder, place)?);
                } else {
                    arguments.push(self.expression(0)?);
                }
                if !self.at(",") {
                    break;
                }
                self.take(false)?;
            }
        }
        self.expect(")", true)?;
        match &left.kind {
            Kind::Name(name) if matches!(&**name, "function" | "λ") => self.lambda(arguments),
            _ => Ok(Kind::Call {
                procedure: Box::new(left),
                arguments,
                partial,
            }),
        }
    }

    fn lambda(&mut self, arguments: Vec<Tree>) -> Parsed<Kind> {
        let mut parameters = Vec::with_capacity(arguments.len());
        for (place, argument) in arguments.into_iter().enumerate() {
            match argument.kind {
                Kind::Variable(name) => parameters.push(name),
                _ => {
                    let number = (place + 1).to_string();
                    let details = [("value", &*number)];
                    return Err(SyntaxError::at(argument.position, "S0208", &details));
                }
            }
        }
        let signature = match self.at("<") {
            true => Some(self.signature()?),
            false => None,
        };
        self.expect("{", false)?;
        let body = self.boxed(0)?;
        self.expect("}", false)?;
        Ok(Kind::Lambda {
            parameters,
            signature,
            body,
        })
    }

    /// `<...>`: its tokens make up the signature.
    fn signature(&mut self) -> Parsed<Signature> {
        let start = self.position;
        let mut text = String::from("<");
        let mut depth = 1_u32;
        while depth > 0 && !self.at("{") && !matches!(self.token, Token::End) {
            self.take(false)?;
            match &self.token {
                Token::Operator(">") => depth -= 1,
                Token::Operator("<") => depth += 1,
                _ => {}
            }
            text.push_str(&plain(&self.token));
        }
        self.expect(">", false)?;
        Signature::parse(&text).map_err(|(code, offset)| SyntaxError::at(start + offset, code, &[]))
    }

    fn filter(&mut self, mut left: Tree, position: usize) -> Parsed {
        if self.at("]") {
            let mut step = &mut left;
            while let Kind::Filter(inner, _) = &mut step.kind {
                step = inner;
            }
            step.keep_array = true;
            self.expect("]", false)?;
            return Ok(left);
        }
        let predicate = self.boxed(0)?;
        self.expect("]", true)?;
        self.tree(Kind::Filter(Box::new(left), predicate), position)
    }

    fn sort(&mut self, left: Tree) -> Parsed<Kind> {
        self.expect("(", false)?;
        let mut terms = Vec::new();
        loop {
            let descending = self.at(">");
            if descending || self.at("<") {
                self.take(false)?;
            }
            let key = self.expression(0)?;
            terms.push(SortTerm { descending, key });
            if !self.at(",") {
                break;
            }
            self.take(false)?;
        }
        self.expect(")", false)?;
        Ok(Kind::Sort(Box::new(left), terms))
    }

    fn bind(&mut self, left: Tree, power: u32) -> Parsed<Kind> {
        let Kind::Variable(name) = left.kind else {
            return Err(SyntaxError::at(left.position, "S0212", &[]));
        };
        Ok(Kind::Bind(name, self.boxed(power - 1)?))
    }

    fn variable(&mut self, operator: &'static str, power: u32) -> Parsed<Arc<str>> {
        let right = self.expression(power)?;
        match right.kind {
            Kind::Variable(name) => Ok(name),
            _ => {
                let details = [("token", &*quoted(operator))];
                Err(SyntaxError::at(right.position, "S0214", &details))
            }
        }
    }

    fn condition(&mut self, left: Tree) -> Parsed<Kind> {
        let then = self.boxed(0)?;
        let mut otherwise = None;
        if self.at(":") {
            self.take(false)?;
            otherwise = Some(self.boxed(0)?);
        }
        Ok(Kind::Condition {
            condition: Box::new(left),
            then,
            otherwise,
        })
    }
}
