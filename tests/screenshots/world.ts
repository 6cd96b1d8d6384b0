/** A tree as people have it, so that pictures show what the console is for: a broker, services, locks, settings. */
import type { Client } from '../../src-server/coordination/client/client.ts';
import type { Net } from '../../src-server/platform/net.ts';
import { RespClient } from '../../src-server/storage/resp/client.ts';
import { until } from '../peers/wait.ts';

const text = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'utf8');

export const FLAGS_PATH = '/config/checkout/feature-flags';
export const LIMITS_PATH = '/config/checkout/limits.yaml';

export async function fillTree(client: Client): Promise<void> {
  const make = (path: string, data: unknown = null, mode?: 'ephemeral' | 'container'): unknown =>
    client.create(path, data === null ? null : text(data), mode === undefined ? {} : { mode });

  await make('/brokers');
  await make('/brokers/ids');
  for (const id of [1, 2, 3])
    await make(
      `/brokers/ids/${id}`,
      {
        endpoints: [`PLAINTEXT://broker-${id}.internal:9092`],
        host: `broker-${id}.internal`,
        port: 9092,
        jmx_port: 9999,
        rack: `zone-${'abc'[id - 1]}`,
        timestamp: '1795340811204',
        version: 5,
      },
      'ephemeral',
    );
  await make('/brokers/topics');
  for (const topic of ['orders', 'payments', 'refunds', 'shipments']) {
    await make(`/brokers/topics/${topic}`, { version: 3, partitions: { 0: [1, 2], 1: [2, 3] } });
    await make(`/brokers/topics/${topic}/partitions`);
  }
  await make('/controller', { version: 2, brokerid: 2, timestamp: '1795340811377' }, 'ephemeral');
  await make('/controller_epoch', '7');

  await make('/config');
  await make('/config/checkout');
  await make(FLAGS_PATH, {
    'new-basket': { enabled: true, rollout: 0.25 },
    'pay-by-link': { enabled: true, rollout: 1, since: '2026-10-02' },
    'guest-checkout': { enabled: false, owners: ['checkout', 'identity'] },
    limits: { itemsPerOrder: 250, retries: 3, timeoutMs: 1500 },
  });
  await make('/config/checkout/database', {
    url: 'postgres://orders-primary.internal:5432/orders',
    poolSize: 24,
  });
  await make(LIMITS_PATH, 'retries: 3\n');
  await make('/config/search', 'index.refresh=5s\nindex.replicas=2\nquery.timeout=800ms\n');
  await client.create('/config/certificate', derBytes(814));

  await make('/locks', null, 'container');
  await make('/locks/nightly-report', null, 'container');
  for (let i = 0; i < 4; i++)
    await client.create('/locks/nightly-report/lock-', text(`worker-${i}`), {
      mode: 'ephemeral-sequential',
    });
  await make('/services');
  for (const service of ['basket', 'catalogue', 'checkout', 'search']) {
    await make(`/services/${service}`, null, 'container');
    for (const zone of ['a', 'b', 'c'])
      await make(
        `/services/${service}/${service}-${zone}1`,
        { address: `10.0.${zone.charCodeAt(0) - 96}.17`, port: 8080, zone },
        'ephemeral',
      );
  }
  await client.create('/uploads', null);
  await client.create('/uploads/session-81f3', text('42 of 118 parts'), {
    mode: 'persistent-ttl',
    ttlMs: 900_000,
  });
  await make('/jobs');
  for (let i = 0; i < 1200; i++)
    await client.create('/jobs/job-', text({ id: i, state: 'queued' }), {
      mode: 'persistent-sequential',
    });
}

/** Keys as a shop has them, so that what would move has a size. */
export async function fillRing(net: Net, port: string): Promise<void> {
  const client = await RespClient.connect({
    ...{ net, host: '127.0.0.1', port: Number(port), timeoutMs: 30_000 },
  });
  const page = 'x'.repeat(9000);
  try {
    for (let i = 0; i < 600; i++) {
      const key = i % 3 === 0 ? `basket:${i}` : `product:${i}`;
      const value = JSON.stringify({ id: i, name: `No. ${i}`, page });
      // A ring that has just formed refuses writes until each partition has its copies.
      await until(
        `${key} is written`,
        async () => (await client.ask(['SET', key, value])) === 'OK',
      );
    }
  } finally {
    client.close();
  }
}

/** A minute of a server's life, of every kind: what a log shows. */
export async function writeSome(client: Client): Promise<void> {
  await client.setData('/controller_epoch', text('8'), -1);
  await client.create('/brokers/topics/invoices', text({ version: 3, partitions: { 0: [3, 1] } }));
  await client.create('/jobs/report', null).catch(() => undefined);
  await client.delete('/jobs/nothing', -1).catch(() => undefined);
  await client
    .setData('/config/checkout/database', text('{"poolSize":32}'), 99)
    .catch(() => undefined);
  await client.setAcl('/config/search', [{ scheme: 'world', id: 'anyone', permissions: 31 }], -1);
  await client.delete('/jobs/report', -1);
  await client.delete('/brokers/topics/invoices', -1);
  await client.setData(
    FLAGS_PATH,
    text({
      'new-basket': { enabled: true, rollout: 0.5 },
      'pay-by-link': { enabled: true, rollout: 1, since: '2026-10-02' },
      'guest-checkout': { enabled: false, owners: ['checkout', 'identity'] },
      limits: { itemsPerOrder: 250, retries: 3, timeoutMs: 1500 },
    }),
    -1,
  );
  const worker = await client.create('/locks/nightly-report/lock-', text('worker-4'), {
    mode: 'ephemeral-sequential',
  });
  await client.delete(worker.path, -1);
}

/** Begins as a certificate does, and goes on with bytes that look like one to nobody but a parser. */
function derBytes(length: number): Buffer {
  const bytes = Buffer.from('3082032a30820212a003020102020900', 'hex');
  const rest = Uint8Array.from(
    { length: length - bytes.length },
    (_, i) => (i * i * 31 + i * 7) & 255,
  );
  return Buffer.concat([bytes, rest]);
}
