/** Scripts and transcripts for people: what was said, and what came back, in words and in hex. */
import { codeName } from '../../../src-server/coordination/model/codes.ts';
import { opName } from '../../../src-server/coordination/model/ops.ts';
import { areEqual, type Difference, lanesOf, pairsOf } from './compare.ts';
import { type Field, layoutOf } from './layout.ts';
import type { Lane, Sighted, Transcript } from './play.ts';
import type { Comparison } from './rounds.ts';
import type { Connect, Message, Script, Step, Value } from './script.ts';

const HEX_BYTES_MAX = 200;

/** All of it: the script, both sides of every connection, and what is different without anybody knowing why. */
export function describeComparison({ script, theirs, ours, differences }: Comparison): string {
  const { unexplained } = differences;
  return [
    describeScript(script),
    describeTranscripts(theirs, ours),
    unexplained.length === 0 ? 'alike' : unexplained.map(describeDifference).join('\n'),
  ].join('\n');
}

function describeScript(script: Script): string {
  return script.steps
    .map((step, i) => `${String(i).padStart(3)}  ${describeStep(step)}`)
    .join('\n');
}

/** Every lane, frame by frame; those that differ with both sides. */
function describeTranscripts(theirs: Transcript, ours: Transcript): string {
  return lanesOf(theirs)
    .map((lane, i) => describeLanes(lane, lanesOf(ours)[i]!))
    .join('\n');
}

export function describeDifference({ lane, theirs, ours, states }: Difference): string {
  if (states !== undefined)
    return `connection ${lane}: Java's is ${states.theirs}, ours is ${states.ours}`;
  return `connection ${lane}:\n  Java ${describeArrival(theirs)}\n  ours ${describeArrival(ours)}`;
}

function describeLanes(theirs: Lane, ours: Lane): string {
  const lines = [`connection ${theirs.name}`];
  for (const [their, our] of pairsOf(theirs, ours)) {
    if (their !== null && our !== null && areEqual(their, our)) {
      lines.push(`  = ${describeArrival(their, { brief: true })}`);
    } else {
      lines.push(`  - Java ${describeArrival(their)}`, `  + ours ${describeArrival(our)}`);
    }
  }
  lines.push(
    theirs.state === ours.state
      ? `  = ${theirs.state}`
      : `  - Java ${theirs.state}\n  + ours ${ours.state}`,
  );
  return lines.join('\n');
}

function describeArrival(
  arrival: Sighted | null,
  how: { readonly brief: boolean } = { brief: false },
): string {
  if (arrival === null) return 'nothing';
  const { frame, normal, kind, message, step } = arrival;
  const op = message?.op ?? 0;
  const { fields } = layoutOf(frame, kind, op);
  const what = kind === 'reply' ? `${opName(op)} reply` : kind;
  const words = fields.map((field) => `${field.name}=${describeField(field, frame, normal)}`);
  const brief = `step ${step} ${what}: ${words.join(' ')}`;
  if (how.brief) return brief;
  const hex = frame.toString('hex', 0, Math.min(frame.length, HEX_BYTES_MAX));
  return `${brief}\n       ${hex}${frame.length > HEX_BYTES_MAX ? '…' : ''}`;
}

function describeField({ name, kind, start, end }: Field, frame: Buffer, normal: Buffer): string {
  const isMarked = !frame.subarray(start, end).equals(normal.subarray(start, end));
  switch (kind) {
    case 'int': {
      const value = frame.readInt32BE(start);
      return name === 'err' && value !== 0 ? codeName(value) : String(value);
    }
    case 'bool':
      return String(frame[start]);
    case 'zxid': {
      if (!isMarked) return String(frame.readBigInt64BE(start));
      const distance = normal.readInt32BE(start + 4);
      return distance < 0 ? String(distance) : `+${distance}`;
    }
    case 'time': {
      const time = frame.readBigInt64BE(start);
      return isMarked ? '✓' : time === 0n ? '0' : `${time} (not the time of its zxid)`;
    }
    case 'session':
      return isMarked
        ? `session ${normal.readInt32BE(start + 4)}`
        : `0x${frame.toString('hex', start, end)}`;
    case 'password':
      return isMarked ? '✓' : frame.toString('hex', start + 4, end);
    case 'text':
    case 'data':
      if (frame.readInt32BE(start) === -1) return 'null';
      return kind === 'text' || end - start < 40
        ? JSON.stringify(frame.toString('utf8', start + 4, end))
        : `${end - start - 4} bytes`;
    case 'unknown':
      return frame.toString('hex', start, Math.min(end, start + HEX_BYTES_MAX));
  }
}

// --- scripts ---

function describeStep(step: Step): string {
  switch (step.kind) {
    case 'connect':
      return `client ${step.client} connects: ${describeConnect(step)}`;
    case 'hang-up':
      return `client ${step.client} hangs up${step.unfinished === '' ? '' : ` after ${step.unfinished}`}`;
    case 'say': {
      const how = step.patient ? ', patiently' : '';
      const cut = step.writes > 1 ? `, in ${step.writes} writes` : '';
      return `client ${step.client} says${how}${cut}: ${step.messages.map(describeMessage).join('; ')}`;
    }
  }
}

function describeConnect(connect: Connect): string {
  const { session, password, timeoutMs, readOnly, lastZxid, behind } = connect;
  const whose =
    session === null
      ? 'new session'
      : session === 'unknown'
        ? 'a session that never was'
        : `the session of client ${session.of}`;
  const parts = [
    whose,
    ...(session === null ? [] : [`${password} password`]),
    `timeout ${timeoutMs}`,
    readOnly === null ? 'no readOnly byte' : `readOnly ${readOnly}`,
    ...(lastZxid === null ? [] : [`last zxid ${lastZxid}`]),
    ...(connect.protocolVersion === 0 ? [] : [`protocol ${connect.protocolVersion}`]),
    ...(connect.trailing === '' ? [] : [`trailing ${connect.trailing}`]),
    ...behind.map((message) => `behind: ${describeMessage(message)}`),
  ];
  return parts.join(', ');
}

function describeMessage(message: Message): string {
  const { op, xid, body, cut, trailing, length, headerBytes } = message;
  const oddities = [
    ...(cut === undefined ? [] : [`${cut} bytes short`]),
    ...(trailing === undefined ? [] : [`trailing ${trailing}`]),
    ...(length === undefined ? [] : [`said to be ${length} long`]),
    ...(headerBytes === undefined ? [] : [`only ${headerBytes} bytes of header`]),
  ];
  const fields = body.map(describeValue).join(', ');
  return `#${xid} ${opName(op)}(${fields})${oddities.length === 0 ? '' : ` [${oddities.join(', ')}]`}`;
}

function describeValue(value: Value): string {
  switch (value.is) {
    case 'text':
      return JSON.stringify(value.of);
    case 'bytes-as-text':
      return `text of bytes ${value.of}`;
    case 'data':
      return value.of === null ? 'null' : `0x${value.of}`;
    case 'bulk':
      return `${value.of} bytes`;
    case 'zxid':
      return `zxid ${value.of}`;
    case 'count':
      return `count ${value.of}`;
    case 'texts':
      return JSON.stringify(value.of);
    case 'acl':
      return value.of === null
        ? 'null'
        : `[${value.of.map(({ permissions, scheme, id }) => `${permissions} ${scheme}:${id}`).join(', ')}]`;
    case 'parts': {
      const parts = value.of.map(
        ({ op, body }) => `${opName(op)}(${body.map(describeValue).join(', ')})`,
      );
      return parts.join(' + ') + (value.ended ? '' : ' without end');
    }
    case 'int':
    case 'long':
    case 'bool':
      return String(value.of);
  }
}
