/** The circle's colours as the theme has them, read anew when it changes. */
import { type ShallowRef, shallowRef, watch } from 'vue';

import { rgbOf, type RingPalette, ZONE_COLOURS } from '../model/ring-colours.ts';
import { usePreferences } from '../stores/preferences.ts';

export function useRingPalette(): Readonly<ShallowRef<RingPalette>> {
  const preferences = usePreferences();
  const palette = shallowRef(read());
  // The theme is set on the document first, by who keeps the preferences.
  watch(
    () => preferences.isDark,
    () => (palette.value = read()),
    { flush: 'post' },
  );
  return palette;
}

function read(): RingPalette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): ReturnType<typeof rgbOf> =>
    rgbOf(style.getPropertyValue(`--${name}`));
  const warn = token('warn-dot');
  const danger = token('danger-dot');
  return {
    zones: Array.from({ length: ZONE_COLOURS }, (_, i) => token(`series-${i}`)),
    surface: token('surface'),
    ink: token('ink'),
    quiet: token('ink-3'),
    line: token('line-strong'),
    traffic: token('ink-faint'),
    accent: token('accent-ink'),
    standings: {
      whole: token('ok-dot'),
      thin: token('kind-container'),
      together: warn,
      edge: warn,
      electing: warn,
      refusing: danger,
      lost: danger,
    },
  };
}
