"""Posts a file of texts, one a line, with atproto: `by_atproto.py HANDLE SERVICE TEXTS`, the app password in SKEIN_PASSWORD.

Links and tags are found by its detect_facets.
"""

import os
import sys
from pathlib import Path

from atproto import Client

HANDLE, SERVICE, TEXTS = sys.argv[1:]

client = Client(SERVICE)
# The profile would come from an AppView, and a PDS on loopback has none.
client.login(HANDLE, os.environ["SKEIN_PASSWORD"], fetch_bsky_profile=False)
for text in Path(TEXTS).read_text(encoding="utf-8").splitlines():
    client.send_post(text, profile_identify=HANDLE, langs=["en"], facets=client.detect_facets(text))
