//! How requests leave this machine, and to which network.

use skein_net::{AllowPrivate, Dns, Entry, NetConfig};
use url::Url;

use super::{Variables, wrong};
use crate::exit::Failure;
use crate::sandbox_file::SandboxFile;

const PUBLIC_PLC: &str = "https://plc.directory";
const PUBLIC_APPVIEW: &str = "https://public.api.bsky.app";
const PUBLIC_VIDEO: &str = "https://video.bsky.app";

/// The network.
#[derive(Debug, Clone)]
pub(crate) struct NetworkConfig {
    /// DNS, TLS and the guard against private addresses.
    pub(crate) net: NetConfig,
    /// The directory of identities.
    pub(crate) plc_url: Url,
    /// Where handles are looked up.
    pub(crate) appview_url: Url,
    /// Where videos are encoded.
    pub(crate) video_url: Url,
}

/// Reads the network's settings. The sandbox is a whole network at one address, and nothing else is reached from there.
pub(crate) fn network(sandbox: Option<&SandboxFile>, variables: &Variables) -> Result<NetworkConfig, Failure> {
    if let Some(sandbox) = sandbox {
        return of_sandbox(&sandbox.url);
    }
    let net = NetConfig {
        allow_private: allow_private(variables)?,
        dns: Dns::parse(&variables.text("SKEIN_DNS")?.unwrap_or_default())
            .map_err(|error| wrong("SKEIN_DNS", error))?,
        extra_ca: variables.path("SKEIN_EXTRA_CA"),
        ..NetConfig::default()
    };
    Ok(NetworkConfig {
        net,
        plc_url: service_url("SKEIN_PLC_URL", PUBLIC_PLC, variables)?,
        appview_url: service_url("SKEIN_APPVIEW_URL", PUBLIC_APPVIEW, variables)?,
        video_url: service_url("SKEIN_VIDEO_URL", PUBLIC_VIDEO, variables)?,
    })
}

fn of_sandbox(url: &Url) -> Result<NetworkConfig, Failure> {
    let broken = || wrong("sandbox.json", format!("{url} is no address of a sandbox"));
    let host = url.host_str().ok_or_else(broken)?;
    let port = url.port_or_known_default().ok_or_else(broken)?;
    let entry = Entry::parse(&format!("{host}:{port}")).map_err(|_| broken())?;
    let net = NetConfig { allow_private: AllowPrivate::Listed(vec![entry]), dns: Dns::Off, ..NetConfig::default() };
    Ok(NetworkConfig { net, plc_url: url.clone(), appview_url: url.clone(), video_url: url.clone() })
}

fn allow_private(variables: &Variables) -> Result<AllowPrivate, Failure> {
    match variables.text("SKEIN_ALLOW_PRIVATE")?.as_deref() {
        None | Some("0") => Ok(AllowPrivate::None),
        Some("1") => Ok(AllowPrivate::All),
        Some(list) => AllowPrivate::parse(list).map_err(|error| wrong("SKEIN_ALLOW_PRIVATE", error)),
    }
}

fn service_url(name: &'static str, default: &str, variables: &Variables) -> Result<Url, Failure> {
    service_url_of(name, &variables.text(name)?.unwrap_or_else(|| default.to_owned()))
}

/// Reads the address of a service.
pub(super) fn service_url_of(name: &str, text: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).map_err(|error| wrong(name, error))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong(name, "it must begin with https:// or http:// and name a host"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong(name, "it may have neither user, password nor query"));
    }
    Ok(url)
}
