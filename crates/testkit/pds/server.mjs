// The reference PDS and an in-memory PLC directory on loopback, for tests and `cargo xtask net`.
//
// When both answer, ONE line of JSON is written to stdout:
//   {"plc_url", "pds_url", "pds_port", "pid", "data_dir", "admin_password", "accounts": [...]}
// `pds_url` is what the PDS says of itself (in DID documents too); `pds_port` is where it listens. The two differ only
// when a proxy stands in front. The process ends, and removes its data, as soon as its stdin closes.
//
// Environment:
//   SKEIN_PDS_RATE_LIMITS=1          the limits of the public network (default: none)
//   SKEIN_PDS_ADVERTISED_PORT=1234   the port of a proxy in front, named in `pds_url`
//   SKEIN_PDS_ACCOUNTS=a.test,b.test accounts to create before the line is written
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const dataDir = mkdtempSync(join(tmpdir(), 'skein-pds-'))

function quit(code) {
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 })
  process.exit(code)
}
process.stdin.on('end', () => quit(0)).on('error', () => quit(0)).resume()
process.on('SIGINT', () => quit(0)).on('SIGTERM', () => quit(0))
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error?.stack ?? error}\n`)
  quit(1)
})

// Both servers would listen on every interface. Each gets a socket that is already bound to loopback instead, so that
// the port is known beforehand and nobody can take it in between.
const reserved = new Map()
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port, ...rest) {
  const socket = reserved.get(port)
  const callback = rest.find((argument) => typeof argument === 'function')
  return socket ? listen.call(this, socket, callback) : listen.call(this, { port, host: '127.0.0.1' }, callback)
}

function reserve(advertisedPort) {
  return new Promise((resolve, reject) => {
    const socket = net.createServer()
    socket.once('error', reject)
    listen.call(socket, { port: 0, host: '127.0.0.1' }, () => {
      const actual = socket.address().port
      const advertised = advertisedPort ?? actual
      reserved.set(advertised, socket)
      resolve({ actual, advertised })
    })
  })
}

async function startPlc() {
  const { PlcServer, Database } = await import('@did-plc/server')
  const { actual } = await reserve()
  await PlcServer.create({ db: Database.mock(), port: actual }).start()
  // By name: with an IP literal the PDS silently fails to resolve DIDs.
  return `http://localhost:${actual}`
}

async function startPds(plcUrl, adminPassword) {
  const { PDS } = await import('@atproto/pds')
  const proxyPort = process.env.SKEIN_PDS_ADVERTISED_PORT
  const { actual, advertised } = await reserve(proxyPort ? Number(proxyPort) : undefined)
  const blobs = join(dataDir, 'blobs')
  mkdirSync(blobs)
  const pds = await PDS.fromEnv({
    port: advertised,
    hostname: 'localhost',
    devMode: true,
    disableSsrfProtection: true,
    dataDirectory: dataDir,
    blobstoreDiskLocation: blobs,
    didPlcUrl: plcUrl,
    serviceHandleDomains: ['.test'],
    inviteRequired: false,
    adminPassword,
    jwtSecret: randomBytes(32).toString('hex'),
    dpopSecret: randomBytes(32).toString('hex'),
    plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString('hex'),
    enableDidDocWithSession: true,
    // There is no AppView: a closed port answers at once.
    bskyAppViewUrl: 'http://localhost:1',
    bskyAppViewDid: 'did:web:localhost',
    rateLimitsEnabled: process.env.SKEIN_PDS_RATE_LIMITS === '1',
  })
  await pds.start()
  return { url: `http://localhost:${advertised}`, port: actual }
}

async function call(port, nsid, body, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const answer = await fetch(`http://127.0.0.1:${port}/xrpc/${nsid}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${nsid} answered ${answer.status}: ${text}`)
  return JSON.parse(text)
}

async function createAccount(port, handle) {
  const password = randomBytes(12).toString('hex')
  const email = `${handle.split('.')[0]}@example.com`
  const session = await call(port, 'com.atproto.server.createAccount', { handle, email, password })
  const app = await call(port, 'com.atproto.server.createAppPassword', { name: 'skein' }, session.accessJwt)
  return { handle, did: session.did, password, app_password: app.password }
}

const adminPassword = randomBytes(16).toString('hex')
const plcUrl = await startPlc()
const pds = await startPds(plcUrl, adminPassword)
const accounts = []
for (const handle of (process.env.SKEIN_PDS_ACCOUNTS ?? '').split(',').filter(Boolean)) {
  accounts.push(await createAccount(pds.port, handle))
}
const ready = {
  plc_url: plcUrl,
  pds_url: pds.url,
  pds_port: pds.port,
  pid: process.pid,
  data_dir: dataDir,
  admin_password: adminPassword,
  accounts,
}
process.stdout.write(`${JSON.stringify(ready)}\n`)
