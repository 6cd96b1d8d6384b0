/** Why a place of a log cannot be read: a code for whoever speaks another language, and the sentence that goes with it. */
export const DAMAGE = {
  'no-record': 'this is no record',
  'checksum-changed': 'the checksum of the record was changed',
  'length-changed': 'the length of the record was changed',
  'other-length': 'the record is there, but its length was changed',
  'record-follows': 'a whole record follows, but this is none',
  'does-not-fit': 'the record does not fit where it stands',
  'last-byte-changed': 'the last byte of the record was changed',
  mismatch: 'the record does not match its checksum',
  'no-log': 'this is not a transaction log of format version 2',
  zeros: 'there are zeros instead of a record',
  'unknown-txn': 'the record is whole but holds no transaction this version knows',
  gone: 'the record that was here is gone',
  'beginning-gone': 'the beginning of this log is gone, and there are later ones',
  unfinished: 'a write that never finished',
} as const;

export type DamageReason = keyof typeof DAMAGE;
