//! Why a policy document is refused. The messages are IAM's own, recorded from AWS (LocalStack's validated snapshots of
//! CreatePolicy and UpdateAssumeRolePolicy, 2026-02); the code is always `MalformedPolicyDocument`.

/// A malformed policy document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not JSON, an unknown element, or an element of the wrong type.
    #[error("Syntax errors in policy.")]
    Syntax,
    /// A managed policy without `"Version": "2012-10-17"`.
    #[error("Policy document must be version 2012-10-17 or greater.")]
    Version,
    /// Something that only IAM's older parser minds: the case of `Effect`, a date, the shape of an ARN.
    #[error("The policy failed legacy parsing")]
    Legacy,
    /// Two statements with one `Sid`.
    #[error("Statement IDs (SID) in a single policy must be unique.")]
    DuplicateSid,
    /// A statement without `Action` and `NotAction`, or with an empty list.
    #[error("Policy statement must contain actions.")]
    NoActions,
    /// A statement without `Resource` and `NotResource`, or with an empty list.
    #[error("Policy statement must contain resources.")]
    NoResources,
    /// An identity policy that names a principal.
    #[error("Policy document should not specify a principal.")]
    HasPrincipal,
    /// An action that is not `vendor:name`.
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    NoVendor,
    /// An action with more than one colon.
    #[error("Actions/Condition can contain only one colon.")]
    ManyColons,
    /// An action's vendor with characters that no vendor has.
    #[error("Vendor {0} is not valid")]
    Vendor(String),
    /// A resource without a colon.
    #[error("Resource {0} must be in ARN format or \"*\".")]
    NotAnArn(String),
    /// A resource in a partition that does not exist.
    #[error("Partition \"{partition}\" is not valid for resource \"{resource}\".")]
    Partition {
        /// The partition given.
        partition: String,
        /// The resource, completed with `*` to six parts.
        resource: String,
    },
    /// A resource that ends after its partition.
    #[error("Resource vendor must be fully qualified and cannot contain regexes.")]
    NoResourceVendor,
    /// A region in an IAM resource.
    #[error("IAM resource {0} cannot contain region information.")]
    IamRegion(String),
    /// A region in a bucket's ARN.
    #[error("Resource {0} can not contain region information.")]
    S3Region(String),
    /// An IAM resource of no known kind.
    #[error("IAM resource path must either be \"*\", root, or start with {IAM_PATHS}.")]
    IamPath,
    /// A trust policy that is not JSON.
    #[error("This policy contains invalid Json")]
    Json,
    /// A trust policy whose statement lacks an element.
    #[error("Missing required field {0}")]
    Missing(&'static str),
    /// A trust policy with an element that has no place in it.
    #[error("Has prohibited field {0}")]
    Prohibited(&'static str),
    /// A trust policy with an element that nobody knows.
    #[error("Unknown field {0}")]
    Unknown(String),
    /// A trust policy with another service's actions.
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    NotAssumeRole,
    /// A principal that cannot be one.
    #[error("Invalid principal in policy: {0}")]
    Principal(String),
}

/// What the resource part of an IAM ARN in a policy may start with.
pub(crate) const IAM_PATHS: &str = "user/, federated-user/, role/, group/, instance-profile/, mfa/, \
                                    server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, \
                                    access-report/";
