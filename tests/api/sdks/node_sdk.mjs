// Send by a Node SDK as its makers say: `node node_sdk.mjs PACKAGE URL WRITE_KEY TRACKS`.
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [name, url, writeKey, tracks] = process.argv.slice(2)
const required = createRequire(join(process.cwd(), 'here.js'))(name)
const failed = []
const flushed = (error) => { if (error) failed.push(error) }
let client
if (name === '@segment/analytics-node') {
  client = new required.Analytics({ writeKey, host: url, flushAt: 20, flushInterval: 200 })
  client.on('error', flushed)
} else if (name === 'analytics-node') {
  const Analytics = required.default ?? required
  client = new Analytics(writeKey, { host: url, flushAt: 20, flushInterval: 200, errorHandler: flushed })
} else {
  const Analytics = required.default ?? required
  client = new Analytics(writeKey, { dataPlaneUrl: url, flushAt: 20, flushInterval: 200, logLevel: 'error' })
}
const userId = 'user-1'
client.identify({ userId, traits: { email: 'a@shop.example', plan: 'gold' } })
client.page({ userId, name: 'Home', properties: { url: 'https://shop.example/' } })
client.screen({ userId, name: 'Cart', properties: { width: 390 } })
client.group({ userId, groupId: 'company-1', traits: { name: 'Acme' } })
client.alias({ userId, previousId: 'anonymous-1' })
for (let number = 0; number < Number(tracks); number++) {
  client.track({ userId, event: 'Order Completed', properties: { order_id: `o${number}`, revenue: 12.5, coupon: null } })
}
if (client.closeAndFlush) {
  await client.closeAndFlush()
} else {
  await new Promise((resolve) => client.flush((error) => { flushed(error); resolve() }))
  await new Promise((resolve) => setTimeout(resolve, 1500))
}
if (failed.length) { console.error(failed); process.exit(1) }
process.exit(0)
