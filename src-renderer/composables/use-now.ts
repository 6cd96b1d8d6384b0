/** The present, for what is told relative to it: one clock for the whole page, running only while somebody looks. */
import { onScopeDispose, type Ref, ref } from 'vue';

const TICK_MS = 1000;

const now = ref(Date.now());
let watchers = 0;
let timer = 0;

export function useNow(): Readonly<Ref<number>> {
  if (watchers++ === 0) {
    now.value = Date.now();
    timer = window.setInterval(() => (now.value = Date.now()), TICK_MS);
  }
  onScopeDispose(() => {
    if (--watchers === 0) window.clearInterval(timer);
  });
  return now;
}
