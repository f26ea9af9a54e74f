use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::html::Html;
use super::{page as whole_page, post};
use crate::endpoints::post_views::visible_posts;
use crate::http::Shared;
use crate::network::{AccountState, Network};

const POSTS_MAX: usize = 50;

pub(super) async fn page(State(shared): State<Shared>) -> Response {
    let network = shared.network();
    let mut html = Html::default();
    write_accounts(&mut html, &network);
    html.raw("<h1>Latest posts</h1>");
    let mut posts: Vec<_> = visible_posts(&network).collect();
    posts.sort_by(|a, b| (&b.record.indexed_at, &b.path.rkey).cmp(&(&a.record.indexed_at, &a.path.rkey)));
    if posts.is_empty() {
        html.raw("<p>Nothing was posted yet.</p>");
    }
    for found in posts.iter().take(POSTS_MAX) {
        post::write(&mut html, &network, *found, false);
    }
    if posts.len() > POSTS_MAX {
        html.element("<p>These are the latest 50 of ", &posts.len().to_string(), " posts.</p>");
    }
    whole_page(StatusCode::OK, "Posts", &html)
}

fn write_accounts(html: &mut Html, network: &Network) {
    html.raw("<h1>Accounts</h1>");
    if network.accounts().next().is_none() {
        html.raw("<p>No account was made yet.</p>");
        return;
    }
    html.raw("<ul class=\"accounts\">");
    for account in network.accounts() {
        html.raw("<li><a");
        html.attribute("href", &format!("/profile/{}", account.handle));
        html.element("><span class=\"handle\">@", account.handle.as_str(), "</span></a> ");
        html.element("<code>", account.did.as_str(), "</code>");
        match account.state {
            AccountState::Active => {}
            AccountState::Deactivated => html.raw(" <span class=\"label\">deactivated</span>"),
            AccountState::Takendown => html.raw(" <span class=\"label\">taken down</span>"),
        }
        html.raw("</li>");
    }
    html.raw("</ul>");
}
