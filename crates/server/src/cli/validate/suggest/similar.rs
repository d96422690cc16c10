//! Which of several names is most like one that is wrong.

/// Longer names are compared with nothing.
const LONGEST: usize = 200;

/// How many comparisons are made for a file, so that many wrong names among many states do not take minutes.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Budget {
        Budget(300_000)
    }
}

/// The names that could be meant, the most similar first; the wrong name is none of them.
pub(super) fn nearest<'n>(
    wrong: &str,
    names: impl IntoIterator<Item = &'n str>,
    budget: &mut Budget,
) -> Vec<&'n str> {
    if wrong.len() > LONGEST {
        return Vec::new();
    }
    let folded = fold(wrong);
    let length = folded.chars().count();
    let limit = (length / 3).max(1);
    let mut near: Vec<(usize, &str)> = Vec::new();
    for name in names {
        if budget.0 == 0 {
            break;
        }
        budget.0 -= 1;
        if name == wrong || name.len() > LONGEST {
            continue;
        }
        let other = fold(name);
        if other.chars().count().abs_diff(length) > limit {
            continue;
        }
        let distance = strsim::osa_distance(&folded, &other);
        if distance <= limit {
            near.push((distance, name));
        }
    }
    // Stable: of equals the first.
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().map(|(_, name)| name).collect()
}

/// Upper and lower case and what joins words are the first things to go wrong.
fn fold(name: &str) -> String {
    let kept = name.chars().filter(|c| !matches!(c, '_' | '-' | ' '));
    kept.flat_map(char::to_lowercase).collect()
}
