//! The server's settings: flags, then environment (`STEPWELL_...`), then the config file, then defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use crate::quotas::{Quota, Quotas};
use crate::rates::RateLimits;

/// What `serve` takes. The names are stable: scripts rely on them.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// Address and port to serve on [default: 127.0.0.1:8083]
    #[arg(long, env = "STEPWELL_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Folder of the durable store, the functions and their logs [default: .stepwell]
    #[arg(long, env = "STEPWELL_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Account id in ARNs [default: 123456789012]
    #[arg(long, env = "STEPWELL_ACCOUNT", value_name = "ID")]
    pub account: Option<String>,
    /// Region of requests that are not signed [default: us-east-1]
    #[arg(long, env = "STEPWELL_REGION", value_name = "REGION")]
    pub region: Option<String>,
    /// Refuse role ARNs that this server does not know
    #[arg(long, env = "STEPWELL_STRICT_ROLES", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub strict_roles: Option<bool>,
    /// Call this Lambda endpoint instead of the local function host, e.g. http://127.0.0.1:9001
    #[arg(long, env = "STEPWELL_LAMBDA_ENDPOINT", value_name = "URL")]
    pub lambda_endpoint: Option<String>,
    /// S3 endpoint of item readers and result writers, e.g. http://127.0.0.1:9000 [default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS itself]
    #[arg(long, env = "STEPWELL_S3_ENDPOINT", value_name = "URL")]
    pub s3_endpoint: Option<String>,
    /// Mock configuration file of Step Functions Local: executions of `<machine ARN>#<test case>` are answered from it
    #[arg(long, env = "SFN_MOCK_CONFIG", value_name = "FILE")]
    pub mock_config: Option<PathBuf>,
    /// Allow a listen address that other machines can reach, although any credentials are accepted
    #[arg(long, env = "STEPWELL_INSECURE", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub insecure: Option<bool>,
    /// Function processes at a time [default: 8 per core, at least 32]
    #[arg(long, env = "STEPWELL_FUNCTION_PROCESSES", value_name = "N")]
    pub function_processes: Option<usize>,
    /// Days that an execution is kept after its end; 0 keeps all [default: 90]
    #[arg(long, env = "STEPWELL_RETENTION_DAYS", value_name = "DAYS")]
    pub retention_days: Option<u32>,
    /// How many there may be: state-machines, activities, versions-per-state-machine, aliases-per-state-machine,
    /// open-executions [default: as on AWS]
    #[arg(
        long = "quota",
        env = "STEPWELL_QUOTAS",
        value_delimiter = ',',
        value_name = "NAME=NUMBER"
    )]
    #[serde(default)]
    pub quotas: Vec<Quota>,
    /// Limit how often operations may be called: off, or aws, as the service does by region [default: off]
    #[arg(long, env = "STEPWELL_RATE_LIMITS", value_enum, value_name = "LIMITS")]
    pub rate_limits: Option<RateLimits>,
    /// Seconds that requests and functions under way get to finish after SIGTERM or SIGINT [default: 10]
    #[arg(long, env = "STEPWELL_DRAIN_SECONDS", value_name = "SECONDS")]
    pub drain_seconds: Option<u32>,
}

const DRAIN_SECONDS: u32 = 10;
/// As on AWS.
const RETENTION_DAYS: u32 = 90;

/// Settings with nothing left open.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Twelve digits.
    pub account: String,
    /// The default region.
    pub region: String,
    /// Whether roles must be known.
    pub strict_roles: bool,
    /// A Lambda API elsewhere.
    pub lambda_endpoint: Option<String>,
    /// Where item readers and result writers find S3.
    pub s3_endpoint: Option<String>,
    /// The mock configuration file.
    pub mock_config: Option<PathBuf>,
    /// Function processes at a time.
    pub function_processes: Option<usize>,
    /// Days that an execution is kept after its end; 0: for good.
    pub retention_days: u32,
    /// How much there may be of everything.
    pub quotas: Quotas,
    /// How often operations may be called.
    pub rate_limits: RateLimits,
    /// How long requests and functions under way get to finish when the server is told to stop.
    pub drain: Duration,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the config file {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The file is not TOML of this shape.
    #[error("the config file {0} is not right: {1}")]
    Toml(PathBuf, toml::de::Error),
    /// Not twelve digits.
    #[error("the account id must be twelve digits, not '{0}'")]
    Account(String),
    /// Not a region's name.
    #[error("'{0}' is not the name of a region")]
    Region(String),
    /// Reachable from elsewhere.
    #[error(
        "{0} can be reached from other machines, and this server accepts any credentials: listen on 127.0.0.1, or say \
         --insecure if that is what you want"
    )]
    Exposed(SocketAddr),
}

impl Settings {
    /// Completes these settings with the file's and the defaults.
    pub fn resolve(self, file: Option<&Path>) -> Result<Config, ConfigError> {
        let file = file.map(read).transpose()?.unwrap_or_default();
        let listen = self
            .listen
            .or(file.listen)
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8083)));
        let insecure = self.insecure.or(file.insecure).unwrap_or(false);
        let account = self
            .account
            .or(file.account)
            .unwrap_or_else(|| "123456789012".into());
        let region = self
            .region
            .or(file.region)
            .unwrap_or_else(|| "us-east-1".into());
        if !(listen.ip().is_loopback() || insecure) {
            return Err(ConfigError::Exposed(listen));
        }
        if !aws::arn::is_account_id(&account) {
            return Err(ConfigError::Account(account));
        }
        if !aws::arn::is_region(&region) {
            return Err(ConfigError::Region(region));
        }
        Ok(Config {
            listen,
            data_dir: self
                .data_dir
                .or(file.data_dir)
                .unwrap_or_else(|| ".stepwell".into()),
            account,
            region,
            strict_roles: self.strict_roles.or(file.strict_roles).unwrap_or(false),
            lambda_endpoint: self.lambda_endpoint.or(file.lambda_endpoint),
            s3_endpoint: self.s3_endpoint.or(file.s3_endpoint),
            mock_config: self.mock_config.or(file.mock_config),
            function_processes: self.function_processes.or(file.function_processes),
            quotas: Quotas::default()
                .changed_by(&file.quotas)
                .changed_by(&self.quotas),
            rate_limits: self.rate_limits.or(file.rate_limits).unwrap_or_default(),
            retention_days: self
                .retention_days
                .or(file.retention_days)
                .unwrap_or(RETENTION_DAYS),
            drain: Duration::from_secs(u64::from(
                self.drain_seconds
                    .or(file.drain_seconds)
                    .unwrap_or(DRAIN_SECONDS),
            )),
        })
    }
}

fn read(path: &Path) -> Result<Settings, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| ConfigError::File(path.into(), error))?;
    toml::from_str(&text).map_err(|error| ConfigError::Toml(path.into(), error))
}
