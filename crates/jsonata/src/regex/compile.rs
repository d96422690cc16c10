//! From a pattern to instructions.

use super::class::Class;
use super::parse::{Node, Pattern};
use super::{Flags, Instruction, Regex};

/// Instructions of a pattern; repetitions are written out.
const MAX_PROGRAM: usize = 20_000;

pub(super) fn compile(pattern: Pattern, flags: Flags) -> Result<Regex, &'static str> {
    let mut compiler = Compiler {
        program: Vec::new(),
        classes: Vec::new(),
        registers: 0,
        names: pattern.names,
        ignore_case: flags.ignore_case,
    };
    compiler.emit(Instruction::Save(0))?;
    compiler.node(&pattern.root, false)?;
    compiler.emit(Instruction::Save(1))?;
    compiler.emit(Instruction::Accept)?;
    Ok(Regex {
        program: compiler.program,
        classes: compiler.classes,
        flags,
        groups: pattern.groups,
        registers: compiler.registers,
    })
}

struct Compiler {
    program: Vec<Instruction>,
    classes: Vec<Class>,
    registers: usize,
    names: Vec<(String, usize)>,
    ignore_case: bool,
}

type Compiled<T = ()> = Result<T, &'static str>;

impl Compiler {
    fn emit(&mut self, instruction: Instruction) -> Compiled<usize> {
        if self.program.len() >= MAX_PROGRAM {
            return Err("Regular expression too large");
        }
        self.program.push(instruction);
        Ok(self.program.len() - 1)
    }

    fn node(&mut self, node: &Node, back: bool) -> Compiled {
        match node {
            Node::Empty => {}
            Node::Char(character) => {
                let expected = match self.ignore_case {
                    true => super::class::folded(*character),
                    false => *character,
                };
                self.emit(Instruction::Char { expected, back })?;
            }
            Node::Class(class) => {
                let class = self.class(class.clone().normalized());
                self.emit(Instruction::Class { class, back })?;
            }
            Node::Sequence(parts) if back => {
                for part in parts.iter().rev() {
                    self.node(part, back)?;
                }
            }
            Node::Sequence(parts) => {
                for part in parts {
                    self.node(part, back)?;
                }
            }
            Node::Choice(choices) => self.choice(choices, back)?,
            Node::Group(number, inside) => {
                let (first, last) = (
                    number * 2 + usize::from(back),
                    number * 2 + usize::from(!back),
                );
                self.emit(Instruction::Save(first))?;
                self.node(inside, back)?;
                self.emit(Instruction::Save(last))?;
            }
            Node::Repeat {
                inside,
                least,
                most,
                greedy,
                groups,
            } => self.repeat(inside, (*least, *most), *greedy, *groups, back)?,
            Node::Start => {
                self.emit(Instruction::Start)?;
            }
            Node::End => {
                self.emit(Instruction::End)?;
            }
            Node::Boundary { negated } => {
                self.emit(Instruction::Boundary { negated: *negated })?;
            }
            Node::Reference(group) => {
                self.emit(Instruction::Reference {
                    group: *group,
                    back,
                })?;
            }
            Node::NamedReference(name) => {
                let found = self.names.iter().find(|(known, _)| known == name);
                let group = found.ok_or("Invalid named capture referenced")?.1;
                self.emit(Instruction::Reference { group, back })?;
            }
            Node::Look {
                inside,
                behind,
                negated,
            } => {
                let look = self.emit(Instruction::Accept)?;
                self.node(inside, *behind)?;
                self.emit(Instruction::Accept)?;
                self.program[look] = Instruction::Look {
                    negated: *negated,
                    next: self.program.len(),
                };
            }
        }
        Ok(())
    }

    fn class(&mut self, class: Class) -> usize {
        self.classes.push(class);
        self.classes.len() - 1
    }

    fn choice(&mut self, choices: &[Node], back: bool) -> Compiled {
        let mut ends = Vec::with_capacity(choices.len());
        for (place, choice) in choices.iter().enumerate() {
            if place + 1 == choices.len() {
                self.node(choice, back)?;
                break;
            }
            let split = self.emit(Instruction::Accept)?;
            self.node(choice, back)?;
            ends.push(self.emit(Instruction::Accept)?);
            self.program[split] = Instruction::Split {
                first: split + 1,
                second: self.program.len(),
            };
        }
        for end in ends {
            self.program[end] = Instruction::Jump(self.program.len());
        }
        Ok(())
    }

    fn repeat(
        &mut self,
        inside: &Node,
        (least, most): (u32, u32),
        greedy: bool,
        groups: (usize, usize),
        back: bool,
    ) -> Compiled {
        if let Some(class) = self.single(inside) {
            self.emit(Instruction::Run {
                class,
                least,
                most,
                greedy,
                back,
            })?;
            return Ok(());
        }
        for _ in 0..least {
            self.iteration(inside, groups, back)?;
        }
        if most == u32::MAX {
            return self.star(inside, greedy, groups, back);
        }
        let mut splits = Vec::new();
        for _ in least..most {
            splits.push(self.emit(Instruction::Accept)?);
            let mark = self.register();
            self.emit(Instruction::Mark(mark))?;
            self.iteration(inside, groups, back)?;
            self.emit(Instruction::Progress(mark))?;
        }
        for split in splits {
            self.program[split] = branch(split + 1, self.program.len(), greedy);
        }
        Ok(())
    }

    fn star(
        &mut self,
        inside: &Node,
        greedy: bool,
        groups: (usize, usize),
        back: bool,
    ) -> Compiled {
        let split = self.emit(Instruction::Accept)?;
        let mark = self.register();
        self.emit(Instruction::Mark(mark))?;
        self.iteration(inside, groups, back)?;
        self.emit(Instruction::Progress(mark))?;
        self.emit(Instruction::Jump(split))?;
        self.program[split] = branch(split + 1, self.program.len(), greedy);
        Ok(())
    }

    fn iteration(&mut self, inside: &Node, groups: (usize, usize), back: bool) -> Compiled {
        if groups.0 <= groups.1 {
            self.emit(Instruction::Forget {
                from: groups.0 * 2,
                to: groups.1 * 2 + 2,
            })?;
        }
        self.node(inside, back)
    }

    fn register(&mut self) -> usize {
        self.registers += 1;
        self.registers - 1
    }

    /// The class of what matches exactly one character.
    fn single(&mut self, node: &Node) -> Option<usize> {
        let class = match node {
            Node::Char(character) => Class::of(&[(*character, *character)]),
            Node::Class(class) => class.clone().normalized(),
            _ => return None,
        };
        Some(self.class(class))
    }
}

fn branch(inside: usize, after: usize, greedy: bool) -> Instruction {
    match greedy {
        true => Instruction::Split {
            first: inside,
            second: after,
        },
        false => Instruction::Split {
            first: after,
            second: inside,
        },
    }
}
