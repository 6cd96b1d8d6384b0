/** Components as the page puts them up: with an address, the stores of the test, and what shows tips. */
import { mount, type VueWrapper } from '@vue/test-utils';
import { getActivePinia } from 'pinia';
import { TooltipProvider } from 'reka-ui';
import { afterEach, expect } from 'vitest';
import { type Component, defineComponent, h } from 'vue';
import { createMemoryHistory, createRouter, type Router } from 'vue-router';

const Nothing: Component = { render: () => null };

function testRouter(): Router {
  return createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/:cluster', name: 'cluster', component: Nothing },
      { path: '/:cluster/ensemble', name: 'ensemble', component: Nothing },
      { path: '/:cluster/ring', name: 'ring', component: Nothing },
      { path: '/:cluster/keys', name: 'keys', component: Nothing },
      { path: '/:cluster/nodes/:parts(.*)*', name: 'node', component: Nothing },
    ],
  });
}

export interface Mounted {
  /** The component itself, with what it emitted. */
  readonly it: VueWrapper;
  readonly router: Router;
  setProps(props: Readonly<Record<string, unknown>>): Promise<void>;
  close(): void;
}

const mounted = new Set<VueWrapper>();

function close(wrapper: VueWrapper): void {
  if (mounted.delete(wrapper)) wrapper.unmount();
}

/** What Vue finds wrong with a component is wrong. */
const complaints: string[] = [];

afterEach(() => {
  for (const wrapper of mounted) close(wrapper);
  expect(complaints.splice(0)).toEqual([]);
});

/** @param options address: where the page is, such as `/local/nodes/a` */
export async function mountIt(
  component: Component,
  props: Readonly<Record<string, unknown>> = {},
  options: { readonly address?: string } = {},
): Promise<Mounted> {
  const router = testRouter();
  await router.push(options.address ?? '/local');
  const Page = defineComponent({
    props: { given: { type: Object, required: true } },
    setup: (page) => () => h(TooltipProvider, () => h(component, page.given)),
  });
  const pinia = getActivePinia();
  const wrapper = mount(Page, {
    props: { given: props },
    attachTo: document.body,
    global: {
      plugins: [router, ...(pinia === undefined ? [] : [pinia])],
      config: { warnHandler: (message) => void complaints.push(message) },
    },
  });
  mounted.add(wrapper);
  return {
    it: wrapper.findComponent(component),
    router,
    setProps: (more) => wrapper.setProps({ given: { ...props, ...more } }),
    close: () => close(wrapper),
  };
}

/** What a composable gives, within a component of its own. */
export async function useInPage<T>(
  use: () => T,
  options: { readonly address?: string } = {},
): Promise<Pick<Mounted, 'router' | 'close'> & { readonly given: T }> {
  const given: T[] = [];
  const component: Component = {
    setup: () => {
      given.push(use());
      return () => null;
    },
  };
  const { router, close } = await mountIt(component, {}, options);
  return { given: given[0]!, router, close };
}

/** In the whole page, since dialogs and menus stand outside of what opens them. */
export function allOf<T extends HTMLElement>(selector: string): T[] {
  return [...document.body.querySelectorAll<T>(selector)];
}

export function theOnly<T extends HTMLElement>(selector: string, kind: new () => T): T {
  const [found, ...more] = allOf(selector);
  if (!(found instanceof kind) || more.length > 0) throw new Error(`there is not one ${selector}`);
  return found;
}

/** By the words on it, or the name it is spoken of by. */
export function buttonNamed(name: string): HTMLButtonElement {
  const found = allOf<HTMLButtonElement>('button').filter(
    (button) => button.textContent.trim() === name || button.getAttribute('aria-label') === name,
  );
  if (found.length !== 1) throw new Error(`there are ${found.length} buttons ${name}`);
  return found[0]!;
}

export function fill(input: HTMLInputElement, text: string): void {
  input.value = text;
  input.dispatchEvent(new Event('input', { bubbles: true }));
}
