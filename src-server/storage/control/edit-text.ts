/** Edits of a layout as they stand in the record of a rebalance. */
import type { Edit } from '../ring/edits.ts';
import type { Fields } from './fields.ts';
import { readRingNode } from './records.ts';

const KINDS = [
  'addNode',
  'drainNode',
  'removeNode',
  'replaceNode',
  'setWeight',
  'setCap',
  'setPlace',
  'setReplicas',
  'setPartitions',
  'setOverload',
  'setStrategy',
  'setTokensPerNode',
  'setLeaders',
  'addToken',
  'moveToken',
  'removeToken',
] as const satisfies readonly Edit['kind'][];

export function readEdit(fields: Fields): Edit {
  const kind = fields.oneOf('kind', KINDS);
  switch (kind) {
    case 'addNode':
      return { kind, node: fields.object('node', readRingNode) };
    case 'drainNode':
    case 'removeNode':
      return { kind, id: fields.nodeId('id') };
    case 'replaceNode':
      return { kind, id: fields.nodeId('id'), by: fields.object('by', readRingNode) };
    case 'setWeight':
      return { kind, id: fields.nodeId('id'), weight: fields.number('weight', { min: 0 }) };
    case 'setCap': {
      const capBytes = fields.nullable('capBytes', () => fields.integer('capBytes', { min: 1 }));
      return { kind, id: fields.nodeId('id'), capBytes };
    }
    case 'setPlace': {
      const place = { region: fields.text('region'), zone: fields.text('zone') };
      return { kind, id: fields.nodeId('id'), ...place, host: fields.text('host') };
    }
    case 'setReplicas':
      return { kind, replicaCount: fields.integer('replicaCount', { min: 1 }) };
    case 'setPartitions':
      return { kind, partitionCount: fields.integer('partitionCount', { min: 1 }) };
    case 'setOverload': {
      const read = (): number => fields.number('overloadPercent', { min: 0 });
      return { kind, overloadPercent: fields.nullable('overloadPercent', read) };
    }
    case 'setStrategy':
      return { kind, strategy: fields.oneOf('strategy', ['balanced', 'tokens'] as const) };
    case 'setTokensPerNode':
      return { kind, tokensPerNode: fields.integer('tokensPerNode', { min: 1 }) };
    case 'setLeaders':
      return { kind, leaders: fields.oneOf('leaders', ['walk', 'even'] as const) };
    case 'addToken':
      return { kind, id: fields.nodeId('id'), position: fields.integer('position') };
    case 'moveToken':
      return { kind, from: fields.integer('from'), to: fields.integer('to') };
    case 'removeToken':
      return { kind, position: fields.integer('position') };
  }
}
