//! The texts of the errors, as the reference implementation (jsonata 2.0) has them.
//!
//! `{{name}}` is replaced by the JSON text of a detail, `{{{name}}}` by the detail as it is.

use crate::error::{Error, SyntaxError};

/// Code and text, in the order of the codes.
const TEMPLATES: &[(&str, &str)] = &[
    ("D1001", "Number out of range: {{value}}"),
    ("D1002", "Cannot negate a non-numeric value: {{value}}"),
    ("D1004", "Regular expression matches zero length string"),
    (
        "D1009",
        "Multiple key definitions evaluate to same key: {{value}}",
    ),
    (
        "D2014",
        "The size of the sequence allocated by the range operator (..) must not exceed 1e6.  Attempted to allocate \
         {{value}}.",
    ),
    (
        "D3001",
        "Attempting to invoke string function on Infinity or NaN",
    ),
    (
        "D3010",
        "Second argument of replace function cannot be an empty string",
    ),
    (
        "D3011",
        "Fourth argument of replace function must evaluate to a positive number",
    ),
    (
        "D3012",
        "Attempted to replace a matched string with a non-string value",
    ),
    (
        "D3020",
        "Third argument of split function must evaluate to a positive number",
    ),
    ("D3030", "Unable to cast value to a number: {{value}}"),
    (
        "D3040",
        "Third argument of match function must evaluate to a positive number",
    ),
    (
        "D3050",
        "The second argument of reduce function must be a function with at least two arguments",
    ),
    (
        "D3060",
        "The sqrt function cannot be applied to a negative number: {{value}}",
    ),
    (
        "D3061",
        "The power function has resulted in a value that cannot be represented as a JSON number: base={{value}}, \
         exponent={{exp}}",
    ),
    (
        "D3070",
        "The single argument form of the sort function can only be applied to an array of strings or an array of \
         numbers.  Use the second argument to specify a comparison function",
    ),
    ("D3137", "{{{message}}}"),
    (
        "D3138",
        "The $single() function expected exactly 1 matching result.  Instead it matched more.",
    ),
    (
        "D3139",
        "The $single() function expected exactly 1 matching result.  Instead it matched 0.",
    ),
    (
        "D3140",
        "Malformed URL passed to ${{{functionName}}}(): {{value}}",
    ),
    ("D3141", "{{{message}}}"),
    (
        "D3150",
        "The second argument of partition function must be a positive integer: {{value}}",
    ),
    (
        "D3151",
        "The third argument of range function must not be zero",
    ),
    ("D3152", "Unknown hash algorithm: {{value}}"),
    (
        "D3153",
        "The argument of parse function is not valid JSON: {{{message}}}",
    ),
    (
        "S0101",
        "String literal must be terminated by a matching quote",
    ),
    ("S0102", "Number out of range: {{token}}"),
    ("S0103", "Unsupported escape sequence: \\{{token}}"),
    (
        "S0104",
        "The escape sequence \\u must be followed by 4 hex digits",
    ),
    (
        "S0105",
        "Quoted property name must be terminated with a backquote (`)",
    ),
    ("S0106", "Comment has no closing tag"),
    ("S0201", "Syntax error: {{token}}"),
    ("S0202", "Expected {{value}}, got {{token}}"),
    ("S0203", "Expected {{value}} before end of expression"),
    ("S0204", "Unknown operator: {{token}}"),
    ("S0207", "Unexpected end of expression"),
    (
        "S0208",
        "Parameter {{value}} of function definition must be a variable name (start with $)",
    ),
    (
        "S0209",
        "A predicate cannot follow a grouping expression in a step",
    ),
    ("S0210", "Each step can only have one grouping expression"),
    (
        "S0211",
        "The symbol {{token}} cannot be used as a unary operator",
    ),
    (
        "S0212",
        "The left side of := must be a variable name (start with $)",
    ),
    (
        "S0213",
        "The literal value {{value}} cannot be used as a step within a path expression",
    ),
    (
        "S0214",
        "The right side of {{token}} must be a variable name (start with $)",
    ),
    (
        "S0215",
        "A context variable binding must precede any predicates on a step",
    ),
    (
        "S0216",
        "A context variable binding must precede the 'order-by' clause on a step",
    ),
    (
        "S0217",
        "The object representing the 'parent' cannot be derived from this expression",
    ),
    ("S0301", "Empty regular expressions are not allowed"),
    ("S0302", "No terminating / in regular expression"),
    (
        "S0303",
        "Invalid regular expression: /{{{pattern}}}/: {{{message}}}",
    ),
    (
        "S0401",
        "Type parameters can only be applied to functions and arrays",
    ),
    (
        "S0402",
        "Choice groups containing parameterized types are not supported",
    ),
    (
        "T0410",
        "Argument {{index}} of function {{token}} does not match function signature",
    ),
    (
        "T0411",
        "Context value is not a compatible type with argument {{index}} of function {{token}}",
    ),
    (
        "T0412",
        "Argument {{index}} of function {{token}} must be an array of {{type}}",
    ),
    (
        "T1003",
        "Key in object structure must evaluate to a string; got: {{value}}",
    ),
    (
        "T1005",
        "Attempted to invoke a non-function. Did you mean ${{{token}}}?",
    ),
    ("T1006", "Attempted to invoke a non-function"),
    (
        "T1007",
        "Attempted to partially apply a non-function. Did you mean ${{{token}}}?",
    ),
    ("T1008", "Attempted to partially apply a non-function"),
    (
        "T1010",
        "The matcher function argument passed to function {{token}} does not return the correct object structure",
    ),
    (
        "T2001",
        "The left side of the {{token}} operator must evaluate to a number",
    ),
    (
        "T2002",
        "The right side of the {{token}} operator must evaluate to a number",
    ),
    (
        "T2003",
        "The left side of the range operator (..) must evaluate to an integer",
    ),
    (
        "T2004",
        "The right side of the range operator (..) must evaluate to an integer",
    ),
    (
        "T2006",
        "The right side of the function application operator ~> must be a function",
    ),
    (
        "T2007",
        "Type mismatch when comparing values {{value}} and {{value2}} in order-by clause",
    ),
    (
        "T2008",
        "The expressions within an order-by clause must evaluate to numeric or string values",
    ),
    (
        "T2009",
        "The values {{value}} and {{value2}} either side of operator {{token}} must be of the same data type",
    ),
    (
        "T2010",
        "The expressions either side of operator {{token}} must evaluate to numeric or string values",
    ),
    (
        "T2011",
        "The insert/update clause of the transform expression must evaluate to an object: {{value}}",
    ),
    (
        "T2012",
        "The delete clause of the transform expression must evaluate to a string or array of strings: {{value}}",
    ),
    (
        "T2013",
        "The transform expression clones the input object using the $clone() function.  This has been overridden in \
         the current scope by a non-function.",
    ),
    (
        "U1001",
        "Stack overflow error: Check for non-terminating recursive function.  Consider rewriting as tail-recursive.",
    ),
    (
        "U1002",
        "Expression evaluation limit exceeded: too many steps. Check for infinite loop",
    ),
    (
        "U1003",
        "Expression evaluation limit exceeded: the result takes too much memory",
    ),
    (
        "U1004",
        "Expression evaluation limit exceeded: the value is nested too deeply",
    ),
    ("U1005", "The expression is nested too deeply"),
];

/// A detail that fills a template: its name, and the text that takes the place of `{{name}}`
/// (JSON) or `{{{name}}}` (as it is).
pub(crate) type Detail<'d> = (&'static str, &'d str);

/// The text of a code with its details. A placeholder without a detail stays.
fn text(code: &str, details: &[Detail<'_>]) -> String {
    let template = TEMPLATES
        .iter()
        .find(|(known, _)| *known == code)
        .map_or("", |(_, template)| template);
    fill(template, details)
}

fn fill(template: &str, details: &[Detail<'_>]) -> String {
    let mut filled = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        let braces = if from.starts_with("{{{") { 3 } else { 2 };
        let Some(end) = from.find("}}") else { break };
        let name = &from[braces..end];
        let after = &from[end + braces..];
        match details.iter().find(|(known, _)| *known == name) {
            Some((_, detail)) => filled.push_str(detail),
            None => filled.push_str(&from[..end + braces]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// A text as a JSON string, bounded in length.
pub(crate) fn quoted(text: &str) -> String {
    expr::Value::string(shortened(text)).to_text()
}

/// At most the first thousand bytes: what comes into an error message is bounded.
pub(crate) fn shortened(text: &str) -> &str {
    const LONGEST: usize = 1000;
    &text[..text.floor_char_boundary(LONGEST)]
}

impl Error {
    /// The error of a code, without details.
    pub(crate) fn of(code: &'static str) -> Error {
        Error::new(code, text(code, &[]))
    }

    /// The error of a code, with its details.
    pub(crate) fn with(code: &'static str, details: &[Detail<'_>]) -> Error {
        Error::new(code, text(code, details))
    }

    /// Says which function it was, if the text waits for that and the name is known.
    pub(crate) fn in_function(self, name: Option<&str>) -> Error {
        match name {
            Some(name) => self.naming(&quoted(name)),
            None => self,
        }
    }

    /// Nobody knew which function it was.
    pub(crate) fn in_no_function(self) -> Error {
        self.naming("undefined")
    }

    fn naming(mut self, name: &str) -> Error {
        const WAITING: [&str; 4] = ["T0410", "T0411", "T0412", "T1010"];
        if WAITING.contains(&self.code) {
            self.message = fill(&self.message, &[("token", name)]);
        }
        self
    }
}

impl SyntaxError {
    /// The error of a code at a place, with its details.
    pub(crate) fn at(position: usize, code: &'static str, details: &[Detail<'_>]) -> SyntaxError {
        SyntaxError {
            code,
            position,
            message: text(code, details),
        }
    }
}
