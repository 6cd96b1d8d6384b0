/** Calls to the console from inside a page of the desktop, over a port of their own, without the interface's help. */
import type { Page } from 'playwright-core';

import { fromJson, toJson } from '#rpc/bytes-json.ts';

/**
 * Sends messages one by one, each after the answer to the one before, and gives the answers.
 * @returns what came for each id, in the order of the messages
 */
export async function converseWithConsole(
  page: Page,
  messages: readonly { readonly id: number; readonly [field: string]: unknown }[],
): Promise<readonly unknown[]> {
  // Bytes do not travel through the driver, so they are made and read inside the page, where they are tested.
  const text = await page.evaluate(async (sent) => {
    const toBytes = (_key: string, value: unknown): unknown =>
      typeof value === 'object' && value !== null && '$bytes' in value
        ? Uint8Array.from(atob(value.$bytes as string), (char) => char.charCodeAt(0))
        : value;
    const fromBytes = (_key: string, value: unknown): unknown =>
      value instanceof Uint8Array ? { $bytes: btoa(String.fromCharCode(...value)) } : value;
    const port = await new Promise<MessagePort>((resolve) => {
      window.addEventListener('message', ({ data, ports }) => {
        if (data === 'zabring:port' && ports[0] !== undefined) resolve(ports[0]);
      });
      (window as unknown as { zabring: { requestPort(): void } }).zabring.requestPort();
    });
    const answers: unknown[] = [];
    for (const message of JSON.parse(sent, toBytes) as { id: number }[]) {
      answers.push(
        await new Promise((resolve) => {
          port.onmessage = ({ data }: MessageEvent<{ id?: number }>): void => {
            if (data.id === message.id) resolve(data);
          };
          port.postMessage(message);
        }),
      );
    }
    return JSON.stringify(answers, fromBytes);
  }, toJson(messages));
  return fromJson(text) as readonly unknown[];
}
