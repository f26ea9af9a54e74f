"""Prints the posts of an account, the oldest first, one line of JSON each: `listed.py SERVICE REPO`.

Of facets, place and target are shown: some clients repeat what type they are, some do not.
"""

import json
import sys
from urllib.parse import urlencode
from urllib.request import urlopen

SERVICE, REPO = sys.argv[1:]


def shown(record):
    facets = [
        [facet["index"]["byteStart"], facet["index"]["byteEnd"], feature.get("uri") or feature.get("tag")]
        for facet in record.get("facets", [])
        for feature in facet["features"]
    ]
    return {"text": record["text"], "langs": record.get("langs"), "facets": facets}


def main():
    params = {"repo": REPO, "collection": "app.bsky.feed.post", "limit": 100, "reverse": "true"}
    while True:
        with urlopen(f"{SERVICE}/xrpc/com.atproto.repo.listRecords?{urlencode(params)}") as answer:
            page = json.load(answer)
        for record in page["records"]:
            print(json.dumps(shown(record["value"])))
        if not page["records"] or "cursor" not in page:
            return
        params["cursor"] = page["cursor"]


main()
