/**
 * One question at a time: however often something is asked while an answer is on its way, it is asked once more after that, about
 * how things are by then.
 */
import { type Ref, ref } from 'vue';

export interface Asking {
  readonly isAsking: Readonly<Ref<boolean>>;
  ask(): void;
}

/**
 * @param isWanted whether anybody waits for answers; what is asked meanwhile stays due
 * @param askOnce settles when the answer was taken, or failed
 */
export function askingInTurn(isWanted: () => boolean, askOnce: () => Promise<void>): Asking {
  const isAsking = ref(false);
  let isDue = false;

  async function answerDue(): Promise<void> {
    isAsking.value = true;
    try {
      while (isDue && isWanted()) {
        isDue = false;
        await askOnce();
      }
    } finally {
      isAsking.value = false;
    }
  }

  return {
    isAsking,
    ask: () => {
      isDue = true;
      if (!isAsking.value && isWanted()) void answerDue();
    },
  };
}
