/**
 * Draws the circle on three canvases, one above the other, so that what moves draws no more than itself:
 *
 *   base     copies, health, slot numbers     when the ring, the theme or what is brought out changes
 *   traffic  bars of commands a second        every second
 *   pointer  what is pointed at, chosen, located   with the pointer
 *
 * Each is drawn at most once a frame, and only after it was asked for.
 */
import { onScopeDispose, type Ref, shallowRef, watch } from 'vue';

import { type Circle, circleOf } from '../model/ring-circle.ts';
import type { Cells } from '../model/ring-raster.ts';
import { mapPixels, paintStrips, type PixelMap, stripOf } from '../model/ring-raster.ts';

export type RingLayer = 'base' | 'traffic' | 'pointer';

export interface RingPicture {
  /** Bands of copies. */
  readonly copyCount: () => number;
  /** Where its bands lie, if not as those of one ring. */
  readonly circleOf?: (size: number) => Circle;
  /** From outside to inside: copies, then health. */
  readonly bands: () => readonly Cells[];
  /** What is drawn with lines, in CSS pixels. */
  readonly draw: Readonly<
    Record<RingLayer, (pen: CanvasRenderingContext2D, circle: Circle) => void>
  >;
}

export interface RingCanvas {
  readonly circle: Readonly<Ref<Circle | null>>;
  /** In CSS pixels, the side of the square. */
  resize(size: number): void;
  redraw(...layers: RingLayer[]): void;
}

type Canvases = Readonly<Record<RingLayer, Ref<HTMLCanvasElement | null>>>;

const LAYERS: readonly RingLayer[] = ['base', 'traffic', 'pointer'];

export function useRingCanvas(canvases: Canvases, picture: RingPicture): RingCanvas {
  const circle = shallowRef<Circle | null>(null);
  const due = new Set<RingLayer>();
  let frame = 0;
  let size = 0;
  let map: PixelMap | null = null;

  function redraw(...layers: RingLayer[]): void {
    for (const layer of layers) due.add(layer);
    if (frame === 0) frame = requestAnimationFrame(drawDue);
  }

  function drawDue(): void {
    frame = 0;
    const layers = LAYERS.filter((layer) => due.has(layer));
    due.clear();
    for (const layer of layers) drawLayer(layer);
  }

  function drawLayer(layer: RingLayer): void {
    const canvas = canvases[layer].value;
    const pen = canvas?.getContext('2d') ?? null;
    if (canvas === null || pen === null || circle.value === null) return;
    const scale = window.devicePixelRatio;
    if (layer === 'base') paintBands(pen);
    else pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.save();
    pen.scale(scale, scale);
    picture.draw[layer](pen, circle.value);
    pen.restore();
  }

  /** An image takes the place of everything that was there. */
  function paintBands(pen: CanvasRenderingContext2D): void {
    if (map === null) return;
    const { size: pixels, stripLength } = map;
    const strips = picture.bands().map((cells) => stripOf(cells, stripLength));
    const image = new ImageData(pixels, pixels);
    paintStrips(map, strips, image.data);
    pen.putImageData(image, 0, 0);
  }

  function layOut(): void {
    if (size === 0) return;
    const scale = window.devicePixelRatio;
    const pixels = Math.round(size * scale);
    const next = picture.circleOf?.(size) ?? circleOf(size, picture.copyCount());
    circle.value = next;
    const bands = [...next.copies, next.health].map(({ outer, inner }) => ({
      outer: outer * scale,
      inner: inner * scale,
    }));
    map = mapPixels(pixels, bands);
    for (const layer of LAYERS) {
      const canvas = canvases[layer].value;
      if (canvas === null) continue;
      canvas.width = pixels;
      canvas.height = pixels;
    }
    redraw(...LAYERS);
  }

  watch(picture.copyCount, layOut);

  // Another screen, or the page is zoomed: the same size in other pixels.
  let density: MediaQueryList | null = null;
  function followDensity(): void {
    density?.removeEventListener('change', followDensity);
    density = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    density.addEventListener('change', followDensity);
    layOut();
  }
  followDensity();

  onScopeDispose(() => {
    cancelAnimationFrame(frame);
    density?.removeEventListener('change', followDensity);
  });

  return {
    circle,
    resize: (to) => {
      if (to === size || to < 80) return;
      size = to;
      layOut();
    },
    redraw,
  };
}

/** Of what is written round a circle. */
export function circleFont(): string {
  return `11px ${getComputedStyle(document.documentElement).getPropertyValue('--font-ui')}`;
}
