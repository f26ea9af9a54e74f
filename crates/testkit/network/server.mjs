// The whole reference network on loopback: PLC directory, PDS, AppView and what stands between them, for tests.
//
// When all of it answers, ONE line of JSON is written to stdout:
//   {"plc_url", "pds_url", "pds_port", "appview_url", "pid", "data_dir", "admin_password"}
// A line `settle` on stdin is answered with a line `settled` once the AppView has taken in all that the PDS wrote before it.
// The process ends as soon as its stdin closes.
//
// Environment:
//   DB_POSTGRES_URL      a PostgreSQL database of its own
//   REDIS_HOST           the HOST:PORT of a Redis of its own
//   SKEIN_NETWORK_SCHEMA the name of its schemas: letters and _ only
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const dataDir = mkdtempSync(join(tmpdir(), 'skein-network-'))
process.env.TMPDIR = dataDir
process.on('exit', () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 }))
process.on('SIGINT', () => process.exit(0)).on('SIGTERM', () => process.exit(0))
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error?.stack ?? error}\n`)
  process.exit(1)
})

// All of them would listen on every interface.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  if (first !== null && typeof first === 'object') {
    const isPort = first.port !== undefined && first.path === undefined && first.fd === undefined
    return listen.call(this, isPort ? { ...first, host: '127.0.0.1' } : first, ...rest)
  }
  const callback = rest.find((argument) => typeof argument === 'function')
  return listen.call(this, { port: Number(first ?? 0), host: '127.0.0.1' }, callback)
}

const { TestNetwork } = await import('@atproto/dev-env')
const network = await TestNetwork.create({
  dbPostgresSchema: process.env.SKEIN_NETWORK_SCHEMA ?? 'skein',
  pds: { enableDidDocWithSession: true },
})
const say = (line) => process.stdout.write(`${line}\n`)

createInterface({ input: process.stdin })
  .on('line', async (line) => {
    if (line !== 'settle') return
    await network.processAll(30_000)
    say('settled')
  })
  .on('close', () => process.exit(0))

say(
  JSON.stringify({
    plc_url: network.plc.url,
    pds_url: network.pds.url,
    pds_port: network.pds.port,
    appview_url: network.bsky.url,
    pid: process.pid,
    data_dir: dataDir,
    admin_password: 'admin-pass',
  }),
)
