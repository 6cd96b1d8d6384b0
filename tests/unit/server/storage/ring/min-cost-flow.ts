/**
 * An exact minimum-cost flow that shares nothing with the product: the oracle for placement.
 *
 * Successive shortest paths (labels corrected from a queue, negative costs allowed), with all paths of one length sent at once.
 */
export class FlowNetwork {
  readonly #arcs: { to: number; room: number; readonly cost: number }[] = [];
  readonly #from: number[][] = [];

  vertex(): number {
    this.#from.push([]);
    return this.#from.length - 1;
  }

  /** @returns the arc, to ask what flowed through it */
  arc(from: number, to: number, room: number, cost = 0): number {
    this.#from[from]!.push(this.#arcs.length);
    this.#arcs.push({ to, room, cost });
    this.#from[to]!.push(this.#arcs.length);
    this.#arcs.push({ to: from, room: 0, cost: -cost });
    return this.#arcs.length - 2;
  }

  flowOf(arc: number): number {
    return this.#arcs[arc + 1]!.room;
  }

  /** Sends as much as fits, as cheaply as that can be done. */
  solve(source: number, sink: number): { readonly flow: number; readonly cost: number } {
    let flow = 0;
    let cost = 0;
    for (;;) {
      const distances = this.#distances(source);
      if (distances[sink] === Infinity) return { flow, cost };
      for (;;) {
        const visited = new Uint8Array(this.#from.length);
        const sent = this.#send(source, sink, Infinity, distances, visited);
        if (sent === 0) break;
        flow += sent;
        cost += sent * distances[sink]!;
      }
    }
  }

  #distances(source: number): Float64Array {
    const distances = new Float64Array(this.#from.length).fill(Infinity);
    distances[source] = 0;
    const queue = [source];
    const isQueued = new Uint8Array(this.#from.length);
    for (let at = 0; at < queue.length; at++) {
      const vertex = queue[at]!;
      isQueued[vertex] = 0;
      for (const index of this.#from[vertex]!) {
        const { to, room, cost } = this.#arcs[index]!;
        if (room === 0 || distances[vertex]! + cost >= distances[to]!) continue;
        distances[to] = distances[vertex]! + cost;
        if (isQueued[to] === 0) queue.push(to);
        isQueued[to] = 1;
      }
    }
    return distances;
  }

  #send(
    vertex: number,
    sink: number,
    most: number,
    distances: Float64Array,
    visited: Uint8Array,
  ): number {
    if (vertex === sink) return most;
    visited[vertex] = 1;
    for (const index of this.#from[vertex]!) {
      const arc = this.#arcs[index]!;
      if (arc.room === 0 || visited[arc.to] === 1) continue;
      if (distances[vertex]! + arc.cost !== distances[arc.to]) continue;
      const sent = this.#send(arc.to, sink, Math.min(most, arc.room), distances, visited);
      if (sent === 0) continue;
      arc.room -= sent;
      this.#arcs[index ^ 1]!.room += sent;
      return sent;
    }
    return 0;
  }
}
