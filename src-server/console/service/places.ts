/** A long list of places in a file, eight bytes each. */
const FIRST_CAPACITY = 1024;

export class Places {
  #places = new Float64Array(FIRST_CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  at(index: number): number | null {
    return index >= 0 && index < this.#length ? this.#places[index]! : null;
  }

  push(place: number): void {
    if (this.#length === this.#places.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#places);
      this.#places = grown;
    }
    this.#places[this.#length++] = place;
  }

  pop(): void {
    this.#length = Math.max(0, this.#length - 1);
  }

  clear(): void {
    this.#places = new Float64Array(FIRST_CAPACITY);
    this.#length = 0;
  }

  /** @returns how many there were */
  dropBefore(place: number): number {
    let count = 0;
    while (count < this.#length && this.#places[count]! < place) count++;
    return this.dropFirst(count);
  }

  dropFirst(count: number): number {
    const dropped = Math.min(count, this.#length);
    this.#places.copyWithin(0, dropped, this.#length);
    this.#length -= dropped;
    return dropped;
  }
}
