//! The built-in functions: jsonata 2.0's without `$eval`, and those that Step Functions adds.

mod arrays;
mod dates;
mod encode;
mod higher_order;
mod json;
mod kinds;
mod matches;
mod numbers;
mod objects;
mod patterns;
mod random;
mod strings;

use std::collections::HashMap;
use std::sync::LazyLock;

pub(crate) use matches::{byte_of_unit, match_object};

use crate::eval::{Machine, Outcome};
use crate::signature::Signature;
use crate::value::Item;

/// What a function does with arguments that its signature accepted.
type Run = fn(&mut Machine<'_>, &[Item]) -> Outcome;

/// A built-in function.
#[derive(Debug)]
pub(crate) struct Builtin {
    signature: Signature,
    /// How many arguments functions like `$map` give it.
    pub(crate) arity: usize,
    pub(crate) run: Run,
}

impl Builtin {
    pub(crate) fn signature(&self) -> &Signature {
        &self.signature
    }
}

/// Name, signature, arity, function.
#[rustfmt::skip]
const TABLE: &[(&str, &str, usize, Run)] = &[
    ("abs", "<n-:n>", 1, numbers::abs),
    ("append", "<xx:a>", 2, arrays::append),
    ("assert", "<bs?:x>", 2, kinds::assert),
    ("average", "<a<n>:n>", 1, numbers::average),
    ("base64decode", "<s-:s>", 1, encode::base64_decode),
    ("base64encode", "<s-:s>", 1, encode::base64_encode),
    ("boolean", "<x-:b>", 1, kinds::boolean),
    ("ceil", "<n-:n>", 1, numbers::ceil),
    ("clone", "<(oa)-:o>", 1, objects::clone),
    ("contains", "<s-(sf):b>", 2, patterns::contains),
    ("count", "<a:n>", 1, arrays::count),
    ("decodeUrl", "<s-:s>", 1, encode::decode_url),
    ("decodeUrlComponent", "<s-:s>", 1, encode::decode_url_component),
    ("distinct", "<x:x>", 1, arrays::distinct),
    ("each", "<o-f:a>", 2, higher_order::each),
    ("encodeUrl", "<s-:s>", 1, encode::encode_url),
    ("encodeUrlComponent", "<s-:s>", 1, encode::encode_url_component),
    ("error", "<s?:x>", 1, kinds::error),
    ("exists", "<x:b>", 1, kinds::exists),
    ("filter", "<af>", 2, higher_order::filter),
    ("floor", "<n-:n>", 1, numbers::floor),
    ("formatBase", "<n-n?:s>", 2, numbers::format_base),
    ("formatInteger", "<n-s:s>", 2, numbers::format_integer),
    ("formatNumber", "<n-so?:s>", 3, numbers::format_number),
    ("fromMillis", "<n-s?s?:s>", 3, dates::from_millis),
    ("hash", "<xs?:s>", 2, json::hash),
    ("join", "<a<s>s?:s>", 2, strings::join),
    ("keys", "<x-:a<s>>", 1, objects::keys),
    ("length", "<s-:n>", 1, strings::length),
    ("lookup", "<x-s:x>", 2, objects::lookup),
    ("lowercase", "<s-:s>", 1, strings::lowercase),
    ("map", "<af>", 2, higher_order::map),
    ("match", "<s-f<s:o>n?:a<o>>", 3, patterns::matches),
    ("max", "<a<n>:n>", 1, numbers::max),
    ("merge", "<a<o>:o>", 1, objects::merge),
    ("millis", "<:n>", 0, dates::millis),
    ("min", "<a<n>:n>", 1, numbers::min),
    ("not", "<x-:b>", 1, kinds::not),
    ("now", "<s?s?:s>", 2, dates::now),
    ("number", "<(nsb)-:n>", 1, numbers::number),
    ("pad", "<s-ns?:s>", 3, strings::pad),
    ("parse", "<s-:x>", 1, json::parse),
    ("parseInteger", "<s-s:n>", 2, numbers::parse_integer),
    ("partition", "<an:a>", 2, arrays::partition),
    ("power", "<n-n:n>", 2, numbers::power),
    ("random", "<n?:n>", 0, random::random),
    ("range", "<nnn:a>", 3, arrays::range),
    ("reduce", "<afj?:j>", 3, higher_order::reduce),
    ("replace", "<s-(sf)(sf)n?:s>", 4, patterns::replace),
    ("reverse", "<a:a>", 1, arrays::reverse),
    ("round", "<n-n?:n>", 2, numbers::round),
    ("shuffle", "<a:a>", 1, random::shuffle),
    ("sift", "<o-f?:o>", 2, higher_order::sift),
    ("single", "<af?>", 2, higher_order::single),
    ("sort", "<af?:a>", 2, higher_order::sort),
    ("split", "<s-(sf)n?:a<s>>", 3, patterns::split),
    ("spread", "<x-:a<o>>", 1, objects::spread),
    ("sqrt", "<n-:n>", 1, numbers::sqrt),
    ("string", "<x-b?:s>", 1, strings::string),
    ("substring", "<s-nn?:s>", 3, strings::substring),
    ("substringAfter", "<s-s:s>", 2, strings::substring_after),
    ("substringBefore", "<s-s:s>", 2, strings::substring_before),
    ("sum", "<a<n>:n>", 1, numbers::sum),
    ("toMillis", "<s-s?:n>", 2, dates::to_millis),
    ("trim", "<s-:s>", 1, strings::trim),
    ("type", "<x:s>", 1, kinds::kind),
    ("uppercase", "<s-:s>", 1, strings::uppercase),
    ("uuid", "<:s>", 0, random::uuid),
    ("zip", "<a+>", 0, arrays::zip),
];

static BUILTINS: LazyLock<HashMap<&'static str, Builtin>> = LazyLock::new(|| {
    let entries = TABLE.iter().map(|(name, signature, arity, run)| {
        let signature = Signature::parse(signature).expect("the signatures above are well-formed");
        let builtin = Builtin {
            signature,
            arity: *arity,
            run: *run,
        };
        (*name, builtin)
    });
    entries.collect()
});

/// The built-in function of that name.
pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    BUILTINS.get(name)
}

/// An argument; what was not given is undefined.
fn argument(arguments: &[Item], place: usize) -> &Item {
    arguments.get(place).unwrap_or(&Item::Undefined)
}

/// A string argument.
fn text(arguments: &[Item], place: usize) -> Option<&str> {
    argument(arguments, place).as_str()
}

/// A number argument.
fn number(arguments: &[Item], place: usize) -> Option<f64> {
    argument(arguments, place).as_f64()
}

/// A number argument that counts: fractions are cut off downwards.
fn whole(arguments: &[Item], place: usize) -> Option<f64> {
    number(arguments, place).map(f64::floor)
}
