/** How well something is, and the sign it is said with; `.tone-…` of `styles/base.css` gives the colours. */
import { CircleAlert, CircleCheck, Info, TriangleAlert } from '@lucide/vue';

export type Tone = 'ok' | 'info' | 'warn' | 'danger' | 'idle';

export const TONE_SIGNS = {
  ok: CircleCheck,
  info: Info,
  warn: TriangleAlert,
  danger: CircleAlert,
  idle: Info,
} as const;
