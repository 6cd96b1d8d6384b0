/** Random commands over few keys, so that they meet: sensible ones, clumsy ones and wrong ones. */
import type { Prng } from '../../../src-server/base/prng.ts';

const KEYS = ['a', 'b', 'c', '{a}x', 'long key with blanks', 'ключ', ''];
const INT64 = [
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '-9223372036854775809',
];
const ODD_NUMBERS = [
  ...INT64,
  '007',
  '+1',
  ' 1',
  '1 ',
  '',
  '-0',
  '0',
  '1.5',
  'x',
  '1e3',
  '18446744073709551615',
];
/** Far away in either direction, so that no clock decides what is seen. */
const SECONDS = [
  '1000',
  '5000',
  '99999',
  '-5',
  '0',
  '9223372036854775',
  '9223372036854776',
  '-9223372036854775',
];
const SINCE_1970 = [
  '1',
  '1600000000',
  '33333333333',
  '44444444444',
  '-1',
  '0',
  '9223372036854775807',
];

export function randomCommand(random: Prng): string[] {
  const words = random.pick(COMMANDS)(random);
  if (random.chance(0.02)) words.push(random.pick(['extra', 'NX', '1']));
  if (random.chance(0.02) && words.length > 1) words.pop();
  return random.chance(0.3) ? words.map((word, i) => (i === 0 ? word.toLowerCase() : word)) : words;
}

function key(random: Prng): string {
  return random.pick(KEYS);
}

function keys(random: Prng): string[] {
  return Array.from({ length: random.between(1, 4) }, () => key(random));
}

function value(random: Prng): string {
  if (random.chance(0.4)) return number(random);
  return random.pick([
    '',
    'x',
    'hello',
    'two words',
    'line\r\nline',
    'ü'.repeat(random.below(40)),
    '\0',
  ]);
}

function number(random: Prng): string {
  return random.chance(0.3) ? random.pick(ODD_NUMBERS) : String(random.between(-1000, 1000));
}

/** Not beyond 2^53 ms, which Redis takes and we refuse. */
function expiry(random: Prng): string[] {
  const unit = random.pick(['EX', 'PX', 'EXAT', 'PXAT', 'px', 'Ex']);
  if (random.chance(0.1)) return [unit, random.pick(ODD_NUMBERS.slice(4))];
  const time = random.pick(unit.endsWith('AT') ? SINCE_1970 : SECONDS);
  if (!unit.toLowerCase().startsWith('p')) return [unit, time];
  return [unit, time.length < 12 ? `${time}000` : '-1'];
}

function setOptions(random: Prng): string[] {
  const options: string[] = [];
  for (let i = random.below(4); i > 0; i--) {
    const option = random.pick([
      'NX',
      'XX',
      'GET',
      'KEEPTTL',
      'get',
      'expiry',
      'expiry',
      'PERSIST',
    ]);
    options.push(...(option === 'expiry' ? expiry(random) : [option]));
  }
  return options;
}

function expireOptions(random: Prng): string[] {
  return Array.from({ length: random.below(3) }, () =>
    random.pick(['NX', 'XX', 'GT', 'LT', 'lt', 'ZZ']),
  );
}

const COMMANDS: readonly ((random: Prng) => string[])[] = [
  (random) => ['GET', key(random)],
  (random) => ['GET', key(random)],
  (random) => ['SET', key(random), value(random)],
  (random) => ['SET', key(random), value(random), ...setOptions(random)],
  (random) => ['SET', key(random), value(random), ...setOptions(random)],
  (random) => ['SETNX', key(random), value(random)],
  (random) => [
    'SETEX',
    key(random),
    random.pick([...SECONDS, ...ODD_NUMBERS.slice(4)]),
    value(random),
  ],
  (random) => ['PSETEX', key(random), random.pick(['1000000', '-1', '0', 'x']), value(random)],
  (random) => ['GETSET', key(random), value(random)],
  (random) => ['GETDEL', key(random)],
  (random) => ['GETEX', key(random), ...(random.chance(0.5) ? expiry(random) : [])],
  (random) => ['GETEX', key(random), random.pick(['PERSIST', 'persist', 'KEEPTTL', 'EX'])],
  (random) => ['MGET', ...keys(random)],
  (random) => ['MSET', ...keys(random).flatMap((name) => [name, value(random)])],
  (random) => ['MSETNX', ...keys(random).flatMap((name) => [name, value(random)])],
  (random) => ['DEL', ...keys(random)],
  (random) => ['UNLINK', ...keys(random)],
  (random) => ['EXISTS', ...keys(random)],
  (random) => ['TOUCH', ...keys(random)],
  (random) => ['TYPE', key(random)],
  (random) => ['STRLEN', key(random)],
  (random) => ['APPEND', key(random), value(random)],
  (random) => ['GETRANGE', key(random), number(random), number(random)],
  (random) => [
    'SETRANGE',
    key(random),
    random.pick(['0', '1', '5', '50', '-1', 'x', '99999999999']),
    value(random),
  ],
  (random) => ['INCR', key(random)],
  (random) => ['DECR', key(random)],
  (random) => ['INCRBY', key(random), number(random)],
  (random) => ['DECRBY', key(random), number(random)],
  (random) => [
    'EXPIRE',
    key(random),
    random.pick([...SECONDS, ...ODD_NUMBERS]),
    ...expireOptions(random),
  ],
  (random) => [
    'PEXPIRE',
    key(random),
    random.pick(['5000000', '-1', ...ODD_NUMBERS]),
    ...expireOptions(random),
  ],
  (random) => [
    'EXPIREAT',
    key(random),
    random.pick([...SINCE_1970, ...ODD_NUMBERS]),
    ...expireOptions(random),
  ],
  (random) => [
    'PEXPIREAT',
    key(random),
    random.pick(['1', '-1', '44444444444000', 'x']),
    ...expireOptions(random),
  ],
  (random) => ['PERSIST', key(random)],
  (random) => ['TTL', key(random)],
  (random) => ['PTTL', key(random)],
  (random) => ['EXPIRETIME', key(random)],
  (random) => ['PEXPIRETIME', key(random)],
  (random) => ['PING', ...(random.chance(0.5) ? [value(random)] : [])],
  (random) => ['ECHO', value(random)],
  () => ['SELECT', '0'],
  () => ['MULTI'],
  () => ['EXEC'],
  () => ['EXEC'],
  () => ['EXEC'],
  () => ['DISCARD'],
  (random) => ['WATCH', ...keys(random)],
  () => ['UNWATCH'],
  (random) => [random.pick(['NOSUCH', 'nosuch', 'Get x']), ...keys(random)],
  () => ['CLIENT', 'NOSUCH'],
  () => ['CLIENT', 'GETNAME'],
  (random) => ['CLIENT', 'SETNAME', random.pick(['me', 'not me', ''])],
];
