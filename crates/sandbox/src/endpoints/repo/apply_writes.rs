use serde_json::{Value, json};
use skein_atproto::syntax::Did;

use super::{
    CREATE_POINTS, DELETE_POINTS, UPDATE_POINTS, commit_body, record_path, uri_of, without_nulls, write_charges,
};
use crate::network::{Draft, Network, Write};
use crate::schema::Step;
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb};

const WRITES_MAX: usize = 200;

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.repo.applyWrites",
    verb: Verb::Post,
    auth: Auth::Session,
    input: Input::Records,
    costs: |network, request| {
        let points = writes_of(request).iter().map(|write| match kind_of(write) {
            "create" => CREATE_POINTS,
            "update" => UPDATE_POINTS,
            _ => DELETE_POINTS,
        });
        write_charges(network, request, points.sum())
    },
    handler: handle,
};

fn writes_of(request: &Request) -> &[Value] {
    request.input["writes"].as_array().map_or(&[], Vec::as_slice)
}

fn kind_of(write: &Value) -> &str {
    write["$type"].as_str().and_then(|kind| kind.rsplit_once('#')).map_or("", |(_, kind)| kind)
}

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let did = network.writing_account(request.text("repo"), request.did())?;
    let given = writes_of(request);
    if given.len() > WRITES_MAX {
        return Err(Refusal::invalid(format!("Too many writes. Max: {WRITES_MAX}")));
    }
    let validate = request.input["validate"].as_bool();
    let (mut writes, mut results) = (Vec::with_capacity(given.len()), Vec::with_capacity(given.len()));
    for (index, write) in given.iter().enumerate() {
        let (write, result) = prepare(network, &did, write, index, validate)?;
        writes.push(write);
        results.push(result);
    }
    let commit = network.commit(&did, writes, request.input["swapCommit"].as_str())?;
    Ok(Answer::json(json!({ "commit": commit_body(&commit), "results": results })))
}

fn prepare(
    network: &mut Network,
    did: &Did,
    write: &Value,
    index: usize,
    validate: Option<bool>,
) -> Result<(Write, Value), Refusal> {
    let kind = kind_of(write);
    if kind == "delete" {
        let result = json!({"$type": "com.atproto.repo.applyWrites#deleteResult"});
        return Ok((Write::Delete(record_path(write)?), result));
    }
    let prepared = network.prepare(&Draft {
        collection: write["collection"].as_str().unwrap_or(""),
        rkey: write["rkey"].as_str(),
        record: &write["value"],
        validate,
        path: vec!["writes".into(), Step::Index(index), "record".into()],
    })?;
    let result = without_nulls(json!({
        "$type": format!("com.atproto.repo.applyWrites#{kind}Result"),
        "uri": uri_of(did, &prepared.path),
        "cid": prepared.record.cid.as_str(),
        "validationStatus": prepared.validation_status,
    }));
    let ready = if kind == "create" { Write::Create } else { Write::Update };
    Ok((ready(prepared.path, prepared.record), result))
}
