use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::html::Html;
use super::{missing, page as whole_page, post};
use crate::endpoints::post_views::{profile_record, visible_posts};
use crate::http::Shared;

const POSTS_MAX: usize = 100;

pub(super) async fn page(State(shared): State<Shared>, Path(actor): Path<String>) -> Response {
    let network = shared.network();
    let Some(account) = network.open_account(&actor) else {
        return missing("There is no such account in the sandbox, or it is deactivated or taken down.");
    };
    let mut html = Html::default();
    html.element("<h1>@", account.handle.as_str(), "</h1>");
    let profile = profile_record(&network, &account.did);
    if let Some(about) = profile.and_then(|profile| profile["description"].as_str()) {
        html.element("<p class=\"text\" dir=\"auto\">", about, "</p>");
    }
    html.element("<p><code>", account.did.as_str(), "</code></p>");
    let mut posts: Vec<_> = visible_posts(&network).filter(|post| post.account.did == account.did).collect();
    posts.sort_by(|a, b| b.path.rkey.cmp(&a.path.rkey));
    if posts.is_empty() {
        html.raw("<p>Nothing was posted yet.</p>");
    }
    for found in posts.into_iter().take(POSTS_MAX) {
        post::write(&mut html, &network, found, false);
    }
    whole_page(StatusCode::OK, account.handle.as_str(), &html)
}
