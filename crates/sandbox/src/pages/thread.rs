use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::html::Html;
use super::{missing, page as whole_page, post};
use crate::endpoints::post_views::{FoundPost, POST, ancestors, find_post, replies_by_parent};
use crate::http::Shared;
use crate::network::Network;

const POSTS_MAX: usize = 500;

/// The whole thread, whichever of its posts is asked for.
pub(super) async fn page(State(shared): State<Shared>, Path((actor, rkey)): Path<(String, String)>) -> Response {
    let network = shared.network();
    let uri = format!("at://{actor}/{POST}/{rkey}");
    let Some(focus) = find_post(&network, &uri) else {
        return missing("There is no such post in the sandbox: it was not published, or it was deleted.");
    };
    let first = ancestors(&network, focus, POSTS_MAX).first().copied().unwrap_or(focus);
    let mut html = Html::default();
    html.raw("<h1>Thread</h1>");
    if let Some(parent) = first.parent_uri() {
        html.element("<p class=\"box\">In reply to <code>", parent, "</code>, which is not in the sandbox.</p>");
    }
    let mut thread =
        Thread { network: &network, replies: replies_by_parent(&network), focus: focus.uri(), shown: BTreeSet::new() };
    thread.write(&mut html, first);
    if thread.shown.len() >= POSTS_MAX {
        html.raw("<p>The thread goes on; this page shows 500 posts.</p>");
    }
    whole_page(StatusCode::OK, "Thread", &html)
}

struct Thread<'a> {
    network: &'a Network,
    replies: BTreeMap<String, Vec<FoundPost<'a>>>,
    focus: String,
    /// Posts may answer each other in a circle; each is shown once.
    shown: BTreeSet<String>,
}

impl<'a> Thread<'a> {
    /// Writes a post and everything below it. A chain of single answers stays at one level; only forks are indented.
    fn write(&mut self, html: &mut Html, first: FoundPost<'a>) {
        let mut next = Some(first);
        while let Some(found) = next.take().filter(|post| self.shown.len() < POSTS_MAX && self.shown.insert(post.uri()))
        {
            let uri = found.uri();
            post::write(html, self.network, found, uri == self.focus);
            let mut below = self.replies.remove(&uri).unwrap_or_default();
            // The author's own answer goes on with the thread, whoever answered first.
            let going_on = below.iter().position(|reply| reply.account.did == found.account.did).unwrap_or(0);
            next = (going_on < below.len()).then(|| below.remove(going_on));
            for fork in below {
                html.raw("<div class=\"fork\">");
                self.write(html, fork);
                html.raw("</div>");
            }
        }
    }
}
