//! What an account may upload today.

use serde::Deserialize;
use skein_atproto::syntax::Did;

use super::{VideoError, VideoService};
use crate::xrpc::Auth;

const METHOD: &str = "app.bsky.video.getUploadLimits";

/// What an account may upload today, as the service says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadLimits {
    /// Whether anything may be uploaded.
    pub can_upload: bool,
    /// Videos left today.
    #[serde(default)]
    pub remaining_daily_videos: Option<i64>,
    /// Bytes left today.
    #[serde(default)]
    pub remaining_daily_bytes: Option<i64>,
    /// Why not, in the service's words.
    #[serde(default)]
    pub message: Option<String>,
    /// Why not, as a name.
    #[serde(default)]
    pub error: Option<String>,
}

impl UploadLimits {
    /// Refuses what would be refused.
    pub(super) fn check(&self, size_bytes: u64) -> Result<(), VideoError> {
        let fits =
            self.remaining_daily_bytes.is_none_or(|left| u64::try_from(left).is_ok_and(|left| left >= size_bytes));
        if self.can_upload && fits {
            return Ok(());
        }
        let said = self.message.clone().or_else(|| self.error.clone()).map(|text| crate::xrpc::bounded(&text));
        Err(VideoError::NotAllowed {
            message: said.unwrap_or_else(|| "it gives no reason".to_owned()),
            videos_left: self.remaining_daily_videos,
            bytes_left: self.remaining_daily_bytes,
            given_bytes: size_bytes,
        })
    }
}

impl VideoService {
    /// What this account may upload today (`app.bsky.video.getUploadLimits`).
    ///
    /// # Errors
    /// [`VideoError::Session`] and [`VideoError::Call`].
    pub async fn limits(&self, did: &Did) -> Result<UploadLimits, VideoError> {
        let token = self.token_for(did, METHOD).await?;
        let response = self.xrpc.acting_as(did).get(&self.base, METHOD, &[], Auth::Bearer(&token)).await?;
        Ok(response.json()?)
    }
}
