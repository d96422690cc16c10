//! What IAM's model allows of each parameter: one table, and the words when it is broken.

use aws::validate::Violations;

/// A text parameter and its constraint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    /// The parameter.
    pub(super) name: &'static str,
    /// The member's path in messages.
    pub(super) path: &'static str,
    min: usize,
    max: usize,
    form: Form,
}

const fn text(name: &'static str, path: &'static str, min: usize, max: usize, form: Form) -> Text {
    Text {
        name,
        path,
        min,
        max,
        form,
    }
}

pub(super) const ROLE_NAME: Text = text("RoleName", "roleName", 1, 64, Form::Name);
pub(super) const POLICY_NAME: Text = text("PolicyName", "policyName", 1, 128, Form::Name);
pub(super) const PATH: Text = text("Path", "path", 1, 512, Form::Path);
pub(super) const PATH_PREFIX: Text = text("PathPrefix", "pathPrefix", 1, 512, Form::PathPrefix);
pub(super) const TRUST: Text = text(
    "AssumeRolePolicyDocument",
    "assumeRolePolicyDocument",
    1,
    131_072,
    Form::Document,
);
pub(super) const DOCUMENT: Text = text(
    "PolicyDocument",
    "policyDocument",
    1,
    131_072,
    Form::Document,
);
pub(super) const ROLE_DESCRIPTION: Text =
    text("Description", "description", 0, 1000, Form::Description);
pub(super) const POLICY_DESCRIPTION: Text = text("Description", "description", 0, 1000, Form::Any);
pub(super) const POLICY_ARN: Text = text("PolicyArn", "policyArn", 20, 2048, Form::Any);
pub(super) const BOUNDARY: Text = text(
    "PermissionsBoundary",
    "permissionsBoundary",
    20,
    2048,
    Form::Any,
);
pub(super) const VERSION_ID: Text = text("VersionId", "versionId", 0, 64, Form::VersionId);
pub(super) const MARKER: Text = text("Marker", "marker", 1, 320, Form::Marker);
pub(super) const SCOPE: Text = text(
    "Scope",
    "scope",
    0,
    64,
    Form::OneOf(&["All", "AWS", "Local"]),
);
pub(super) const USAGE: Text = text(
    "PolicyUsageFilter",
    "policyUsageFilter",
    0,
    64,
    Form::OneOf(&["PermissionsPolicy", "PermissionsBoundary"]),
);
pub(super) const ENTITY: Text = text(
    "EntityFilter",
    "entityFilter",
    0,
    64,
    Form::OneOf(&[
        "User",
        "Role",
        "Group",
        "LocalManagedPolicy",
        "AWSManagedPolicy",
    ]),
);

/// The longest tag key and value, in characters.
const TAG_KEY: usize = 128;
const TAG_VALUE: usize = 256;
/// The most tags of a request.
pub(super) const MAX_TAGS: usize = 50;
const TAG_KEY_PATTERN: &str = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+";
const TAG_VALUE_PATTERN: &str = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*";

/// The pattern of a parameter.
#[derive(Clone, Copy, Debug)]
enum Form {
    Any,
    Name,
    Path,
    PathPrefix,
    Document,
    Description,
    VersionId,
    Marker,
    OneOf(&'static [&'static str]),
}

impl Text {
    /// Notes what is wrong with the value. Some patterns have a message of their own, which stands for all others.
    pub(super) fn check(&self, value: &str, violations: &mut Violations) -> Result<(), String> {
        if let Form::OneOf(set) = self.form {
            violations.one_of(self.path, value, set);
            return Ok(());
        }
        let before = violations.clone();
        violations.length(self.path, value, self.min, self.max);
        if *violations != before || self.form.accepts(value) {
            return Ok(());
        }
        match self.form.complaint() {
            Complaint::Pattern(pattern) => {
                violations.pattern(self.path, value, pattern, false);
                Ok(())
            }
            Complaint::Words(words) => Err(format!(
                "The specified value for {} is invalid. {words}",
                self.path
            )),
        }
    }
}

enum Complaint {
    Pattern(&'static str),
    Words(&'static str),
}

impl Form {
    fn accepts(self, value: &str) -> bool {
        match self {
            Form::Any | Form::OneOf(_) => true,
            Form::Name => value
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)),
            Form::Path => is_path(value),
            Form::PathPrefix => {
                value.starts_with('/') && value.chars().all(|c| ('\u{21}'..='\u{7f}').contains(&c))
            }
            Form::Document => value
                .chars()
                .all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}')),
            Form::Description => value
                .chars()
                .all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{7e}' | '\u{a1}'..='\u{ff}')),
            Form::VersionId => is_version(value),
            Form::Marker => value.chars().all(|c| (' '..='\u{ff}').contains(&c)),
        }
    }

    fn complaint(self) -> Complaint {
        match self {
            Form::Any | Form::OneOf(_) | Form::Marker => Complaint::Pattern(r"[\u0020-\u00FF]+"),
            Form::Name => Complaint::Words(
                "It must contain only alphanumeric characters and/or the following: +=,.@_-",
            ),
            Form::Path => Complaint::Words(
                "It must begin and end with / and contain only alphanumeric characters and/or / characters.",
            ),
            Form::PathPrefix => Complaint::Words(
                "It must begin with / and contain only printable ASCII characters.",
            ),
            Form::Document => Complaint::Words("It must contain only printable ASCII characters."),
            Form::Description => {
                Complaint::Pattern(r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*")
            }
            Form::VersionId => Complaint::Pattern(r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"),
        }
    }
}

fn is_path(value: &str) -> bool {
    let printable = value.chars().all(|c| ('\u{21}'..='\u{7e}').contains(&c));
    value == "/" || (value.len() > 2 && value.starts_with('/') && value.ends_with('/') && printable)
}

fn is_version(value: &str) -> bool {
    let Some(rest) = value.strip_prefix('v') else {
        return false;
    };
    let (number, suffix) = rest.split_once('.').unwrap_or((rest, ""));
    let digits = !number.starts_with('0')
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit());
    digits
        && suffix
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// A tag of a request, counted from one. Recorded.
pub(super) fn check_tag(number: usize, key: &str, value: &str, violations: &mut Violations) {
    let path = format!("tags.{number}.member.key");
    violations.length(&path, key, 1, TAG_KEY);
    violations.pattern(
        &path,
        key,
        TAG_KEY_PATTERN,
        key.chars().all(is_tag_character),
    );
    let path = format!("tags.{number}.member.value");
    violations.length(&path, value, 0, TAG_VALUE);
    violations.pattern(
        &path,
        value,
        TAG_VALUE_PATTERN,
        value.chars().all(is_tag_character),
    );
}

/// The keys of tags to remove: any broken one is told with all that a key must be. Recorded.
pub(super) fn check_tag_keys(keys: &[String], violations: &mut Violations) {
    violations.count("tagKeys", "", keys.len(), 0, MAX_TAGS);
    let sound = |key: &String| {
        (1..=TAG_KEY).contains(&key.chars().count()) && key.chars().all(is_tag_character)
    };
    if !keys.iter().all(sound) {
        violations.add(
            "tagKeys",
            "",
            &format!(
                "Member must satisfy constraint: [Member must have length less than or equal to {TAG_KEY}, Member must \
                 have length greater than or equal to 1, Member must satisfy regular expression pattern: \
                 {TAG_KEY_PATTERN}, Member must not be null]"
            ),
        );
    }
}

fn is_tag_character(c: char) -> bool {
    c.is_alphanumeric()
        || c == ' '
        || (c.is_whitespace() && !c.is_ascii())
        || "_.:/=+-@".contains(c)
}
