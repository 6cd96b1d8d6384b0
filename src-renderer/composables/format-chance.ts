/** A likelihood in the words of the language of the moment: as many digits as say something, and never a false nought. */
import { currentLanguage } from '../i18n/words.ts';

const LEAST = 0.0001;

export function formatChance(chance: number, isExact = true): string {
  const format = new Intl.NumberFormat(currentLanguage(), {
    style: 'percent',
    maximumSignificantDigits: chance > 0.99 && chance < 1 ? 4 : 2,
  });
  const about = isExact ? '' : '≈ ';
  return chance > 0 && chance < LEAST
    ? `< ${format.format(LEAST)}`
    : `${about}${format.format(chance)}`;
}
