/** Places of the page that can be given the focus by name, from anywhere. */
import { onScopeDispose } from 'vue';

export type FocusPlace = 'tree' | 'address' | 'value' | 'log' | 'filter' | 'keys' | 'ring';

const places = new Map<FocusPlace, () => void>();

/** While this component is there, the place is here. */
export function useFocusPlace(place: FocusPlace, focus: () => void): void {
  places.set(place, focus);
  onScopeDispose(() => {
    if (places.get(place) === focus) places.delete(place);
  });
}

export function focusOn(place: FocusPlace): void {
  places.get(place)?.();
}
