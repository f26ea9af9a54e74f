//! Videos against the reference PDS. The service that encodes them is a stand-in on this machine, which does the one thing that
//! matters to the PDS: it puts the encoded video there, with the token that it was given.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use skein_atproto::record::{cid_of_blob, record_cid};
use skein_net::header::{AUTHORIZATION, HeaderValue};
use skein_net::{AllowPrivate, Call, Dns, Http, NetConfig};
use skein_testkit::films::Film;
use skein_testkit::pictures::gif;
use url::Url;

use crate::Scene;
use crate::preview::fixed;

const VTT: &[u8] = b"WEBVTT\n\n00:00.000 --> 00:01.000\nHonk";

/// The stand-in: every job is done at once.
#[derive(Clone)]
struct Encoder {
    http: Http,
    pds: Url,
    /// What the PDS answered for each video.
    blobs: Arc<Mutex<Vec<Value>>>,
}

impl Encoder {
    async fn start(pds: &str) -> (Self, String) {
        let config = NetConfig { allow_private: AllowPrivate::All, dns: Dns::Off, ..NetConfig::default() };
        let encoder = Self { http: Http::new(config).unwrap(), pds: Url::parse(pds).unwrap(), blobs: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(encoder.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (encoder, url)
    }

    /// As the service does: what comes out is an MP4, and the token of the account opens its server.
    async fn put(&self, headers: &HeaderMap, source: &[u8]) -> Value {
        let encoded = if source.starts_with(b"GIF8") { Film::default().bytes() } else { source.to_vec() };
        let url = self.pds.join("/xrpc/com.atproto.repo.uploadBlob").unwrap();
        let call = Call::post(url, HeaderValue::from_static("video/mp4"), encoded.into(), Duration::from_secs(30));
        let call = call.header(AUTHORIZATION, headers[AUTHORIZATION].clone());
        let answer = self.http.fetch(call, 100_000).await.unwrap();
        assert!(answer.status.is_success(), "{:?}", answer.body);
        serde_json::from_slice::<Value>(&answer.body).unwrap()["blob"].take()
    }
}

async fn answer(State(encoder): State<Encoder>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let job =
        |number: usize| json!({"jobId": format!("job-{number}"), "did": "did:plc:x", "state": "JOB_STATE_CREATED"});
    let method = uri.path().rsplit('.').next().unwrap();
    match method {
        "getUploadLimits" => axum::Json(json!({"canUpload": true, "remainingDailyVideos": 25})).into_response(),
        "uploadVideo" => {
            let blob = encoder.put(&headers, &body).await;
            let mut blobs = encoder.blobs.lock().unwrap();
            blobs.push(blob);
            axum::Json(job(blobs.len())).into_response()
        }
        "getJobStatus" => {
            let number: usize = uri.query().unwrap().strip_prefix("jobId=job-").unwrap().parse().unwrap();
            let mut status = job(number);
            status["state"] = "JOB_STATE_COMPLETED".into();
            status["blob"] = encoder.blobs.lock().unwrap()[number - 1].clone();
            axum::Json(json!({"jobStatus": status})).into_response()
        }
        _ => (StatusCode::NOT_IMPLEMENTED, axum::Json(json!({"error": "MethodNotImplemented"}))).into_response(),
    }
}

#[tokio::test]
async fn real_pds_keeps_videos_with_captions_quotes_and_moving_gifs_as_they_were_previewed() {
    let mut scene = Scene::set().await;
    let (encoder, url) = Encoder::start(scene.pds.pds_url()).await;
    scene.rig = scene.rig.with_video_service(&url);
    let bytes = Film { payload: vec![9; 50_000], ..Film::default() }.bytes();
    let (film, moving) = (scene.rig.bytes("film.mp4", &bytes), scene.rig.bytes("a.gif", &gif(40, 30, 2)));
    let captions = format!("en={}", scene.rig.bytes("a.vtt", VTT));
    let first = scene.rig.run(&["post", "Hello", "--json"]).await.exits(0).json();
    let quote = first["deliveries"][0]["uri"].as_str().unwrap().to_owned();
    let with_captions = ["--video", &film, "--alt", "Geese.", "--captions", &captions];
    for options in [&with_captions[..], &["--image", &moving], &["--video", &film, "--quote", &quote]] {
        let command = |name: &'static str| [&[name, "Look", "--json"], options].concat();
        let shown = scene.rig.run(&command("preview")).await.exits(0).json();
        let posted = scene.rig.run(&command("post")).await.exits(0).json();
        assert_eq!(posted["status"], "published", "{posted:#}");
        let made = &posted["deliveries"][0]["records"][0];
        let found = scene.record(made["uri"].as_str().unwrap()).await;
        assert_eq!(fixed(&shown["records"][0], &found["value"]), found["value"]);
        assert_eq!(record_cid(&found["value"]).unwrap().as_str(), found["cid"].as_str().unwrap());
        assert_eq!(made["cid"], found["cid"], "the receipt's hash was computed before it was sent");
        let embed = &found["value"]["embed"];
        let video = embed.get("media").unwrap_or(embed);
        assert_eq!(
            (&video["$type"], &video["video"]["mimeType"]),
            (&json!("app.bsky.embed.video"), &json!("video/mp4"))
        );
        if options.len() == with_captions.len() {
            assert_eq!(video["captions"][0]["file"]["ref"]["$link"], cid_of_blob(VTT).as_str());
            assert_eq!(video["video"]["ref"]["$link"], cid_of_blob(&bytes).as_str());
        }
    }
    assert_eq!(encoder.blobs.lock().unwrap().len(), 2, "the second post of the film relies on the first upload");
}
