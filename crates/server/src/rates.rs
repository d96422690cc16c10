//! How often each operation may be called: the service's token buckets (spec quotas.md), off unless configuration says
//! otherwise, since no local use would like them.
//!
//! Owns the table and the buckets, one for each account, region and kind of call. What is said when one is empty is the
//! API's business. The bucket of state transitions, which delays executions on AWS, is not here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Which limits are in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateLimits {
    /// None.
    #[default]
    Off,
    /// Those of AWS, by region.
    Aws,
}

/// What a bucket holds, and what flows into it in a second.
#[derive(Clone, Copy)]
struct Rate(u32, u32);

/// An operation's rates.
struct Kind {
    operation: &'static str,
    /// In the large regions.
    large: Rate,
    /// In all others.
    other: Rate,
}

/// Regions with larger buckets.
const LARGE: &[&str] = &["us-east-1", "us-west-2", "eu-west-1"];
/// An Express machine's StartExecution: a name of our own, since the operation does not tell.
pub const START_EXPRESS: &str = "StartExecution of an Express machine";

const fn kind(operation: &'static str, large: Rate, other: Rate) -> Kind {
    Kind {
        operation,
        large,
        other,
    }
}

/// Each operation has a bucket of its own: AWS's table has one row for several where their numbers are the same.
const KINDS: &[Kind] = &[
    kind("StartExecution", Rate(1_300, 300), Rate(800, 150)),
    kind(START_EXPRESS, Rate(6_000, 6_000), Rate(6_000, 6_000)),
    kind("RedriveExecution", Rate(1_300, 300), Rate(800, 150)),
    kind("StopExecution", Rate(1_000, 200), Rate(500, 25)),
    kind("GetActivityTask", Rate(3_000, 500), Rate(1_500, 300)),
    kind("SendTaskSuccess", Rate(3_000, 500), Rate(1_500, 300)),
    kind("SendTaskFailure", Rate(3_000, 500), Rate(1_500, 300)),
    kind("SendTaskHeartbeat", Rate(3_000, 500), Rate(1_500, 300)),
    kind("DescribeExecution", Rate(300, 15), Rate(250, 10)),
    kind("GetExecutionHistory", Rate(400, 20), Rate(400, 20)),
    kind("ListExecutions", Rate(200, 5), Rate(100, 2)),
    kind("ListStateMachines", Rate(100, 5), Rate(100, 5)),
    kind("ListActivities", Rate(100, 10), Rate(100, 5)),
    kind("DescribeStateMachine", Rate(200, 20), Rate(200, 20)),
    kind(
        "DescribeStateMachineForExecution",
        Rate(200, 1),
        Rate(200, 1),
    ),
    kind("DescribeActivity", Rate(200, 1), Rate(200, 1)),
    kind("DescribeMapRun", Rate(200, 1), Rate(200, 1)),
    kind("DescribeStateMachineAlias", Rate(200, 1), Rate(200, 1)),
    kind("TagResource", Rate(200, 1), Rate(200, 1)),
    kind("UntagResource", Rate(200, 1), Rate(200, 1)),
    kind("TestState", Rate(1, 1), Rate(1, 1)),
];
/// Everything that is created, changed, deleted, published, validated or listed otherwise.
const OTHERS: Rate = Rate(100, 1);
/// Not limited as calls: synchronous Express executions are by their number.
const FREE: &[&str] = &["StartSyncExecution"];
/// Buckets that are kept; full ones are forgotten first.
const MOST: usize = 4_096;
/// A token, in the unit in which buckets are counted: what flows in at one a second in a millisecond.
const TOKEN: u64 = 1_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Name {
    account: String,
    region: String,
    operation: String,
}

struct Bucket {
    rate: Rate,
    filled: u64,
    /// When, in milliseconds.
    at: i64,
}

impl Bucket {
    fn fill(&mut self, now: i64) {
        let elapsed = u64::try_from(now - self.at).unwrap_or(0);
        let most = u64::from(self.rate.0) * TOKEN;
        let flowed = elapsed.saturating_mul(u64::from(self.rate.1));
        self.filled = self.filled.saturating_add(flowed).min(most);
        self.at = now;
    }

    fn is_full(&self) -> bool {
        self.filled == u64::from(self.rate.0) * TOKEN
    }
}

/// See the module's documentation.
#[derive(Default)]
pub struct Rates {
    limits: RateLimits,
    buckets: Mutex<HashMap<Name, Bucket>>,
}

impl Rates {
    /// With full buckets.
    pub fn new(limits: RateLimits) -> Rates {
        Rates {
            limits,
            buckets: Mutex::default(),
        }
    }

    /// Whether a call of an operation that exists may be made now, in milliseconds; then it is counted.
    pub fn allow(&self, account: &str, region: &str, operation: &str, now: i64) -> bool {
        if self.limits == RateLimits::Off || FREE.contains(&operation) {
            return true;
        }
        let name = Name {
            account: account.to_owned(),
            region: region.to_owned(),
            operation: operation.to_owned(),
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST && !buckets.contains_key(&name) {
            buckets.retain(|_, bucket| {
                bucket.fill(now);
                !bucket.is_full()
            });
            if buckets.len() >= MOST {
                return false;
            }
        }
        let bucket = buckets.entry(name).or_insert_with(|| {
            let rate = rate(region, operation);
            Bucket {
                rate,
                filled: u64::from(rate.0) * TOKEN,
                at: now,
            }
        });
        bucket.fill(now);
        let taken = bucket.filled.checked_sub(TOKEN);
        bucket.filled = taken.unwrap_or(bucket.filled);
        taken.is_some()
    }
}

fn rate(region: &str, operation: &str) -> Rate {
    let kind = KINDS.iter().find(|kind| kind.operation == operation);
    kind.map_or(OTHERS, |kind| match LARGE.contains(&region) {
        true => kind.large,
        false => kind.other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(rates: &Rates, region: &str, operation: &str, now: i64) -> usize {
        (0..10_000)
            .take_while(|_| rates.allow("123456789012", region, operation, now))
            .count()
    }

    #[test]
    fn a_bucket_empties_and_fills_at_its_rate() {
        let rates = Rates::new(RateLimits::Aws);
        assert_eq!(allowed(&rates, "us-east-1", "StartExecution", 0), 1_300);
        assert_eq!(allowed(&rates, "us-east-1", "StartExecution", 10), 3);
        assert_eq!(allowed(&rates, "us-east-1", "StartExecution", 1_010), 300);
        assert_eq!(
            allowed(&rates, "us-east-1", "StartExecution", 3_600_000),
            1_300
        );
        assert_eq!(allowed(&rates, "us-east-1", "CreateStateMachine", 0), 100);
        assert_eq!(allowed(&rates, "us-east-1", "CreateStateMachine", 999), 0);
        assert_eq!(allowed(&rates, "us-east-1", "CreateStateMachine", 1_000), 1);
    }

    #[test]
    fn regions_operations_and_accounts_have_their_own() {
        let rates = Rates::new(RateLimits::Aws);
        assert_eq!(allowed(&rates, "eu-central-1", "StartExecution", 0), 800);
        assert_eq!(allowed(&rates, "eu-central-1", "StopExecution", 0), 500);
        assert_eq!(allowed(&rates, "eu-central-2", "StopExecution", 0), 500);
        assert!(rates.allow("210987654321", "eu-central-1", "StopExecution", 0));
    }

    #[test]
    fn a_clock_that_is_set_back_gives_nothing_and_takes_nothing() {
        let rates = Rates::new(RateLimits::Aws);
        assert_eq!(allowed(&rates, "us-east-1", "TestState", 10_000), 1);
        assert_eq!(allowed(&rates, "us-east-1", "TestState", 5_000), 0);
        assert_eq!(allowed(&rates, "us-east-1", "TestState", 6_000), 1);
    }

    #[test]
    fn made_up_regions_do_not_add_up() {
        let rates = Rates::new(RateLimits::Aws);
        for number in 0..20_000 {
            rates.allow(
                "123456789012",
                &format!("eu-nowhere-{number}"),
                "ListExecutions",
                number,
            );
        }
        assert!(rates.buckets.lock().expect("not poisoned").len() <= MOST);
    }

    #[test]
    fn off_is_off() {
        let rates = Rates::new(RateLimits::Off);
        assert_eq!(allowed(&rates, "us-east-1", "TestState", 0), 10_000);
    }
}
