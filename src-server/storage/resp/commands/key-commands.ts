/** All commands that run in a transaction over one partition. */
import type { KeyCommand } from '../command.ts';
import { CommandTable } from '../command-table.ts';
import { EXPIRY_COMMANDS } from './expiry.ts';
import { KEY_COMMANDS } from './keys.ts';
import { NUMBER_COMMANDS } from './numbers.ts';
import { STRING_COMMANDS } from './strings.ts';

export const TRANSACTION_COMMANDS: readonly KeyCommand[] = [
  ...STRING_COMMANDS,
  ...NUMBER_COMMANDS,
  ...KEY_COMMANDS,
  ...EXPIRY_COMMANDS,
];

export const TRANSACTION_TABLE = new CommandTable(TRANSACTION_COMMANDS);
