/** While a run goes on nobody may ask the real world for time, chance or a timer: a run would no longer be its seed's alone. */

class RealWorldTouched extends Error {
  override readonly name = 'RealWorldTouched';
}

/** @returns what takes it back */
export function forbidTheRealWorld(): () => void {
  const forbid = (what: string) => (): never => {
    throw new RealWorldTouched(`${what} was used within a simulated run`);
  };
  const owners = [
    [globalThis, ['setTimeout', 'setInterval', 'setImmediate']],
    [Math, ['random']],
    [Date, ['now']],
    [performance, ['now']],
    [crypto, ['getRandomValues', 'randomUUID']],
  ] as const;
  const before: (() => void)[] = [];
  for (const [owner, names] of owners) {
    for (const name of names) {
      const known = Object.getOwnPropertyDescriptor(owner, name);
      before.push(() => {
        if (known === undefined) Reflect.deleteProperty(owner, name);
        else Object.defineProperty(owner, name, known);
      });
      Object.defineProperty(owner, name, {
        value: forbid(name),
        configurable: true,
        writable: true,
      });
    }
  }
  return () => {
    for (const undo of before) undo();
  };
}
