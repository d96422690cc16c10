//! The `Condition` element: operators over context keys.

mod operator;

use std::net::IpAddr;

pub(crate) use operator::{Comparison, Operator, Quantifier};

use crate::context::Context;
use crate::date;
use crate::pattern;

/// One operator over one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub(crate) operator: Operator,
    /// In lower case.
    pub(crate) key: String,
    /// Any of them may match.
    pub(crate) values: Vec<String>,
}

impl Condition {
    /// Whether the context satisfies the condition; `variables` says whether `${..}` is replaced.
    pub(crate) fn holds(&self, context: &Context, variables: bool) -> bool {
        let values = context
            .values(&self.key)
            .filter(|values| !values.is_empty());
        if self.operator.comparison == Comparison::Null {
            return self
                .values
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case("true") == values.is_none());
        }
        let Some(values) = values else {
            return self.holds_without_key();
        };
        let satisfied =
            |value: &String| self.matches(value, context, variables) != self.operator.negated;
        match self.operator.quantifier {
            Some(Quantifier::All) => values.iter().all(satisfied),
            Some(Quantifier::Any) => values.iter().any(satisfied),
            None if self.operator.negated => values.iter().all(satisfied),
            None => values.iter().any(satisfied),
        }
    }

    fn holds_without_key(&self) -> bool {
        match self.operator.quantifier {
            Some(Quantifier::All) => true,
            Some(Quantifier::Any) => self.operator.if_exists,
            None => self.operator.if_exists || self.operator.negated,
        }
    }

    /// Whether any of the condition's values matches the request's.
    fn matches(&self, value: &str, context: &Context, variables: bool) -> bool {
        self.values.iter().any(|wanted| {
            self.operator
                .comparison
                .matches(wanted, value, context, variables)
        })
    }
}

impl Comparison {
    fn matches(self, wanted: &str, value: &str, context: &Context, variables: bool) -> bool {
        let symbols = || {
            if variables {
                pattern::expand(wanted, context)
            } else {
                Some(pattern::plain(wanted))
            }
        };
        let text = || symbols().map(|symbols| pattern::literal(&symbols));
        match self {
            Comparison::StringEquals => text().is_some_and(|wanted| wanted == value),
            Comparison::StringEqualsIgnoreCase => {
                text().is_some_and(|wanted| wanted.to_lowercase() == value.to_lowercase())
            }
            Comparison::StringLike => {
                symbols().is_some_and(|pattern| pattern::matches(&pattern, value))
            }
            Comparison::Arn => {
                symbols().is_some_and(|pattern| pattern::matches_arn(&pattern, value))
            }
            Comparison::Numeric(order) => number(value)
                .zip(number(wanted))
                .is_some_and(|(v, w)| order.holds(&v, &w)),
            Comparison::Date(order) => date::parse(value)
                .zip(date::parse(wanted))
                .is_some_and(|(v, w)| order.holds(&v, &w)),
            Comparison::Bool => value.eq_ignore_ascii_case(wanted),
            Comparison::Binary => value == wanted,
            Comparison::IpAddress => value
                .parse()
                .is_ok_and(|address| in_network(address, wanted)),
            Comparison::Null => false,
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// Whether an address lies in `10.0.0.0/8`, or is the address given.
fn in_network(address: IpAddr, network: &str) -> bool {
    let (base, bits) = network
        .split_once('/')
        .map_or((network, None), |(base, bits)| (base, Some(bits)));
    let Ok(base) = base.parse::<IpAddr>() else {
        return false;
    };
    let Some(width) = bits.map_or(Some(128), |bits| bits.parse::<u32>().ok()) else {
        return false;
    };
    match (address, base) {
        (IpAddr::V4(address), IpAddr::V4(base)) => same_prefix(
            u32::from(address).into(),
            u32::from(base).into(),
            width.min(32),
            32,
        ),
        (IpAddr::V6(address), IpAddr::V6(base)) => {
            same_prefix(address.into(), base.into(), width.min(128), 128)
        }
        _ => false,
    }
}

fn same_prefix(a: u128, b: u128, bits: u32, width: u32) -> bool {
    bits == 0 || (a >> (width - bits)) == (b >> (width - bits))
}
