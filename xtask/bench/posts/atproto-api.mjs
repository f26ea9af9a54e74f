// Posts a file of texts, one a line, with @atproto/api: `atproto-api.mjs HANDLE SERVICE TEXTS`, the app password in
// SKEIN_PASSWORD. Links and tags are found by its RichText.

import { readFileSync } from 'node:fs';
import { AtpAgent, RichText } from '@atproto/api';

const [handle, service, texts] = process.argv.slice(2);
const agent = new AtpAgent({ service });
await agent.login({ identifier: handle, password: process.env.SKEIN_PASSWORD });
for (const text of readFileSync(texts, 'utf8').split('\n').filter(Boolean)) {
  const rich = new RichText({ text });
  await rich.detectFacets(agent);
  await agent.post({ text: rich.text, facets: rich.facets, langs: ['en'], createdAt: new Date().toISOString() });
}
