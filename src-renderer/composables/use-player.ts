/** Something played from its beginning to its end in equal steps: running or standing still, and put anywhere by hand. */
import { onScopeDispose, type Ref, ref } from 'vue';

export interface Player {
  readonly at: Ref<number>;
  readonly isPlaying: Readonly<Ref<boolean>>;
  play(): void;
  stop(): void;
  /** By hand, which ends the playing. */
  put(at: number): void;
}

/** @param options lengthMs: how long all of it takes, whatever there is of it */
export function usePlayer(options: {
  readonly end: () => number;
  readonly lengthMs: number;
}): Player {
  const at = ref(0);
  const isPlaying = ref(false);
  let frame = 0;
  let beforeMs = 0;
  /** Between two steps. */
  let rest = 0;

  function tick(nowMs: number): void {
    const end = options.end();
    rest += ((nowMs - beforeMs) / options.lengthMs) * end;
    beforeMs = nowMs;
    const whole = Math.floor(rest);
    rest -= whole;
    at.value = Math.min(end, at.value + whole);
    if (at.value >= end) isPlaying.value = false;
    else frame = requestAnimationFrame(tick);
  }

  function stop(): void {
    cancelAnimationFrame(frame);
    isPlaying.value = false;
  }

  onScopeDispose(stop);

  return {
    at,
    isPlaying,
    stop,
    play: () => {
      if (at.value >= options.end()) at.value = 0;
      isPlaying.value = true;
      rest = 0;
      beforeMs = performance.now();
      frame = requestAnimationFrame(tick);
    },
    put: (to) => {
      stop();
      at.value = Math.min(options.end(), Math.max(0, to));
    },
  };
}
